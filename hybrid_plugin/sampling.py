"""Which pairs form a batch: monolingual, cross-lingual, or a mixture of such batches.

Hybrid batch training (Elmahdy, Lin and Ahmad 2024, arXiv 2408.10536) changes nothing but this: with probability alpha
a batch is monolingual, otherwise cross-lingual. What that does to in-batch negatives: in a monolingual batch all
negatives speak the query's language, so only meaning tells them from the positive; in a cross-lingual batch the
positive speaks another language than its query while the negatives speak any, so the query's own language is no
clue to relevance.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import blame, hookimpl, pick
from hybrid_plugin.sources import Row, Source


@dataclass(frozen=True)
class Example:
    """A query and a passage that answers it."""

    row: Row
    query_lang: str
    passage_lang: str
    passage: str

    @property
    def query(self) -> str:
        return self.row.queries[self.query_lang]

    def answered_by(self, passage: str) -> bool:
        """Whether a text, in any language, is among the passages that answer this query."""
        return any(passage in texts for texts in self.row.passages.values())


@dataclass(frozen=True)
class Batch:
    """Examples that serve as each other's negatives. No parallel id occurs twice."""

    kind: str  # mono or cross
    source: str
    examples: tuple[Example, ...]

    def false_negatives(self) -> np.ndarray:
        """bool [B, B]: passage j answers query i though it stands in another row, so it is not its negative."""
        answered = np.array([[one.answered_by(other.passage) for other in self.examples] for one in self.examples])
        np.fill_diagonal(answered, False)
        return answered


class Strategy(ABC):
    """How a batch is drawn from one source.

    Parameters
    ----------
    source : where the rows come from.
    size : examples a batch.
    alpha : the probability of a monolingual batch, for the strategies that mix.

    Raises
    ------
    UserError
        The source cannot fill a batch; says what it lacks.
    """

    name: ClassVar[str]

    @abstractmethod
    def __init__(self, source: Source, size: int, alpha: float): ...

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Batch:
        """One batch; the same state of ``rng`` gives the same batch."""


class Mono(Strategy):
    """One language a batch, for queries and passages, drawn uniformly over languages (X-X-mono)."""

    name = "mono"

    def __init__(self, source: Source, size: int, alpha: float = 1.0):
        self._source, self._size = source, size
        rows = {
            lang: [row for row in source.rows if lang in row.queries and lang in row.passages]
            for lang in source.languages
        }
        self._rows = {lang: found for lang, found in rows.items() if len(found) >= size}
        short = {lang: len(found) for lang, found in rows.items() if len(found) < size}
        if not self._rows:
            raise UserError(
                f"source '{source.name}' has no language with {size} pairs for a monolingual batch "
                f"({_counts(short)}); use a smaller batch"
            )
        if short:
            warnings.warn(
                f"source '{source.name}': too few pairs for a monolingual batch of {size} in {_counts(short)}; "
                "these languages are left out of such batches",
                stacklevel=2,
            )

    def draw(self, rng: np.random.Generator) -> Batch:
        lang = sorted(self._rows)[rng.integers(len(self._rows))]
        rows = self._rows[lang]
        chosen = (rows[i] for i in rng.choice(len(rows), self._size, replace=False))
        return Batch("mono", self._source.name, tuple(_example(row, lang, lang, rng) for row in chosen))


class Cross(Strategy):
    """In every example the passage is in another language than the query; languages mix within the batch (X-Y)."""

    name = "cross"

    def __init__(self, source: Source, size: int, alpha: float = 0.0):
        self._source, self._size = source, size
        self._rows = [
            (row, ways)
            for row in source.rows
            if (ways := [(q, p) for q in sorted(row.queries) for p in sorted(row.passages) if q != p])
        ]
        if len(self._rows) < size:
            raise UserError(
                f"source '{source.name}' has {len(self._rows)} questions with a passage in another language, too few "
                f"for a cross-lingual batch of {size}; it has the languages {', '.join(source.languages)}"
            )

    def draw(self, rng: np.random.Generator) -> Batch:
        examples = []
        for i in rng.choice(len(self._rows), self._size, replace=False):
            row, ways = self._rows[i]
            query_lang, passage_lang = ways[rng.integers(len(ways))]
            examples.append(_example(row, query_lang, passage_lang, rng))
        return Batch("cross", self._source.name, tuple(examples))


class Hybrid(Strategy):
    """Monolingual with probability alpha, else cross-lingual."""

    name = "hybrid"

    def __init__(self, source: Source, size: int, alpha: float):
        self._alpha = alpha
        self._mono, self._cross = Mono(source, size), Cross(source, size)

    def draw(self, rng: np.random.Generator) -> Batch:
        return (self._mono if rng.random() < self._alpha else self._cross).draw(rng)


def _example(row: Row, query_lang: str, passage_lang: str, rng: np.random.Generator) -> Example:
    passages = row.passages[passage_lang]
    return Example(row, query_lang, passage_lang, passages[rng.integers(len(passages))])


def _counts(short: dict[str, int]) -> str:
    return ", ".join(f"{lang}: {number}" for lang, number in sorted(short.items()))


@hookimpl
def hybrid_ir_strategies() -> dict[str, type[Strategy]]:
    return {kind.name: kind for kind in (Mono, Cross, Hybrid)}


class Batches:
    """All batches of a training run: the batch of a step depends on the seed and the step alone.

    Each batch comes from one source, drawn in proportion to its rows.

    Parameters
    ----------
    alpha : in 0..1, used by strategies that mix kinds of batches.

    Raises
    ------
    UserError
        A source cannot fill a batch, or alpha or the size is out of range.
    """

    def __init__(self, sources: Sequence[Source], strategy: str, size: int, seed: int, alpha: float = 0.5):
        if not 0 <= alpha <= 1:
            raise UserError(f"alpha is {alpha}; it is a probability, from 0 to 1")
        if size < 2:
            raise UserError(f"the batch size is {size}; in-batch negatives need at least 2")
        if not sources:
            raise UserError("there is no source to draw batches from; name at least one")
        kind: type[Strategy] = pick("hybrid_ir_strategies", strategy, "strategy")
        with blame(f"the strategy '{strategy}'", kind):
            self._strategies = [kind(source, size, alpha) for source in sources]
        self._name = strategy
        rows = np.array([len(source.rows) for source in sources], float)
        self._shares = rows / rows.sum()
        self._seed = seed

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng([self._seed, step])
        strategy = self._strategies[rng.choice(len(self._strategies), p=self._shares)]
        with blame(f"the strategy '{self._name}'", type(strategy)):
            batch = strategy.draw(rng)
            if not isinstance(batch, Batch):
                raise TypeError(f"it draws a {type(batch).__name__}, not a Batch")
            return batch
