"""What a ranking lacks is never turned into a better figure, and what found nothing is counted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.cli.main import main
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.vectors import RankingOptions, evaluate_vectors
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.own import read_benchmark

DOCUMENTS = 9
MEASURES = ("AP", "RankDistance", "RankDistance@4", "RankDistance(rel=0)", "FirstRank", "FirstRank(lang='de')@3")
LINES = {
    "docs.de": [{"doc_id": f"de_{number}", "text": "..."} for number in range(DOCUMENTS)],
    "docs.en": [{"doc_id": f"en_{number}", "text": "..."} for number in range(DOCUMENTS)],
    "queries": [{"query_id": f"q{number}_en", "text": "...", "lang": "en"} for number in range(4)],
}
# Of the last query nothing relevant is in the collection, and one more is judged that nobody asks.
QRELS = "q0 de_1, q0 en_2, q1 de_3, q1 en_4, q2 en_8, q3 de_gone, x en_1"
YAML = """
name: small
tasks:
  - name: multi/en
    docs: [{file: docs.de.jsonl, lang: de}, {file: docs.en.jsonl, lang: en}]
    queries: {file: queries.jsonl, lang: en}
    qrels: [qrels.txt]
  - name: en/en
    docs: [{file: docs.en.jsonl, lang: en}]
    queries: {file: queries.jsonl, lang: en}
    qrels: [qrels.en.txt]
"""


@pytest.fixture
def small(tmp_path: Path) -> Benchmark:
    for name, rows in LINES.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "qrels.txt").write_text("".join("{}_en 0 {} 1\n".format(*one.split()) for one in QRELS.split(",")))
    (tmp_path / "qrels.en.txt").write_text("".join(f"q{number}_en 0 en_{number} 1\n" for number in range(4)))
    (tmp_path / "small.yaml").write_text(YAML)
    return read_benchmark(tmp_path / "small.yaml")


def write_run(path: Path, rankings: dict[str, list[str]]) -> Path:
    path.write_text(
        "".join(
            f"{query} Q0 {doc_id} {place} {-place} tag\n"
            for query, found in rankings.items()
            for place, doc_id in enumerate(found, start=1)
        )
    )
    return path


def values(scores: Scores, measure: str) -> dict[str, float]:
    return dict(zip(scores.per_query["query_id"], scores.per_query[measure], strict=True))


RANKINGS = {
    "q0_en": ["de_0", "de_1", "en_1", "en_3", "en_5", "en_6"],  # one of two, and the longest
    "q1_en": ["de_3"],  # one of two, and nothing else
    "q2_en": ["en_1"],  # nothing
}


@pytest.mark.filterwarnings("ignore")  # a document is gone, rankings are missing
@pytest.mark.parametrize(("given", "depth"), [(None, 6), (5, 5), (12, 12), (1000, 2 * DOCUMENTS)])
def test_what_is_missing_stands_below_the_depth_of_the_evaluation(
    small: Benchmark, tmp_path: Path, given: int | None, depth: int
) -> None:
    run = write_run(tmp_path / "multi.en.trec", RANKINGS)
    scores = evaluate_runs(small.only(settings=["multi"]), run, measures=MEASURES, depth=given)
    distance = values(scores, "RankDistance")
    assert distance == {"q0_en": depth - 1, "q1_en": depth, **dict.fromkeys(("q2_en", "q3_en", "x_en"), depth)}
    assert values(scores, "RankDistance@4") == {"q0_en": 3, **dict.fromkeys(("q1_en", "q2_en", "q3_en", "x_en"), 4)}
    first = {"q0_en": depth + 1, "q1_en": depth + 1, "q2_en": depth + 1, "q3_en": np.nan, "x_en": depth + 1}
    assert values(scores, "FirstRank") == pytest.approx(first, nan_ok=True)
    german = {"q0_en": 2, "q1_en": 1, "q2_en": np.nan, "q3_en": np.nan, "x_en": np.nan}
    assert values(scores, "FirstRank(lang='de')@3") == pytest.approx(german, nan_ok=True)
    assert values(scores, "RankDistance(rel=0)") == distance
    assert values(scores, "found") == {"q0_en": 1, "q1_en": 1, "q2_en": 0, "q3_en": 0, "x_en": 0}
    assert values(scores, "missed") == {"q0_en": 1, "q1_en": 1, "q2_en": 1, "q3_en": 1, "x_en": 1}
    assert scores.nothing_found == scores.as_json()["queries_nothing_found"] == {"multi": 3}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("depth", [None, 1, 7, 1000])
def test_vectors_and_the_runs_of_them_have_the_same_figures(
    small: Benchmark, tmp_path: Path, depth: int | None
) -> None:
    rng = np.random.default_rng(0)

    def vectors(ids: list[str]) -> Vectors:
        matrix = rng.normal(size=(len(ids), 3)).astype(np.float32)
        return Vectors(ids, matrix / np.linalg.norm(matrix, axis=1, keepdims=True))

    docs = {}
    for view in small.doc_views:
        ids = [f"{view.lang}_{number}" for number in range(DOCUMENTS)]
        docs[view.plain] = Part(vectors(ids), np.array([view.lang] * DOCUMENTS, object))
    asked = vectors([f"q{number}_en" for number in range(4)])
    options = RankingOptions(depth, tmp_path / "runs", None)
    (tmp_path / "runs").mkdir()
    queries = {view.plain: asked for view in small.query_views}
    ours = evaluate_vectors(small, docs, queries, parse_measures(MEASURES), options)
    again = evaluate_runs(small, tmp_path / "runs", measures=MEASURES, depth=depth)
    pd.testing.assert_frame_equal(ours.per_query, again.per_query, atol=1e-9, rtol=0)
    reached = {"multi/en": min(depth or 99, 2 * DOCUMENTS), "en/en": min(depth or 99, DOCUMENTS)}
    lost = ours.per_query[ours.per_query["found"] == 0]
    assert (lost["RankDistance"] == lost["task"].map(reached)).all()
    assert {"q3_en", "x_en"} <= {*lost["query_id"]}
    assert ours.nothing_found == lost.groupby("setting").size().to_dict()


@pytest.mark.filterwarnings("ignore")
def test_the_distance_of_single_answers_says_nothing_however_few_are_found(small: Benchmark, tmp_path: Path) -> None:
    run = write_run(tmp_path / "en.en.trec", {"q0_en": ["en_3", "en_0"], "q1_en": ["en_7"]})
    scores = evaluate_runs(small.only(settings=["mono"]), run, measures=["AP", "RankDistance"])
    assert scores.settings["mono"]["RankDistance"] == 1.5
    assert scores.nothing_found == {"mono": 3}
    assert not scores.says("RankDistance", "mono")
    older = Scores(scores.per_query.drop(columns=["found", "article"]), scores.measures)
    assert older.nothing_found == {}


@pytest.mark.filterwarnings("ignore")
def test_the_command_says_how_many_queries_found_nothing(
    small: Benchmark, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "multi.en.trec", RANKINGS)

    def printed(*measures: str) -> list[str]:
        words = ["evaluate", f"{small.file}/multi/en", "--runs-from", str(run), "--output", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", ["hybrid-ir", *words, "--overwrite", "--measures", *measures])
        main()
        return capsys.readouterr().out.splitlines()

    said = "queries that found nothing relevant: 3 of 5 (multi); "
    said += "they count as the depth of the rankings in RankDistance"
    assert printed("AP", "RankDistance")[-2:] == [said, str(tmp_path / "out" / "scores.json")]
    assert printed("FirstRank", "RankDistance")[-2] == f"{said}, as one place below it in FirstRank"
    assert not any("found nothing" in line for line in printed("AP"))
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["queries_nothing_found"] == {"multi": 3}
