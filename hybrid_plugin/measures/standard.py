"""The measures that ir_measures has of its own, computed from ranks, where the number is the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hybrid_plugin.retrieval.ranks import Ranks


def average_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """AP, float64 [queries]; NaN for a query without relevant documents."""
    positions = ranks.at_depth(cutoff).positions
    precision = np.arange(1, positions.shape[1] + 1) / positions
    return np.nansum(precision, axis=1) / ranks.relevant


def recall(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """R@k, float64 [queries]: the share of the relevant documents that are found."""
    return (ranks.positions <= (cutoff or ranks.retrieved[:, None])).sum(1) / ranks.relevant


def success(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Success@k, float64 [queries]: 1 where any relevant document is found."""
    return (ranks.positions <= (cutoff or ranks.retrieved[:, None])).any(1).astype(float)


def ndcg(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """nDCG@k of binary relevance, float64 [queries]; the discount is trec_eval's, the logarithm of the position + 1."""
    gains = np.nan_to_num(1 / np.log2(ranks.at_depth(cutoff).positions + 1))
    ideal = np.cumsum(1 / np.log2(np.arange(2, ranks.relevant.max(initial=0) + 2)))
    return gains.sum(1) / ideal[np.minimum(ranks.relevant, cutoff or len(ideal)) - 1]


FROM_RANKS: dict[str, Callable[[Ranks, int | None], np.ndarray]] = {  # by the name in ir_measures
    "AP": average_precision,
    "R": recall,
    "Success": success,
    "nDCG": ndcg,
}
