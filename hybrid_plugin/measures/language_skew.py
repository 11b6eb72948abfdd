"""LanguageSkew: how much more of the first documents than of the relevant ones are in a language."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import NEEDED_CUTOFF, REL
from hybrid_plugin.measures.bias import LANG, BiasMeasure, is_in, languages_of
from hybrid_plugin.retrieval.ranks import Ranks


class _LanguageSkew(BiasMeasure):
    """
    A language's share of the first k documents minus its share of the relevant documents. In [-1, 1]: 0 is fair,
    above 0 the language is preferred, below 0 neglected, so nearest to 0 is best. The language is the query's own
    unless `lang` names another.

    Skew@k of Geyik et al. is the logarithm of the ratio of these two shares; the difference is finite where a share
    is 0, which it often is when k is less than the number of languages.

    ::

      Citation: Geyik, Ambler and Kenthapadi. Fairness-Aware Ranking in Search & Recommendation Systems with
                Application to LinkedIn Talent Search. KDD 2019. https://arxiv.org/abs/1905.01989
    """

    __name__ = "LanguageSkew"
    NAME = __name__
    PRETTY_NAME = "Skew towards a language at k"
    SHORT_DESC = "A language's share of the top k documents minus its share of the relevant documents."
    TARGET = 0.0
    CUT = ""
    SUPPORTED_PARAMS = {"cutoff": NEEDED_CUTOFF, "lang": LANG, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known = languages_of(ranks)
        top = known.top[:, : self["cutoff"]]
        with np.errstate(invalid="ignore"):  # 0/0 for an empty ranking, and without relevant documents
            share = is_in(known, top, self["lang"]).sum(1) / (top >= 0).sum(1)
            return share - is_in(known, known.relevant, self["lang"]).sum(1) / ranks.relevant


LanguageSkew = _LanguageSkew()
