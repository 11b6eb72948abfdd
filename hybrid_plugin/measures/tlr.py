"""TLR: recall of the answers in other languages than the query's."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import NEEDED_CUTOFF, REL
from hybrid_plugin.measures.bias import OTHER, BiasMeasure, among
from hybrid_plugin.measures.standard import recall
from hybrid_plugin.retrieval.ranks import Ranks


class _TLR(BiasMeasure):
    """
    Target-languages recall: the share of the relevant documents in other languages than the query's that are among the
    first k of the pool. In [0, 1]; higher is better. NaN where no document in another language is relevant.

    It rewards a system that finds answers across languages. It misleads at a k below the number of relevant documents,
    where it cannot be 1, and it says nothing of answers in the query's own language.

    For example, an English query finds en*, en, de*, en, zh*, where * is relevant: of the answers in German and Chinese
    one is among the first 4, and TLR@4 is 1/2.

    SHIFT reports it as TLR@20. Its formula was not found in what we could read of it (a summary has the name, and
    that it is about documents in languages that are not the query's); this is our reading.

    ::

      Citation: Jang, Hong, Moon and Lim. SHIFT: Semantic Harmonization via Index-side Feature Transformation for
                Multilingual Information Retrieval. 2026. https://arxiv.org/abs/2606.18801
    """

    __name__ = "TLR"
    NAME = __name__
    PRETTY_NAME = "Target-languages recall at k"
    SHORT_DESC = "Recall at k of the relevant documents that are not in the query's language."
    HIGHER_IS_BETTER = True
    CUT = "lowers"
    SUPPORTED_PARAMS = {"cutoff": NEEDED_CUTOFF, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        foreign = among(ranks, OTHER)
        return np.where(foreign.relevant > 0, recall(foreign, self["cutoff"]), np.nan)

    def asks_for_own(self) -> bool:
        return True


TLR = _TLR()
