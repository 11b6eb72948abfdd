"""MaxR: how far down a reader must go for all answers."""

from __future__ import annotations

import numpy as np
from ir_measures import measures as irm
from ir_measures.measures.base import Agg

from hybrid_plugin.measures.base import CUTOFF, REL, DefinedMean, Qrels, Rankings, grades_from
from hybrid_plugin.retrieval.rankings import ranks_of_lists
from hybrid_plugin.retrieval.ranks import Ranks


class _MaxR(irm.Measure):
    """
    The position by which all relevant documents are found: that of the lowest of them. On a multilingual pool where n
    languages have one answer each, n is perfect. 1 and up; lower is better. NaN where no document is relevant, or
    without a cutoff nothing at all was ranked.

    A relevant document that a ranking lacks stands at depth + 1, as in `RankDistance`: below the measure's cutoff, else
    the depth that rankings were cut to, else the longest ranking of the task. The value at a smaller depth is a lower
    bound.

    It rewards a system that leaves no language's answer behind. It misleads where few answers are far down, since each
    query's value is that of its worst answer alone, and between queries or collections with more and fewer answers.

    For example, answers in English, German and Chinese stand at 1, 3 and 5: the value is 5. In a run of 4 documents the
    Chinese one stands at 4 + 1, which is 5 too.

    It is the Max@R of the paper, which ir_measures would read as a measure `Max` with the cutoff `R`. Its formula was
    not found in what we could read of it (a summary has the highest rank that is needed to recover all parallel
    documents of a query); what a missing answer counts is our reading.

    ::

      Citation: Hong, Jang, Lee, Moon and Lim. Improving Semantic Proximity in Information Retrieval through
                Cross-Lingual Alignment. 2026. https://arxiv.org/abs/2604.05684
    """

    __name__ = "MaxR"
    NAME = __name__
    PRETTY_NAME = "Rank of the last relevant document"
    SHORT_DESC = "The position by which all relevant documents are found."
    HIGHER_IS_BETTER = False
    CUT = "lowers"
    CUT_ABOVE_CUTOFF = "raises"
    DEFAULT = float("nan")
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "rel": REL}  # noqa: RUF012

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        lists = [np.array(run.get(query_id, []), object) for query_id in qrels]
        ranks = ranks_of_lists([*qrels], lists, grades_from(qrels, self["rel"]), [len(found) for found in lists])
        return dict(zip(ranks.query_ids, self.from_ranks(ranks).tolist(), strict=True))

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = ranks.at_depth(self.params.get("cutoff"))
        positions = np.where(np.isinf(cut.positions), cut.depth + 1, cut.positions)
        last = np.max(positions, axis=1, initial=0, where=~np.isnan(positions))
        return np.where((cut.relevant > 0) & (cut.depth > 0), last, np.nan)

    def aggregator(self) -> Agg:
        return DefinedMean()


MaxR = _MaxR()
