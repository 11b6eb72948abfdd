"""BM25 by Pyserini's Lucene: the run that Pyserini's own indexer and searcher give, scored as any run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ir_datasets
import ir_measures
import pytest

from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import DEFAULT_MEASURES, parse_measures
from tests.conftest import ROOT, run_cli

pytestmark = pytest.mark.xdist_group("pyserini")  # each test starts a JVM: one at a time

# Pyserini's own way for German and Chinese, with its analyzers by language; and a language without words in between.
PROGRAM = """
import json, sys
from pathlib import Path
from hybrid_plugin.evaluation.bm25 import evaluate_bm25
from hybrid_plugin.retrieval.bm25 import analyzer_of
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.texts import documents, query_texts

out = Path(sys.argv[1])
benchmark = load_benchmark("xquad-r")
evaluate_bm25(benchmark, out / "ours", settings=["mono"], languages=["de", "zh"], depth=20, runs=True)
from pyserini.index.lucene import LuceneIndexer
from pyserini.search.lucene import LuceneSearcher

for lang in ("de", "zh"):
    task = benchmark.task(f"{lang}/{lang}")
    indexer = LuceneIndexer(args=["-index", str(out / lang), "-language", lang], threads=1)
    indexer.add_batch_dict([{"id": doc.id, "contents": doc.text} for doc in documents(*task.docs)])
    indexer.close()
    searcher = LuceneSearcher(str(out / lang))
    searcher.set_language(lang)
    for query in list(query_texts(task.queries))[:200]:
        hits = [(hit.docid, hit.score) for hit in searcher.search(query.text, k=20)]
        print(json.dumps([lang, query.id, hits]))
name, thai = analyzer_of("th", "ภาษาไทย")
print(json.dumps(["th", name, thai.analyze("ภาษาไทยเป็นภาษา")]))
"""


def test_within_a_language_the_run_is_the_one_of_pyserinis_own_indexer_and_searcher(
    lareqa: Path, tmp_path: Path
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("[")]
    *theirs, (_, name, thai) = lines
    assert len(theirs) == 400
    for lang in ("de", "zh"):
        ours: dict[str, list[tuple[str, float]]] = {}
        for hit in ir_measures.read_trec_run(str(tmp_path / "ours" / "runs" / f"{lang}.{lang}.trec")):
            ours.setdefault(hit.query_id, []).append((hit.doc_id, hit.score))
        for _, query_id, hits in (line for line in theirs if line[0] == lang):
            assert [doc_id for doc_id, _ in ours.get(query_id, [])] == [doc_id for doc_id, _ in hits]
            assert [score for _, score in ours.get(query_id, [])] == pytest.approx([s for _, s in hits], abs=2e-6)
    assert "Thai" in name
    assert len(thai) > 2, "Thai is written without spaces, and a sentence is not one word"


def test_bm25_writes_the_scores_that_ir_measures_gives_its_runs(tmp_path: Path) -> None:
    printed = run_cli(
        "evaluate", "hybrid-demo", "--bm25", "--runs", "--output", tmp_path / "out", "--languages", "de,zh"
    )
    assert "INFO" not in printed.stdout
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert scores["zero_shot"] is True
    assert scores["depth"] == 1000
    assert scores["bm25"]["analyzers"]["de"] == "org.apache.lucene.analysis.de.GermanAnalyzer"
    assert [task["task"] for task in scores["tasks"]] == ["de/de", "zh/zh", "multi/de", "multi/zh"]
    assert [(pair["docs"], pair["queries"]) for pair in scores["pairs"]] == [
        ("de", "de"), ("zh", "zh"), ("multi", "de"), ("multi", "zh"),
    ]  # fmt: skip
    measures = parse_measures(DEFAULT_MEASURES)
    for task in scores["tasks"]:
        run = ir_measures.read_trec_run(str(tmp_path / "out" / "runs" / f"{task['task'].replace('/', '.')}.trec"))
        dataset = ir_datasets.load(f"hybrid-demo/{task['task']}")
        depth = min(1000, dataset.docs_count())  # which no ranking reaches, so that ir_measures is to be told it
        asked = {
            str(measure): measure @ depth if measure.NAME in ("RankDistance", "FirstRank") else measure
            for measure in measures
            if task["docs"] == "multi" or not pool_only(measure)
        }
        expected = ir_measures.calc_aggregate(asked.values(), list(dataset.qrels_iter()), run)
        assert {name: task[name] for name in asked} == pytest.approx(
            {name: expected[measure] for name, measure in asked.items()}, abs=1e-9
        )
    assert scores["settings"]["mono"]["AP"] > 0.5
    assert scores["settings"]["multi"]["AP"] < scores["settings"]["mono"]["AP"]


def test_bm25_scores_one_task_cross_lingual_ones_too(tmp_path: Path) -> None:
    run_cli("evaluate", "hybrid-demo/de/en", "--bm25", "--output", tmp_path / "out", "--measures", "AP", "RR@10")
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert [(task["task"], task["setting"]) for task in scores["tasks"]] == [("de/en", "cross")]
    assert set(scores["settings"]["cross"]) == {"AP", "RR@10"}
    assert set(scores["bm25"]["analyzers"]) == {"de", "en"}
