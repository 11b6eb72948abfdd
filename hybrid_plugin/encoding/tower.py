"""Token ids to unit vectors, as one module: what trains, what is compiled, what other back ends are made from."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import normalize

from hybrid_plugin.encoding.settings import Pooling


class Tower(nn.Module):
    """A transformer, pooling, and the Dense layers after it.

    Parameters
    ----------
    model : gives ``last_hidden_state``; a module of its name ``sentence_dense`` holds the layers after pooling.
    """

    def __init__(self, model: nn.Module, pooling: Pooling, dense: nn.Module):
        super().__init__()
        self.model, self.pooling, self.dense = model, pooling, dense

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Unit vectors, float32 [texts, dimension].

        Parameters
        ----------
        ids, mask : int64 [texts, width]; padding stands at the end, and is 0 in the mask.
        """
        hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        elif self.pooling == "last":
            pooled = hidden[torch.arange(ids.shape[0], device=ids.device), mask.sum(1) - 1]
        else:
            # summed in float32: in bfloat16 a mean over many tokens loses digits
            pooled = (hidden * mask[..., None]).sum(1, dtype=torch.float32) / mask.sum(1, keepdim=True)
        return normalize(self.dense(pooled.to(hidden.dtype)).float(), dim=-1)
