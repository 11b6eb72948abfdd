"""What a vector transform is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.settings import Kind

Langs = str | Sequence[str | None] | None


@dataclass(frozen=True)
class Transform(ABC):
    """One way to take language information out of vectors.

    A subclass has a ``name``, its state as further array fields (last axis: the dimension), and ``fit`` and ``remove``.
    One that is fitted on translations says so with ``parallel``, and one that leaves queries or passages alone has the
    others in ``kinds``. Settings of its own are further keywords of ``fit``, with defaults.

    Parameters
    ----------
    languages : those that it was fitted on.
    """

    name: ClassVar[str]
    parallel: ClassVar[bool] = False
    kinds: ClassVar[tuple[Kind, ...]] = ("query", "passage")
    languages: tuple[str, ...]

    __repr__ = brief

    @classmethod
    def summary(cls) -> str:
        """What it does: the first sentences of its docstring, empty where it has none of its own."""
        said = (cls.__dict__.get("__doc__") or "").strip().partition("\n\n")[0]
        return "" if said.startswith(f"{cls.__name__}(") else " ".join(said.split())  # a dataclass names its fields

    @classmethod
    @abstractmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> Transform:
        """Fit on vectors [texts, dimension] of each language.

        Parameters
        ----------
        vectors : where the class is ``parallel``, of passages: in each row of all languages the same one, NaN where it
            is not there in that language. ``fit`` then has the keyword ``source``, a language in which all are there.
        rank : how many directions to remove, where the method has such a choice; None for its default.

        Raises
        ------
        UserError
            The rank does not suit the method or the vectors.
        """

    @abstractmethod
    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        """Vectors [n, dimension] without the language information, before they are scaled; ``langs`` has n."""

    def apply(self, vectors: np.ndarray, lang: Langs = None) -> np.ndarray:
        """Unit vectors without the language information.

        Parameters
        ----------
        vectors : float32 [n, dimension].
        lang : of all vectors, or one each; None where it is not known.

        Returns
        -------
        float32 [n, dimension]; a vector of which nothing is left stays zero.
        """
        langs = [lang] * len(vectors) if lang is None or isinstance(lang, str) else lang
        left = self.remove(vectors, langs)
        lengths = np.linalg.norm(left, axis=1, keepdims=True)
        return (left / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32, copy=False)
