"""Which of several processes computes which texts of a batch, so that all of them finish together.

A process gets texts of like lengths: some few long ones, others many short ones. That pads least, and what a part costs
is then what its rectangles of padded tokens cost, not how many texts it has.
"""

from __future__ import annotations

import numpy as np

from hybrid_plugin.encoding.batching import LIKE


def deal(lengths: np.ndarray, parts: int, budget: int) -> list[np.ndarray]:
    """The numbers of texts, dealt into parts of like lengths, of which the costliest costs little more than the others.

    Parameters
    ----------
    lengths : tokens of each text, int [texts]; there are as many texts as parts, or more.
    budget : padded tokens of a batch, as :func:`~hybrid_plugin.encoding.batching.buckets` takes it.

    Returns
    -------
    Of each part its texts, at least one; the longest first. They depend on the arguments alone, so that every process
    finds the same.

    Examples
    --------
    >>> [part.tolist() for part in deal(np.array([3, 12, 2, 3, 4]), 2, budget=100)]
    [[1], [4, 0, 3, 2]]
    """
    order = np.argsort(-lengths, kind="stable")
    falling = lengths[order].tolist()
    low, high = max(falling[0], sum(falling) // parts), sum(falling) * len(falling)  # of what the costliest part costs
    while low < high:
        limit = (low + high) // 2
        if _ends(falling, parts, budget, limit) is None:
            low = limit + 1
        else:
            high = limit
    return np.split(order, _ends(falling, parts, budget, low) or [])


def _ends(falling: list[int], parts: int, budget: int, limit: int) -> list[int] | None:
    """Where all parts but the last end, if each costs at most ``limit``; None if more parts are needed."""
    ends: list[int] = []
    begin = cost = room = longest = 0  # of the part; for further texts in its last batch; in that batch
    for place, length in enumerate(falling):
        opens = not room or length < LIKE * longest
        spare = len(falling) - place - (parts - 1 - len(ends))  # texts that need not begin a part
        if place > begin and (cost + (length if opens else longest) > limit or not spare):
            if len(ends) == parts - 1:
                return None
            ends.append(place)
            begin, cost, opens = place, 0, True
        if opens:
            longest, room = max(1, length), max(1, budget // max(1, length))
        cost, room = cost + longest, room - 1
    return ends
