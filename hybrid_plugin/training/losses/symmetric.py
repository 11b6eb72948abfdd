"""InfoNCE in both directions."""

from __future__ import annotations

import torch

from hybrid_plugin.training.losses.info_nce import info_nce
from hybrid_plugin.training.losses.loss import EncodedBatch, Loss


def both_ways(
    queries: torch.Tensor,
    passages: torch.Tensor,
    excluded: torch.Tensor,
    temperature: float,
    positives: torch.Tensor | None = None,
) -> torch.Tensor:
    """The mean of InfoNCE from queries to passages and from the positives to the queries (Radford et al. 2021).

    Parameters and result are those of :func:`~hybrid_plugin.training.losses.info_nce`.
    """
    if positives is None:
        positives = torch.eye(*excluded.shape, dtype=torch.bool, device=excluded.device)
    forth = info_nce(queries, passages, excluded, temperature, positives)
    some = positives.any(0)
    back = info_nce(passages[some], queries, excluded.T[some], temperature, positives.T[some])
    return (forth + back) / 2


class Symmetric(Loss):
    """InfoNCE from queries to passages and from the positives to the queries."""

    name = "symmetric"

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        return both_ways(batch.queries, batch.passages, batch.excluded, self.temperature, batch.positives)
