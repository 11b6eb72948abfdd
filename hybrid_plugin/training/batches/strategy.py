"""Which kinds of examples a batch has: what all strategies share."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from hybrid_plugin.training.batches.kind import Kind
from hybrid_plugin.training.batches.settings import BatchSettings


class Strategy(ABC):
    """Which kinds of examples a batch has, and how many of each; where they come from, :class:`Batches` draws."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[type[Kind], ...]]
    """That its batches may have; of the first alone, unless it draws them itself."""

    def __init__(self, settings: BatchSettings):
        self.settings = settings

    def possible(self) -> tuple[type[Kind], ...]:
        """The kinds that its batches have with these settings."""
        return self.kinds

    def parts(self, rng: np.random.Generator, progress: float) -> list[tuple[type[Kind], int]]:
        """How many examples of which kinds a batch has, when a share ``progress`` (0..1) of the training is done.

        The same state of ``rng`` gives the same parts. Their numbers sum to the size of a batch.
        """
        return [(self.kinds[0], self.settings.size)]

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        """The settings, by flat key, that do nothing, each with the end of a sentence that says why."""
        return {}
