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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import ClassVar, Literal, TypeVar, get_args

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import blame, hookimpl, pick
from hybrid_plugin.sources import NegativeLanguages, Row, Source, negative_languages

MonoLanguages = Literal["uniform", "size"]
CrossLanguages = Literal["mixed", "one"]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Example:
    """A query, a passage that answers it, and passages that do not."""

    row: Row
    query_lang: str
    passage_lang: str
    passage: str  # as the row stores it
    negatives: tuple[tuple[str, str], ...] = ()  # (language, passage as the row stores it)

    @property
    def query(self) -> str:
        return self.row.queries[self.query_lang]


@dataclass(frozen=True)
class Batch:
    """Examples that serve as each other's negatives. No parallel id occurs twice."""

    kind: str  # mono or cross
    source: str
    examples: tuple[Example, ...]

    @property
    def queries(self) -> list[str]:
        """Their texts, one an example."""
        return [example.query for example in self.examples]

    @property
    def passages(self) -> list[str]:
        """Texts of all candidates: first the answers, one an example in its order, then the hard negatives."""
        answers = [example.row.text(example.passage_lang, example.passage) for example in self.examples]
        return answers + [example.row.text(*negative) for example in self.examples for negative in example.negatives]

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


@dataclass(frozen=True)
class BatchSettings:
    """What a batch is like.

    Parameters
    ----------
    size : examples a batch.
    alpha : the probability of a monolingual batch, for the strategies that mix.
    alpha_end : what alpha changes to, linearly over the training; by default it stays.
    mono_languages : how the language of a monolingual batch is drawn: ``uniform`` over languages, as in the paper, or
        in proportion to their ``size``, that is, to the rows that have it.
    cross_languages : in a cross-lingual batch, languages are ``mixed``, as in the paper, or there is ``one`` ordered
        pair of languages a batch, drawn uniformly.
    only : the languages to draw from; by default all that a source has.
    negatives : hard negatives a query, at most, where the source has any; in a monolingual batch, of its language.
    cross_negatives : in a cross-lingual batch, hard negatives in the ``query``'s language, which a model with language
        bias ranks above an answer in another, in ``others``, or in ``both``.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    size: int = 100
    alpha: float = 0.5
    alpha_end: float | None = None
    mono_languages: MonoLanguages = "uniform"
    cross_languages: CrossLanguages = "mixed"
    only: tuple[str, ...] = ()
    negatives: int = 0
    cross_negatives: NegativeLanguages = "both"

    def __post_init__(self) -> None:
        for name, alpha in (("alpha", self.alpha), ("alpha end", self.alpha_end)):
            if alpha is not None and not 0 <= alpha <= 1:
                raise UserError(f"{name} is {alpha}; it is a probability, from 0 to 1")
        if self.size < 2:
            raise UserError(f"the batch size is {self.size}; in-batch negatives need at least 2")
        if self.negatives < 0:
            raise UserError(f"negatives is {self.negatives}; it must be 0 or above")
        for name, value, known in (
            ("monolingual batches' languages", self.mono_languages, get_args(MonoLanguages)),
            ("cross-lingual batches' languages", self.cross_languages, get_args(CrossLanguages)),
            ("cross-lingual batches' hard negatives", self.cross_negatives, get_args(NegativeLanguages)),
        ):
            if value not in known:
                raise UserError(f"unknown way to draw {name} '{value}'; known: {', '.join(known)}")

    def alpha_at(self, progress: float) -> float:
        """Alpha when a share ``progress`` (0..1) of the training is done."""
        return self.alpha if self.alpha_end is None else self.alpha + progress * (self.alpha_end - self.alpha)


class Strategy(ABC):
    """How a batch is drawn from one source.

    Raises
    ------
    UserError
        The source cannot fill a batch; says what it lacks.
    """

    name: ClassVar[str]

    def __init__(self, source: Source, settings: BatchSettings):
        self.source, self.settings = source, settings
        strange = sorted(set(settings.only) - set(source.languages))
        if strange:
            raise UserError(f"source '{source.name}' has no '{strange[0]}'; it has {', '.join(source.languages)}")
        self.languages = settings.only or source.languages

    @abstractmethod
    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        """One batch, when a share ``progress`` (0..1) of the training is done.

        The same state of ``rng`` gives the same batch.
        """


class Mono(Strategy):
    """One language a batch, for queries and passages (X-X-mono)."""

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

    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        lang = list(self._places)[rng.choice(len(self._places), p=self._shares)]
        rows = self.source.take(self._places[lang].draw(rng, self.settings.size))
        examples = tuple(self._example(row, lang, rng) for row in rows)
        return Batch("mono", self.source.name, examples)

    def _example(self, row: Row, lang: str, rng: np.random.Generator) -> Example:
        negatives = [(lang, passage) for passage in row.negatives.get(lang, ())]
        return Example(row, lang, lang, _one(row.passages[lang], rng), _some(negatives, self.settings.negatives, rng))


class Cross(Strategy):
    """In every example the passage is in another language than the query (X-Y)."""

    name = "cross"

    def __init__(self, source: Source, settings: BatchSettings):
        super().__init__(source, settings)
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
        self._all = source.having(lambda pattern: bool(self._ways(*pattern)))
        if len(self._all) < settings.size:
            raise UserError(
                f"source '{source.name}' has {len(self._all)} questions with a passage in another language, too few "
                f"for a cross-lingual batch of {settings.size}; the languages are {', '.join(self.languages)}"
            )

    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        if self.settings.cross_languages == "one":
            pair = list(self._pairs)[rng.integers(len(self._pairs))]
            rows = self.source.take(self._pairs[pair].draw(rng, self.settings.size))
            examples = tuple(self._example(row, *pair, rng) for row in rows)
        else:
            rows = self.source.take(self._all.draw(rng, self.settings.size))
            examples = tuple(self._example(row, *_one(self._ways(row.queries, row.passages), rng), rng) for row in rows)
        return Batch("cross", self.source.name, examples)

    def _ways(self, queries: Iterable[str], passages: Iterable[str]) -> list[tuple[str, str]]:
        """The ordered pairs of different languages that a row with these languages has."""
        here = sorted(set(self.languages).intersection(queries)), sorted(set(self.languages).intersection(passages))
        return [(one, other) for one, other in product(*here) if one != other]

    def _example(self, row: Row, query_lang: str, passage_lang: str, rng: np.random.Generator) -> Example:
        passage = _one(row.passages[passage_lang], rng)
        known = sorted(set(row.negatives).intersection(self.languages))
        langs = negative_languages(self.settings.cross_negatives, query_lang, known)
        negatives = [(lang, one) for lang in langs for one in row.negatives[lang]]
        return Example(row, query_lang, passage_lang, passage, _some(negatives, self.settings.negatives, rng))


class Hybrid(Strategy):
    """Monolingual with probability alpha, else cross-lingual."""

    name = "hybrid"

    def __init__(self, source: Source, settings: BatchSettings):
        super().__init__(source, settings)
        self._mono, self._cross = Mono(source, settings), Cross(source, settings)

    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        mono = rng.random() < self.settings.alpha_at(progress)
        return (self._mono if mono else self._cross).draw(rng, progress)


def _one(options: Sequence[_T], rng: np.random.Generator) -> _T:
    return options[int(rng.integers(len(options)))]


def _some(options: Sequence[_T], number: int, rng: np.random.Generator) -> tuple[_T, ...]:
    if not number or not options:  # and the generator's state is as without hard negatives
        return ()
    return tuple(options[i] for i in rng.choice(len(options), min(number, len(options)), replace=False))


@hookimpl
def hybrid_ir_strategies() -> dict[str, type[Strategy]]:
    return {kind.name: kind for kind in (Mono, Cross, Hybrid)}


@dataclass(frozen=True)
class SourceMix:
    """How often a batch comes from which of several sources.

    Its share is ``weight * min(rows, cap) ** exponent``, made to sum to 1: by default its share of the rows.

    Parameters
    ----------
    exponent : below 1 lifts small sources, 0 makes all equal.
    cap : no source counts for more rows.
    weights : by the name of a source, 1 where it has none.
    """

    exponent: float = 1.0
    cap: int | None = None
    weights: Mapping[str, float] = field(default_factory=dict)

    def shares(self, sources: Sequence[Source]) -> np.ndarray:
        """The probability of each source, float [sources].

        Raises
        ------
        UserError
            A weight names no source, or leaves no source to draw from.
        """
        strange = sorted(set(self.weights) - {source.name for source in sources})
        if strange:
            raise UserError(f"there is a weight for '{strange[0]}', which is not among the sources")
        if self.exponent < 0 or (self.cap is not None and self.cap < 1) or min(self.weights.values(), default=0) < 0:
            raise UserError("a source's exponent and weight must be 0 or above, and its cap above 0")
        sizes = np.array([min(len(source), self.cap or len(source)) for source in sources], float)
        shares = sizes**self.exponent * [self.weights.get(source.name, 1.0) for source in sources]
        if not shares.sum():
            raise UserError("the weights leave no source to draw batches from")
        return np.asarray(shares / shares.sum())


class Batches(Sequence[Batch]):
    """All batches of a training run: the batch of a step depends on the settings, the seed and the step alone.

    Parameters
    ----------
    strategy : the name of a plugin's strategy.
    steps : how many batches there are.

    Raises
    ------
    UserError
        A source cannot fill a batch, or there is none.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        strategy: str,
        settings: BatchSettings,
        *,
        steps: int,
        seed: int = 0,
        mix: SourceMix | None = None,
    ):
        if not sources:
            raise UserError("there is no source to draw batches from; name at least one")
        kind: type[Strategy] = pick("hybrid_ir_strategies", strategy, "strategy")
        self._shares = (mix or SourceMix()).shares(sources)
        with blame(f"the strategy '{strategy}'", kind):
            self._strategies = [kind(source, settings) for source in sources]
        self._name, self._steps, self._seed = strategy, steps, seed

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:  # type: ignore[override]
        if not 0 <= step < self._steps:
            raise IndexError(step)
        rng = np.random.default_rng([self._seed, step])
        strategy = self._strategies[rng.choice(len(self._strategies), p=self._shares)]
        with blame(f"the strategy '{self._name}'", type(strategy)):
            batch = strategy.draw(rng, step / max(1, self._steps - 1))
            if not isinstance(batch, Batch):
                raise TypeError(f"it draws a {type(batch).__name__}, not a Batch")
            return batch
