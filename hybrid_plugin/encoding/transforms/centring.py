"""Per-language centring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.transforms.algebra import language_means
from hybrid_plugin.encoding.transforms.per_language import PerLanguage
from hybrid_plugin.errors import UserError


@dataclass(frozen=True)
class Centring(PerLanguage):
    """Subtracts each language's mean vector.

    Source: Libovický, Rosa and Fraser, "On the Language Neutrality of Pre-trained Multilingual Representations",
    Findings of EMNLP 2020, https://arxiv.org/abs/2004.05160.
    """

    name: ClassVar[str] = "centring"

    __repr__ = brief

    @classmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> Centring:
        if rank is not None:
            raise UserError(f"centring removes no directions, so it takes no rank (got {rank})")
        return cls(tuple(vectors), language_means(vectors))

    def remove_row(self, vectors: np.ndarray, row: int) -> np.ndarray:
        return vectors - self.means[row]
