"""Hybrid batch training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from hybrid_plugin.training.batches.cross import CrossLingual
from hybrid_plugin.training.batches.kind import Kind
from hybrid_plugin.training.batches.mono import Monolingual
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.strategy import Strategy


class Hybrid(Strategy):
    """Monolingual with probability alpha, else cross-lingual."""

    name = "hybrid"
    kinds: ClassVar[tuple[type[Kind], ...]] = (Monolingual, CrossLingual)

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        found = {"passages": f"with the strategy '{cls.name}'"}
        if settings.alphas == {0}:
            found["mono_languages"] = "where alpha is 0"
        if settings.alphas == {1}:
            found |= dict.fromkeys(("cross_languages", "cross_negatives"), "where alpha is 1")
        return found

    def possible(self) -> tuple[type[Kind], ...]:
        mono, cross = self.kinds
        if self.settings.alphas == {0}:
            return (cross,)
        return (mono,) if self.settings.alphas == {1} else self.kinds

    def parts(self, rng: np.random.Generator, progress: float) -> list[tuple[type[Kind], int]]:
        mono, cross = self.kinds
        return [(mono if rng.random() < self.settings.alpha_at(progress) else cross, self.settings.size)]
