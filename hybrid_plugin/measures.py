"""Measures: those that ir_measures lacks, as ir_measures measures, and all of ours straight from ranks.

ir_measures computes from runs; the evaluation of an encoder has something cheaper, the positions of the relevant
documents. Both give the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import ir_measures
import numpy as np
from ir_measures import measures as irm
from ir_measures import providers
from ir_measures.util import Metric, QrelsConverter, RunConverter

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import blame, hookimpl, offers
from hybrid_plugin.ranking import Ranks

Qrels = dict[str, dict[str, int]]  # query id -> document id -> relevance
Rankings = dict[str, list[str]]  # query id -> document ids, best first


class _RankDistance(irm.Measure):
    """
    The distance between a query's relevant documents in the ranking: the lowest minus the highest position among
    them. On a multilingual pool where n languages have one answer each, n - 1 is perfect, and a large value says
    that some languages' answers stand far below others'. Lower is better.

    A relevant document that the ranking does not hold counts as standing just below its last document, so a
    truncated run gives a lower bound.

    ::

      Citation: Elmahdy, Lin and Ahmad. Synergistic Approach for Simultaneous Optimization of Monolingual,
                Cross-lingual, and Multilingual Information Retrieval. 2024. https://arxiv.org/abs/2408.10536
    """

    __name__ = "RankDistance"
    NAME = __name__
    PRETTY_NAME = "Rank distance"
    SHORT_DESC = "The lowest minus the highest position among the relevant documents."
    HIGHER_IS_BETTER = False
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
            found = [position.get(doc_id, len(ranking) + 1) for doc_id in relevant]
            result[query_id] = float(max(found) - min(found)) if found else 0.0
        return result


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
    for name, measure in _offered().items():
        irm.registry.setdefault(name, measure)
        setattr(ir_measures, name, measure)
    provider = providers.register(_PluginProvider())
    ir_measures.DefaultPipeline.providers.append(provider)


def _average_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
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
    return np.nanmax(positions, axis=1, initial=0) - np.nanmin(positions, axis=1, initial=np.inf)


_FROM_RANKS: dict[str, Callable[[Ranks, int | None], np.ndarray]] = {
    "AP": _average_precision,
    "R": _recall,
    "Success": _success,
    "nDCG": _ndcg,
    "RankDistance": _rank_distance,
}

DEFAULT_MEASURES = ("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance")


def from_ranks(measure: irm.Measure, ranks: Ranks) -> np.ndarray:
    """A measure's value for each query, from the positions of its relevant documents.

    Relevance is binary here. The values are those of ir_measures on the run that has these positions.

    Returns
    -------
    float64 [queries].

    Raises
    ------
    UserError
        The measure needs more than positions.
    """
    extra = set(measure.params) - {"cutoff"}
    if measure.NAME not in _FROM_RANKS or extra:
        raise UserError(
            f"{measure} cannot be computed from positions; known: {', '.join(sorted(_FROM_RANKS))}, with @k"
        )
    return _FROM_RANKS[measure.NAME](ranks, measure.params.get("cutoff"))


def higher_is_better(measure: irm.Measure) -> bool:
    """A measure's direction: its class attribute ``HIGHER_IS_BETTER``, which only those need that are lower-better.

    The measures of ir_measures declare none; they are higher-better.
    """
    return bool(getattr(measure, "HIGHER_IS_BETTER", True))


def parse_measures(names: tuple[str, ...] | list[str]) -> list[irm.Measure]:
    """Measures by the names that ir_measures gives them, ours included.

    Raises
    ------
    UserError
        A name is unknown or malformed.
    """
    register_measures()
    found = []
    for name in names:
        try:
            measure = ir_measures.parse_measure(name)
            measure.validate_params()
        except (NameError, ValueError, AssertionError) as error:
            raise UserError(f"unknown measure '{name}': {error}") from error
        if measure.params.get("cutoff", 1) < 1:
            raise UserError(f"unknown measure '{name}': a cutoff is 1 or more")
        found.append(measure)
    return found
