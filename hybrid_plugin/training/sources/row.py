"""One question in all its languages, with what answers it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from hybrid_plugin.brief import brief

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]  # query's language -> passage's language -> passage -> score


def itself(lang: str, stored: str) -> str:
    """The text of a passage that is stored as its text."""
    return stored


@dataclass(frozen=True)
class Row:
    """One question in the languages that have it, and the passages that answer it in the languages that have them.

    Parameters
    ----------
    parallel_id : what links the question across languages.
    queries : its text by language.
    passages : the passages that answer it by language: their texts, or what ``text`` finds them by.
    negatives : passages that do not answer it, judged or mined, by language.
    text : (language, stored passage) -> the passage's text.
    origins : the benchmarks, collections or ir_datasets ids that the row was made from, as far as they are known. No
        part of what it says, so rows are the same and sources have the same checksum whatever their origins.
    scores : a teacher's, by the query's language, the passage's language and the stored passage or negative, as far as
        it gave any; on the teacher's own scale, and kept in float32.
    """

    parallel_id: str
    queries: Mapping[str, str]
    passages: Mapping[str, tuple[str, ...]]
    negatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: Callable[[str, str], str] = field(default=itself, compare=False, repr=False)
    origins: tuple[str, ...] = field(default=(), compare=False)
    scores: Scores = field(default_factory=dict)

    __repr__ = brief

    def score(self, query_lang: str, passage_lang: str, stored: str) -> float:
        """The teacher's score of the query in a language and a stored passage or negative in one; NaN for none."""
        return self.scores.get(query_lang, {}).get(passage_lang, {}).get(stored, math.nan)

    def as_texts(self) -> Row:
        """The same row where all that is stored is texts."""
        if self.text is itself:
            return self

        def texts(side: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
            return {lang: tuple(self.text(lang, one) for one in some) for lang, some in side.items()}

        scores = {
            query_lang: {
                lang: {self.text(lang, one): score for one, score in found.items()} for lang, found in by_lang.items()
            }
            for query_lang, by_lang in self.scores.items()
        }
        return replace(self, passages=texts(self.passages), negatives=texts(self.negatives), text=itself, scores=scores)


NegativeLanguages = Literal["query", "others", "both"]


def negative_languages(wanted: NegativeLanguages, query_lang: str, langs: Iterable[str]) -> list[str]:
    """Of some languages those in which hard negatives are wanted: the query's, the others, or both."""
    return [lang for lang in langs if wanted == "both" or (lang == query_lang) == (wanted == "query")]


class Pattern(NamedTuple):
    """The languages that a row has."""

    queries: tuple[str, ...]  # sorted
    passages: tuple[str, ...]  # sorted
