"""One question in all its languages, with what answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from hybrid_plugin.brief import brief


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
    """

    parallel_id: str
    queries: Mapping[str, str]
    passages: Mapping[str, tuple[str, ...]]
    negatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: Callable[[str, str], str] = field(default=itself, compare=False, repr=False)
    origins: tuple[str, ...] = field(default=(), compare=False)

    __repr__ = brief


NegativeLanguages = Literal["query", "others", "both"]


def negative_languages(wanted: NegativeLanguages, query_lang: str, langs: Iterable[str]) -> list[str]:
    """Of some languages those in which hard negatives are wanted: the query's, the others, or both."""
    return [lang for lang in langs if wanted == "both" or (lang == query_lang) == (wanted == "query")]


class Pattern(NamedTuple):
    """The languages that a row has."""

    queries: tuple[str, ...]  # sorted
    passages: tuple[str, ...]  # sorted
