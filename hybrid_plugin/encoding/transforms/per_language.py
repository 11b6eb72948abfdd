"""Transforms that do something else in each language."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.transforms.algebra import dots
from hybrid_plugin.encoding.transforms.base import Transform


@dataclass(frozen=True)
class PerLanguage(Transform):
    """A transform that does something else in each language.

    Its arrays have a row a language and one more, computed over all languages, for the languages that it was not
    fitted on. A vector of unknown language counts as one of the language with the nearest mean.
    """

    means: np.ndarray  # float32 [languages + 1, dimension]

    __repr__ = brief

    @abstractmethod
    def remove_row(self, vectors: np.ndarray, row: int) -> np.ndarray:
        """Vectors [n, dimension] without what the arrays have in this row, which is that of their language."""

    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        row_of = {lang: row for row, lang in enumerate(self.languages)}
        rows = np.array([-1 if lang is None else row_of.get(lang, len(row_of)) for lang in langs], np.intp)
        rows[rows < 0] = self.nearest(vectors[rows < 0])
        result = np.empty_like(vectors, np.float32)
        for row in np.unique(rows):
            result[rows == row] = self.remove_row(vectors[rows == row], row)
        return result

    def nearest(self, vectors: np.ndarray) -> np.ndarray:
        """The row of the language whose mean is nearest (Euclidean), int64 [n]."""
        means = self.means[:-1]
        return (dots(vectors, means) - (means**2).sum(1) / 2).argmax(1)
