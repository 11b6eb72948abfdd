"""A figure from positions is the figure that ir_measures gives for the run."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Rprec, Success, nDCG

from hybrid_plugin.errors import UserError
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.direction import higher_is_better
from hybrid_plugin.measures.named import DEFAULT_MEASURES, parse_measures, register_measures
from hybrid_plugin.measures.rank_distance import RankDistance
from hybrid_plugin.measures.values import evaluator, from_ranks, has_ranks, values_of
from hybrid_plugin.retrieval.rankings import LanguageMap, Rankings, ranks_of_lists
from hybrid_plugin.retrieval.ranks import Ranks, stack_ranks
from hybrid_plugin.retrieval.runs.positions import rankings_of_run
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.retrieval.runs.writer import run_writer
from hybrid_plugin.tasks.judgements import Judgements

MEASURES = [AP, R @ 1, R @ 3, R @ 100, nDCG, nDCG @ 2, nDCG @ 10, Success @ 1, Success @ 5]
MEASURES += [AP @ 4, RankDistance, RankDistance @ 3, RankDistance @ 100]
MEASURES += [P @ 1, P @ 5, P @ 100, RR, Rprec, AP(rel=2), AP(rel=3) @ 3, R(rel=2) @ 5, P(rel=2) @ 5, RR(rel=2)]
MEASURES += [Rprec(rel=2), Success(rel=3) @ 5, RankDistance(rel=2), RankDistance(rel=2) @ 5]

Run = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]

register_measures()
documents = st.sampled_from([f"d{number}" for number in range(14)])


@st.composite
def problems(draw: st.DrawFn) -> tuple[Run, Qrels]:
    """Runs with ties, over queries of which some have relevant documents that are not retrieved, and some none."""
    queries = [f"q{number}" for number in range(draw(st.integers(1, 4)))]
    run = {query: draw(st.dictionaries(documents, st.sampled_from([0.0, 0.25, 0.5, 1.0]))) for query in queries}
    grades = st.dictionaries(documents, st.integers(0, 3), min_size=1, max_size=6)
    qrels = {query: draw(grades) for query in queries}
    return run, qrels


def truncated(run: Run, depth: int) -> Run:
    """The first documents of each ranking, in trec_eval's order."""
    return {
        query: {
            doc: docs[doc] for doc in sorted(docs, key=lambda doc, docs=docs: (docs[doc], doc), reverse=True)[:depth]
        }
        for query, docs in run.items()
    }


def rankings_of(run: Run, qrels: Qrels, folder: Path) -> Rankings:
    assume(any(run.values()))  # an empty file is no run
    path = folder / "run.trec"
    with run_writer(path) as writer:
        for query, docs in truncated(run, depth=14).items():
            writer.add([query], [np.array(list(docs), dtype=object)], [np.array(list(docs.values()), np.float32)])
    return rankings_of_run(read_run(path), list(qrels), qrels)


def assert_equal_to_ir_measures(ranks: Ranks, run: Run, qrels: Qrels) -> None:
    theirs: dict[tuple[str, str], float] = {
        (str(metric.measure), metric.query_id): metric.value for metric in ir_measures.iter_calc(MEASURES, qrels, run)
    }
    for measure in MEASURES:
        ours = from_ranks(measure, ranks)
        assert ours.dtype == np.float64
        for query, value in zip(ranks.query_ids, ours.tolist(), strict=True):
            assert value == pytest.approx(theirs[str(measure), query], abs=1e-9, nan_ok=True), (measure, query)


@given(problems())
@settings(max_examples=150, deadline=None)
def test_figures_from_positions_are_those_of_ir_measures(
    tmp_path_factory: pytest.TempPathFactory, problem: tuple[Run, Qrels]
) -> None:
    run, qrels = problem
    assert_equal_to_ir_measures(rankings_of(run, qrels, tmp_path_factory.mktemp("measures")).ranks, run, qrels)


@given(problems(), st.integers(1, 16))
@settings(max_examples=150, deadline=None)
def test_figures_at_a_depth_are_those_of_the_truncated_run(
    tmp_path_factory: pytest.TempPathFactory, problem: tuple[Run, Qrels], depth: int
) -> None:
    run, qrels = problem
    ranks = rankings_of(run, qrels, tmp_path_factory.mktemp("measures")).ranks
    # All that ir_measures knows of the depth is the longest ranking.
    assert_equal_to_ir_measures(ranks.at_depth(min(depth, ranks.depth)), truncated(run, depth), qrels)


def test_a_system_that_finds_one_document_of_each_query_is_no_better_than_one_that_finds_all() -> None:
    qrels = {"q": dict.fromkeys("abcdefg", 1), "p": dict.fromkeys("abcdefg", 1)}
    whole = {query: {doc: -float(place) for place, doc in enumerate("abcdefghijklmn")} for query in qrels}
    one = {query: {doc: score for doc, score in docs.items() if doc in "ahijklmn"} for query, docs in whole.items()}
    nothing = {query: {doc: score for doc, score in docs.items() if doc in "hijklmn"} for query, docs in whole.items()}
    values = [ir_measures.calc_aggregate([RankDistance], qrels, run)[RankDistance] for run in (whole, one, nothing)]
    assert values == [6, 8, 7]
    assert ir_measures.calc_aggregate([RankDistance], qrels, {"q": {"a": 1.0}, "p": whole["p"]})[RankDistance] == 10


def test_rank_distance_is_lowest_minus_highest() -> None:
    ranks = stack_ranks(["one", "tight", "wide"], [[5], [1, 2, 3], [2, 40, 100]], [100] * 3)
    assert from_ranks(RankDistance, ranks).tolist() == [0, 2, 98]
    assert from_ranks(RankDistance @ 50, ranks).tolist() == [0, 2, 49]
    assert from_ranks(RankDistance @ 4, ranks).tolist() == [4, 2, 3]
    assert from_ranks(RankDistance, ranks.at_depth(4)).tolist() == [4, 2, 3]


LONG = {"long": {f"x{number}": -float(number) for number in range(9)}}  # that others' rankings are as deep as


@pytest.mark.parametrize(("name", "depth"), [("RankDistance", 9), ("RankDistance@5", 5), ("RankDistance@20", 20)])
def test_a_document_that_is_not_found_stands_below_the_depth_of_the_evaluation(name: str, depth: int) -> None:
    (measure,) = parse_measures([name])
    run = LONG | {"q": {"a": 3.0, "b": 2.0, "c": 1.0}, "nothing": {"a": 1.0}}
    qrels = {"q": {"b": 1, "z": 1}, "nothing": {"y": 1, "z": 1}, "absent": {"a": 1}, "long": {"x0": 1}}
    qrels["none"] = {"a": 0}
    found = {metric.query_id: metric.value for metric in ir_measures.iter_calc([measure], qrels, run)}
    expected = {"q": depth + 1 - 2, "nothing": depth, "absent": depth, "long": 0, "none": np.nan}
    assert found == pytest.approx(expected, nan_ok=True)
    assert ir_measures.calc_aggregate([measure], qrels, run)[measure] == (3 * depth - 1) / 4
    del qrels["long"]  # what nobody judges is no part of the evaluation
    found = {metric.query_id: metric.value for metric in ir_measures.iter_calc([measure], qrels, run)}
    assert found["absent"] == min(depth, 3) if name == "RankDistance" else depth


def test_where_nothing_at_all_was_ranked_the_rank_distance_is_that_of_the_cutoff_or_none() -> None:
    for measure, value in ((RankDistance, np.nan), (RankDistance @ 5, 5)):
        found = ir_measures.calc_aggregate([measure], {"q": {"a": 1}}, LONG)[measure]
        assert found == pytest.approx(value, nan_ok=True)
        assert from_ranks(measure, stack_ranks(["q"], [[np.inf]], [0])) == pytest.approx(value, nan_ok=True)


def test_ranks_keep_the_depth_of_the_evaluation() -> None:
    ranks = stack_ranks(["short", "long"], [[1, np.inf], [2]], [3, 8], grades=[[1, 2], [3]])
    assert ranks.depth == ranks.of(np.array([0])).depth == ranks.at_least(2).depth == 8
    assert ranks.at_depth(5).depth == 5
    assert from_ranks(RankDistance, ranks.of(np.array([0]))).tolist() == [8]
    assert stack_ranks(["q"], [[1]], [3], depth=50).depth == 50


def test_rank_distance_counts_what_is_relevant_enough() -> None:
    run = {"q": {"a": 3.0, "b": 2.0, "c": 1.0}}
    qrels = {"q": {"a": 1, "b": 2, "c": 2}}
    assert ir_measures.calc_aggregate([RankDistance(rel=2)], qrels, run) == {RankDistance(rel=2): 1}
    assert ir_measures.calc_aggregate([RankDistance], qrels | {"p": {"a": 0}}, run) == {RankDistance: 2}


def test_scores_that_differ_beyond_32_bits_tie_as_in_trec_eval() -> None:
    run = {"q": {"a": 0.5 + 1e-12, "b": 0.5, "c": 0.1}}
    qrels = {"q": {"a": 1, "c": 1}}
    assert ir_measures.calc_aggregate([RankDistance, RR], qrels, run) == {RankDistance: 1, RR: 0.5}


def test_a_query_that_the_run_lacks_counts_where_the_measure_is_defined() -> None:
    run = {"q1": {"a": 2.0, "x": 1.5, "b": 1.0}}
    qrels = {"q1": {"a": 1, "b": 1}, "q2": {"a": 1, "b": 1}}
    assert ir_measures.calc_aggregate([RankDistance, AP], qrels, run) == {
        RankDistance: (2 + 3) / 2,
        AP: pytest.approx((1 + 2 / 3) / 2 / 2),
    }


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("RankDistance", RankDistance),
        ("RankDistance@100", RankDistance @ 100),
        ("RankDistance(rel=2)@5", RankDistance(rel=2) @ 5),
    ],
)
def test_rank_distance_has_its_name_in_ir_measures(name: str, measure: object) -> None:
    assert ir_measures.parse_measure(name) == measure
    assert str(measure) == name
    assert parse_measures([name]) == [measure]
    assert ir_measures.RankDistance == RankDistance


def test_rank_distance_is_computed_beside_others_in_one_call() -> None:
    run = {"q": {f"d{number}": 1 - number / 10 for number in range(10)}}
    qrels = [ir_measures.Qrel("q", "d0", 1), ir_measures.Qrel("q", "d7", 1)]
    scored = [ir_measures.ScoredDoc("q", doc, score) for doc, score in run["q"].items()]
    measures = [AP, ir_measures.parse_measure("RankDistance"), ir_measures.parse_measure("RankDistance@5"), nDCG @ 10]
    result = ir_measures.calc_aggregate(measures, qrels, scored)
    assert set(result) == set(measures)
    assert result[RankDistance] == 7
    assert result[RankDistance @ 5] == 5
    assert result[AP] == pytest.approx((1 + 2 / 8) / 2)


def test_a_measure_says_whether_more_of_it_is_better() -> None:
    assert higher_is_better(AP)
    assert not higher_is_better(RankDistance @ 100)


def test_registering_twice_is_harmless() -> None:
    before = list(ir_measures.DefaultPipeline.providers), dict(ir_measures.measures.registry)
    register_measures()
    register_measures()
    assert (list(ir_measures.DefaultPipeline.providers), dict(ir_measures.measures.registry)) == before


def test_a_fresh_process_knows_rank_distance_after_registration_alone() -> None:
    program = (
        "import ir_measures, hybrid_plugin\n"
        "hybrid_plugin.register_measures()\n"
        "measures = [ir_measures.parse_measure(name) for name in ('RankDistance', 'RankDistance@2', 'AP')]\n"
        "print(ir_measures.calc_aggregate(measures, {'q': {'a': 1, 'c': 1}}, {'q': {'a': 3, 'b': 2, 'c': 1}}))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "RankDistance: 2.0" in result.stdout
    assert "RankDistance@2: 2.0" in result.stdout


def test_the_default_measures_of_one_language_are_computed_from_positions_alone() -> None:
    ranks = stack_ranks(["q"], [[1, 3]], [10])
    measures = [measure for measure in parse_measures(DEFAULT_MEASURES) if not pool_only(measure)]
    figures = {str(measure): float(from_ranks(measure, ranks)[0]) for measure in measures}
    assert tuple(figures) == ("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance")
    assert figures["AP"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["RankDistance"] == 2


@pytest.mark.parametrize("name", [*map(str, MEASURES)])
def test_no_queries_give_no_figures(name: str) -> None:
    assert from_ranks(parse_measures([name])[0], stack_ranks([], [], [])).tolist() == []


@pytest.mark.parametrize(
    "name", ["P@5", "RR", "AP(rel=2)", "RankDistance(rel=2)", "FirstRank(rel=2)", "PEER(weights={1:0.5,2:0.5})@5"]
)
def test_positions_and_grades_are_enough_for_a_measure(name: str) -> None:
    assert has_ranks(*parse_measures([name]))


OTHERS = (
    *("RR@2", "RR(rel=2)@2", "nDCG(judged_only=True)@3", "AP(judged_only=True)", "RankDistance(rel=0)"),
    *("Compat(p=0.8)", "Judged@5", "infAP", "Bpref", "IPrec@0.1", "SetP", "NumRet", "NumRel"),
)


@given(problems())
@settings(max_examples=50, deadline=None)
def test_the_other_measures_are_left_to_ir_measures(
    tmp_path_factory: pytest.TempPathFactory, problem: tuple[Run, Qrels]
) -> None:
    run, qrels = problem
    rankings = rankings_of(run, qrels, tmp_path_factory.mktemp("measures"))
    records = [ir_measures.Qrel(query, doc, grade) for query, docs in qrels.items() for doc, grade in docs.items()]
    measures = parse_measures([*OTHERS, "AP", "nDCG@3"])
    assert [measure for measure in measures if has_ranks(measure)] == [AP, nDCG @ 3]
    values = values_of(measures, rankings, Judgements(records))
    assert list(values) == measures
    kept = {query: docs for query, docs in run.items() if docs}
    for measure in measures:
        theirs = {metric.query_id: metric.value for metric in ir_measures.iter_calc([measure], records, kept)}
        ours = dict(zip(rankings.query_ids, values[measure].tolist(), strict=True))
        assert ours == pytest.approx({query: theirs.get(query, math.nan) for query in qrels}, abs=1e-9, nan_ok=True)


def test_a_measure_that_ir_measures_cannot_compute_is_refused_by_name() -> None:
    (measure,) = parse_measures(["AP(rel=0)"])
    with pytest.raises(UserError, match=r"^ir_measures cannot compute AP\(rel=0\): .*should be positive"):
        evaluator(measure, [])


def test_what_a_measure_needs_is_said_in_one_line() -> None:
    if ir_measures.providers.registry["cwl_eval"].is_available():
        pytest.skip("all that the measure needs is installed")
    (measure,) = parse_measures(["RBP(rel=1)"])
    with pytest.raises(
        UserError, match=r"^ir_measures cannot compute RBP\(rel=1\): .*pip install ir-measures\[cwl_eval\]\)$"
    ):
        evaluator(measure, [])


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("ndcg@10", "nDCG@10"),
        ("NDCG@10", "nDCG@10"),
        ("map", "AP"),
        ("Map(rel=2)", "AP(rel=2)"),
        ("mrr@10", "RR@10"),
        ("precision@5", "P@5"),
        ("recall@100", "R@100"),
        ("rprec", "Rprec"),
        ("bpref", "Bpref"),
        ("rankdistance", "RankDistance"),
        ("peer(weights={0:0.5,1:0.5})@20", "PEER(weights={0:0.5,1:0.5})@20"),
        ("languageap(lang='de')", "LanguageAP(lang='de')"),
        ("setf(beta=2)", "SetF(beta=2.0)"),
        ("iprec@1", "IPrec@1.0"),
    ],
)
def test_a_measure_in_any_case_has_the_name_of_ir_measures(name: str, measure: str) -> None:
    assert [*map(str, parse_measures([name, measure]))] == [measure]


def test_of_names_that_differ_by_case_alone_the_one_that_is_spelt_so_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ir_measures.measures.registry, "ap", R)
    assert parse_measures(["ap@3", "AP@3"]) == [R @ 3, AP @ 3]


def test_all_stands_for_all_measures_in_any_case() -> None:
    assert parse_measures(["ALL"], ["de"]) == parse_measures(["All"], ["de"]) == parse_measures(["all"], ["de"])
    assert "LanguageAP(lang='de')" in map(str, parse_measures(["ALL"], ["de"]))


TO_WRITE = re.compile("write (.*)$")


@pytest.mark.parametrize("case", [str.lower, str.upper])
@pytest.mark.parametrize("name", sorted(ir_measures.measures.registry))
def test_every_measure_of_ir_measures_has_values_or_says_what_it_needs(name: str, case: Callable[[str], str]) -> None:
    docs, grades = ["en_1", "de_2", "en_2", "de_1"], {"1_en": {"en_1": 1, "de_1": 1}, "2_de": {"de_2": 1, "en_2": 0}}
    lists = [np.array(docs, object), np.array(docs[::-1], object)]
    known = LanguageMap({doc: doc[:2] for doc in docs}, {query: query[-2:] for query in grades}, None)
    ranks = ranks_of_lists([*grades], lists, grades, [4, 4], known)
    rankings = Rankings(tuple(grades), lists, [np.array([4, 3, 2, 1], np.float32)] * 2, ranks)
    judgements = Judgements([ir_measures.Qrel(q, doc, g) for q, some in grades.items() for doc, g in some.items()])

    def said(asked: str) -> str:
        """What is wrong with a measure; nothing if it has its values."""
        try:
            (measure,) = parse_measures([asked])
            assert measure.NAME == ir_measures.measures.registry[name].NAME
            assert parse_measures([str(measure)]) == [measure]
            (values,) = values_of([measure], rankings, judgements).values()
            assert values.shape == (2,)
        except UserError as error:
            return str(error)
        return ""

    wrong = said(case(name))
    if wrong and "install" not in wrong:
        assert "\n" not in wrong
        assert "object at" not in wrong
        found = TO_WRITE.search(wrong)
        assert found, wrong
        assert not said(found[1])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nDGC@10", "nDCG@10"),
        ("sucess@5", "Success@5"),
        ("RankDistanc", "RankDistance"),
        ("LangugeAP(lang='de')", "LanguageAP(lang='de')"),
        ("al", "all"),
        ("ndcg_at_10", "nDCG@10"),
        ("ndcg_cut_10", "nDCG@10"),
        ("P_5", "P@5"),
        ("recall100", "Recall@100"),
        ("mrr10", "MRR@10"),
    ],
)
def test_what_was_meant_by_an_unknown_measure_is_said(name: str, meant: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_measures([name])
    assert str(refused.value) == f"unknown measure '{name}'; did you mean '{meant}'?"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hits@10", "; known: Accuracy, "),
        ("R", "it needs cutoff (ranking cutoff threshold); write R@10"),
        ("nerr8", "it needs cutoff (ranking cutoff threshold) and max_rel (maximum relevance score); write NERR8(max"),
        ("AP(relx=2)", "it has no parameter 'relx'; it has: cutoff, rel, judged_only; did you mean 'rel'?"),
        ("nDCG(dcg='exp')", "dcg cannot be 'exp'; it is one of log2, exp-log2"),
        ("AP@0.5", "cutoff cannot be 0.5; it is of the type int"),
        ("ndcg@", "write it as nDCG(key=value)@cutoff"),
        ("P@10 R@10", "write it as P(key=value)@cutoff"),
    ],
)
def test_what_is_wrong_with_a_measure_is_said(name: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        parse_measures([name])


@pytest.mark.parametrize(("name", "write"), [("RBP", "RBP(rel=1)"), ("ERR", "ERR@10"), ("err_ia", "ERR_IA@10")])
def test_what_ir_measures_cannot_compute_as_it_is_says_what_to_write(name: str, write: str) -> None:
    with pytest.raises(UserError, match=rf"as it is; write {re.escape(write)}$"):
        evaluator(*parse_measures([name]), [])


@pytest.mark.parametrize("name", ["ERR@3", "nDCG(dcg='exp-log2')@3"])
def test_a_measure_of_a_program_that_takes_numbers_for_queries_takes_any(name: str) -> None:
    docs = np.array(["a", "b", "c"], object)
    queries, relevant = ("x-7", "y-7", "q"), ("b", "c", "a")
    ranks = stack_ranks([*queries], [[2], [3], [1]], [3] * 3)
    rankings = Rankings(queries, [docs] * 3, [np.array([3, 2, 1], np.float32)] * 3, ranks)
    records = [ir_measures.Qrel(query, doc, 2) for query, doc in zip(queries, relevant, strict=True)]
    (measure,) = parse_measures([name])
    values = values_of([measure], rankings, Judgements(records))[measure]
    for doc, value in zip(relevant, values.tolist(), strict=True):
        run = {"7": {"a": 3.0, "b": 2.0, "c": 1.0}}
        assert value == ir_measures.calc_aggregate([measure], [ir_measures.Qrel("7", doc, 2)], run)[measure] > 0
    assert len({*values.tolist()}) == 3


@pytest.mark.parametrize(
    "name", ["Prec", "nDCG@", "", "AP@x", "RankDistance(depth=3)", "RankDistance@0.5", "R", "AP@0", "R@0"]
)
def test_an_unknown_measure_is_refused_by_name(name: str) -> None:
    with pytest.raises(UserError, match="unknown measure"):
        parse_measures([name])
