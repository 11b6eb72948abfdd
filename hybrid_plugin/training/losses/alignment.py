"""Parallel texts beside each other."""

from __future__ import annotations

import torch

from hybrid_plugin.training.losses.loss import EncodedBatch, Loss
from hybrid_plugin.training.losses.symmetric import both_ways


class AlignQueries(Loss):
    """InfoNCE between questions and the same questions in another language, in both directions."""

    name = "align_queries"
    needs = ("parallel_queries",)

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        assert batch.parallel_queries is not None
        places, others = batch.parallel_queries
        none = torch.zeros(len(places), len(places), dtype=torch.bool, device=others.device)
        return both_ways(batch.queries[places], others, none, self.temperature)


class AlignPassages(Loss):
    """InfoNCE between passages and what answers the same questions in another language, in both directions."""

    name = "align_passages"
    needs = ("parallel_passages",)

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        assert batch.parallel_passages is not None
        places, others = batch.parallel_passages
        same = batch.excluded[places][:, places]  # the answers of questions that share an answer
        return both_ways(batch.passages[places], others, same, self.temperature)
