"""Multilingual batches: one question, answers in several languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Example
from hybrid_plugin.training.batches.kind import Kind, one_of, some_of
from hybrid_plugin.training.batches.mixed import Mixed
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.streams import Streams
from hybrid_plugin.training.sources.source import Source


class Multilingual(Kind):
    """Each question has passages in several languages, all of them other than its own."""

    name = "multi"
    own: ClassVar[bool] = False  # whether its own language is among them

    def __init__(self, source: Source, settings: BatchSettings):
        super().__init__(source, settings)
        self._places = source.having(lambda pattern: bool(self._askers(*pattern)))
        if len(self._places) < settings.size:
            own = " in its own language and" if self.own else ""
            raise UserError(
                f"source '{source.name}' has {len(self._places)} questions with a passage{own} in another language, "
                f"too few for a multilingual batch of {settings.size}; the languages are {', '.join(self.languages)}"
            )

    def draw(self, count: int, streams: Streams, taken: set[int]) -> list[Example]:
        examples = []
        for row in self.rows(self._places, count, streams, taken):
            lang = one_of(self._askers(row.queries, row.passages), streams.languages)
            others = [one for one in self.here(row.passages) if one != lang]
            langs = [lang] * self.own + list(some_of(others, self.settings.passages - self.own, streams.languages))
            examples.append(self.example(row, lang, langs, self.settings.cross_negatives, streams))
        return examples

    def _askers(self, queries: Iterable[str], passages: Iterable[str]) -> list[str]:
        """The languages in which a row with these languages can ask."""
        answers = self.here(passages)
        return [lang for lang in self.here(queries) if set(answers) - {lang} and (lang in answers or not self.own)]


class MultilingualOwn(Multilingual):
    """Each question has passages in several languages, its own among them."""

    own = True


class Multi(Mixed):
    """Each question has passages in several languages at once, all of them positives; with probability alpha, for each
    question, its own language is among them."""

    name = "multi"
    kinds = (MultilingualOwn, Multilingual)

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        return dict.fromkeys(("mono_languages", "cross_languages"), f"with the strategy '{cls.name}'")
