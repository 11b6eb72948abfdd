"""Documents that do not count for a query: every figure is that of ir_measures on the run without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ir_measures
import pandas as pd
import pytest
from ir_measures import Qrel

from hybrid_plugin import Encoder
from hybrid_plugin.evaluation import evaluate, evaluate_runs
from hybrid_plugin.evaluation.bm25 import _drop
from hybrid_plugin.tasks import Benchmark, read_benchmark
from hybrid_plugin.tasks.checksum import collection_checksum
from hybrid_plugin.tasks.judgements import Judgements
from tests.hybrid_plugin.evaluation.any_collection import write_collection

MEASURES = ("nDCG@20", "nDCG", "AP", "R@5", "RR@10", "NumRet", "Judged@10", "Bpref")
LANGUAGES = ("LanguageSkew@10", "FirstRank", "PEER@10", "RankDistance", "LanguageAP(lang='fa')")


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """Queries that have the ids of documents, of which some are relevant; and some judged below 0."""
    folder = tmp_path_factory.mktemp("odd")
    whole = read_benchmark(write_collection(folder))
    for path in folder.glob("qrels.*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        grades = ["-100" if number % 5 == 0 else line.split()[3] for number, line in enumerate(lines)]
        lines = [" ".join([*line.split()[:3], grade]) for line, grade in zip(lines, grades, strict=True)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path in folder.glob("queries.*.jsonl"):  # documents are called d0, d1 ...
        queries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text("".join(f"{json.dumps(one | {'query_id': 'd' + one['query_id']})}\n" for one in queries))
    for path in folder.glob("qrels.*.txt"):
        text = path.read_text(encoding="utf-8")
        path.write_text("".join(f"d{line}\n" for line in text.splitlines()), encoding="utf-8")
    return whole


def dropping(benchmark: Benchmark, kind: str | None) -> Benchmark:
    return replace(benchmark, tasks=tuple(replace(task, dropped=kind) for task in benchmark.tasks))


def records(path: Path) -> Iterator[tuple[str, str, int]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, doc, grade = line.split()
        yield query, doc, int(grade)


@pytest.mark.parametrize("depth", [None, 7])
@pytest.mark.parametrize("kind", ["same-id", "negative"])
def test_figures_are_those_of_the_run_without_them(
    kind: str, depth: int | None, benchmark: Benchmark, tiny: Path, tmp_path: Path
) -> None:
    encoder, asked = Encoder.load(tiny), dropping(benchmark, kind)
    everything = evaluate(dropping(benchmark, None), encoder, tmp_path / "all", runs=True, runs_depth=None)
    assert everything.tasks["queries_scored"].gt(0).all()
    ours = evaluate(
        asked, encoder, tmp_path / "ours", measures=(*MEASURES, *LANGUAGES), depth=depth, runs=True, runs_depth=None
    )
    from_runs = evaluate_runs(asked, tmp_path / "all", measures=(*MEASURES, *LANGUAGES), depth=depth)
    pd.testing.assert_frame_equal(ours.per_query, from_runs.per_query, rtol=0, atol=1e-9)
    removed = 0
    for task in asked.tasks:
        judgements = Judgements.load(task)
        name = f"runs/{task.name.replace('/', '.')}.trec"
        run = pd.DataFrame(ir_measures.read_trec_run(str(tmp_path / "all" / name)))
        kept = run[
            [doc not in judgements.dropped.get(one, ()) for one, doc in zip(run.query_id, run.doc_id, strict=True)]
        ]
        removed += len(run) - len(kept)
        written = pd.DataFrame(ir_measures.read_trec_run(str(tmp_path / "ours" / name)))
        pd.testing.assert_frame_equal(
            written.sort_values(["query_id", "doc_id"], ignore_index=True),
            kept.sort_values(["query_id", "doc_id"], ignore_index=True),
        )
        best = kept.sort_values(["score", "doc_id"], ascending=False).groupby("query_id").head(depth or len(kept))
        qrels = [Qrel(one, doc, g) for one, grades in judgements.by_query.items() for doc, g in grades.items()]
        rows = ours.per_query[ours.per_query["task"] == task.name].set_index("query_id")
        for measure in MEASURES:
            for metric in ir_measures.iter_calc([ir_measures.parse_measure(measure)], qrels, best):
                assert rows.loc[metric.query_id, measure] == pytest.approx(metric.value, abs=1e-9), measure
        assert (rows["retrieved"] == best.groupby("query_id").size().reindex(rows.index, fill_value=0)).all()
    assert removed


def test_what_is_dropped_is_what_a_task_says(benchmark: Benchmark) -> None:
    pooled = dropping(benchmark, "same-id").task("multi/en")
    judgements = Judgements.load(pooled)
    assert judgements.dropped["d3"] == {"fa/d3", "ru/d3", "en/d3"}
    assert judgements.by_query == Judgements.load(benchmark.task("multi/en")).by_query
    negative = Judgements.load(dropping(benchmark, "negative").task("multi/en"))
    assert all(grade >= 0 for grades in negative.by_query.values() for grade in grades.values())
    below = {
        (query, doc)
        for query, grades in Judgements.load(benchmark.task("multi/en")).by_query.items()
        for doc, grade in grades.items()
        if grade < 0
    }
    assert below
    assert {(query, doc) for query, docs in negative.dropped.items() for doc in docs} >= below


def test_scores_of_rankings_with_and_without_them_are_not_the_same(benchmark: Benchmark) -> None:
    sums = [
        collection_checksum(dropping(benchmark, kind), docs=False)["qrels"] for kind in (None, "same-id", "negative")
    ]
    assert len(set(sums)) == 3


def test_groups_have_figures(tiny: Path, benchmark: Benchmark, tmp_path: Path) -> None:
    grouped = replace(
        benchmark,
        groups={"some": ("fa", "multi/en"), "one": ("ru/en",)},
        language_groups={"family:iranian": ("fa",), "all": ("en", "fa", "ru")},
    )
    scores = evaluate(grouped, Encoder.load(tiny), tmp_path, measures=["AP"])
    figures = scores.tasks.set_index("task")["AP"]
    # Two tasks begin with fa, one in either setting.
    assert scores.groups["some"] == {
        "mono": {"AP": figures["fa/fa"]},
        "cross": {"AP": figures["fa/en"]},
        "multi": {"AP": figures["multi/en"]},
    }
    assert scores.groups["one"] == {"cross": {"AP": figures["ru/en"]}}
    assert scores.groups["family:iranian"] == {
        "mono": {"AP": figures["fa/fa"]},
        "multi": {"AP": figures["multi/fa"]},
    }
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert written["groups"] == scores.groups
    assert type(scores).load(tmp_path).groups == scores.groups
    some = evaluate(grouped, Encoder.load(tiny), measures=["AP"], tasks=["fa/fa", "ru/en"])
    assert [*some.groups] == ["one", "family:iranian"]  # of the others something is missing


def test_a_member_that_several_tasks_are_counts_as_one(tiny: Path, benchmark: Benchmark) -> None:
    tasks = [replace(task, setting="mono") for task in benchmark.tasks if task.name in ("fa/fa", "fa/en", "ru/en")]
    grouped = replace(benchmark, tasks=tuple(tasks), groups={"average": ("fa", "ru/en")})
    scores = evaluate(grouped, Encoder.load(tiny), measures=["AP"])
    first, second, third = scores.tasks["AP"]
    assert scores.settings["mono"]["AP"] == pytest.approx((first + second + third) / 3)
    assert scores.groups["average"]["mono"]["AP"] == pytest.approx(((first + second) / 2 + third) / 2)


def test_a_run_of_bm25_holds_as_many_documents_as_it_should(tmp_path: Path) -> None:
    run = tmp_path / "run.trec"
    lines = (f"{query} Q0 d{number} {number + 1} {9 - number} bm25\n" for query in "ab" for number in range(4))
    run.write_text("".join(lines), encoding="utf-8")
    _drop(run, {"a": {"d0", "d2", "d9"}}, 2)
    assert [line.split()[:3:2] for line in run.read_text().splitlines()] == [
        ["a", "d1"],
        ["a", "d3"],
        ["b", "d0"],
        ["b", "d1"],
    ]
