"""The strategies that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.training.batches.cross import Cross
from hybrid_plugin.training.batches.hybrid import Hybrid
from hybrid_plugin.training.batches.mixed import Mixed
from hybrid_plugin.training.batches.mono import Mono
from hybrid_plugin.training.batches.multi import Multi
from hybrid_plugin.training.batches.strategy import Strategy


@hookimpl
def hybrid_ir_strategies() -> dict[str, type[Strategy]]:
    return {kind.name: kind for kind in (Mono, Cross, Hybrid, Mixed, Multi)}
