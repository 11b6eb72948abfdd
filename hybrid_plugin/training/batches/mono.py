"""Monolingual batches."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Example
from hybrid_plugin.training.batches.kind import Kind
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.strategy import Strategy
from hybrid_plugin.training.batches.streams import Streams
from hybrid_plugin.training.sources.source import Source


class Monolingual(Kind):
    """Query and passages are in one language, the same for all examples that are drawn at a time."""

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

    def draw(self, count: int, streams: Streams, taken: set[int]) -> list[Example]:
        return self.in_language(self.languages_of(1, streams)[0], count, streams, taken)

    def languages_of(self, count: int, streams: Streams) -> list[str]:
        """So many languages, as often as settings say."""
        langs = list(self._places)
        return [langs[i] for i in streams.languages.choice(len(langs), count, p=self._shares)]

    def in_language(self, lang: str, count: int, streams: Streams, taken: set[int]) -> list[Example]:
        """So many examples in a language."""
        rows = self.rows(self._places[lang], count, streams, taken)
        return [self.example(row, lang, [lang], "query", streams) for row in rows]


class Mono(Strategy):
    """One language a batch, for queries and passages (X-X-mono)."""

    name = "mono"
    kinds = (Monolingual,)

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        keys = ("alpha", "alpha_end", "cross_languages", "cross_negatives", "passages")
        return dict.fromkeys(keys, f"with the strategy '{cls.name}'")
