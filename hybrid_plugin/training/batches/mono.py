"""Monolingual batches."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Batch, Example
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.strategy import Strategy, one_of, some_of
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source


class Mono(Strategy):
    """One language a batch, for queries and passages (X-X-mono)."""

    name = "mono"

    def __init__(self, source: Source, settings: BatchSettings):
        super().__init__(source, settings)
        places = {
            lang: source.having(lambda pattern, lang=lang: lang in pattern.queries and lang in pattern.passages)  # type: ignore[misc]
            for lang in self.languages
        }
        self._places = {lang: found for lang, found in places.items() if len(found) >= settings.size}
        short = ", ".join(f"{lang}: {len(found)}" for lang, found in places.items() if lang not in self._places)
        if not self._places:
            raise UserError(
                f"source '{source.name}' has no language with {settings.size} pairs for a monolingual batch "
                f"({short}); use a smaller batch"
            )
        if short:
            warnings.warn(
                f"source '{source.name}': too few pairs for a monolingual batch of {settings.size} in {short}; "
                "these languages are left out of such batches",
                stacklevel=2,
            )
        by_size = settings.mono_languages == "size"
        weights = np.array([len(found) if by_size else 1 for found in self._places.values()], float)
        self._shares = weights / weights.sum()

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        keys = ("alpha", "alpha_end", "cross_languages", "cross_negatives")
        return dict.fromkeys(keys, f"with the strategy '{cls.name}'")

    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        lang = list(self._places)[rng.choice(len(self._places), p=self._shares)]
        rows = self.source.take(self._places[lang].draw(rng, self.settings.size))
        examples = tuple(self._example(row, lang, rng) for row in rows)
        return Batch("mono", self.source.name, examples)

    def _example(self, row: Row, lang: str, rng: np.random.Generator) -> Example:
        negatives = [(lang, passage) for passage in row.negatives.get(lang, ())]
        return Example(
            row, lang, lang, one_of(row.passages[lang], rng), some_of(negatives, self.settings.negatives, rng)
        )
