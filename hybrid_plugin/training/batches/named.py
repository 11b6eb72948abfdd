"""Names to strategies."""

from __future__ import annotations

from hybrid_plugin.plugins import pick
from hybrid_plugin.training.batches.strategy import Strategy


def strategy_kind(name: str) -> type[Strategy]:
    """The strategy of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    kind: type[Strategy] = pick("hybrid_ir_strategies", name, "strategy")
    return kind
