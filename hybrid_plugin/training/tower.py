"""The encoder as training and its validation compute it: in chunks, and by all processes together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from hybrid_plugin.encoding.batching import worthwhile_tokens
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.encoding.tower import Tower
from hybrid_plugin.training.dealing import deal
from hybrid_plugin.training.ranks import gathered, rank, ranks, told
from hybrid_plugin.training.words import looked_up_once


def common_budget(encoder: Encoder) -> int:
    """Padded tokens of a batch, by which texts are dealt: rank 0's, whatever memory the other processes have."""
    return told(lambda: encoder.batch_tokens or worthwhile_tokens(encoder.model, encoder.settings.max_length))


def shared(tokens: Tokens, budget: int, compute: Callable[[Tokens], torch.Tensor]) -> torch.Tensor:
    """Vectors of all texts, of which each process computes some; gradients flow into its own."""
    if ranks() == 1 or len(tokens) < ranks():
        return compute(tokens)
    own = deal(tokens.lengths, ranks(), budget)[rank()]
    return gathered(compute(tokens.take(own)), own, len(tokens))


class TrainingTower(torch.nn.Module):
    """Token ids of a whole batch to its vectors, as the one forward pass that Trainer sees.

    Parameters
    ----------
    chunk_size : texts whose activations are kept at a time, of those that this process computes; None for all.
    """

    def __init__(self, encoder: Encoder, chunk_size: int | None):
        super().__init__()
        self.model = encoder.model
        self._encoder, self._chunk_size = encoder, chunk_size
        self._budget = common_budget(encoder)

    def forward(self, tokens: Tokens) -> torch.Tensor:
        """Unit vectors [texts, dimension]; gradients flow into those that this process computes."""
        return shared(tokens, self._budget, self._own)

    def _own(self, tokens: Tokens) -> torch.Tensor:
        size = self._chunk_size
        words = looked_up_once(self.model, np.append(tokens.ids, self._encoder.padding))
        if size is None or len(tokens) <= size:
            return self._chunk(tokens, words)
        order = np.argsort(-tokens.lengths, kind="stable")  # like lengths together
        device = torch.empty(0, device=self._encoder.device)
        vectors = torch.cat(
            [
                checkpoint(self._chunk, tokens.take(order[start : start + size]), words, device, use_reentrant=False)
                for start in range(0, len(order), size)
            ]
        )
        return vectors[torch.from_numpy(np.argsort(order)).to(vectors.device)]

    def _chunk(
        self, tokens: Tokens, words: Callable[[], AbstractContextManager[None]], _device: torch.Tensor | None = None
    ) -> torch.Tensor:
        # The tensor is for `checkpoint`, which draws the same dropout again on the devices of the tensors it is given.
        with words():
            return self._encoder.forward_by_length(tokens)

    def gradient_checkpointing_enable(self, *args: Any, **kwargs: Any) -> None:
        self.model.gradient_checkpointing_enable(*args, **kwargs)


class Shared(Encoder):
    """An encoder of which each process computes a part of the texts, and has the vectors of all."""

    @classmethod
    def of(cls, encoder: Encoder) -> Shared:
        return cls(**{one.name: getattr(encoder, one.name) for one in fields(encoder) if one.init})

    def _by_length(self, tower: Tower, tokens: Tokens, seen: Callable[[int], object] = int) -> torch.Tensor:
        return shared(tokens, self.budget, lambda own: super(Shared, self)._by_length(tower, own, seen))

    @cached_property
    def budget(self) -> int:
        return common_budget(self)
