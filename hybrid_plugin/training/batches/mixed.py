"""Hybrid examples in the place of hybrid batches: what tells whether it matters that a batch is of one kind."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import numpy as np

from hybrid_plugin.training.batches.batch import Example
from hybrid_plugin.training.batches.cross import CrossLingual
from hybrid_plugin.training.batches.hybrid import Hybrid
from hybrid_plugin.training.batches.kind import Kind
from hybrid_plugin.training.batches.mono import Monolingual
from hybrid_plugin.training.batches.streams import Streams


class MonolingualEach(Monolingual):
    """In every example query and passages are in one language, in each in one of its own."""

    def draw(self, count: int, streams: Streams, taken: set[int]) -> list[Example]:
        drawn = Counter(self.languages_of(count, streams))
        return [example for lang in sorted(drawn) for example in self.in_language(lang, drawn[lang], streams, taken)]


class Mixed(Hybrid):
    """Each example, in the place of each batch, is monolingual with probability alpha, else cross-lingual.

    The examples have the languages that they have in hybrid batches, equally often, so that the two strategies differ
    in one thing: whether a batch is of one kind, and the negatives of a monolingual question all speak its language.
    """

    name = "mixed"
    kinds: ClassVar[tuple[type[Kind], ...]] = (MonolingualEach, CrossLingual)

    def parts(self, rng: np.random.Generator, progress: float) -> list[tuple[type[Kind], int]]:
        mono, cross = self.kinds
        size = self.settings.size
        count = int((rng.random(size) < self.settings.alpha_at(progress)).sum())
        return [(mono, count), (cross, size - count)]
