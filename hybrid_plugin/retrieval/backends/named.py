"""Names to engines."""

from __future__ import annotations

from hybrid_plugin.plugins import named, pick
from hybrid_plugin.retrieval.backends.base import SearchBackend


def backend_kinds() -> dict[str, type[SearchBackend]]:
    """The engines that are known, by name, those of plugins included."""
    return dict(sorted(named("hybrid_ir_backends").items()))


def backend_kind(name: str) -> type[SearchBackend]:
    """The engine of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    kind: type[SearchBackend] = pick("hybrid_ir_backends", name, "back end")
    return kind
