"""InfoNCE with in-batch and hard negatives."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from hybrid_plugin.training.losses.loss import EncodedBatch, Loss


def info_nce(
    queries: torch.Tensor,
    passages: torch.Tensor,
    excluded: torch.Tensor,
    temperature: float,
    positives: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over the queries of ``-log(exp(s_ii / t) / sum_j exp(s_ij / t))`` (van den Oord et al. 2018).

    Where a query has several positives, the mean over them, each against the negatives alone.

    Parameters
    ----------
    queries : unit vectors [B, dimension].
    passages : unit vectors [P, dimension].
    excluded : bool [B, P]; where true, passage j is left out of the sum for query i.
    temperature : t, in the scale of cosines.
    positives : bool [B, P], at least one a query; by default passage i answers query i, and those from B on are hard
        negatives.

    Returns
    -------
    A scalar with gradients.
    """
    scores = queries @ passages.T / temperature
    if positives is None:
        positives = torch.eye(*scores.shape, dtype=torch.bool, device=scores.device)
    rows, columns = positives.nonzero(as_tuple=True)
    left_out = (excluded | positives)[rows]
    left_out[torch.arange(len(rows), device=rows.device), columns] = False
    each = cross_entropy(scores[rows].masked_fill(left_out, float("-inf")), columns, reduction="none")
    return (each / positives.sum(1)[rows]).sum() / len(queries)


class InfoNCE(Loss):
    """Each query's positives against the other passages of the batch, and hard negatives."""

    name = "info_nce"

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        return info_nce(batch.queries, batch.passages, batch.excluded, self.temperature, batch.positives)
