"""LPR: whether the first answer is in the query's language."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import CUTOFF, REL
from hybrid_plugin.measures.bias import OTHER, OWN, BiasMeasure, is_in, languages_of
from hybrid_plugin.retrieval.ranks import Ranks


class _LPR(BiasMeasure):
    """
    Language preference rate: 1 where the first of the relevant documents is in the query's language, else 0. Its mean
    is the share of queries for which a system prefers the query's language among answers of equal worth. In [0, 1];
    higher is better.

    NaN where there is nothing to choose: no relevant document in the query's language, or none in another, or none in
    the ranking.

    It rewards answers that the reader can read. It misleads as a measure of quality, since it does not look at what
    stands above the first answer; and where all languages are to have the same chance, the share that is fair is that
    of the query's language among the relevant documents, and `LanguageSkew` the measure to look at.

    For example, an English query finds de, en*, en, de*, where * is relevant: the first answer is in English, and the
    value is 1, though a German document stands above it.

    MLAIRE defines the rate on parallel versions of one passage; its formula was not found in what we could read of it,
    and this is our reading. With one relevant passage in each language, it is how often the version in the query's
    language stands above all others.

    ::

      Citation: Jang, Hong, Moon and Lim. MLAIRE: Multilingual Language-Aware Information Retrieval Evaluation Protocol.
                2026. https://arxiv.org/abs/2605.07249
    """

    __name__ = "LPR"
    NAME = __name__
    PRETTY_NAME = "Language preference rate"
    SHORT_DESC = "Whether the first relevant document is in the query's language."
    HIGHER_IS_BETTER = True
    CUT = ""
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = ranks.at_depth(self.params.get("cutoff"))
        known = languages_of(cut)
        own, others = (is_in(known, known.relevant, lang) for lang in (OWN, OTHER))
        choice = own.any(1) & others.any(1) & np.isfinite(cut.positions).any(1)
        return np.where(choice, own[:, :1].any(1), np.nan)  # positions ascend

    def asks_for_own(self) -> bool:
        return True


LPR = _LPR()
