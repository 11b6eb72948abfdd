"""Names to transforms."""

from __future__ import annotations

from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.plugins import named, pick


def transform_kinds() -> dict[str, type[Transform]]:
    """The transforms that are known, by name, those of plugins included."""
    return dict(sorted(named("hybrid_ir_transforms").items()))


def transform_kind(name: str) -> type[Transform]:
    """The transform of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    kind: type[Transform] = pick("hybrid_ir_transforms", name, "transform")
    return kind
