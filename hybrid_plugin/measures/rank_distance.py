"""RankDistance: how far a query's answers stand apart."""

from __future__ import annotations

import numpy as np
from ir_measures import measures as irm
from ir_measures.measures.base import Agg

from hybrid_plugin.measures.base import CUTOFF, REL, DefinedMean, Qrels, Rankings
from hybrid_plugin.retrieval.ranks import Ranks


class _RankDistance(irm.Measure):
    """
    The distance between a query's relevant documents in the ranking: the lowest minus the highest position among
    them. On a multilingual pool where n languages have one answer each, n - 1 is perfect, and a large value says
    that some languages' answers stand far below others'. Lower is better.

    A relevant document that the ranking does not hold stands at depth + 1. The depth is that of the whole evaluation,
    however few documents a query has: the cutoff of the measure, else the depth that rankings were cut to, else the
    longest ranking of the task. A query that found none of them gets the depth, the largest value that there is at
    this depth (one at the top, one missing). So the mean over all queries is never better for what a system did not
    find; of a query that found some, the value at a smaller depth is a lower bound. NaN, and left out of the mean, is
    a query without relevant documents, and without a cutoff every query where nothing at all was ranked.

    ::

      Citation: Elmahdy, Lin and Ahmad. Synergistic Approach for Simultaneous Optimization of Monolingual,
                Cross-lingual, and Multilingual Information Retrieval. 2024. https://arxiv.org/abs/2408.10536
    """

    __name__ = "RankDistance"
    NAME = __name__
    PRETTY_NAME = "Rank distance"
    SHORT_DESC = "The lowest minus the highest position among the relevant documents."
    HIGHER_IS_BETTER = False
    CUT = "lowers"
    CUT_ABOVE_CUTOFF = "raises"
    CUT_IF_FOUND = True
    DEFAULT = float("nan")
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "rel": REL}  # noqa: RUF012

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        longest = max((len(run.get(query_id, ())) for query_id in qrels), default=0)
        depth = self.params.get("cutoff", longest)
        result = {}
        for query_id, judged in qrels.items():
            position = {doc_id: place for place, doc_id in enumerate(run.get(query_id, [])[:depth], start=1)}
            relevant = [doc_id for doc_id, relevance in judged.items() if relevance >= self["rel"]]
            places = [position.get(doc_id, depth + 1) for doc_id in relevant]
            found = any(doc_id in position for doc_id in relevant)
            distance = float(max(places) - min(places) if found else depth)
            result[query_id] = distance if relevant and depth else float("nan")
        return result

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = ranks.at_depth(self.params.get("cutoff"))
        positions = np.where(np.isinf(cut.positions), cut.depth + 1, cut.positions)
        distance = np.nanmax(positions, axis=1, initial=0) - np.nanmin(positions, axis=1, initial=np.inf)
        distance = np.where(np.isfinite(cut.positions).any(1), distance, cut.depth)
        return np.where((cut.relevant > 0) & (cut.depth > 0), distance, np.nan)

    def aggregator(self) -> Agg:
        return DefinedMean()


RankDistance = _RankDistance()
