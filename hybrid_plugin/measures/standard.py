"""The measures that ir_measures has of its own, computed from ranks, where the number is the same.

Only those that ir_measures hands to trec_eval, which orders documents as ranks do; others may break ties in other ways.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hybrid_plugin.retrieval.ranks import Ranks


def average_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """AP, float64 [queries]; as trec_eval has it, 0 for a query without relevant documents."""
    positions = ranks.at_depth(cutoff).positions
    precision = np.arange(1, positions.shape[1] + 1) / positions
    return np.nansum(precision, axis=1) / np.maximum(ranks.relevant, 1)


def recall(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """R@k, float64 [queries]: the share of the relevant documents that are found."""
    return _found(ranks, cutoff).sum(1) / np.maximum(ranks.relevant, 1)


def precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """P@k, float64 [queries]: the share of the first k documents that are relevant."""
    return _found(ranks, cutoff).sum(1) / (cutoff or np.maximum(ranks.retrieved, 1))


def success(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Success@k, float64 [queries]: 1 where any relevant document is found."""
    return _found(ranks, cutoff).any(1).astype(float)


def r_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Rprec, float64 [queries]: the share of the relevant documents among as many first ones."""
    return (ranks.positions <= ranks.relevant[:, None]).sum(1) / np.maximum(ranks.relevant, 1)


def reciprocal_rank(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """RR of the whole ranking, float64 [queries]."""
    return 1 / np.min(ranks.positions, axis=1, initial=np.inf, where=~np.isnan(ranks.positions))


def ndcg(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """nDCG@k, float64 [queries], gains are grades; the discount is trec_eval's, the logarithm of the position + 1."""
    return normalized_gain(ranks, gains_of(ranks), cutoff)


def gains_of(ranks: Ranks) -> np.ndarray:
    """The gain of each relevant document, float64 [queries, most relevant documents]: its grade."""
    grades = ~np.isnan(ranks.positions) if ranks.grades is None else np.maximum(ranks.grades, 0)
    return grades.astype(float)


def normalized_gain(ranks: Ranks, gains: np.ndarray, cutoff: int | None) -> np.ndarray:
    """Discounted gain as a part of the highest that there can be, float64 [queries]; 0 where that is 0.

    Parameters
    ----------
    gains : float64 [queries, most relevant documents], in the order of the positions.
    """
    found = np.nansum(gains / np.log2(ranks.at_depth(cutoff).positions + 1), axis=1)
    best = -np.sort(-gains, axis=1)[:, :cutoff]
    ideal = (best / np.log2(np.arange(2, best.shape[1] + 2))).sum(1)
    return np.divide(found, ideal, out=np.zeros(len(found)), where=ideal > 0)


def _found(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    return ranks.positions <= (cutoff or ranks.retrieved[:, None])


FROM_RANKS: dict[str, Callable[[Ranks, int | None], np.ndarray]] = {  # by the name in ir_measures
    "AP": average_precision,
    "R": recall,
    "P": precision,
    "Success": success,
    "Rprec": r_precision,
    "RR": reciprocal_rank,
    "nDCG": ndcg,
}
WITHOUT_CUTOFF = ("RR",)  # with one, ir_measures hands it to another program
