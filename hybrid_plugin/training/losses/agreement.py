"""Rankings that one question gets in two languages, made alike."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch

from hybrid_plugin.training.losses.loss import EncodedBatch, Loss


class _Agreement(Loss):
    needs = ("parallel_queries",)

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        assert batch.parallel_queries is not None
        places, others = batch.parallel_queries
        one = (batch.queries[places] @ batch.passages.T / self.temperature).log_softmax(1)
        other = (others @ batch.passages.T / self.temperature).log_softmax(1)
        return self.divergence(one, other).mean()

    @abstractmethod
    def divergence(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Of log probabilities [n, P] each: [n]."""


def _kl(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """KL(one || other) of log probabilities [n, P]: [n], in nats."""
    return (one.exp() * (one - other)).sum(1)


class RankingJS(_Agreement):
    """Jensen-Shannon divergence, in nats, between the probabilities that a question and the same question in another
    language give the passages of the batch (as arXiv 2604.05684 uses it to bring languages together)."""

    name = "ranking_js"

    def divergence(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        middle = torch.logaddexp(one, other) - math.log(2)
        return (_kl(one, middle) + _kl(other, middle)) / 2


class RankingKL(_Agreement):
    """The mean of the two Kullback-Leibler divergences, in nats, between the same two; unlike Jensen-Shannon it has no
    upper bound."""

    name = "ranking_kl"

    def divergence(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (_kl(one, other) + _kl(other, one)) / 2
