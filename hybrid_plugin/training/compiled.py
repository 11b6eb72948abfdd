"""A model's blocks compiled by torch.compile."""

from __future__ import annotations

import torch


def compile_blocks(model: torch.nn.Module) -> None:
    """Compile the repeated blocks of a transformer, which are one program: in seconds, where all of it takes minutes.

    The method is PyTorch's "regional compilation".
    """
    for part in model.children():
        if isinstance(part, torch.nn.ModuleList):
            for block in part:
                block.compile(dynamic=True)
        else:
            compile_blocks(part)
