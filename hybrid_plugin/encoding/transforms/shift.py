"""Semantic harmonization via index-side feature transformation (SHIFT)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.errors import UserError


@dataclass(frozen=True)
class Shift(Transform):
    """Subtracts from passages how far their language lies from a source language, in the mean over translations.

    Queries stay as they are, and so do passages in the source language, in languages that it was not fitted on, and in
    unknown ones.

    Source: Jang, Hong, Moon and Lim, "Shift: Semantic Harmonization via Index-side Feature Transformation for
    Multilingual Information Retrieval", Findings of EMNLP 2026, https://arxiv.org/abs/2606.18801, equation 1 and
    Algorithm 1. The authors' code takes vectors as the model gives them; those of an encoder here have unit length.
    """

    name: ClassVar[str] = "shift"
    parallel: ClassVar[bool] = True
    kinds: ClassVar[tuple[Kind, ...]] = ("passage",)
    offsets: np.ndarray  # float32 [languages, dimension], what is subtracted

    __repr__ = brief

    @classmethod
    def fit(
        cls, vectors: Mapping[str, np.ndarray], rank: int | None = None, *, source: str = "en", scale: float = 1.0
    ) -> Shift:
        """Fit on translations.

        Parameters
        ----------
        vectors : see :meth:`Transform.fit`.
        source : the language that others are compared with; the paper takes that of the queries.
        scale : of what is subtracted, 0 to 1: the paper's alpha, chosen for each encoder.
        """
        if rank is not None:
            raise UserError(f"shift removes no directions, so it takes no rank (got {rank})")
        if source not in vectors:
            raise UserError(f"shift needs texts in the source language '{source}'; there are: {', '.join(vectors)}")
        if not 0 <= scale <= 1:
            raise UserError(f"the scale is {scale}; shift takes 0 to 1")
        offsets = []
        for lang, found in vectors.items():
            apart = np.subtract(found, vectors[source], dtype=np.float64)
            pairs = apart[~np.isnan(apart).any(1)]
            if not len(pairs):
                raise UserError(f"shift has no text that is there in both '{lang}' and '{source}'")
            offsets.append(scale * pairs.mean(0))
        return cls(tuple(vectors), np.stack(offsets).astype(np.float32))

    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        row_of: dict[str | None, int] = {lang: row for row, lang in enumerate(self.languages)}
        rows = [row_of.get(lang, len(row_of)) for lang in langs]
        offsets = np.concatenate([self.offsets, np.zeros_like(self.offsets[:1])])  # the last of all other languages
        return vectors - offsets[np.array(rows, np.intp)]
