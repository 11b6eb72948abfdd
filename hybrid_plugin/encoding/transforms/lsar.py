"""Low-rank subspaces for language-agnostic representations (LSAR)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.transforms.algebra import language_means, project_out
from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.errors import UserError


@dataclass(frozen=True)
class LSAR(Transform):
    """Low-rank subspaces for language-agnostic representations: projects out the subspace in which languages differ.

    The matrix of language means is approximated by a vector shared by all languages and a subspace of the given rank
    orthogonal to it; the subspace is removed from every vector, whatever its language.

    Source: Xie, Zhao, Yu and Li, "Discovering Low-rank Subspaces for Language-agnostic Multilingual Representations",
    EMNLP 2022, https://arxiv.org/abs/2401.05792, Algorithm 1. The default rank is one less than the number of
    languages, with which the means of all languages become one vector.
    """

    name: ClassVar[str] = "lsar"
    basis: np.ndarray  # float32 [rank, dimension]

    __repr__ = brief

    @classmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> LSAR:
        most = len(vectors) - 1
        if most < 1:
            raise UserError("lsar needs texts of at least two languages")
        rank = most if rank is None else rank
        if not 1 <= rank <= most:
            raise UserError(f"the rank is {rank}; lsar on {len(vectors)} languages takes 1 to {most}")
        means = language_means(vectors, np.float64)[:-1].T
        centre = means.mean(1, keepdims=True)
        left, values, right = np.linalg.svd(means - centre, full_matrices=False)
        approximated = centre + left[:, :rank] * values[:rank] @ right[:rank]
        shared = np.linalg.pinv(approximated.T) @ np.ones((len(vectors), 1))
        shared /= (shared**2).sum()
        left, _, _ = np.linalg.svd(approximated - shared, full_matrices=False)
        return cls(tuple(vectors), np.ascontiguousarray(left[:, :rank].T, np.float32))

    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        return project_out(vectors, self.basis)
