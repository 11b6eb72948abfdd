"""The word embeddings of a batch, looked up once for all of its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.nn.functional import embedding


def looked_up_once(model: Any, ids: np.ndarray) -> Callable[[], AbstractContextManager[None]]:
    """A context in which the model's word embeddings come from one lookup of all that a batch needs.

    The gradient of a lookup is as large as the vocabulary. A batch that is computed in parts, each of texts of similar
    length, would fill one with zeros and add it up for every part: a sixth of a step's time for 80,000 words of 384
    dimensions, and XLM-R has 250,000. Where there is no such gradient, the context does nothing.

    Parameters
    ----------
    model : a transformers model.
    ids : word ids of all the batch's texts, and of padding.
    """
    layer = model.get_input_embeddings()
    plain = type(layer) is torch.nn.Embedding and layer.max_norm is None and not layer.scale_grad_by_freq
    if not plain or not (layer.weight.requires_grad and torch.is_grad_enabled()):
        return nullcontext
    words = torch.from_numpy(np.unique(ids)).long().to(layer.weight.device)
    rows = embedding(words, layer.weight, layer.padding_idx)
    places = torch.zeros(layer.num_embeddings, dtype=torch.long, device=words.device)
    places[words] = torch.arange(len(words), device=words.device)

    @contextmanager
    def within() -> Iterator[None]:
        hook = layer.register_forward_hook(lambda _layer, args, _output: embedding(places[args[0]], rows))
        try:
            yield
        finally:
            hook.remove()

    return within
