"""Measures: those that ir_measures lacks, as ir_measures measures, and all of ours straight from ranks.

ir_measures computes from runs; the evaluation of an encoder has something cheaper, the positions of the relevant
documents. Both give the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import ir_measures
import numpy as np
from ir_measures import measures as irm
from ir_measures import providers
from ir_measures.measures.base import Agg
from ir_measures.util import Metric, QrelsConverter, RunConverter

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import blame, hookimpl, offers
from hybrid_plugin.ranking import Ranks

Qrels = dict[str, dict[str, int]]  # query id -> document id -> relevance
Rankings = dict[str, list[str]]  # query id -> document ids, best first


class DefinedMean(Agg):
    """The mean over the queries for which a measure is defined: those whose value is not NaN."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def add(self, value: float) -> None:
        if not np.isnan(value):
            self._values.append(value)

    def result(self) -> float:
        return float(np.mean(self._values)) if self._values else float("nan")


class _RankDistance(irm.Measure):
    """
    The distance between a query's relevant documents in the ranking: the lowest minus the highest position among
    them. On a multilingual pool where n languages have one answer each, n - 1 is perfect, and a large value says
    that some languages' answers stand far below others'. Lower is better.

    A relevant document that the ranking does not hold counts as standing just below its last document, so a
    truncated run gives a lower bound. A ranking that holds none of them says nothing of their distance: the value is
    NaN, and the mean is that over the other queries.

    ::

      Citation: Elmahdy, Lin and Ahmad. Synergistic Approach for Simultaneous Optimization of Monolingual,
                Cross-lingual, and Multilingual Information Retrieval. 2024. https://arxiv.org/abs/2408.10536
    """

    __name__ = "RankDistance"
    NAME = __name__
    PRETTY_NAME = "Rank distance"
    SHORT_DESC = "The lowest minus the highest position among the relevant documents."
    HIGHER_IS_BETTER = False
    DEFAULT = float("nan")
    SUPPORTED_PARAMS = {  # noqa: RUF012 - as ir_measures declares its own
        "cutoff": irm.ParamInfo(dtype=int, required=False, desc="ranking cutoff threshold"),
        "rel": irm.ParamInfo(
            dtype=int, default=1, desc="minimum relevance score to be considered relevant (inclusive)"
        ),
    }

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        result = {}
        for query_id, judged in qrels.items():
            ranking = run.get(query_id, [])[: self.params.get("cutoff")]
            position = {doc_id: place for place, doc_id in enumerate(ranking, start=1)}
            relevant = [doc_id for doc_id, relevance in judged.items() if relevance >= self.params.get("rel", 1)]
            places = [position.get(doc_id, len(ranking) + 1) for doc_id in relevant]
            found = any(doc_id in position for doc_id in relevant)
            result[query_id] = float(max(places) - min(places)) if found else float("nan")
        return result

    def aggregator(self) -> Agg:
        return DefinedMean()


RankDistance = _RankDistance()


class _PluginProvider(providers.Provider):
    """ir_measures' door to the measures of our plugins."""

    NAME = "hybrid_ir"

    def supports(self, measure: irm.Measure) -> bool:
        measure.validate_params()
        return measure.NAME in _offered() and hasattr(measure, "values")

    def _evaluator(self, measures: Any, qrels: Any) -> providers.Evaluator:
        return _PluginEvaluator(measures, QrelsConverter(qrels).as_dict_of_dict())


class _PluginEvaluator(providers.Evaluator):
    def __init__(self, measures: Any, qrels: Qrels):
        super().__init__(measures, set(qrels))
        self._qrels = qrels

    def _iter_calc(self, run: Any) -> Iterator[Metric]:
        scored = RunConverter(run).as_dict_of_dict()
        # trec_eval's order, on scores as it keeps them: 32-bit, ties by descending document id.
        ranked = {
            query_id: sorted(docs, key=lambda doc_id, docs=docs: (np.float32(docs[doc_id]), doc_id), reverse=True)  # type: ignore[misc]
            for query_id, docs in scored.items()
        }
        for measure in self.measures:
            with blame(f"the measure {measure}", type(measure)):
                values = {query_id: float(v) for query_id, v in measure.values(self._qrels, ranked).items()}  # type: ignore[attr-defined]
            for query_id, value in values.items():
                yield Metric(query_id=query_id, measure=measure, value=value)


@hookimpl
def hybrid_ir_measures() -> list[irm.Measure]:
    return [RankDistance]


@cache
def _offered() -> dict[str, irm.Measure]:
    return {measure.NAME: measure for offer in offers("hybrid_ir_measures") for measure in offer}


@cache
def register_measures() -> None:
    """Make the measures of all plugins known to ir_measures, its functions and its command alike, once."""
    import peer_measure  # noqa: F401 - registers its PEER, now or never: it refuses once there is one; ours replaces it

    del irm.registry["PEER"]
    for name, measure in _offered().items():
        irm.registry.setdefault(name, measure)
        setattr(ir_measures, name, measure)
    provider = providers.register(_PluginProvider())
    # First, or the provider of peer-measure takes our PEER for its own.
    ir_measures.DefaultPipeline.providers.insert(0, provider)


def average_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """float64 [queries]; NaN for a query without relevant documents."""
    positions = ranks.at_depth(cutoff).positions
    precision = np.arange(1, positions.shape[1] + 1) / positions
    return np.nansum(precision, axis=1) / ranks.relevant


def _recall(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    return (ranks.positions <= (cutoff or ranks.retrieved[:, None])).sum(1) / ranks.relevant


def _success(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    return (ranks.positions <= (cutoff or ranks.retrieved[:, None])).any(1).astype(float)


def _ndcg(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    gains = np.nan_to_num(1 / np.log2(ranks.at_depth(cutoff).positions + 1))
    ideal = np.cumsum(1 / np.log2(np.arange(2, ranks.relevant.max(initial=0) + 2)))
    return gains.sum(1) / ideal[np.minimum(ranks.relevant, cutoff or len(ideal)) - 1]


def _rank_distance(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    cut = ranks.at_depth(cutoff)
    positions = np.where(np.isinf(cut.positions), cut.retrieved[:, None] + 1, cut.positions)
    distance = np.nanmax(positions, axis=1, initial=0) - np.nanmin(positions, axis=1, initial=np.inf)
    return np.where(np.isfinite(cut.positions).any(1), distance, np.nan)


_FROM_RANKS: dict[str, Callable[[Ranks, int | None], np.ndarray]] = {
    "AP": average_precision,
    "R": _recall,
    "Success": _success,
    "nDCG": _ndcg,
    "RankDistance": _rank_distance,
}


DEFAULT_MEASURES = (
    *("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance"),
    *("LanguageSkew@10", "LanguageDivergence@10", "FirstRank", "FirstRank(lang='other')", "WeakAlignment"),
)
ALL = "all"  # in a list of measures: all of these, for each language where a measure is for one
_FURTHER = ("LanguageAP", "LanguageAP(lang='other')", "PEER@20", "PEER(weights={0:0.5,1:0.5})@20")
_BY_LANGUAGE = ("LanguageAP(lang='{}')", "LanguageSkew(lang='{}')@10", "FirstRank(lang='{}')")


def from_ranks(measure: irm.Measure, ranks: Ranks) -> np.ndarray:
    """A measure's value for each query, from the positions of its relevant documents.

    Relevance is binary here. The values are those of ir_measures on the run that has these positions.

    Parameters
    ----------
    ranks : with the languages of the documents where the measure is of language bias, see :func:`languages_needed`.

    Returns
    -------
    float64 [queries]; NaN where the measure is not defined for a query.

    Raises
    ------
    UserError
        The measure needs more than positions and languages.
    """
    computes: Callable[[Ranks], np.ndarray] | None = getattr(measure, "from_ranks", None)
    if computes is not None and not measure.params.keys() & {"rel", "lang_mapping"}:
        return computes(ranks)
    if measure.NAME in _FROM_RANKS and not measure.params.keys() - {"cutoff"}:
        return _FROM_RANKS[measure.NAME](ranks, measure.params.get("cutoff"))
    known = [*_FROM_RANKS, *(name for name, offer in _offered().items() if hasattr(offer, "from_ranks"))]
    raise UserError(f"{measure} cannot be computed from positions; known: {', '.join(sorted(known))}, with @k")


def pool_only(measure: irm.Measure) -> bool:
    """Whether a measure compares languages and so says nothing where all documents are of one: its ``POOL_ONLY``."""
    return bool(getattr(measure, "POOL_ONLY", False))


def languages_needed(measures: Sequence[irm.Measure], depth: int | None = None) -> int | None:
    """Of how many first documents the measures want to know the languages; None if no measure asks for languages.

    Parameters
    ----------
    depth : the ranks will be cut there.
    """
    if not any(map(pool_only, measures)):
        return None
    return max(depth or 0, *(measure.params.get("cutoff", 0) for measure in measures))


def higher_is_better(measure: irm.Measure) -> bool:
    """A measure's direction: its class attribute ``HIGHER_IS_BETTER``, which only those need that are lower-better.

    The measures of ir_measures declare none; they are higher-better.
    """
    return bool(getattr(measure, "HIGHER_IS_BETTER", True))


def parse_measures(names: Sequence[str], languages: Sequence[str] = ()) -> list[irm.Measure]:
    """Measures by the names that ir_measures gives them, ours included.

    Parameters
    ----------
    names : ``all`` stands for every measure that an evaluation knows.
    languages : of the benchmark; the only ones that a parameter ``lang`` may then name.

    Raises
    ------
    UserError
        A name is unknown or malformed.
    """
    register_measures()
    found = []
    for name in _expanded(names, languages):
        try:
            measure = ir_measures.parse_measure(name)
            measure.validate_params()
        except (NameError, ValueError, AssertionError) as error:
            raise UserError(f"unknown measure '{name}': {error}") from error
        if measure.params.get("cutoff", 1) < 1:
            raise UserError(f"unknown measure '{name}': a cutoff is 1 or more")
        lang = measure.params.get("lang")
        if lang is not None and languages and lang not in ("query", "other", *languages):
            raise UserError(f"unknown measure '{name}': lang is query, other or one of {', '.join(languages)}")
        if measure not in found:
            found.append(measure)
    return found


def _expanded(names: Sequence[str], languages: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name == ALL:
            yield from (*DEFAULT_MEASURES, *_FURTHER)
            yield from (measure.format(lang) for measure in _BY_LANGUAGE for lang in languages)
        else:
            yield name
