"""A kind of examples, drawn from one source: what all kinds share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Example, Passage, counterpart
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.batches.streams import Streams
from hybrid_plugin.training.sources.row import NegativeLanguages, Row, negative_languages
from hybrid_plugin.training.sources.source import Places, Source


class Kind(ABC):
    """A kind of examples, drawn from one source.

    Raises
    ------
    UserError
        The source cannot fill a batch of this kind; says what it lacks.
    """

    name: ClassVar[str]

    def __init__(self, source: Source, settings: BatchSettings):
        self.source, self.settings = source, settings
        self.languages = tuple(filter(source.languages.__contains__, settings.only or source.languages))
        if not self.languages:
            raise UserError(
                f"source '{source.name}' has none of the languages {', '.join(settings.only)}; it has "
                f"{', '.join(source.languages)}"
            )

    @abstractmethod
    def draw(self, count: int, streams: Streams, taken: set[int]) -> list[Example]:
        """So many examples of different rows.

        Parameters
        ----------
        count : at most the size of a batch.
        taken : places of rows that the batch has already from this source; those drawn are added.
        """

    def here(self, langs: Iterable[str]) -> list[str]:
        """Those of some languages that are drawn from, sorted."""
        return sorted(set(self.languages).intersection(langs))

    def rows(self, places: Places, count: int, streams: Streams, taken: set[int]) -> list[Row]:
        """So many different rows of some places, uniformly, none of them taken."""
        drawn = places.draw(streams.rows, min(len(places), count + len(taken)))
        chosen = [place for place in drawn if place not in taken][:count]
        taken.update(chosen)
        return self.source.take(chosen)

    def example(
        self, row: Row, query_lang: str, langs: Sequence[str], negatives: NegativeLanguages, streams: Streams
    ) -> Example:
        """An example of a row, with a passage in each of some languages, and hard negatives.

        The passages are the same in all languages, as far as the row says which ones those are.
        """
        first = Passage(langs[0], one_of(row.passages[langs[0]], streams.passages))
        others = [another(row, first, lang, streams.passages) for lang in langs[1:]]
        options = [
            Passage(lang, stored)
            for lang in negative_languages(negatives, query_lang, self.here(row.negatives))
            for stored in row.negatives[lang]
        ]
        hard = some_of(options, self.settings.negatives, streams.negatives)
        return Example(row, self.source.name, query_lang, (first, *others), hard)


def another(row: Row, passage: Passage, lang: str, rng: np.random.Generator) -> Passage:
    """What answers a row in another language than a passage does: the same passage, or any where nobody knows which."""
    return Passage(lang, counterpart(row, passage, lang) or one_of(row.passages[lang], rng))


_T = TypeVar("_T")


def one_of(options: Sequence[_T], rng: np.random.Generator) -> _T:
    """One of some options, uniformly."""
    return options[int(rng.integers(len(options)))]


def some_of(options: Sequence[_T], number: int, rng: np.random.Generator) -> tuple[_T, ...]:
    """So many different options, uniformly, or all where there are fewer."""
    return tuple(options[i] for i in rng.choice(len(options), min(number, len(options)), replace=False))
