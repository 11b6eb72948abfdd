"""Measures of wanted and unwanted language, against plain references and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
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

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.measures.cutting import effect_of_cut
from hybrid_plugin.measures.direction import direction
from hybrid_plugin.measures.lang_ndcg import LangnDCG
from hybrid_plugin.measures.language_part import LanguagePart
from hybrid_plugin.measures.language_skew import LanguageSkew
from hybrid_plugin.measures.lpr import LPR
from hybrid_plugin.measures.max_r import MaxR
from hybrid_plugin.measures.named import parse_measures, register_measures
from hybrid_plugin.measures.peer import PEER
from hybrid_plugin.measures.tlr import TLR
from hybrid_plugin.measures.values import from_ranks
from hybrid_plugin.retrieval.ranks import Ranks
from hybrid_plugin.tasks.named import load_benchmark
from tests.hybrid_plugin.measures.test_bias import lists_of, problems, ranked, ranks_of, run_of

Run = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]

PARTS = [LanguagePart(relevant=relevant, lang=lang) for relevant in (True, False) for lang in ("query", "other")]
MEASURES = [
    *(part @ 1 for part in PARTS),
    *(part @ 5 for part in PARTS),
    *(LanguagePart(lang="de") @ 3, LanguagePart(relevant=False, lang="zh-tw") @ 30, LanguagePart(rel=2) @ 4),
    *(LPR, LPR @ 2, LPR(rel=2), LangnDCG, LangnDCG @ 4, LangnDCG(other=0.0) @ 4, LangnDCG(other=1.0) @ 30),
    *(TLR @ 1, TLR @ 5, TLR(rel=2) @ 30, MaxR, MaxR @ 4, MaxR(rel=2)),
    *(PEER(below="next") @ 1, PEER(below="next") @ 5, PEER(below="next", weights={0: 0.5, 1: 0.25, 2: 0.25}) @ 5),
]

register_measures()


def lang_of(doc_id: str) -> str:
    return doc_id.split("_")[0]


def reference(measure: Any, query: str, ranking: list[str], grades: dict[str, int], depth: int) -> float:
    """Of a ranking, looked at document by document."""
    own, k = query.split("_")[-1], measure.params.get("cutoff")
    ranking = ranking[:k]
    relevant = [doc_id for doc_id, grade in grades.items() if grade >= measure.params.get("rel", 1)]

    if measure.NAME == "LanguagePart":

        def meant(doc_id: str) -> bool:
            asked = measure["lang"]
            return lang_of(doc_id) != own if asked == "other" else lang_of(doc_id) == {"query": own}.get(asked, asked)

        return sum(meant(doc_id) and (doc_id in relevant) == measure["relevant"] for doc_id in ranking) / k
    if measure.NAME == "LPR":
        found = [lang_of(doc_id) for doc_id in ranking if doc_id in relevant]
        choice = {lang_of(doc_id) == own for doc_id in relevant} == {True, False}
        return float(found[0] == own) if found and choice else math.nan
    if measure.NAME == "LangnDCG":
        gains = {
            doc_id: grade * (1 if lang_of(doc_id) == own else measure["other"]) for doc_id, grade in grades.items()
        }
        ideal = sum(
            gain / math.log2(place + 1) for place, gain in enumerate(sorted(gains.values(), reverse=True)[:k], start=1)
        )
        gained = sum(gains.get(doc_id, 0) / math.log2(place + 1) for place, doc_id in enumerate(ranking, start=1))
        return gained / ideal if ideal else math.nan
    if measure.NAME == "TLR":
        foreign = [doc_id for doc_id in relevant if lang_of(doc_id) != own]
        return sum(doc_id in ranking for doc_id in foreign) / len(foreign) if foreign else math.nan
    if measure.NAME == "MaxR":
        depth = k or depth
        if not depth:
            return math.nan
        places = [ranking.index(doc_id) + 1 if doc_id in ranking else depth + 1 for doc_id in relevant]
        return max(places, default=math.nan)
    assert measure.NAME == "PEER"
    if not ranking:
        return 0.0
    return sum(
        weight * equal_ranks(ranking, [doc_id for doc_id, grade in grades.items() if grade == level], k, grades, level)
        for level, weight in measure["weights"].items()
    )


def equal_ranks(ranking: list[str], docs: list[str], k: int, grades: dict[str, int], level: int) -> float:
    """The p-value of a level of relevance, by the formula of the Kruskal-Wallis test on ranks as they are."""
    if level == 0:
        docs = [doc_id for doc_id in ranking if not grades.get(doc_id)]
    elif not docs:
        return 0.0
    if not any(doc_id in ranking for doc_id in docs):
        return 1.0
    by_language: dict[str, list[float]] = {}
    for doc_id in docs:
        place = ranking.index(doc_id) + 1 if doc_id in ranking else k + 1
        by_language.setdefault(lang_of(doc_id), []).append(place)
    ranks = np.concatenate([*by_language.values()])
    if len(by_language) < 2:
        return 1.0
    between = sum(len(one) * (np.mean(one) - ranks.mean()) ** 2 for one in by_language.values())
    statistic = (len(ranks) - 1) * between / ((ranks - ranks.mean()) ** 2).sum()
    return float(stats.chi2.sf(statistic, len(by_language) - 1))


@st.composite
def graded(draw: st.DrawFn) -> tuple[Run, Qrels]:
    """Rankings of one pool with ties, and grades of up to 3."""
    run, qrels = draw(problems())
    return run, {query: {doc: draw(st.integers(1, 3)) for doc in judged} for query, judged in qrels.items()}


def assert_values(found: dict[tuple[str, str], float], run: Run, qrels: Qrels, depth: int) -> None:
    for query, grades in qrels.items():
        for measure in MEASURES:
            value = reference(measure, query, ranked(run.get(query, {})), grades, depth)
            assert found[str(measure), query] == pytest.approx(value, abs=1e-9, nan_ok=True), (measure, query)


@pytest.mark.parametrize("ranks", [ranks_of, lists_of, run_of])
@given(problem=graded(), depth=st.one_of(st.none(), st.integers(1, 18)))
@settings(max_examples=20, deadline=None)
def test_values_from_vectors_and_runs_are_those_of_the_reference(
    ranks: Callable[[Run, Qrels, int | None], Ranks], problem: tuple[Run, Qrels], depth: int | None
) -> None:
    run, qrels = problem
    known = ranks(run, qrels, depth)
    found = {
        (str(measure), query): value
        for measure in MEASURES
        for query, value in zip(known.query_ids, from_ranks(measure, known).tolist(), strict=True)
    }
    cut = {query: {doc: docs[doc] for doc in ranked(docs)[:depth]} for query, docs in run.items()}
    assert_values(found, cut, qrels, max(map(len, cut.values())))


@given(graded(), st.data())
@settings(max_examples=20, deadline=None)
def test_values_through_ir_measures_are_those_of_the_reference(problem: tuple[Run, Qrels], data: st.DataObject) -> None:
    run, qrels = problem
    kept = {query: data.draw(st.sets(st.sampled_from(sorted(docs)))) for query, docs in run.items()}
    run = {query: {doc: run[query][doc] for doc in docs} for query, docs in kept.items()}
    found = {
        (str(metric.measure), metric.query_id): metric.value for metric in ir_measures.iter_calc(MEASURES, qrels, run)
    }
    assert_values(found, run, qrels, max(map(len, run.values())))


@given(graded())
@settings(max_examples=20, deadline=None)
def test_what_adds_up(problem: tuple[Run, Qrels]) -> None:
    run, qrels = problem
    ranks = lists_of(run, qrels, None)
    parts = [from_ranks(part @ 4, ranks) for part in PARTS]
    np.testing.assert_allclose(sum(parts), np.minimum(ranks.retrieved, 4) / 4)
    np.testing.assert_allclose(parts[0] + parts[1], from_ranks(ir_measures.P @ 4, ranks))
    np.testing.assert_allclose(
        from_ranks(LangnDCG(other=1.0) @ 4, ranks), from_ranks(ir_measures.nDCG @ 4, ranks), atol=1e-12
    )


@given(graded(), st.integers(1, 8))
@settings(max_examples=20, deadline=None)
def test_what_cutting_rankings_does_is_what_a_measure_says(problem: tuple[Run, Qrels], depth: int) -> None:
    run, qrels = problem
    whole = lists_of(run, qrels, None)
    for measure in MEASURES:
        change = from_ranks(measure, whole.at_depth(depth)) - from_ranks(measure, whole)
        change = change[~np.isnan(change)]
        assert {"lowers": change <= 1e-12, "raises": change >= -1e-12}.get(effect_of_cut(measure), np.True_).all(), (
            measure
        )


# Three answers, in English, German and Chinese, to an English question, with English documents between them.
RUN = {"q_en": {"en_1": 9.0, "en_5": 8.0, "de_1": 7.0, "en_6": 6.0, "zh_1": 5.0, "de_7": 4.0}}
QRELS = {"q_en": {"en_1": 1, "de_1": 1, "zh_1": 1}}
BELOW = {"q_en": {"de_9": 10.0, **RUN["q_en"]}}  # the first answer is the second document
MIXED = {"q_en": {"en_1": 4.0, "en_2": 3.0, "de_1": 2.0, "de_3": 1.0}}
TWO_EACH = {"q_en": {"en_1": 1, "en_2": 1, "de_1": 1, "de_2": 1}}


@pytest.mark.parametrize(
    ("name", "run", "qrels", "value"),
    [
        ("LanguagePart@4", RUN, QRELS, 1 / 4),
        ("LanguagePart(lang='other')@4", RUN, QRELS, 1 / 4),
        ("LanguagePart(relevant=False)@4", RUN, QRELS, 2 / 4),
        ("LanguagePart(relevant=False,lang='other')@4", RUN, QRELS, 0),
        ("LanguagePart@10", RUN, QRELS, 1 / 10),
        ("LPR", RUN, QRELS, 1),
        ("LPR", BELOW, QRELS, 1),
        ("LPR@1", BELOW, QRELS, math.nan),
        ("LPR", RUN, {"q_en": {"de_1": 1}}, math.nan),
        ("LangnDCG@5", RUN, QRELS, 0.922),
        ("LangnDCG(other=0.0)@5", RUN, QRELS, 1),
        ("TLR@4", RUN, QRELS, 1 / 2),
        ("TLR@5", RUN, QRELS, 1),
        ("TLR@5", RUN, {"q_en": {"en_1": 1}}, math.nan),
        ("MaxR", RUN, QRELS, 5),
        ("MaxR@4", RUN, QRELS, 5),
        ("MaxR", RUN, {"q_en": {"en_1": 1, "fr_1": 1}}, 7),
        ("PEER@3", MIXED, TWO_EACH, 0.143),
        ("PEER(below='next')@3", MIXED, TWO_EACH, 0.121),
    ],
)
def test_the_examples_that_are_documented(name: str, run: Run, qrels: Qrels, value: float) -> None:
    (measure,) = parse_measures([name])
    assert str(measure) == name
    assert ir_measures.calc_aggregate([measure], qrels, run)[measure] == pytest.approx(value, abs=5e-4, nan_ok=True)


def test_a_query_that_found_nothing_counts() -> None:
    qrels = QRELS | {"p_en": {"en_1": 1, "de_1": 1}}
    found = ir_measures.calc_aggregate([MaxR, TLR @ 4, LangnDCG @ 5, LanguagePart @ 4, LPR], qrels, RUN)
    assert found[MaxR] == (5 + 7) / 2  # below the longest ranking
    assert found[TLR @ 4] == 1 / 4
    assert found[LangnDCG @ 5] == pytest.approx(0.922 / 2, abs=5e-4)
    assert found[LanguagePart @ 4] == 1 / 8
    assert found[LPR] == 1  # of which it says nothing


# A system that finds the answers of all languages first, one that finds what is in the query's language.
LANGUAGES = ("de", "en", "zh")
ASKED = {f"q_{lang}": {f"{other}_1": 1 for other in LANGUAGES} for lang in LANGUAGES}
FAIR = {
    query: {f"{lang}_{number}": -number * 10.0 - place for place, lang in enumerate(LANGUAGES) for number in (1, 2, 3)}
    for query in ASKED
}
BIASED = {
    query: {doc_id: score + 100 * (lang_of(doc_id) == query[-2:]) for doc_id, score in docs.items()}
    for query, docs in FAIR.items()
}


@pytest.mark.parametrize(
    "name",
    [
        *("LanguageSkew(lang='other')@3", "LanguageSkew@3", "LanguagePart(lang='other')@3", "TLR@3", "MaxR"),
        *("LanguagePart(relevant=False)@3", "LangnDCG@5", "RankDistance"),
    ],
)
def test_a_system_that_treats_languages_alike_wins(name: str) -> None:
    (measure,) = parse_measures([name])
    best = direction(measure)
    fair, biased = (best.compared(measure.calc_aggregate(ASKED, run)) * best.sign for run in (FAIR, BIASED))
    assert fair > biased


def test_ranks_of_languages_in_turn_are_more_equal_than_one_after_the_other() -> None:
    in_turn = {"q_en": {"en_1": 4.0, "de_1": 3.0, "en_2": 2.0, "de_2": 1.0}}
    for measure in (PEER @ 3, PEER(below="next") @ 3):
        assert measure.calc_aggregate(TWO_EACH, in_turn) > measure.calc_aggregate(TWO_EACH, MIXED)


def test_a_system_that_prefers_the_language_of_the_query_has_the_higher_preference_rate() -> None:
    assert LPR.calc_aggregate(ASKED, FAIR) == pytest.approx(1 / 3)  # each language as often as the others
    assert LPR.calc_aggregate(ASKED, BIASED) == 1


def test_the_skew_of_the_other_languages_is_not_better_for_being_lower() -> None:
    measure = LanguageSkew(lang="other") @ 3
    fair, biased = (measure.calc_aggregate(ASKED, run) for run in (FAIR, BIASED))
    assert biased < fair  # and yet by its distance from 0 the fair one is better
    assert direction(measure).compared(fair) < direction(measure).compared(biased)


@pytest.mark.parametrize(
    ("measure", "record"),
    [
        (LanguagePart @ 5, "higher"),
        (LanguagePart(lang="other") @ 5, "higher"),
        (LanguagePart(relevant=False) @ 5, "lower"),
        (LanguagePart(relevant=False, lang="other") @ 5, "lower"),
        *((one, "higher") for one in (LPR, LangnDCG, TLR @ 5, PEER(below="next") @ 5)),
        (MaxR, "lower"),
    ],
    ids=str,
)
def test_a_measure_says_what_is_best(measure: Any, record: str) -> None:
    assert direction(measure).record == record
    assert "Citation: " in (type(measure).__doc__ or "")


@pytest.mark.parametrize(
    "name", ["LanguagePart", "LanguagePart(relevant=2)@5", "TLR", "LangnDCG(other=2)", "PEER(below='x')@5", "MaxR@0"]
)
def test_a_wrong_parameter_is_refused_by_name(name: str) -> None:
    with pytest.raises(UserError, match="unknown measure"):
        parse_measures([name])


NAMES = (
    *("LanguagePart@10", "LanguagePart(relevant=False,lang='other')@10", "LPR", "LangnDCG@10", "TLR@20", "MaxR"),
    *("PEER(below='next',weights={0:0.5,1:0.5})@20",),
)


def test_values_are_the_same_from_vectors_run_files_and_ir_measures(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    options: dict[str, Any] = {"tasks": ("multi/de", "de/de"), "measures": NAMES}
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path, depth=40, runs=True, runs_depth=40, **options)
    again = evaluate_runs(benchmark, tmp_path, **options)
    by = ["task", "query_id"]
    pd.testing.assert_frame_equal(
        again.per_query.sort_values(by, ignore_index=True), scores.per_query.sort_values(by, ignore_index=True)
    )
    assert {name: [*found] for name, found in scores.settings.items()} == {"multi": [*NAMES], "mono": ["MaxR"]}
    qrels = [*ir_datasets.load("hybrid-demo/multi/de").qrels_iter()]
    run = [*ir_measures.read_trec_run(str(tmp_path / "runs" / "multi.de.trec"))]
    theirs = ir_measures.calc_aggregate(parse_measures(NAMES), qrels, run)
    assert scores.settings["multi"] == pytest.approx({str(one): value for one, value in theirs.items()}, abs=1e-9)
