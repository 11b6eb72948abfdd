"""FirstRank: where the first answer in a language stands."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import CUTOFF, REL
from hybrid_plugin.measures.bias import LANG, BiasMeasure, among
from hybrid_plugin.retrieval.ranks import Ranks


class _FirstRank(BiasMeasure):
    """
    The position of the first relevant document in one language, on the whole pool. Lower is better. Beside each
    other, the query's language (`lang='query'`, the default) and the others (`lang='other'`) say how much further a
    reader must go for an answer in a foreign language.

    Where the ranking holds no such document, the position is depth + 1. The depth is that of the whole evaluation,
    however few documents a query has: the cutoff of the measure, else the depth that rankings were cut to, else the
    longest ranking of the task. The value at a smaller depth is a lower bound. NaN, and left out of the mean, is a
    query without relevant documents in the language, and without a cutoff every query where nothing at all was ranked.

    ::

      Citation: Kantor and Voorhees. The TREC-5 Confusion Track: Comparing Retrieval Methods for Scanned Text.
                Information Retrieval 2. 2000. (whose reciprocal rank is one over this position)
    """

    __name__ = "FirstRank"
    NAME = __name__
    PRETTY_NAME = "Rank of the first relevant document in a language"
    SHORT_DESC = "The position of the first relevant document in one language."
    HIGHER_IS_BETTER = False
    CUT = "lowers"
    CUT_ABOVE_CUTOFF = "raises"
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "lang": LANG, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = among(ranks.at_depth(self.params.get("cutoff")), self["lang"])
        first = np.min(cut.positions, axis=1, initial=np.inf, where=~np.isnan(cut.positions))
        first = np.where(np.isinf(first), cut.depth + 1, first)
        return np.where((cut.relevant > 0) & (cut.depth > 0), first, np.nan)


FirstRank = _FirstRank()
