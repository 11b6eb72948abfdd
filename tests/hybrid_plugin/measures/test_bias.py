"""Each measure of language bias is that of a plain reference, from vectors, from run files and through ir_measures."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.measures.direction import direction
from hybrid_plugin.measures.first_rank import FirstRank
from hybrid_plugin.measures.language_ap import LanguageAP
from hybrid_plugin.measures.language_divergence import LanguageDivergence
from hybrid_plugin.measures.language_skew import LanguageSkew
from hybrid_plugin.measures.languages import language_of_document, language_of_query
from hybrid_plugin.measures.named import parse_measures, register_measures
from hybrid_plugin.measures.peer import PEER
from hybrid_plugin.measures.values import from_ranks
from hybrid_plugin.measures.weak_alignment import WeakAlignment
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.retrieval.rank import Pool, Wanted, rank
from hybrid_plugin.retrieval.rankings import LanguageMap, ranks_of_lists
from hybrid_plugin.retrieval.ranks import Ranks
from hybrid_plugin.retrieval.runs.positions import rankings_of_run
from hybrid_plugin.retrieval.runs.reader import Run as RunFile
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.task import View
from tests.conftest import run_cli

LANGUAGES = ("de", "en", "zh-tw")
MEASURES = [
    *(LanguageAP, LanguageAP(lang="other"), LanguageAP(lang="de"), LanguageAP(lang="de") @ 3, LanguageAP(lang="xx")),
    *(FirstRank, FirstRank(lang="other"), FirstRank(lang="zh-tw"), FirstRank @ 3),
    *(LanguageSkew @ 1, LanguageSkew @ 4, LanguageSkew(lang="other") @ 4, LanguageSkew(lang="en") @ 30),
    *(LanguageDivergence @ 1, LanguageDivergence @ 4, LanguageDivergence @ 30),
    *(WeakAlignment, WeakAlignment @ 2, WeakAlignment @ 6, WeakAlignment @ 30),
    *(PEER @ 1, PEER @ 4, PEER @ 30, PEER(weights={0: 1.0}) @ 6, PEER(weights={0: 0.25, 1: 0.75}) @ 6),
]

Run = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]

register_measures()


@dataclass
class Reference:
    """A ranking looked at document by document."""

    query: str
    ranking: list[str]  # document ids, best first
    relevant: list[str]
    depth: int  # of the evaluation

    def value(self, measure: Any) -> float:
        relevant, ranking = self.relevant, self.ranking[: measure.params.get("cutoff")]
        own = self.query.split("_")[-1]
        asked = measure.params.get("lang", "query")

        def meant(doc_id: str) -> bool:
            lang = doc_id.split("_")[0]
            return lang != own if asked == "other" else lang == (own if asked == "query" else asked)

        if measure.NAME == "PEER":
            return self.peer(measure)
        if measure.NAME == "LanguageAP":
            wanted = [doc_id for doc_id in relevant if meant(doc_id)]
            hits, total = 0, 0.0
            for place, doc_id in enumerate(ranking, start=1):
                if doc_id in wanted:
                    hits += 1
                    total += hits / place
            return total / len(wanted) if wanted else math.nan
        if measure.NAME == "FirstRank":
            depth = measure.params.get("cutoff", self.depth)
            if not any(map(meant, relevant)) or not depth:
                return math.nan
            places = [place for place, doc_id in enumerate(ranking, start=1) if doc_id in relevant and meant(doc_id)]
            return min(places, default=depth + 1)
        if not ranking:
            return math.nan
        if measure.NAME == "LanguageSkew":
            return sum(map(meant, ranking)) / len(ranking) - sum(map(meant, relevant)) / len(relevant)
        if measure.NAME == "LanguageDivergence":
            p, q = (Counter(doc_id.split("_")[0] for doc_id in docs) for docs in (ranking, relevant))
            divergence = 0.0
            for one, docs in ((p, ranking), (q, relevant)):
                for lang in one:
                    share, mean = one[lang] / len(docs), (p[lang] / len(ranking) + q[lang] / len(relevant)) / 2
                    divergence += share * math.log2(share / mean) / 2
            return divergence
        assert measure.NAME == "WeakAlignment"
        foreign = [doc_id for doc_id in relevant if not meant(doc_id)]
        distractors = [doc_id for doc_id in ranking if meant(doc_id) and doc_id not in relevant]
        place = {doc_id: place for place, doc_id in enumerate(ranking)}
        pairs = [place[other] < place.get(doc_id, len(ranking)) for other in distractors for doc_id in foreign]
        return (sum(pairs) / len(pairs) if pairs else 0.0) if foreign else math.nan

    def peer(self, measure: Any) -> float:
        """What the package says, given what it needs: a level 0, languages by document, scores without ties."""
        import peer_measure

        qrels = {self.query: {**dict.fromkeys(self.relevant, 1), "none": 0}}
        run = {self.query: {doc_id: -float(place) for place, doc_id in enumerate(self.ranking)}}
        languages = {doc_id: doc_id.split("_")[0] for doc_id in (*self.ranking, *self.relevant)}
        theirs = peer_measure.PEER(cutoff=measure["cutoff"], weights=measure["weights"], lang_mapping=languages)
        (value,) = package_values(theirs, qrels, run).values() if self.ranking else (0.0,)
        return value


def package_values(measure: Any, qrels: Qrels, run: Run) -> dict[str, float]:
    """By query, from the package's evaluator; its provider does not work with the ir_measures of today."""
    import peer_measure

    mapping = measure["lang_mapping"]
    meta = {id(mapping): [(measure["cutoff"], measure)]}
    evaluator = peer_measure.PEEREvaluator([measure], qrels, meta, {id(mapping): mapping})
    with np.errstate(invalid="ignore"):
        values = {metric.query_id: metric.value for metric in evaluator.iter_calc(run)}
    return {query_id: 1.0 if math.isnan(value) else value for query_id, value in values.items()}


def ranked(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=lambda doc_id: (scores[doc_id], doc_id), reverse=True)


def assert_values(found: dict[tuple[str, str], float], run: Run, qrels: Qrels, measures: list[Any]) -> None:
    depth = max(len(run.get(query_id, ())) for query_id in qrels)
    for query_id, judged in qrels.items():
        reference = Reference(query_id, ranked(run.get(query_id, {})), list(judged), depth)
        for measure in measures:
            value = found[str(measure), query_id]
            assert value == pytest.approx(reference.value(measure), abs=1e-9, nan_ok=True), (measure, query_id)


def through_ir_measures(run: Run, qrels: Qrels, measures: list[Any]) -> dict[tuple[str, str], float]:
    return {
        (str(metric.measure), metric.query_id): metric.value for metric in ir_measures.iter_calc(measures, qrels, run)
    }


@st.composite
def problems(draw: st.DrawFn) -> tuple[Run, Qrels]:
    """Rankings of one pool with ties; every query has a relevant document."""
    docs = [f"{draw(st.sampled_from(LANGUAGES))}_{number}" for number in range(draw(st.integers(2, 16)))]
    queries = [f"q{number}_{draw(st.sampled_from(LANGUAGES))}" for number in range(draw(st.integers(1, 3)))]
    score = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    run = {query: {doc: draw(score) for doc in docs} for query in queries}
    qrels = {
        query: dict.fromkeys(draw(st.lists(st.sampled_from(docs), min_size=1, max_size=7)), 1) for query in queries
    }
    return run, qrels


MOST = 30  # the greatest cutoff of the measures


def ranks_of(run: Run, qrels: Qrels, depth: int | None) -> Ranks:
    """From vectors: one dimension a query holds its documents' scores."""
    docs = list(next(iter(run.values())))
    matrix = np.array([[run[query][doc] for query in run] for doc in docs], np.float32)
    langs = np.array([doc.split("_")[0] for doc in docs], object)
    queries = Vectors(list(run), np.eye(len(run), dtype=np.float32))
    pool = Pool((View("docs"),), qrels, Wanted(MOST, True, MOST))
    own = [query.split("_")[1] for query in run]
    ((_, found),) = rank(queries, own, {View("docs"): Part(Vectors(docs, matrix), langs)}, {"task": pool}, LANGUAGES)
    return found.ranks.at_depth(depth)


def known_of(run: Run, qrels: Qrels) -> LanguageMap:
    docs = {doc: doc.split("_")[0] for found in (*run.values(), *qrels.values()) for doc in found}
    return LanguageMap(docs, {query: query.split("_")[1] for query in qrels}, MOST)


def lists_of(run: Run, qrels: Qrels, depth: int | None) -> Ranks:
    """From ranked lists."""
    lists = [np.array(ranked(run[query]), object) for query in qrels]
    return ranks_of_lists([*qrels], lists, qrels, [len(found) for found in lists], known_of(run, qrels)).at_depth(depth)


def run_of(run: Run, qrels: Qrels, depth: int | None) -> Ranks:
    """From what a run file says."""
    docs = sorted({doc for found in run.values() for doc in found})
    rows = {doc: row for row, doc in enumerate(docs)}
    read = {
        query: (np.array([rows[doc] for doc in found], np.int32), np.array(list(found.values())))
        for query, found in run.items()
    }
    file = RunFile(np.array(docs, object), read)
    return rankings_of_run(file, [*qrels], qrels, 0, known_of(run, qrels)).ranks.at_depth(depth)


@pytest.mark.parametrize("ranks", [ranks_of, lists_of, run_of])
@given(problem=problems(), depth=st.one_of(st.none(), st.integers(1, 18)))
@settings(max_examples=120, deadline=None)
def test_values_from_vectors_and_runs_are_those_of_the_reference(
    ranks: Callable[[Run, Qrels, int | None], Ranks], problem: tuple[Run, Qrels], depth: int | None
) -> None:
    run, qrels = problem
    known = ranks(run, qrels, depth and min(depth, max(map(len, run.values()))))
    found = {
        (str(measure), query_id): value
        for measure in MEASURES
        for query_id, value in zip(known.query_ids, from_ranks(measure, known).tolist(), strict=True)
    }
    cut = {query: {doc: docs[doc] for doc in ranked(docs)[:depth]} for query, docs in run.items()}
    assert_values(found, cut, qrels, MEASURES)


@given(problems(), st.data())
@settings(max_examples=50, deadline=None)
def test_values_through_ir_measures_are_those_of_the_reference(problem: tuple[Run, Qrels], data: st.DataObject) -> None:
    run, qrels = problem
    kept = {query: data.draw(st.sets(st.sampled_from(sorted(docs)))) for query, docs in run.items()}
    run = {query: {doc: run[query][doc] for doc in docs} for query, docs in kept.items()}
    if data.draw(st.booleans()):
        run.pop(next(iter(run)))
    assert_values(through_ir_measures(run, qrels, MEASURES), run, qrels, MEASURES)


@given(problems(), st.data())
@settings(max_examples=50, deadline=None)
def test_peer_is_that_of_its_package_at_every_level(problem: tuple[Run, Qrels], data: st.DataObject) -> None:
    import peer_measure

    run, qrels = problem
    run = {query: {doc: -float(place) for place, doc in enumerate(ranked(docs))} for query, docs in run.items()}
    qrels = {
        query: {doc: data.draw(st.integers(1, 3)) for doc in judged} | {"de_none": 0} for query, judged in qrels.items()
    }
    mapping = {doc: doc.split("_")[0] for docs in (*run.values(), *qrels.values()) for doc in docs}
    options = {"cutoff": 5, "weights": {0: 0.2, 1: 0.3, 3: 0.5}}
    theirs = peer_measure.PEER(lang_mapping=mapping, **options)
    expected = package_values(theirs, qrels, run)
    for ours in (PEER(**options), PEER(lang_mapping=mapping, **options)):
        found = through_ir_measures(run, qrels, [ours])
        assert {query_id: found[str(ours), query_id] for query_id in expected} == pytest.approx(expected, abs=1e-12)
    for ranks in (ranks_of(run, qrels, None), run_of(run, qrels, 7)):
        values = from_ranks(PEER(**options), ranks).tolist()
        assert dict(zip(ranks.query_ids, values, strict=True)) == pytest.approx(expected, abs=1e-9)


def test_peer_has_no_number_where_a_level_has_none_whatever_its_weight() -> None:
    # The only two of level 1 are the one in place 3 and one below the cutoff, of which the package thinks as in 3.
    run = {"q_de": {"de_4": 0.5, "en_5": 0.25, "en_0": 0.2, "de_3": 0.15, "de_2": 0.1, "de_1": 0.05, "de_6": 0.0}}
    qrels = {"q_de": {"en_0": 1, "de_6": 1}}
    measure = PEER(weights={0: 1.0}) @ 6
    assert_values(through_ir_measures(run, qrels, [measure]), run, qrels, [measure])
    assert from_ranks(measure, ranks_of(run, qrels, None)).tolist() == [1]


# Three answers, in English, German and Chinese, to an English question, with English distractors between them.
RUN = {"q_en": {"en_1": 9.0, "en_5": 8.0, "de_1": 7.0, "en_6": 6.0, "zh_1": 5.0, "de_7": 4.0}}
QRELS = {"q_en": {"en_1": 1, "de_1": 1, "zh_1": 1}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LanguageAP", 1),
        ("LanguageAP(lang='de')", 1 / 3),
        ("LanguageAP(lang='zh')", 1 / 5),
        ("LanguageAP(lang='other')", (1 / 3 + 2 / 5) / 2),
        ("FirstRank", 1),
        ("FirstRank(lang='other')", 3),
        ("FirstRank(lang='zh')", 5),
        ("FirstRank(lang='zh')@4", 5),
        ("FirstRank(lang='zh')@2", 3),
        ("LanguageSkew@2", 1 - 1 / 3),
        ("LanguageSkew(lang='zh')@2", -1 / 3),
        ("LanguageSkew@6", 1 / 2 - 1 / 3),
        ("LanguageDivergence@5", 0.5 * (0.6 * math.log2(0.6 / (7 / 15)) + 2 * 0.2 * math.log2(0.2 / (4 / 15)))
         + 0.5 / 3 * (math.log2((1 / 3) / (7 / 15)) + 2 * math.log2((1 / 3) / (4 / 15)))),
        ("WeakAlignment", (1 + 2) / 4),
        ("WeakAlignment@3", 1),
    ],
)  # fmt: skip
def test_a_ranking_worked_out_by_hand(name: str, value: float) -> None:
    (measure,) = parse_measures([name])
    assert str(measure) == name
    assert ir_measures.calc_aggregate([measure], QRELS, RUN)[measure] == pytest.approx(value, abs=1e-12)


def test_peer_against_the_chi_squared_distribution() -> None:
    # One relevant document a language: H = n - 1 with n - 1 degrees of freedom, whatever the order.
    assert ir_measures.calc_aggregate([PEER @ 6], QRELS, RUN)[PEER @ 6] == pytest.approx(math.exp(-1))


def test_queries_without_a_value_are_left_out_of_the_mean() -> None:
    qrels = QRELS | {"p_en": {"en_1": 1}}
    run = RUN | {"p_en": {"en_5": 2.0, "en_1": 1.0}}
    measures = [FirstRank, FirstRank(lang="other"), FirstRank(lang="fr"), WeakAlignment]
    result = ir_measures.calc_aggregate(measures, qrels, run)
    assert result[FirstRank] == 1.5
    assert result[FirstRank(lang="other")] == 3
    assert math.isnan(result[FirstRank(lang="fr")])
    assert result[WeakAlignment] == 0.75


def test_what_is_relevant_enough_counts() -> None:
    measures = [FirstRank(rel=2), LanguageAP(rel=2, lang="de")]
    result = ir_measures.calc_aggregate(measures, {"q_en": {"en_1": 1, "en_6": 2, "de_1": 3}}, RUN)
    assert result == {measures[0]: 4, measures[1]: pytest.approx(1 / 3)}


def test_every_measure_says_its_direction_and_where_it_comes_from() -> None:
    for measure in MEASURES:
        best = {"LanguageAP": "higher", "PEER": "higher", "LanguageSkew": 0}.get(measure.NAME, "lower")
        assert direction(measure).record == best
        assert "Citation: " in (type(measure).__doc__ or "")


@pytest.mark.parametrize(
    "name", ["LanguageSkew", "LanguageDivergence", "PEER", "PEER(weights={1:0.5})@5", "FirstRank(lang=3)"]
)
def test_a_measure_that_lacks_a_parameter_is_refused_by_name(name: str) -> None:
    with pytest.raises(UserError, match="unknown measure"):
        parse_measures([name])


def test_a_language_that_the_benchmark_lacks_is_named() -> None:
    with pytest.raises(UserError, match=r"LanguageAP\(lang='xx'\)': lang is query, other or one of de, en"):
        parse_measures(["LanguageAP(lang='xx')"], ("de", "en"))
    assert parse_measures(["LanguageAP(lang='en')", "LanguageAP(lang='other')"], ("de", "en"))


@pytest.mark.parametrize("measure", [measure for measure in MEASURES if measure.NAME == "PEER"])
def test_peer_has_its_parameters_in_its_name(measure: Any) -> None:
    assert ir_measures.parse_measure(str(measure)).params == measure.params
    assert str(measure(lang_mapping={"a": "b"})) == str(measure)


def test_ids_that_name_no_language_are_refused() -> None:
    assert language_of_document("zh-tw_12_3") == "zh-tw"
    assert language_of_query("a_b_pt-br") == "pt-br"
    for run, qrels in ((RUN, {"q_en": {"d7": 1}}), ({"q_en": {"d7": 1.0}}, QRELS)):
        with pytest.raises(UserError, match="the document id 'd7' names no language"):
            ir_measures.calc_aggregate([LanguageDivergence @ 3], qrels, run)
    with pytest.raises(UserError, match="the query id 'q7' names no language"):
        ir_measures.calc_aggregate([FirstRank], {"q7": {"en_1": 1}}, {"q7": {"en_1": 1.0}})
    numbered = {"7": QRELS["q_en"]}, {"7": RUN["q_en"]}
    assert ir_measures.calc_aggregate([FirstRank(lang="zh")], *numbered) == {FirstRank(lang="zh"): 5}


def test_the_package_of_peer_may_be_imported_later() -> None:
    program = (
        "import hybrid_plugin, ir_measures\nhybrid_plugin.register_measures()\nimport peer_measure\n"
        "for one in (ir_measures.parse_measure('PEER@6'), ir_measures.PEER @ 6):\n"
        f"    print(round(one.calc_aggregate({QRELS}, {RUN}), 9))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.split() == [str(round(math.exp(-1), 9))] * 2, result.stderr


REAL = (
    *("AP", "RankDistance", "LanguageAP", "LanguageAP(lang='other')", "LanguageAP(lang='zh')", "FirstRank"),
    *("FirstRank(lang='other')", "LanguageSkew@10", "LanguageSkew(lang='zh')@100", "LanguageDivergence@10"),
    *("WeakAlignment", "WeakAlignment@20", "PEER@20", "PEER(weights={0:0.5,1:0.5})@20"),
)


def test_real_rankings_score_alike_from_vectors_run_files_and_ir_measures(
    tiny: Path, lareqa: Path, tmp_path: Path
) -> None:
    benchmark = load_benchmark("mlqa-r")
    options: dict[str, Any] = {"settings": ("mono", "multi"), "languages": ("zh",), "measures": REAL}
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path, depth=60, runs=True, runs_depth=60, **options)
    again = evaluate_runs(benchmark, tmp_path, **options)
    pd.testing.assert_frame_equal(
        again.per_query.sort_values(["setting", "query_id"], ignore_index=True),
        scores.per_query.sort_values(["setting", "query_id"], ignore_index=True),
    )
    measures = parse_measures(REAL)
    qrels: Qrels = {}
    for qrel in ir_datasets.load("mlqa-r/multi/zh").qrels_iter():
        qrels.setdefault(qrel.query_id, {})[qrel.doc_id] = qrel.relevance
    run: Run = {}
    for scored in ir_measures.read_trec_run(str(tmp_path / "runs" / "multi.zh.trec")):
        run.setdefault(scored.query_id, {})[scored.doc_id] = scored.score
    theirs = ir_measures.calc_aggregate(measures, qrels, run)
    assert scores.settings["multi"] == pytest.approx({str(measure): theirs[measure] for measure in measures}, abs=1e-9)
    pooled = scores.per_query[scores.per_query.setting == "multi"].set_index("query_id")
    found = {(name, query_id): value for name in REAL for query_id, value in pooled[name].items()}
    assert_values(found, run, qrels, measures[2:])
    assert pooled.notna().any().all()

    # Where all documents are of one language, the measures of language bias are left out.
    assert set(scores.settings["mono"]) == {"AP", "RankDistance"}
    written = json.loads((tmp_path / "scores.json").read_text())
    assert [set(REAL) & set(pair) for pair in written["pairs"]] == [{"AP", "RankDistance"}, set(REAL)]
    with pytest.raises(UserError, match=r"FirstRank compare languages on the pool: score the setting 'multi'"):
        evaluate_runs(benchmark, tmp_path, settings=("mono",), languages=("zh",), measures=("FirstRank",))


def test_the_command_line_chooses_measures_and_ir_measures_agrees(tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run_cli(
        *("evaluate", "hybrid-demo", "--encoder", tiny, "--output", output, "--runs", "--languages", "en"),
        *("--depth", 50, "--measures", "all", "PEER(weights={0:0.2,1:0.8})@10", "--settings", "multi"),
    )
    figures = json.loads((output / "scores.json").read_text())["settings"]["multi"]
    assert "PEER(weights={0:0.2,1:0.8})@10" in figures
    languages = load_benchmark("hybrid-demo").languages
    assert [name for name in figures if "lang='" in name and "other" not in name] == [
        name.format(lang)
        for name in ("LanguageAP(lang='{}')", "LanguageSkew(lang='{}')@10", "FirstRank(lang='{}')")
        for lang in languages
    ]
    chosen = {name: value for name, value in figures.items() if "lang='" not in name or "en" in name}
    run = output / "runs" / "multi.en.trec"
    result = run_cli("run", "ir_measures", "-p", "9", "hybrid-demo/multi/en", run, *chosen)
    theirs = dict(line.split("\t") for line in result.stdout.splitlines())
    assert {name: float(value) for name, value in theirs.items()} == pytest.approx(chosen, abs=1e-8)
