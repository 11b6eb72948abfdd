"""Cross-lingual batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Batch, Example
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.strategy import Strategy, one_of, some_of
from hybrid_plugin.training.sources.row import Row, negative_languages
from hybrid_plugin.training.sources.source import Source


class Cross(Strategy):
    """In every example the passage is in another language than the query (X-Y)."""

    name = "cross"

    def __init__(self, source: Source, settings: BatchSettings):
        super().__init__(source, settings)
        self._all = source.having(lambda pattern: bool(self._ways(*pattern)))
        if not len(self._all):
            why = "its languages share no parallel ids" if len(self.languages) > 1 else "it has one language"
            raise UserError(
                f"source '{source.name}' has no question with a passage in another language ({why}: "
                f"{', '.join(self.languages)}), so there are no cross-lingual batches; use the strategy mono"
            )
        if len(self._all) < settings.size:
            raise UserError(
                f"source '{source.name}' has {len(self._all)} questions with a passage in another language, too few "
                f"for a cross-lingual batch of {settings.size}; the languages are {', '.join(self.languages)}"
            )
        if settings.cross_languages == "one":
            pairs = {pair for pattern in source.patterns for pair in self._ways(*pattern)}
            places = {
                pair: source.having(lambda pattern, pair=pair: pair in self._ways(*pattern))  # type: ignore[misc]
                for pair in sorted(pairs)
            }
            self._pairs = {pair: found for pair, found in places.items() if len(found) >= settings.size}
            if not self._pairs:
                raise UserError(
                    f"source '{source.name}' has no pair of languages with {settings.size} questions for a "
                    "cross-lingual batch of one pair; use a smaller batch"
                )

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        return dict.fromkeys(("alpha", "alpha_end", "mono_languages"), f"with the strategy '{cls.name}'")

    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        if self.settings.cross_languages == "one":
            pair = list(self._pairs)[rng.integers(len(self._pairs))]
            rows = self.source.take(self._pairs[pair].draw(rng, self.settings.size))
            examples = tuple(self._example(row, *pair, rng) for row in rows)
        else:
            rows = self.source.take(self._all.draw(rng, self.settings.size))
            examples = tuple(
                self._example(row, *one_of(self._ways(row.queries, row.passages), rng), rng) for row in rows
            )
        return Batch("cross", self.source.name, examples)

    def _ways(self, queries: Iterable[str], passages: Iterable[str]) -> list[tuple[str, str]]:
        """The ordered pairs of different languages that a row with these languages has."""
        here = sorted(set(self.languages).intersection(queries)), sorted(set(self.languages).intersection(passages))
        return [(one, other) for one, other in product(*here) if one != other]

    def _example(self, row: Row, query_lang: str, passage_lang: str, rng: np.random.Generator) -> Example:
        passage = one_of(row.passages[passage_lang], rng)
        known = sorted(set(row.negatives).intersection(self.languages))
        langs = negative_languages(self.settings.cross_negatives, query_lang, known)
        negatives = [(lang, one) for lang in langs for one in row.negatives[lang]]
        return Example(row, query_lang, passage_lang, passage, some_of(negatives, self.settings.negatives, rng))
