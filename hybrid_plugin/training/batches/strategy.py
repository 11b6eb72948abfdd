"""How a batch is drawn: what all strategies share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.sources.source import Source


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
        self.languages = tuple(filter(source.languages.__contains__, settings.only or source.languages))
        if not self.languages:
            raise UserError(
                f"source '{source.name}' has none of the languages {', '.join(settings.only)}; it has "
                f"{', '.join(source.languages)}"
            )

    @classmethod
    def ignored(cls, settings: BatchSettings) -> Mapping[str, str]:
        """The settings, by flat key, that do nothing, each with the end of a sentence that says why."""
        return {}

    @abstractmethod
    def draw(self, rng: np.random.Generator, progress: float) -> Batch:
        """One batch, when a share ``progress`` (0..1) of the training is done.

        The same state of ``rng`` gives the same batch.
        """


_T = TypeVar("_T")


def one_of(options: Sequence[_T], rng: np.random.Generator) -> _T:
    """One of some options, uniformly."""
    return options[int(rng.integers(len(options)))]


def some_of(options: Sequence[_T], number: int, rng: np.random.Generator) -> tuple[_T, ...]:
    """So many different options, uniformly, or all where there are fewer. Where it is none, nothing is drawn."""
    if not number or not options:  # so that the batches are those of a training without hard negatives
        return ()
    return tuple(options[i] for i in rng.choice(len(options), min(number, len(options)), replace=False))
