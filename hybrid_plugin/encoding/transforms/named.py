"""Names to transforms."""

from __future__ import annotations

from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.plugins import pick


def transform_kind(name: str) -> type[Transform]:
    """The transform of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    kind: type[Transform] = pick("hybrid_ir_transforms", name, "transform")
    return kind
