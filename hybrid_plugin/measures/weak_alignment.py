"""WeakAlignment: how often the query's own language stands above answers in other languages."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import CUTOFF, REL
from hybrid_plugin.measures.bias import OTHER, OWN, BiasMeasure, is_in, languages_of
from hybrid_plugin.retrieval.ranks import Ranks


class _WeakAlignment(BiasMeasure):
    """
    How often a non-relevant document in the query's language stands above a relevant document in another language:
    the share of all pairs of the two that are in this order. In [0, 1]: 0 is strong alignment (every answer in
    whatever language before everything else in the query's), a model that is aligned only weakly (each language's
    answers first among the documents of that language) has more, 0.5 is chance. Lower is better.

    The pairs are those of the non-relevant documents that the ranking holds; a relevant document that it does not
    hold stands below them all. Cutting rankings takes such documents out of the pairs and puts answers below the rest,
    so it raises the value; but where no such document is left it is 0, so nothing can be said for certain. NaN where no
    document in another language is relevant.

    ::

      Citation: Roy, Constant, Al-Rfou, Barua, Phillips and Yang. LAReQA: Language-Agnostic Answer Retrieval from a
                Multilingual Pool. EMNLP 2020. https://arxiv.org/abs/2004.05484 (weak and strong alignment)
      Citation: Kallus and Zhou. The Fairness of Risk Scores Beyond Classification: Bipartite Ranking and the xAUC
                Metric. NeurIPS 2019. https://arxiv.org/abs/1902.05826 (one minus this share, for two groups)
    """

    __name__ = "WeakAlignment"
    NAME = __name__
    PRETTY_NAME = "Weak alignment"
    SHORT_DESC = "How often a non-relevant document in the query's language stands above a relevant one in another."
    HIGHER_IS_BETTER = False
    CUT = ""
    SUPPORTED_PARAMS = {"cutoff": CUTOFF, "rel": REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = ranks.at_depth(self.params.get("cutoff"))
        known = languages_of(cut)
        found = np.isfinite(cut.positions)
        own_answers = is_in(known, known.relevant, OWN) & found
        distractors = known.own - own_answers.sum(1)
        # Where the relevant document is found, those above it; where not, all.
        above = np.where(found, known.own_above - np.cumsum(own_answers, axis=1), distractors[:, None])
        foreign = is_in(known, known.relevant, OTHER)
        pairs = foreign.sum(1) * distractors
        share = np.divide((above * foreign).sum(1), pairs, out=np.zeros(len(pairs)), where=pairs > 0)
        return np.where(foreign.any(1) & (cut.retrieved > 0), share, np.nan)

    def asks_for_own(self) -> bool:
        return True


WeakAlignment = _WeakAlignment()
