"""LanguageDivergence: how far the languages of the first documents are from those of the relevant ones."""

from __future__ import annotations

import numpy as np
from scipy import special

from hybrid_plugin.measures.base import NEEDED_CUTOFF, REL
from hybrid_plugin.measures.bias import BiasMeasure, count_by_language, languages_of
from hybrid_plugin.retrieval.ranks import Ranks


class _LanguageDivergence(BiasMeasure):
    """
    How far the languages of the first k documents are from those of the relevant documents: the Jensen-Shannon
    divergence of the two distributions, to base 2. In [0, 1]: 0 where each language has among the first k the share
    that it has among the relevant documents, 1 where they have no language in common. Lower is better.

    This is in the manner of attention-weighted rank fairness, which compares the attention that groups get in a ranking
    to a target, with equal attention to the first k documents and the relevant documents as the target.

    ::

      Citation: Lin. Divergence Measures Based on the Shannon Entropy. IEEE Transactions on Information Theory 37(1).
                1991. https://doi.org/10.1109/18.61115
      Citation: Sapiezynski et al. Quantifying the Impact of User Attention on Fair Group Representation in Ranked
                Lists. 2019. https://doi.org/10.1145/3308560.3317595
    """

    __name__ = "LanguageDivergence"
    NAME = __name__
    PRETTY_NAME = "Divergence of languages at k"
    SHORT_DESC = "Jensen-Shannon divergence of the languages in the top k from those of the relevant documents."
    HIGHER_IS_BETTER = False
    CUT = ""
    SUPPORTED_PARAMS = {"cutoff": NEEDED_CUTOFF, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known = languages_of(ranks)
        top = count_by_language(known.top[:, : self["cutoff"]], len(known.names))
        relevant = count_by_language(known.relevant, len(known.names))
        with np.errstate(invalid="ignore"):  # 0/0 for an empty ranking
            top, relevant = top / top.sum(1, keepdims=True), relevant / relevant.sum(1, keepdims=True)
        middle = (top + relevant) / 2
        divergence = (special.rel_entr(top, middle) + special.rel_entr(relevant, middle)).sum(1) / 2 / np.log(2)
        return np.where(ranks.retrieved > 0, divergence, np.nan)


LanguageDivergence = _LanguageDivergence()
