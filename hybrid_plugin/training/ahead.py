"""The batches of a training run as token ids, the next one prepared while the current one is computed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.batches.batches import Batches


def tokens_of(batch: Batch, encoder: Encoder) -> Tokens:
    """Of a batch's queries, and then of its passages."""
    return Tokens.joined([encoder.tokenize(batch.queries, "query"), encoder.tokenize(batch.passages, "passage")])


class Steps(Dataset[dict[str, Any]]):
    """The batches from some step on, as token ids."""

    def __init__(self, batches: Batches, encoder: Encoder, first: int):
        self._batches, self._encoder, self._first = batches, encoder, first

    def __len__(self) -> int:
        return len(self._batches)  # not those that are left: Trainer stops by itself

    @property
    def left(self) -> int:
        return len(self._batches) - self._first

    def __getitem__(self, index: int) -> dict[str, Any]:
        batch = self._batches[self._first + index]
        return {
            "kind": batch.kind,
            "ids": [example.row.parallel_id for example in batch.examples],
            "tokens": tokens_of(batch, self._encoder),
            "false_negatives": torch.from_numpy(batch.false_negatives()),
        }


class Ahead(DataLoader[Any]):
    """A loader of whole batches, which prepares the next one in a thread; or several, in worker processes."""

    def __init__(self, steps: Steps, workers: int):
        # With a generator of its own: starting to iterate must not move the one that dropout draws from.
        super().__init__(steps, batch_size=None, num_workers=workers, generator=torch.Generator())
        self._steps = steps
        self._next: Future[dict[str, Any]] | None = None

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        if self.num_workers:
            yield from super().__iter__()
            return
        with ThreadPoolExecutor(1) as thread:
            self._next = thread.submit(self._steps.__getitem__, 0)
            for following in range(1, self._steps.left + 1):
                batch = self._next.result()
                if following < self._steps.left:
                    self._next = thread.submit(self._steps.__getitem__, following)
                yield batch

    def settle(self) -> None:
        """Wait for the thread: a tokenizer serves one at a time."""
        if self._next is not None:
            wait([self._next])
