"""What training makes small, as settings say it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.settings import keyed

_DEFAULT = {"info_nce": 1.0}


@dataclass(frozen=True)
class LossSettings:
    """Which losses are summed.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    weights: dict[str, float] = keyed("loss", default_factory=_DEFAULT.copy)
    """Losses with their weights, NAME=WEIGHT: info_nce=1 align_queries=0.5. Known: info_nce, symmetric, sup_con,
    align_queries, align_passages, ranking_js, ranking_kl, distill_kl, margin_mse, distill_vectors, and plugins'."""
    matryoshka: tuple[int, ...] = ()
    """Sum the losses over vectors cut to these numbers of components as well, so that --truncate-dim may cut them
    (Kusupati et al. 2022, arXiv 2205.13147)."""
    teacher: str | None = None
    """An encoder to learn from, for the losses that have a teacher: it scores all passages of a batch, or gives the
    vectors of the same texts in its language. Without one, scores are the source's (hybrid-ir score)."""
    teacher_language: str = "en"
    """In which distill_vectors has texts encoded by the teacher."""
    teacher_temperature: float | None = None
    """By which a teacher's scores are divided; by default as the student's."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not 0 < weight < math.inf:
                raise UserError(f"the weight of the loss '{name}' is {weight!r}; it must be above 0")
        if not self.weights:
            raise UserError("there is no loss to train by; name at least one")
        if any(dimension < 1 for dimension in self.matryoshka):
            raise UserError(f"matryoshka is {self.matryoshka}; it takes numbers of components, from 1 on")
        if self.teacher_temperature is not None and not 0 < self.teacher_temperature < math.inf:
            raise UserError(f"teacher temperature is {self.teacher_temperature}; it must be above 0")
