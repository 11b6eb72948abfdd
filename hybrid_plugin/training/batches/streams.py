"""The random numbers of a step."""

from __future__ import annotations

from functools import cached_property

import numpy as np


class Streams:
    """What each choice of a step draws from: a generator of its own, which depends on the seed, the step and its name.

    So whatever one choice draws, the others draw what they drew before: hard negatives, say, change no row and no
    language.
    """

    def __init__(self, seed: int, step: int):
        self._of = seed, step

    def _stream(self, number: int) -> np.random.Generator:
        return np.random.default_rng([*self._of, number])

    @cached_property
    def kinds(self) -> np.random.Generator:
        """Of which kind a batch, or each example, is."""
        return self._stream(0)

    @cached_property
    def sources(self) -> np.random.Generator:
        """Which source it comes from."""
        return self._stream(1)

    @cached_property
    def rows(self) -> np.random.Generator:
        return self._stream(2)

    @cached_property
    def languages(self) -> np.random.Generator:
        return self._stream(3)

    @cached_property
    def passages(self) -> np.random.Generator:
        """Which of a row's passages of a language."""
        return self._stream(4)

    @cached_property
    def negatives(self) -> np.random.Generator:
        return self._stream(5)

    @cached_property
    def parallel_queries(self) -> np.random.Generator:
        """In which other language a question is asked as well."""
        return self._stream(6)

    @cached_property
    def parallel_passages(self) -> np.random.Generator:
        """In which other language it is answered as well."""
        return self._stream(7)
