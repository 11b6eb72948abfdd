"""The transforms that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.encoding.transforms.centring import Centring
from hybrid_plugin.encoding.transforms.lir import LIR
from hybrid_plugin.encoding.transforms.lsar import LSAR
from hybrid_plugin.encoding.transforms.shift import Shift
from hybrid_plugin.hooks import hookimpl


@hookimpl
def hybrid_ir_transforms() -> dict[str, type[Transform]]:
    return {kind.name: kind for kind in (Centring, LIR, LSAR, Shift)}
