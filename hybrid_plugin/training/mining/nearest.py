"""The nearest passages of a block of queries, on the device that the encoder computes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hybrid_plugin.encoding.matrix import StoredMatrix
from hybrid_plugin.retrieval.top import Top

if TYPE_CHECKING:
    import torch

_PASSAGES = 65536  # read at a time
_CELLS = {"cpu": 2**24, "cuda": 2**28}  # scores computed at a time: what a cache holds, or a share of a card


def nearest(
    queries: np.ndarray,
    passages: np.ndarray | StoredMatrix,
    depth: int,
    device: torch.device | str = "cpu",
    seen: Callable[[int], object] = int,
) -> tuple[np.ndarray, np.ndarray]:
    """The passages with the highest dot products, from the best down, ties by number.

    Parameters
    ----------
    queries : float32 [queries, dimension].
    passages : [passages, dimension], at least ``depth`` of them.
    device : of torch.
    seen : is told of so many more pairs, while they are looked at.

    Returns
    -------
    Scores and numbers of passages, float32 and int64 [queries, depth].
    """
    import torch

    device = torch.device(device)
    asked = torch.from_numpy(np.ascontiguousarray(queries)).to(device)
    top, least = Top(len(queries), depth), torch.full((len(queries), 1), -torch.inf, device=device)
    size = max(depth, _CELLS.get(device.type, _CELLS["cpu"]) // len(queries))
    for start in range(0, len(passages), _PASSAGES):
        read = torch.from_numpy(np.asarray(passages[start : start + _PASSAGES], np.float32)).to(device)
        for first in range(0, len(read), size):
            scores = asked @ read[first : first + size].T
            if not (start or first) and depth <= scores.shape[1]:
                least = scores.topk(depth).values[:, -1:]
            found = (scores >= least).nonzero()
            kept = scores[found[:, 0], found[:, 1]]
            rows, columns = found.cpu().numpy().T
            top.keep(rows, start + first + columns, kept.cpu().numpy())
            seen(scores.numel())
            least = torch.maximum(least, torch.from_numpy(top.least[:, None]).to(device))
    top.prune()
    rows, numbers, scores_of, _ = top.found()
    order = np.lexsort((numbers, -scores_of, rows))
    places = np.searchsorted(rows, np.arange(len(queries)))[:, None] + np.arange(depth)
    return scores_of[order][places], numbers[order][places]
