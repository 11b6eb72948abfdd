"""Hybrid batch training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.batches.cross import Cross
from hybrid_plugin.training.batches.mono import Mono
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.strategy import Strategy
from hybrid_plugin.training.sources.source import Source


class Hybrid(Strategy):
    """Monolingual with probability alpha, else cross-lingual."""

    name = "hybrid"

    def __init__(self, source: Source, settings: BatchSettings):
        super().__init__(source, settings)
        self._mono, self._cross = Mono(source, settings), Cross(source, settings)

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        ends = {settings.alpha, settings.alpha if settings.alpha_end is None else settings.alpha_end}
        if ends == {0}:
            return {"mono_languages": "where alpha is 0"}
        return dict.fromkeys(("cross_languages", "cross_negatives"), "where alpha is 1") if ends == {1} else {}

    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        mono = rng.random() < self.settings.alpha_at(progress)
        return (self._mono if mono else self._cross).draw(rng, progress)
