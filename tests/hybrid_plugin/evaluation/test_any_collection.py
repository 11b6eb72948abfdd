"""One scoring pipeline: on a collection as odd as they get, every figure is ir_measures' own, from vectors and runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import ir_measures
import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation import evaluate, evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.measures.named import register_measures
from hybrid_plugin.tasks import Benchmark, load_benchmark, run_name
from tests.hybrid_plugin.evaluation.any_collection import TOPICS, write_collection

pytestmark = pytest.mark.xdist_group("any-collection")  # one worker makes what they share

# All that ir_measures can compute with the packages that are installed here.
THEIRS = (
    *("AP", "AP@10", "AP(rel=2)", "AP(rel=2)@20", "AP(judged_only=True)", "nDCG", "nDCG@5", "nDCG@20"),
    *("nDCG(gains={1:3,3:9})@10", "nDCG(judged_only=True)@10", "R@5", "R@100", "R(rel=2)@10", "P@1", "P@10"),
    *("P(rel=3)@5", "P(judged_only=True)@5", "RR", "RR@10", "RR(rel=2)", "RR(rel=2)@3", "RR(judged_only=True)"),
    *("Rprec", "Rprec(rel=2)", "Success@1", "Success(rel=2)@10", "Judged@10", "Bpref", "Bpref(rel=2)", "infAP"),
    *("IPrec@0.1", "SetP", "SetR", "SetF", "SetAP", "NumRet", "NumRet(rel=1)", "NumRel", "NumQ"),
    *("Accuracy", "Accuracy@20", "Compat(p=0.8)", "RBP(rel=1)", "RBP(rel=2,p=0.5)", "BPM(max_rel=3)@10"),
    *("INST(max_rel=3)", "INSQ(max_rel=3)", "SDCG(max_rel=3)@10", "NERR9(max_rel=3)@10", "NERR11(max_rel=3)"),
    *("alpha_nDCG@10", "StRecall@10", "P_IA@10"),
    *(("ERR@10",) if shutil.which("perl") else ()),
)
QRELS = {  # task -> the lines that ir_measures reads, and what goes before their document ids
    "fa/fa": [("qrels.fa.txt", "")],
    "fa/en": [("qrels.fa.txt", "")],
    "ru/en": [("qrels.ru.txt", "")],
    "multi/en": [("qrels.pool.txt", "")],
    "multi/fa": [("qrels.fa.txt", "fa/"), ("qrels.ru.txt", "ru/")],
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_collection(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def benchmark_(collection: Path) -> Benchmark:
    return load_benchmark(str(collection))


@pytest.fixture(scope="module")
def scored(benchmark_: Benchmark, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scores, Path]:
    """From vectors, with run files of the whole rankings."""
    output = tmp_path_factory.mktemp("scores") / "odd"
    encoder = Encoder.load(tiny)
    return evaluate(benchmark_, encoder, output, measures=THEIRS, runs=True, runs_depth=None), output


def qrels_of(folder: Path, task: str) -> list[ir_measures.Qrel]:
    return [
        qrel._replace(doc_id=prefix + qrel.doc_id)
        for name, prefix in QRELS[task]
        for qrel in ir_measures.read_trec_qrels(str(folder.parent / name))
    ]


def check(scores: Scores, collection: Path, runs: Path, depth: int | None = None) -> None:
    """Every value, and every mean, beside that of ir_measures on the run file and the qrels file."""
    register_measures()
    for task in QRELS:
        run = pd.DataFrame(ir_measures.read_trec_run(str(runs / f"{task.replace('/', '.')}.trec")))
        if depth is not None:
            run["exact"] = run["score"].astype(np.float32)
            run = run.sort_values(["query_id", "exact", "doc_id"], ascending=[True, False, False], kind="stable")
            run = run.groupby("query_id").head(depth)
        # One at a time: together, NumRet may be counted among the judged documents of AP(judged_only=True).
        found = [
            ir_measures.calc([ir_measures.parse_measure(name)], qrels_of(collection, task), run)
            for name in scores.measures
        ]
        means = {measure: value for aggregated, _ in found for measure, value in aggregated.items()}
        values = [metric for _, metrics in found for metric in metrics]
        own = scores.per_query[scores.per_query["task"] == task].set_index("query_id")
        assert set(own.index) == {qrel.query_id for qrel in qrels_of(collection, task)}
        for metric in values:
            ours = own.loc[metric.query_id, str(metric.measure)]
            assert ours == pytest.approx(metric.value, abs=1e-9), (task, metric)
        assert len(values) == own[[*scores.measures]].notna().to_numpy().sum()
        figures = scores.tasks.set_index("task").loc[task]
        for measure, value in means.items():
            assert figures[str(measure)] == pytest.approx(value, abs=1e-9), (task, measure)


def test_from_vectors(scored: tuple[Scores, Path], collection: Path) -> None:
    check(scored[0], collection, scored[1] / "runs")


def test_from_run_files(scored: tuple[Scores, Path], benchmark_: Benchmark, collection: Path) -> None:
    with pytest.warns(UserWarning, match="5 of 60 rankings are missing"):
        scores = evaluate_runs(benchmark_, scored[1], measures=THEIRS)
    check(scores, collection, scored[1] / "runs")
    pd.testing.assert_frame_equal(scores.per_query, scored[0].per_query, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 7, 50])
def test_cut_after_so_many_documents(
    depth: int, scored: tuple[Scores, Path], benchmark_: Benchmark, collection: Path, tiny: Path
) -> None:
    measures = [name for name in THEIRS if not name.startswith("Accuracy")]  # not of rankings of one document
    scores = evaluate(benchmark_, Encoder.load(tiny), measures=measures, depth=depth)
    check(scores, collection, scored[1] / "runs", depth)
    with pytest.warns(UserWarning, match="rankings are missing"):
        again = evaluate_runs(benchmark_, scored[1], measures=measures, depth=depth)
    pd.testing.assert_frame_equal(again.per_query, scores.per_query, atol=1e-12)


def test_measures_of_ours_are_the_same_from_vectors_and_from_run_files(
    scored: tuple[Scores, Path], benchmark_: Benchmark, tiny: Path
) -> None:
    ours = ["all", "PEER(weights={0:0.25,1:0.25,2:0.25,3:0.25})@10", "RankDistance(rel=2)", "LanguageSkew(rel=2)@10"]
    ours += ["LanguageAP(rel=2)@30", "FirstRank(rel=3)"]
    scores = evaluate(benchmark_, Encoder.load(tiny), measures=ours)
    with pytest.warns(UserWarning, match="rankings are missing"):
        again = evaluate_runs(benchmark_, scored[1], measures=ours)
    pd.testing.assert_frame_equal(again.per_query, scores.per_query, atol=1e-12)
    assert list(scores.measures)[:2] == ["nDCG@20", "R@100"]  # the official ones


def test_what_the_files_say_of_a_collection(scored: tuple[Scores, Path], benchmark_: Benchmark) -> None:
    assert {task.name: task.setting for task in benchmark_.tasks} == {
        "fa/fa": "mono", "fa/en": "cross", "ru/en": "cross", "multi/en": "multi", "multi/fa": "multi"
    }  # fmt: skip
    rows = scored[0].per_query
    asked = rows[rows["query_id"] != "99"]
    assert (asked["question"] == "t" + asked["query_id"]).all()
    odd = asked["query_id"].astype(int) % 2 == 1
    assert (asked[odd]["cluster"] == "c" + (asked[odd]["query_id"].astype(int) // 4).astype(str)).all()
    assert (asked[~odd]["cluster"] == asked[~odd]["question"]).all()
    assert len(asked) == 5 * (TOPICS - 1)
    stated = json.loads((scored[1] / "scores.json").read_text(encoding="utf-8"))
    assert [task["task"] for task in stated["tasks"]] == [task.name for task in benchmark_.tasks]
    assert stated["tasks"][3] | {"queries_scored": 12} == stated["tasks"][3]
    assert {path.name for path in (scored[1] / "runs").iterdir()} == {run_name(task) for task in benchmark_.tasks}


def test_official_measures_are_the_default(benchmark_: Benchmark, tiny: Path) -> None:
    assert evaluate(benchmark_, Encoder.load(tiny), tasks=["fa/en"]).measures == ("nDCG@20", "R@100")
