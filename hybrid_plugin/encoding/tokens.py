"""Token ids of many texts, one after another in one array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from hybrid_plugin.brief import brief


@dataclass(frozen=True)
class Tokens:
    """Token ids of texts of different lengths.

    Parameters
    ----------
    ids : int32 [tokens of all texts].
    ends : int64 [texts], where each text's end.

    Examples
    --------
    >>> tokens = Tokens.of([[5, 6, 7], [8]])
    >>> len(tokens), tokens.lengths.tolist(), tokens[1].tolist()
    (2, [3, 1], [8])
    >>> padded, mask = tokens.padded(np.array([1, 0]), pad=1)
    >>> padded.tolist(), mask.tolist()
    ([[8, 1, 1], [5, 6, 7]], [[1, 0, 0], [1, 1, 1]])
    """

    ids: np.ndarray
    ends: np.ndarray

    __repr__ = brief

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> Tokens:
        """From a list of ids for each text."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        return cls(np.fromiter(chain.from_iterable(texts), np.int32, int(lengths.sum())), np.cumsum(lengths))

    @classmethod
    def joined(cls, parts: Iterable[Tokens]) -> Tokens:
        """All texts of several, in their order."""
        parts = list(parts)
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(np.concatenate([part.ids for part in parts]), np.cumsum(lengths))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, text: int) -> np.ndarray:
        return self.ids[self._starts[text] : self.ends[text]]

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])

    @cached_property
    def lengths(self) -> np.ndarray:
        """Of each text, int64 [texts]."""
        return np.diff(self.ends, prepend=0)

    def take(self, texts: np.ndarray) -> Tokens:
        """Some of the texts, by their numbers."""
        return Tokens.joined(
            [Tokens(np.empty(0, np.int32), np.empty(0, np.int64)), *(self._one(text) for text in texts)]
        )

    def _one(self, text: int) -> Tokens:
        ids = self[text]
        return Tokens(ids, np.array([len(ids)]))

    def padded(self, texts: np.ndarray, pad: int) -> tuple[np.ndarray, np.ndarray]:
        """Some of the texts as a rectangle.

        Returns
        -------
        ids, and the mask that is 1 where they are a text's own; both int64 [texts, tokens of the longest].
        """
        lengths = self.lengths[texts]
        mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
        places = np.minimum(self._starts[texts][:, None] + np.arange(mask.shape[1]), len(self.ids) - 1)
        return np.where(mask, self.ids[places], pad).astype(np.int64), mask.astype(np.int64)
