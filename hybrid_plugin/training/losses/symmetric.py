"""InfoNCE in both directions."""

from __future__ import annotations

import torch

from hybrid_plugin.training.losses.info_nce import info_nce
from hybrid_plugin.training.losses.loss import EncodedBatch, Loss


class Symmetric(Loss):
    """The mean of InfoNCE from queries to passages and from the positives to the queries (Radford et al. 2021)."""

    name = "symmetric"

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        forth = info_nce(batch.queries, batch.passages, batch.excluded, self.temperature, batch.positives)
        some = batch.positives.any(0)
        back = info_nce(
            batch.passages[some],
            batch.queries,
            batch.excluded.T[some],
            self.temperature,
            batch.positives.T[some],
        )
        return (forth + back) / 2
