"""What a loss is, and what it sees of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple

import torch
from torch.nn.functional import normalize

from hybrid_plugin.brief import brief

Need = Literal["parallel_queries", "parallel_passages", "teacher_scores", "teacher_vectors"]


class Some(NamedTuple):
    """Vectors of some of a batch's texts."""

    places: torch.Tensor  # int64 [n]: which ones
    vectors: torch.Tensor  # [n, dimension]


@dataclass(frozen=True)
class EncodedBatch:
    """The unit vectors of a batch, with gradients, and what is known of them.

    Parameters
    ----------
    queries : [B, dimension].
    passages : all candidates, [P, dimension]: the answers, one a query in their order, then the others.
    positives : bool [B, P], at least one a query.
    excluded : bool [B, P]; where true, the passage is neither a positive nor a negative of the query.
    parallel_queries : the same questions in another language, of those that have one.
    parallel_passages : what answers the same questions in another language than the first passage does.
    teacher_scores : [B, P], without gradients; NaN where there is none.
    teacher_vectors : of queries and then of passages, each of the same text in the teacher's language; places are from
        0 to B + P.
    """

    queries: torch.Tensor
    passages: torch.Tensor
    positives: torch.Tensor
    excluded: torch.Tensor
    parallel_queries: Some | None = None
    parallel_passages: Some | None = None
    teacher_scores: torch.Tensor | None = None
    teacher_vectors: Some | None = None

    __repr__ = brief

    def has(self, need: Need) -> bool:
        """Whether any of its rows has what a loss needs."""
        if need == "teacher_scores":
            return self.teacher_scores is not None and bool(self.teacher_scores.isfinite().any())
        found: Some | None = getattr(self, need)
        return found is not None and len(found.places) > 0

    def cut(self, dimension: int) -> EncodedBatch:
        """Its vectors' first components alone, as unit vectors again; a teacher's scores stay."""

        def first(vectors: torch.Tensor) -> torch.Tensor:
            return normalize(vectors[:, :dimension], dim=1)

        def some(given: Some | None) -> Some | None:
            return None if given is None else Some(given.places, first(given.vectors))

        return replace(
            self,
            queries=first(self.queries),
            passages=first(self.passages),
            parallel_queries=some(self.parallel_queries),
            parallel_passages=some(self.parallel_passages),
            teacher_vectors=some(self.teacher_vectors),
        )


class Loss(ABC):
    """What training makes small.

    Parameters
    ----------
    temperature : by which cosines are divided before they are logits.
    teacher_temperature : by which a teacher's scores are divided.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = ()
    """What a batch must have for it, besides queries and passages; where no row has it, the loss is not called."""

    def __init__(self, temperature: float, teacher_temperature: float):
        self.temperature, self.teacher_temperature = temperature, teacher_temperature

    @abstractmethod
    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        """A scalar with gradients."""

    def scores(self, batch: EncodedBatch) -> torch.Tensor:
        """Logits [B, P]."""
        return batch.queries @ batch.passages.T / self.temperature
