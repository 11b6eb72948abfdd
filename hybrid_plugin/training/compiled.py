"""A model's blocks compiled by torch.compile."""

from __future__ import annotations

import torch


def compile_blocks(model: torch.nn.Module) -> None:
    """Compile the repeated blocks of a transformer, which are one program: seconds, where all of it takes minutes.

    The method is PyTorch's "regional compilation".
    """
    for blocks in [one for one in model.modules() if isinstance(one, torch.nn.ModuleList)]:
        for block in blocks:
            block.compile(dynamic=True)
