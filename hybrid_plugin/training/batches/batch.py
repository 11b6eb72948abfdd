"""A batch of training examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.tasks.texts import trimmed
from hybrid_plugin.training.sources.row import Row, itself


class Passage(NamedTuple):
    """A passage of a row."""

    lang: str
    stored: str  # as the row stores it: its text, or what finds it


@dataclass(frozen=True)
class Example:
    """A question in one language, passages that answer it, and passages that do not.

    Parameters
    ----------
    source : that the row comes from.
    positives : what answers it: at least one, each in another language; the first is *the* answer.
    negatives : hard negatives.
    parallel_query : another language in which the question is asked as well, if a loss wants one and there is one.
    parallel_passage : a passage that answers it in another language than the first does, likewise.
    """

    row: Row
    source: str
    query_lang: str
    positives: tuple[Passage, ...]
    negatives: tuple[Passage, ...] = ()
    parallel_query: str | None = None
    parallel_passage: Passage | None = None

    __repr__ = brief

    @property
    def query(self) -> str:
        return self.row.queries[self.query_lang]

    @property
    def passage(self) -> str:
        """The answer, as the row stores it."""
        return self.positives[0].stored

    @property
    def passage_lang(self) -> str:
        """Of the answer."""
        return self.positives[0].lang

    def identity(self, stored: str) -> tuple[str, str]:
        """What a passage is known by: its text, whatever source it is in; where rows have ids, the source's id."""
        return ("" if self.row.text is itself else self.source, stored)


@dataclass(frozen=True)
class Batch:
    """Examples that serve as each other's negatives. No row occurs twice."""

    kind: str  # mono, cross, ...: of all its examples, or the strategy's name where they are of several kinds
    examples: tuple[Example, ...]

    __repr__ = brief

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that its rows come from, sorted."""
        return tuple(sorted({example.source for example in self.examples}))

    @property
    def queries(self) -> list[str]:
        """Their texts, one an example."""
        return [trimmed(example.query) for example in self.examples]

    def candidates(self) -> list[tuple[int, Passage]]:
        """All passages, each with the number of its example: the answers, one an example and in their order, then
        further positives, then hard negatives."""
        numbered = list(enumerate(self.examples))
        return [
            *((i, example.positives[0]) for i, example in numbered),
            *((i, one) for i, example in numbered for one in example.positives[1:]),
            *((i, one) for i, example in numbered for one in example.negatives),
        ]

    @property
    def passages(self) -> list[str]:
        """The texts of all candidates."""
        return [trimmed(self.examples[i].row.text(*passage)) for i, passage in self.candidates()]

    @property
    def parallel_queries(self) -> list[str | None]:
        """The question of each example in another language, where there is one."""
        return [
            None if example.parallel_query is None else trimmed(example.row.queries[example.parallel_query])
            for example in self.examples
        ]

    @property
    def parallel_passages(self) -> list[str | None]:
        """What answers each example in another language than its answer does, where there is something."""
        return [
            None if example.parallel_passage is None else trimmed(example.row.text(*example.parallel_passage))
            for example in self.examples
        ]

    def positives(self) -> np.ndarray:
        """bool [examples, candidates]: the passages that were drawn as answers of each example."""
        candidates = self.candidates()
        drawn = np.zeros((len(self.examples), len(candidates)), bool)
        for column, (i, passage) in enumerate(candidates):
            drawn[i, column] = passage in self.examples[i].positives
        return drawn

    def false_negatives(self) -> np.ndarray:
        """bool [examples, candidates]: where true, the passage is neither a positive nor a negative of the query.

        That is so where the passage, in whatever language, is among those that answer the query, and where it answers
        a question that shares an answer with this one: the translation of an answer is an answer too.
        """
        having: dict[tuple[str, str], list[int]] = {}  # passage -> the examples that it answers
        for i, example in enumerate(self.examples):
            for stored in {one for passages in example.row.passages.values() for one in passages}:
                having.setdefault(example.identity(stored), []).append(i)
        kin = np.zeros((len(self.examples), len(self.examples)), bool)
        for sharing in having.values():
            kin[np.ix_(sharing, sharing)] = True
        candidates = self.candidates()
        answered = np.zeros((len(self.examples), len(candidates)), bool)
        for column, (i, passage) in enumerate(candidates):
            if passage in self.examples[i].positives:
                answered[:, column] = kin[:, i]
                answered[i, column] = False
            else:
                answered[having.get(self.examples[i].identity(passage.stored), []), column] = True
        return answered

    def teacher_scores(self) -> np.ndarray:
        """float32 [examples, candidates]: what a source says of a teacher's score of a passage for a question.

        NaN where it says nothing, as of the passages of other rows.
        """
        candidates = self.candidates()
        scores = np.full((len(self.examples), len(candidates)), np.nan, np.float32)
        for column, (i, passage) in enumerate(candidates):
            example = self.examples[i]
            scores[i, column] = example.row.score(example.query_lang, *passage)
        return scores

    def pivots(self, lang: str) -> list[str | None]:
        """Of each query, and then of each candidate that is a positive or a negative, the same in one language.

        A question is the same in all languages; a passage is where its row has as many of them in both languages.
        None where there is no such text.
        """
        texts = [example.row.queries.get(lang) for example in self.examples]
        for i, passage in self.candidates():
            row = self.examples[i].row
            stored = counterpart(row, passage, lang)
            texts.append(None if stored is None else row.text(lang, stored))
        return [None if text is None else trimmed(text) for text in texts]


def counterpart(row: Row, passage: Passage, lang: str) -> str | None:
    """The same passage in another language, as the row stores it; None where nothing says which one it is.

    It is the one in the same place, if the row has as many passages (or negatives) in both languages.
    """
    if passage.lang == lang:
        return passage.stored
    for side in (row.passages, row.negatives):
        own, others = side.get(passage.lang, ()), side.get(lang, ())
        if passage.stored in own and len(own) == len(others):
            return others[own.index(passage.stored)]
    return None
