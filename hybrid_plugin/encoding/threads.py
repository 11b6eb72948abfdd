"""Threads of the CPU: as many as a model's work is worth.

torch shares each operation among all threads, and they wait for one another by spinning. Where the cores have other
work, that costs a small model many times the operation itself: three thousand short texts, two layers of 128
dimensions and two busy cores take 5.2 s of CPU with two threads and 0.8 s with one. Where they have none, one thread is
a fifth slower (``python tests/benchmarks/threads.py``: 1.1 s of CPU in 0.56 s, and 0.7 s in 0.68 s).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

_WEIGHTS = 1_000_000  # of the layers, that make one more thread worth its while


def worthwhile_threads(model: nn.Module) -> int:
    """At most so many threads as torch has been given, and one for each million weights outside the embeddings."""
    import torch

    tables = [module.weight for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    weights = sum(weight.numel() for weight in model.parameters() if all(weight is not table for table in tables))
    return max(1, min(torch.get_num_threads(), weights // _WEIGHTS))


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads, and afterwards with as many as before: they are the whole process's."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
