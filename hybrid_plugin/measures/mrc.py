"""MRC: the rank correlation of the rankings that a question gets in different languages."""

from __future__ import annotations

import numpy as np

from hybrid_plugin.measures.base import NEEDED_CUTOFF
from hybrid_plugin.measures.consistency import ConsistencyMeasure, places_in


class _MRC(ConsistencyMeasure):
    """
    Mean rank correlation: Spearman's correlation of a query's ranking with that of the same question in each other
    language, and the mean of these. In [-1, 1]: 1 where all are the same. Higher is better.

    It is over the union of the two top k. What one of them lacks has rank k + 1 there, so that all of it ties. Two
    rankings of the same single document have 1; a ranking that is empty has 0 with any other; of two empty ones there
    is nothing to say.

    It rewards a system that answers alike in whatever language it is asked. It misleads where the answers are wrong
    alike, and at small k: rankings with no document in common are below 0 (-1 where k is 1), since each has at its head
    what the other lacks.

    For example, a question gets a, b, c in German and a, c, d in English. At 3 the ranks of a, b, c, d are 1, 2, 3, 4
    and 1, 4, 2, 3, and the correlation 1 - 6 * (0 + 4 + 1 + 1) / (4 * 15) = 0.4.

    Yang, Jiang and Baldwin define it, as a review of their paper has it, by the mean of RC(a, b) over the other
    languages b. MIMO reports it at a cutoff; how a cutoff goes with it was not found in what we could read of it, so
    that the union and the rank k + 1 are our reading.

    ::

      Citation: Yang, Jiang and Baldwin. Language Bias in Information Retrieval: The Nature of the Beast and Mitigation
                Methods. 2025. https://arxiv.org/abs/2509.06195
      Citation: Jang, Hong and Lim. MIMO: Multilingual Information Retrieval via Monolingual Objectives. 2026.
                https://arxiv.org/abs/2605.31171
    """

    __name__ = "MRC"
    NAME = __name__
    PRETTY_NAME = "Mean rank correlation at k"
    SHORT_DESC = "Spearman's correlation of the top k with those that the same question gets in other languages."
    HIGHER_IS_BETTER = True
    SUPPORTED_PARAMS = {"cutoff": NEEDED_CUTOFF}  # noqa: RUF012

    def alike(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        place = places_in(one, other)
        shared = np.isfinite(place)
        length, others = (one >= 0).sum(1), (other >= 0).sum(1)
        union = length + others - shared.sum(1)
        # Ranks less their mean; the mean rank of all that ties below a list of n, less it, is n / 2.
        middle = (union[:, None] + 1) / 2
        rank = np.arange(1, one.shape[1] + 1) - middle
        own, theirs = np.where(one >= 0, rank, 0), np.where(other >= 0, rank, 0)
        place = np.where(shared, place - middle, 0)
        product = (
            (own * place).sum(1)
            + np.where(shared, 0, own).sum(1) * others / 2
            + (theirs.sum(1) - place.sum(1)) * length / 2
        )
        squares = ((own**2).sum(1) + (union - length) * (length / 2) ** 2) * (
            (theirs**2).sum(1) + (union - others) * (others / 2) ** 2
        )
        # Without spread they have one document between them, or one of them is empty.
        value = np.divide(product, np.sqrt(squares), out=shared.any(1).astype(float), where=squares > 0)
        return np.where(union > 0, value, np.nan)


MRC = _MRC()
