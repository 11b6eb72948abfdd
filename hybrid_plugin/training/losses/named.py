"""Names to losses."""

from __future__ import annotations

from hybrid_plugin.plugins import pick
from hybrid_plugin.training.losses.loss import Loss


def loss_kind(name: str) -> type[Loss]:
    """The loss of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    kind: type[Loss] = pick("hybrid_ir_losses", name, "loss")
    return kind
