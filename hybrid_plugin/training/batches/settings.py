"""What a batch is like, and how often it comes from which source."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, did_you_mean, unknown
from hybrid_plugin.settings import keyed
from hybrid_plugin.training.sources.row import NegativeLanguages


class Counted(Sized, Protocol):
    """A source, as far as its share of the batches goes: its name and how many rows it has."""

    @property
    def name(self) -> str: ...


MonoLanguages = Literal["uniform", "size"]
CrossLanguages = Literal["mixed", "one"]


@dataclass(frozen=True)
class BatchSettings:
    """What a batch is like.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    size: int = keyed("batch_size", default=100)
    """Pairs a batch, of all processes together."""
    alpha: float = 0.5
    """Probability that a batch is monolingual (hybrid), or an example is (mixed), or that a question's own language is
    among those of its passages (multi)."""
    alpha_end: float | None = None
    """What alpha changes to, linearly over the training; by default it stays."""
    mono_languages: MonoLanguages = "uniform"
    """How the language of a monolingual batch is drawn: uniformly, as in the paper, or by the rows that have it."""
    cross_languages: CrossLanguages = "mixed"
    """In a cross-lingual batch languages are mixed, as in the paper, or there is one ordered pair of them a batch."""
    only: tuple[str, ...] = keyed("languages", default=())
    """Draw from these languages only; by default from all that a source has."""
    passages: int = 2
    """Passages a question, each in another language, with the strategy multi; fewer where the source has no more."""
    negatives: int = 0
    """Hard negatives a query, at most, where the source has any; in a monolingual batch, of its language."""
    cross_negatives: NegativeLanguages = "both"
    """Their languages in a cross-lingual batch: the query's, which a model with language bias ranks above an answer in
    another; the others; or both."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name, alpha in (("alpha", self.alpha), ("alpha end", self.alpha_end)):
            if alpha is not None and not 0 <= alpha <= 1:
                raise UserError(f"{name} is {alpha}; it is a probability, from 0 to 1")
        if self.size < 2:
            raise UserError(f"the batch size is {self.size}; in-batch negatives need at least 2")
        if self.passages < 2:
            raise UserError(f"passages a question is {self.passages}; several languages are at least 2")
        if self.negatives < 0:
            raise UserError(f"negatives is {self.negatives}; it must be 0 or above")
        for name, value, known in (
            ("monolingual batches' languages", self.mono_languages, get_args(MonoLanguages)),
            ("cross-lingual batches' languages", self.cross_languages, get_args(CrossLanguages)),
            ("cross-lingual batches' hard negatives", self.cross_negatives, get_args(NegativeLanguages)),
        ):
            if value not in known:
                raise unknown(f"way to draw {name}", value, known)

    @property
    def alphas(self) -> set[float]:
        """Alpha at the beginning and at the end."""
        return {self.alpha, self.alpha if self.alpha_end is None else self.alpha_end}

    def alpha_at(self, progress: float) -> float:
        """Alpha when a share ``progress`` (0..1) of the training is done."""
        return self.alpha if self.alpha_end is None else self.alpha + progress * (self.alpha_end - self.alpha)


@dataclass(frozen=True)
class SourceMix:
    """How often a batch comes from which of several sources.

    Its share is ``weight * min(rows, cap) ** exponent``, made to sum to 1: by default its share of the rows.
    """

    exponent: float = keyed("source_exponent", default=1.0)
    """Draw sources by rows to this power: below 1 lifts small sources, 0 makes all equal."""
    cap: int | None = keyed("source_cap", default=None)
    """Count no source for more rows than this."""
    weights: dict[str, float] = keyed("source_weights", default_factory=dict)
    """Draw a source so many times as often: NAME=X."""

    __repr__ = brief

    def shares(self, sources: Sequence[Counted]) -> list[float]:
        """The probability of each source.

        Raises
        ------
        UserError
            A weight names no source, or leaves no source to draw from.
        """
        names = [source.name for source in sources]
        strange = sorted(set(self.weights) - set(names))
        if strange:
            raise UserError(
                f"there is a weight for '{strange[0]}', which is not among the sources: {', '.join(names)}"
                + did_you_mean(strange[0], names)
            )
        if self.exponent < 0 or (self.cap is not None and self.cap < 1) or min(self.weights.values(), default=0) < 0:
            raise UserError("a source's exponent and weight must be 0 or above, and its cap above 0")
        sizes = [min(len(source), self.cap or len(source)) for source in sources]
        shares = [
            self.weights.get(source.name, 1.0) * size**self.exponent
            for source, size in zip(sources, sizes, strict=True)
        ]
        if not sum(shares):
            raise UserError("the weights leave no source to draw batches from")
        return [share / sum(shares) for share in shares]
