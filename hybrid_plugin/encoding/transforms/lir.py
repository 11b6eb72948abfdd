"""Language information removal (LIR)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.transforms.algebra import language_means, project_out
from hybrid_plugin.encoding.transforms.per_language import PerLanguage
from hybrid_plugin.errors import UserError


@dataclass(frozen=True)
class LIR(PerLanguage):
    """Language information removal: projects each language's first principal directions out.

    The directions are the first right singular vectors of the language's matrix of vectors, which is not centred, so
    the first is close to the direction of its mean.

    Source: Yang, Yang, Cer and Darve, "A Simple and Effective Method To Eliminate the Self Language Bias in
    Multilingual Representations", EMNLP 2021, https://arxiv.org/abs/2109.04727.
    """

    name: ClassVar[str] = "lir"
    directions: np.ndarray  # float32 [languages + 1, rank, dimension]

    __repr__ = brief

    @classmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> LIR:
        rank = 1 if rank is None else rank
        most = min(min(len(found), found.shape[1] - 1) for found in vectors.values())
        if not 1 <= rank <= most:
            raise UserError(f"the rank is {rank}; lir on these vectors takes 1 to {most}")
        # Over all languages, each language counts the same, however many texts it has.
        everything = np.concatenate([found / np.sqrt(len(found)) for found in vectors.values()])
        directions = [np.linalg.svd(found, full_matrices=False)[2][:rank] for found in (*vectors.values(), everything)]
        return cls(tuple(vectors), language_means(vectors), np.stack(directions).astype(np.float32))

    def remove_row(self, vectors: np.ndarray, row: int) -> np.ndarray:
        return project_out(vectors, self.directions[row])
