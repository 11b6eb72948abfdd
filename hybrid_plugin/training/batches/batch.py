"""A batch of training examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.tasks.texts import trimmed
from hybrid_plugin.training.sources.row import Row


@dataclass(frozen=True)
class Example:
    """A query, a passage that answers it, and passages that do not."""

    row: Row
    query_lang: str
    passage_lang: str
    passage: str  # as the row stores it
    negatives: tuple[tuple[str, str], ...] = ()  # (language, passage as the row stores it)

    __repr__ = brief

    @property
    def query(self) -> str:
        return self.row.queries[self.query_lang]


@dataclass(frozen=True)
class Batch:
    """Examples that serve as each other's negatives. No parallel id occurs twice."""

    kind: str  # mono or cross
    source: str
    examples: tuple[Example, ...]

    __repr__ = brief

    @property
    def queries(self) -> list[str]:
        """Their texts, one an example."""
        return [trimmed(example.query) for example in self.examples]

    @property
    def passages(self) -> list[str]:
        """Texts of all candidates: first the answers, one an example in its order, then the hard negatives."""
        answers = [example.row.text(example.passage_lang, example.passage) for example in self.examples]
        negatives = [example.row.text(*negative) for example in self.examples for negative in example.negatives]
        return [trimmed(text) for text in answers + negatives]

    def false_negatives(self) -> np.ndarray:
        """bool [examples, passages]: where true, the passage is no negative of the query.

        That is so where the passage, in whatever language, is among those that answer the query, and where it answers
        a question that shares an answer with this one: the translation of an answer is an answer too.
        """
        having: dict[str, list[int]] = {}  # passage -> the examples that it answers
        for i, example in enumerate(self.examples):
            for passage in {one for passages in example.row.passages.values() for one in passages}:
                having.setdefault(passage, []).append(i)
        hard = [passage for example in self.examples for _, passage in example.negatives]
        answered = np.zeros((len(self.examples), len(self.examples) + len(hard)), bool)
        for sharing in having.values():
            answered[np.ix_(sharing, sharing)] = True
        np.fill_diagonal(answered, False)
        for column, passage in enumerate(hard, start=len(self.examples)):
            answered[having.get(passage, []), column] = True
        return answered
