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
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "rel": REL}  # noqa: RUF012

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        result = {}
        for query_id, judged in qrels.items():
            ranking = run.get(query_id, [])[: self.params.get("cutoff")]
            position = {doc_id: place for place, doc_id in enumerate(ranking, start=1)}
            relevant = [doc_id for doc_id, relevance in judged.items() if relevance >= self["rel"]]
            places = [position.get(doc_id, len(ranking) + 1) for doc_id in relevant]
            found = any(doc_id in position for doc_id in relevant)
            result[query_id] = float(max(places) - min(places)) if found else float("nan")
        return result

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = ranks.at_depth(self.params.get("cutoff"))
        positions = np.where(np.isinf(cut.positions), cut.retrieved[:, None] + 1, cut.positions)
        distance = np.nanmax(positions, axis=1, initial=0) - np.nanmin(positions, axis=1, initial=np.inf)
        return np.where(np.isfinite(cut.positions).any(1), distance, np.nan)

    def aggregator(self) -> Agg:
        return DefinedMean()


RankDistance = _RankDistance()
