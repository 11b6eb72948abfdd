"""InfoNCE with in-batch and hard negatives."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy


def info_nce(
    queries: torch.Tensor, passages: torch.Tensor, false_negatives: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Mean over the queries of ``-log(exp(s_ii / t) / sum_j exp(s_ij / t))`` (van den Oord et al. 2018).

    Parameters
    ----------
    queries : unit vectors [B, dimension].
    passages : unit vectors [P, dimension], P >= B; passage i answers query i, those from B on are hard negatives.
    false_negatives : bool [B, P]; where true, passage j is left out of the sum for query i.
    temperature : t, in the scale of cosines.

    Returns
    -------
    A scalar with gradients.
    """
    scores = queries @ passages.T / temperature
    scores = scores.masked_fill(false_negatives, float("-inf"))
    return cross_entropy(scores, torch.arange(len(scores), device=scores.device))
