"""LanguageAP: average precision of one language's answers on the whole pool."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import CUTOFF, REL
from hybrid_plugin.measures.bias import LANG, BiasMeasure, among
from hybrid_plugin.measures.standard import average_precision
from hybrid_plugin.retrieval.ranks import Ranks


class _LanguageAP(BiasMeasure):
    """
    Average precision of one language's answers on the whole pool: only the relevant documents of that language count
    as relevant, and their positions are those among the documents of all languages. Higher is better; the spread
    over languages says which of them a system finds.

    The language is the query's own unless `lang` names another; `lang='other'` takes all others together.

    ::

      Citation: Buckley and Voorhees. Retrieval System Evaluation. In: TREC: Experiment and Evaluation in Information
                Retrieval. 2005. (average precision; here on the judgments of one language)
    """

    __name__ = "LanguageAP"
    NAME = __name__
    PRETTY_NAME = "Average precision of one language"
    SHORT_DESC = "Average precision of the relevant documents of one language, ranked among those of all."
    HIGHER_IS_BETTER = True
    CUT = "lowers"
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "lang": LANG, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        own = among(ranks, self["lang"])
        return np.where(own.relevant > 0, average_precision(own, self.params.get("cutoff")), np.nan)


LanguageAP = _LanguageAP()
