"""The sum that training makes small."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from hybrid_plugin.errors import UserError, blame
from hybrid_plugin.training.losses.loss import EncodedBatch, Loss, Need
from hybrid_plugin.training.losses.named import loss_kind
from hybrid_plugin.training.losses.settings import LossSettings


class Objective:
    """A weighted sum of losses, over whole vectors and over the first components of them (Matryoshka).

    Raises
    ------
    UserError
        No plugin offers a loss of a name.
    """

    def __init__(self, settings: LossSettings, temperature: float):
        teacher_temperature = settings.teacher_temperature or temperature
        self._terms: list[tuple[Loss, float]] = []
        for name, weight in settings.weights.items():
            kind = loss_kind(name)
            with blame(f"the loss '{name}'", kind):
                self._terms.append((kind(temperature, teacher_temperature), weight))
        self._dimensions = settings.matryoshka

    @property
    def needs(self) -> frozenset[Need]:
        """What batches must have for it."""
        return frozenset(need for loss, _ in self._terms for need in loss.needs)

    def check(self, dimension: int) -> None:
        """Refuse numbers of components that vectors do not have.

        Raises
        ------
        UserError
            Names the number.
        """
        if max(self._dimensions, default=0) > dimension:
            raise UserError(f"matryoshka has {max(self._dimensions)} components; the vectors have {dimension}")

    def terms(self, batch: EncodedBatch) -> dict[str, torch.Tensor]:
        """Each loss by name, weighted; scalars with gradients."""
        batches = [batch, *(batch.cut(dimension) for dimension in self._dimensions)]
        return {loss.name: weight * _sum(self._of(loss, one) for one in batches) for loss, weight in self._terms}

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        """Their sum."""
        return _sum(self.terms(batch).values())

    @staticmethod
    def _of(loss: Loss, batch: EncodedBatch) -> torch.Tensor:
        if not all(map(batch.has, loss.needs)):
            return batch.queries.sum() * 0  # with gradients, all 0
        with blame(f"the loss '{loss.name}'", type(loss)):
            found = loss(batch)
            if not isinstance(found, torch.Tensor) or found.ndim:
                raise TypeError("it gives no scalar")
            return found


def _sum(values: Iterable[torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(values)).sum()
