"""Which texts are computed together: those of like lengths, as many as a budget of tokens allows.

A batch costs what its rectangle of padded tokens costs, so its size is counted in those, and texts are sorted by length
first. Longest first: where memory runs out, it does so at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hybrid_plugin.brief import brief

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CPU_TOKENS = 1024  # that keep some cores busy; more only leave their caches
_GPU_TOKENS = 65536  # that keep a GPU busy
LIKE = 0.6  # of the tokens of a batch's longest text has the shortest; with less, short texts would be padding mostly
_FLOATS = 64  # of a token in flight, for each of the model's dimensions: what attention and feed-forward layers hold


def worthwhile_tokens(model: PreTrainedModel, longest: int) -> int:
    """How many padded tokens to compute at a time: on a GPU as many as fit into half of the memory that is free.

    Parameters
    ----------
    longest : tokens of a text, at most.

    Returns
    -------
    A power of two on a GPU, so that the same card as a rule takes the same batches, and the same text gets the same
    vector.
    """
    import torch

    if model.device.type != "cuda":
        return _CPU_TOKENS
    free, _ = torch.cuda.mem_get_info(model.device)
    fitting = free // 2 // (4 * _FLOATS * model.config.hidden_size)
    return int(min(_GPU_TOKENS, 2 ** int(np.log2(max(longest, fitting, 2)))))


def buckets(lengths: np.ndarray, budget: int) -> list[np.ndarray]:
    """The numbers of texts, the longest first, in batches of like lengths, of at most ``budget`` padded tokens.

    Parameters
    ----------
    lengths : tokens of each text, int [texts].
    budget : a text that is longer is a batch by itself.

    Examples
    --------
    >>> [batch.tolist() for batch in buckets(np.array([3, 9, 2, 3]), 9)]
    [[1], [0, 3, 2]]
    """
    order = np.argsort(-lengths, kind="stable")
    falling = lengths[order]
    found, start = [], 0
    while start < len(order):
        longest = max(1, int(falling[start]))
        alike = int(np.searchsorted(-falling, -LIKE * longest, side="right"))
        end = min(start + max(1, budget // longest), max(start + 1, alike))
        found.append(order[start:end])
        start = end
    return found


@dataclass
class Counts:
    """What was computed so far.

    Parameters
    ----------
    texts : how many.
    tokens : theirs.
    padded : tokens that were computed, padding included.
    """

    texts: int = 0
    tokens: int = 0
    padded: int = 0

    __repr__ = brief

    def add(self, lengths: np.ndarray, batches: list[np.ndarray]) -> None:
        """Count some texts and the batches that they are computed in."""
        self.texts += len(lengths)
        self.tokens += int(lengths.sum())
        self.padded += sum(int(lengths[batch].max()) * len(batch) for batch in batches)

    @property
    def padding(self) -> float:
        """The share of padding among the tokens that were computed, from 0 to 1."""
        return 1 - self.tokens / self.padded if self.padded else 0.0
