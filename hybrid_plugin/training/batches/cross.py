"""Cross-lingual batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Example
from hybrid_plugin.training.batches.kind import Kind, one_of
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.strategy import Strategy
from hybrid_plugin.training.batches.streams import Streams
from hybrid_plugin.training.sources.source import Source


class CrossLingual(Kind):
    """In every example the passage is in another language than the query."""

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

    def draw(self, count: int, streams: Streams, taken: set[int]) -> list[Example]:
        places, pair = self._all, None
        if self.settings.cross_languages == "one":
            pair = one_of(list(self._pairs), streams.languages)
            places = self._pairs[pair]
        examples = []
        for row in self.rows(places, count, streams, taken):
            query, passage = pair or one_of(self._ways(row.queries, row.passages), streams.languages)
            examples.append(self.example(row, query, [passage], self.settings.cross_negatives, streams))
        return examples

    def _ways(self, queries: Iterable[str], passages: Iterable[str]) -> list[tuple[str, str]]:
        """The ordered pairs of different languages that a row with these languages has."""
        return [(one, other) for one, other in product(self.here(queries), self.here(passages)) if one != other]


class Cross(Strategy):
    """In every example the passage is in another language than the query (X-Y)."""

    name = "cross"
    kinds = (CrossLingual,)

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        keys = ("alpha", "alpha_end", "mono_languages", "passages")
        return dict.fromkeys(keys, f"with the strategy '{cls.name}'")
