"""The batches of a training run, made ready to be encoded: the next one while the current one is computed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.prepared import Preparation


class Steps(Dataset[dict[str, Any]]):
    """The batches from some step on, made ready."""

    def __init__(self, batches: Batches, prepare: Preparation, first: int):
        self._batches, self._prepare, self._first = batches, prepare, first

    def __len__(self) -> int:
        return len(self._batches)  # not those that are left: Trainer stops by itself

    @property
    def left(self) -> int:
        return len(self._batches) - self._first

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"batch": self._prepare(self._batches[self._first + index])}  # Trainer wants a mapping


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
