"""A batch made ready to be encoded: token ids and masks; and, once it is, what losses see of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.losses.loss import EncodedBatch, Need, Some
from hybrid_plugin.training.losses.settings import LossSettings


@dataclass(frozen=True)
class PreparedBatch:
    """A batch as token ids, with all else that its losses need.

    Parameters
    ----------
    ids : parallel ids of its rows.
    tokens : of queries, passages, parallel queries and parallel passages, in this order.
    positives, excluded : bool [queries, passages], as :class:`EncodedBatch` has them.
    parallel_queries, parallel_passages : of which queries there are such; None where no loss needs them.
    scored : queries and passages, for a teacher to score.
    pivots : texts by number, for a teacher to encode; see :meth:`Batch.pivots`.
    source_scores : of a teacher, as the source has them.
    """

    kind: str
    ids: list[str]
    tokens: Tokens
    positives: torch.Tensor
    excluded: torch.Tensor
    parallel_queries: list[int] | None = None
    parallel_passages: list[int] | None = None
    scored: tuple[list[str], list[str]] | None = None
    pivots: dict[int, str] | None = None
    source_scores: torch.Tensor | None = None

    __repr__ = brief

    def encoded(self, vectors: torch.Tensor, teacher: Encoder | None = None) -> EncodedBatch:
        """What losses see.

        Parameters
        ----------
        vectors : of all tokens, in their order.
        teacher : encodes what is for it.
        """
        queries, passages = self.positives.shape
        sizes = [queries, passages, len(self.parallel_queries or ()), len(self.parallel_passages or ())]
        parts = vectors.split(sizes)
        device = vectors.device

        def some(places: list[int] | None, part: torch.Tensor) -> Some | None:
            return None if places is None else Some(torch.tensor(places, dtype=torch.long, device=device), part)

        scores, targets = self.source_scores, None
        if teacher is not None and self.scored is not None:
            ours, theirs = self.scored
            scores = torch.from_numpy(teacher.encode(ours, "query") @ teacher.encode(theirs, "passage").T)
        if teacher is not None and self.pivots is not None:
            targets = some(list(self.pivots), torch.from_numpy(self._targets(teacher, queries)).to(device))
        return EncodedBatch(
            parts[0],
            parts[1],
            self.positives.to(device),
            self.excluded.to(device),
            some(self.parallel_queries, parts[2]),
            some(self.parallel_passages, parts[3]),
            None if scores is None else scores.to(device),
            targets,
        )

    def _targets(self, teacher: Encoder, queries: int) -> np.ndarray:
        """The teacher's vectors of the pivots: float32 [pivots, dimension]."""
        assert self.pivots is not None
        sides: dict[Kind, list[str]] = {
            "query": [text for place, text in self.pivots.items() if place < queries],
            "passage": [text for place, text in self.pivots.items() if place >= queries],
        }
        return np.concatenate([teacher.encode(texts, kind) for kind, texts in sides.items()])


class Preparation:
    """What makes batches ready.

    Parameters
    ----------
    needs : of the losses.
    settings : says whether there is a teacher, and which language is its own.
    """

    def __init__(self, encoder: Encoder, needs: Collection[Need] = (), settings: LossSettings | None = None):
        self._encoder, self._needs, self._settings = encoder, frozenset(needs), settings or LossSettings()

    def __call__(self, batch: Batch) -> PreparedBatch:
        """A batch, ready."""
        queries, passages = batch.queries, batch.passages
        texts: list[tuple[Sequence[str], Kind]] = [(queries, "query"), (passages, "passage")]
        askers = answers = None
        if "parallel_queries" in self._needs:
            asked = _numbered(batch.parallel_queries)
            askers = list(asked)
            texts.append((list(asked.values()), "query"))
        if "parallel_passages" in self._needs:
            answering = _numbered(batch.parallel_passages)
            answers = list(answering)
            texts.append((list(answering.values()), "passage"))
        has_teacher = self._settings.teacher is not None
        scored, pivots, source_scores = None, None, None
        if "teacher_scores" in self._needs:
            scored = (queries, passages) if has_teacher else None
            source_scores = None if has_teacher else torch.from_numpy(batch.teacher_scores())
        if "teacher_vectors" in self._needs:
            pivots = _numbered(batch.pivots(self._settings.teacher_language))
        return PreparedBatch(
            batch.kind,
            [example.row.parallel_id for example in batch.examples],
            Tokens.joined([self._encoder.tokenize(some, kind) for some, kind in texts if some]),
            torch.from_numpy(batch.positives()),
            torch.from_numpy(batch.false_negatives()),
            askers,
            answers,
            scored,
            pivots,
            source_scores,
        )


def _numbered(texts: Sequence[str | None]) -> dict[int, str]:
    """The texts that are there, by place."""
    return {place: text for place, text in enumerate(texts) if text is not None}
