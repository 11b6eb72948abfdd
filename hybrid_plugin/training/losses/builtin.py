"""The losses that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.training.losses.agreement import RankingJS, RankingKL
from hybrid_plugin.training.losses.alignment import AlignPassages, AlignQueries
from hybrid_plugin.training.losses.distillation import DistillKL, DistillVectors, MarginMSE
from hybrid_plugin.training.losses.info_nce import InfoNCE
from hybrid_plugin.training.losses.loss import Loss
from hybrid_plugin.training.losses.sup_con import SupCon
from hybrid_plugin.training.losses.symmetric import Symmetric

_LOSSES = (
    InfoNCE,
    Symmetric,
    SupCon,
    AlignQueries,
    AlignPassages,
    RankingJS,
    RankingKL,
    DistillKL,
    MarginMSE,
    DistillVectors,
)


@hookimpl
def hybrid_ir_losses() -> dict[str, type[Loss]]:
    return {kind.name: kind for kind in _LOSSES}
