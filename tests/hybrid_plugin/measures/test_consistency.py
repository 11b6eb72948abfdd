"""How alike the rankings are that a question gets in different languages, against plain references."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path
from typing import Any

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import hybrid_plugin.measures.consistency as consistency_module
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scoring import measures_of
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.measures.consistency import consistency
from hybrid_plugin.measures.mrc import MRC
from hybrid_plugin.measures.named import parse_measures, register_measures
from hybrid_plugin.measures.rbo import RBO
from hybrid_plugin.tasks.named import load_benchmark

MEASURES = [MRC @ 1, MRC @ 3, MRC @ 20, RBO @ 1, RBO @ 4, RBO(p=0.5) @ 4, RBO(p=0.8) @ 20]

register_measures()


def correlation(one: list[str], other: list[str], k: int) -> float:
    """By scipy, on ranks of which k + 1 stands for all that a list lacks."""
    one, other = one[:k], other[:k]
    union = [*dict.fromkeys(one + other)]
    if not union:
        return math.nan
    ranks = [[found.index(doc) + 1 if doc in found else k + 1 for doc in union] for found in (one, other)]
    if len({*ranks[0]}) == 1 or len({*ranks[1]}) == 1:
        return 1.0 if one == other else 0.0
    return float(stats.spearmanr(*ranks).statistic)


def overlap(one: list[str], other: list[str], k: int, p: float) -> float:
    """The sum over depths that has no end, on the overlap that is extrapolated, term by term."""
    short, long = sorted([one[:k], other[:k]], key=len)
    if not long:
        return math.nan
    total, weight = 0.0, 1 - p
    for depth in range(1, 250):
        seen = min(depth, len(long))
        common = len({*short} & {*long[:seen]}) if seen > len(short) else len({*short[:seen]} & {*long[:seen]})
        if short and seen > len(short):  # the shorter list goes on as it was
            common += len({*short} & {*long[: len(short)]}) / len(short) * (seen - len(short))
        total += weight * common / seen
        weight *= p
    return total


def reference(measure: Any, run: dict[str, list[str]], query: str) -> float:
    """The mean over the queries that ask the same in another language."""
    question, lang = query.rsplit("_", 1)
    found = []
    for other in run:
        if other.rsplit("_", 1)[0] == question and other.rsplit("_", 1)[1] != lang:
            if measure.NAME == "MRC":
                found.append(correlation(run[query], run[other], measure["cutoff"]))
            else:
                found.append(overlap(run[query], run[other], measure["cutoff"], measure["p"]))
    known = [value for value in found if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


@st.composite
def runs(draw: st.DrawFn) -> dict[str, dict[str, float]]:
    """Rankings with ties, of different lengths, some of them empty; not every language asks every question."""
    docs = [f"d_{number}" for number in range(draw(st.integers(1, 8)))]
    queries = draw(st.sets(st.sampled_from([f"{q}_{lang}" for q in ("q", "p_1") for lang in ("de", "en", "zh")])))
    score = st.sampled_from([0.0, 0.5, 1.0, 2.0])
    return {query: draw(st.dictionaries(st.sampled_from(docs), score)) for query in sorted(queries)}


def ranked(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=lambda doc_id: (scores[doc_id], doc_id), reverse=True)


@given(runs())
@settings(max_examples=80, deadline=None)
def test_values_through_ir_measures_are_those_of_the_reference(run: dict[str, dict[str, float]]) -> None:
    qrels = {query: {"d_0": 1} for query in run}
    lists = {query: ranked(docs) for query, docs in run.items()}
    found = {(one.measure, one.query_id): one.value for one in ir_measures.iter_calc(MEASURES, qrels, run)}
    for measure in MEASURES:
        values = [reference(measure, lists, query) for query in run]
        assert [found[measure, query] for query in run] == pytest.approx(values, abs=1e-9, nan_ok=True), measure
        defined = [value for value in values if not math.isnan(value)]
        mean = sum(defined) / len(defined) if defined else math.nan
        assert measure.calc_aggregate(qrels, run) == pytest.approx(mean, abs=1e-9, nan_ok=True)


def test_the_examples_that_are_documented() -> None:
    run = {"q_de": {"a": 3.0, "b": 2.0, "c": 1.0}, "q_en": {"a": 3.0, "c": 2.0, "d": 1.0}}
    qrels = {query: {"a": 1} for query in run}
    assert MRC @ 3 in ir_measures.calc_aggregate([MRC @ 3], qrels, run)
    assert (MRC @ 3).calc_aggregate(qrels, run) == pytest.approx(0.4)
    assert (RBO @ 3).calc_aggregate(qrels, run) == pytest.approx(0.685)
    # What stands below the cutoff does not count.
    assert (MRC @ 1).calc_aggregate(qrels, run) == (RBO @ 1).calc_aggregate(qrels, run) == 1


def test_rankings_with_nothing_in_common() -> None:
    run = {"q_de": {"a": 2.0, "b": 1.0}, "q_en": {"c": 2.0, "d": 1.0}}
    qrels = {query: {"a": 1} for query in run}
    assert (RBO @ 2).calc_aggregate(qrels, run) == 0
    assert (MRC @ 1).calc_aggregate(qrels, run) == -1
    assert (MRC @ 2).calc_aggregate(qrels, run) == pytest.approx(-8 / 9)


def test_an_empty_ranking_is_like_no_other_and_of_two_there_is_nothing_to_say() -> None:
    qrels = {query: {"a": 1} for query in ("q_de", "q_en", "q_zh")}
    for measure in (MRC @ 5, RBO @ 5):
        found = {one.query_id: one.value for one in ir_measures.iter_calc([measure], qrels, {"q_de": {"a": 1.0}})}
        assert found == {"q_de": 0, "q_en": 0, "q_zh": 0}
        assert math.isnan(measure.calc_aggregate(qrels, {"p_de": {"a": 1.0}}))


def test_a_system_that_treats_languages_alike_wins() -> None:
    qrels = {f"q_{lang}": {"de_1": 1, "en_1": 1} for lang in ("de", "en")}
    fair = {query: {"de_1": 4.0, "en_1": 3.0, "de_2": 2.0, "en_2": 1.0} for query in qrels}
    biased = {
        "q_de": {"de_1": 4.0, "de_2": 3.0, "en_1": 2.0, "en_2": 1.0},
        "q_en": {"en_1": 4.0, "en_2": 3.0, "de_1": 2.0, "de_2": 1.0},
    }
    for measure in (MRC @ 3, RBO @ 3):
        assert measure.calc_aggregate(qrels, fair) == pytest.approx(1)
        assert measure.calc_aggregate(qrels, biased) < 0.6


def test_many_pairs_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    lists = np.array([random.permutation(30)[:10] for _ in range(40)], np.int32)
    questions, languages = [str(row // 4) for row in range(40)], [*"abcd"] * 10
    whole = consistency(RBO @ 10, lists, questions, languages)
    monkeypatch.setattr(consistency_module, "_CELLS", 700)
    np.testing.assert_allclose(consistency(RBO @ 10, lists, questions, languages), whole)


@pytest.mark.parametrize("name", ["MRC", "RBO", "RBO(p=1)@5", "RBO(p=0)@5", "MRC(rel=2)@5", "MRC@0"])
def test_a_measure_without_what_it_needs_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="unknown measure"):
        parse_measures([name])


def test_a_query_that_names_no_language_is_refused() -> None:
    with pytest.raises(UserError, match="the query id 'q7' names no language"):
        (MRC @ 3).calc_aggregate({"q7": {"a": 1}}, {"q7": {"a": 1.0}})


NAMES = ("AP", "MRC@3", "MRC@10", "RBO(p=0.8)@5")


def test_values_are_the_same_from_vectors_run_files_and_ir_measures(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    options: dict[str, Any] = {"languages": ("de", "en", "zh"), "measures": NAMES}
    # Rankings end above the cutoff of one measure, and below that of another.
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path, depth=6, runs=True, runs_depth=6, **options)
    again = evaluate_runs(benchmark, tmp_path, **options)
    by = ["task", "query_id"]
    pd.testing.assert_frame_equal(
        again.per_query.sort_values(by, ignore_index=True), scores.per_query.sort_values(by, ignore_index=True)
    )
    assert {name: [*found] for name, found in scores.settings.items()} == {
        "mono": ["AP"],
        "cross": [*NAMES],
        "multi": [*NAMES],
    }
    measures = parse_measures(NAMES[1:])
    rows = scores.per_query.set_index(["task", "query_id"])
    for docs in ("de", "multi"):
        # The run files of all that ask the same documents in one setting, joined.
        run: dict[str, dict[str, float]] = {}
        qrels: dict[str, dict[str, int]] = {}
        tasks = [task.name for task in benchmark.tasks if task.name in {*scores.tasks["task"]}]
        tasks = [name for name in tasks if name.startswith(f"{docs}/") and name != f"{docs}/{docs}"]
        for name in tasks:
            for qrel in ir_datasets.load(f"hybrid-demo/{name}").qrels_iter():
                qrels.setdefault(qrel.query_id, {})[qrel.doc_id] = qrel.relevance
            for scored in ir_measures.read_trec_run(str(tmp_path / "runs" / f"{name.replace('/', '.')}.trec")):
                run.setdefault(scored.query_id, {})[scored.doc_id] = scored.score
        ours = {
            (measure, query): rows.loc[(name, query), str(measure)]
            for name in tasks
            for query in qrels
            if (name, query) in rows.index
            for measure in measures
        }
        theirs = {(one.measure, one.query_id): one.value for one in ir_measures.iter_calc(measures, qrels, run)}
        assert len(ours) == len(theirs) > 100
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_where_nobody_else_asks_the_measure_is_left_out_or_refused() -> None:
    demo = load_benchmark("hybrid-demo")
    asked = EvaluationSettings(measures=("AP", "MRC@10"))
    assert measures_of(demo, asked) == parse_measures(["AP", "MRC@10"])
    for part in (
        demo.only(settings=("mono",)),
        demo.only(tasks=("multi/en",)),
        demo.only(settings=("cross",), languages=("de", "en")),
    ):
        assert measures_of(part, asked) == parse_measures(["AP"])
        with pytest.raises(UserError, match=r"^MRC@10 compare what a question finds in several languages: score some"):
            measures_of(part, EvaluationSettings(measures=("MRC@10",)))


def test_the_value_does_not_depend_on_the_order_of_the_queries() -> None:
    lists = np.array([[0, 1, 2], [2, 1, 3], [0, 3, -1]])
    for order in permutations(range(3)):
        chosen = [*order]
        for measure in (MRC @ 3, RBO @ 3):
            whole = consistency(measure, lists, ["q"] * 3, ["de", "en", "zh"])
            found = consistency(measure, lists[chosen], ["q"] * 3, [["de", "en", "zh"][one] for one in chosen])
            np.testing.assert_allclose(found, whole[chosen])
