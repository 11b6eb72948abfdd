"""What is said of a measure and cut rankings holds for every query."""

from __future__ import annotations

import random
from typing import Any

import ir_measures
import numpy as np
import pytest

from hybrid_plugin.measures.cutting import effect_of_cut
from hybrid_plugin.measures.named import parse_measures, register_measures

register_measures()

LANGUAGES = ("de", "en", "fr")
LOWERED = (
    *("AP", "AP@6", "AP(rel=2)", "AP(judged_only=True)", "nDCG", "nDCG@6", "nDCG(gains={1:3,2:1})", "R@6", "RR"),
    *(
        "RR@6",
        "Success@6",
        "P@6",
        "P(judged_only=True)@6",
        "Rprec",
        "Bpref",
        "infAP",
        "SetR",
        "NumRet",
        "NumRet(rel=1)",
    ),
    *("IPrec@0.3", "RBP(rel=1)", "INST(min_rel=0,max_rel=2)", "INSQ(min_rel=0,max_rel=2)"),
    *(
        "NERR8(min_rel=0,max_rel=2)@6",
        "BPM(min_rel=0,max_rel=2)@6",
        "SDCG(min_rel=0,max_rel=2)@6",
        "NERR10(min_rel=0,max_rel=2)",
    ),
    *("alpha_nDCG@6", "alpha_DCG@6", "ERR_IA@6", "nERR_IA@6", "NRBP", "nNRBP", "AP_IA", "P_IA@6", "StRecall@6"),
    *("LanguageAP", "LanguageAP(lang='other')@6", "FirstRank", "FirstRank(lang='other')"),
    *("MaxR", "TLR@6", "LangnDCG@6", "LanguagePart@6"),
)
RAISED = ("RankDistance@30", "FirstRank@30", "MaxR@30", "FirstRank(lang='de')@30")
EITHER = ("SetP", "SetF", "SetAP", "Judged", "Judged@6", "RankDistance", "WeakAlignment")
UNSAID = ("Accuracy", "Compat", "NumQ", "NumRel", "LanguageSkew@6", "LanguageDivergence@6", "PEER@6")

Run = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def problem() -> tuple[Run, Run, list[Any]]:
    """Whole rankings, the same cut at one depth, and qrels with grades of which some are of documents not retrieved."""
    draw = random.Random(0)
    docs = [f"{LANGUAGES[number % 3]}_{number}" for number in range(24)]
    run = {}
    qrels = []
    for number in range(120):
        query, asked = f"{number}_{draw.choice(LANGUAGES)}", draw.sample(docs, draw.randint(1, 20) if number else 20)
        # Without ties, which some programs of ir_measures break in another order than trec_eval.
        run[query] = {doc: -float(place) for place, doc in enumerate(asked)}
        judged = draw.sample(docs, draw.randint(1, 9))
        qrels += [ir_measures.GenericQrel(query, doc, draw.randint(0, 2), draw.choice("01")) for doc in judged]
    return run, {query: first(docs, 4) for query, docs in run.items()}, qrels


def first(docs: dict[str, float], depth: int) -> dict[str, float]:
    return {doc: docs[doc] for doc in sorted(docs, key=lambda doc: (docs[doc], doc), reverse=True)[:depth]}


def changes(name: str, problem: tuple[Run, Run, list[Any]]) -> dict[str, float]:
    """By query: what is added to its value when its ranking is cut."""
    (measure,) = parse_measures([name])
    run, cut, qrels = problem
    whole, less = (
        {one.query_id: one.value for one in ir_measures.iter_calc([measure], qrels, some)} for some in (run, cut)
    )
    found = {query_id: less[query_id] - whole[query_id] for query_id in whole.keys() & less.keys()}
    return {query_id: change for query_id, change in found.items() if not np.isnan(change)}


@pytest.mark.parametrize("name", LOWERED)
def test_cutting_lowers(name: str, problem: tuple[Run, Run, list[Any]]) -> None:
    assert effect_of_cut(*parse_measures([name])) == "lowers"
    found = changes(name, problem).values()
    assert min(found) < 0
    assert max(found) < 1e-9


@pytest.mark.parametrize("name", RAISED)
def test_cutting_above_their_cutoff_raises_positions(name: str, problem: tuple[Run, Run, list[Any]]) -> None:
    assert effect_of_cut(*parse_measures([name])) == "raises"
    found = changes(name, problem).values()
    assert min(found) > -1e-9
    assert max(found) > 0


@pytest.mark.parametrize("name", EITHER)
def test_cutting_may_lower_and_raise(name: str, problem: tuple[Run, Run, list[Any]]) -> None:
    assert effect_of_cut(*parse_measures([name])) == ""
    found = changes(name, problem).values()
    assert min(found) < 0 < max(found)


@pytest.mark.parametrize("name", UNSAID)
def test_of_others_nothing_is_said(name: str) -> None:
    assert effect_of_cut(*parse_measures([name])) == ""


def test_cutting_lowers_the_distance_where_each_query_still_finds_something(
    problem: tuple[Run, Run, list[Any]],
) -> None:
    (measure,) = parse_measures(["RankDistance"])
    assert effect_of_cut(measure, each_found=True) == "lowers"
    cut, qrels = problem[1:]
    finds = {one.query_id for one in qrels if one.relevance > 0 and one.doc_id in cut[one.query_id]}
    found = changes("RankDistance", problem)
    assert min(found[one] for one in finds) < 0
    assert max(found[one] for one in finds) == 0
    assert max(found.values()) > 0


def test_a_measure_of_a_plugin_says_it_by_its_class() -> None:
    class Own(ir_measures.measures.Measure):  # type: ignore[misc]
        __name__ = "Own"
        NAME = __name__
        CUT = "raises"
        SUPPORTED_PARAMS = {"cutoff": ir_measures.measures.ParamInfo(dtype=int, required=False)}  # noqa: RUF012

    assert effect_of_cut(Own()) == effect_of_cut(Own() @ 5) == "raises"
