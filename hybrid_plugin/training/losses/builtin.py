"""The losses that are there without a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hybrid_plugin.hooks import hookimpl

if TYPE_CHECKING:
    from hybrid_plugin.training.losses.loss import Loss


@hookimpl
def hybrid_ir_losses() -> dict[str, type[Loss]]:
    from hybrid_plugin.training import losses  # with torch, which whoever asks for other plugins should not wait for

    kinds: tuple[type[Loss], ...] = (
        *(losses.InfoNCE, losses.Symmetric, losses.SupCon),
        *(losses.AlignQueries, losses.AlignPassages, losses.RankingJS, losses.RankingKL),
        *(losses.DistillKL, losses.MarginMSE, losses.DistillVectors),
    )
    return {kind.name: kind for kind in kinds}
