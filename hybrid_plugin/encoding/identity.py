"""What decides the vectors that an encoder gives, by which stored ones are known: checksums, never paths."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hybrid_plugin.errors import UserError

if TYPE_CHECKING:
    from torch import nn

TRUNCATE_DIM = "truncate_dim"  # part of it only where vectors are cut
_OPTIONS = (
    "pooling",
    "query_prefix",
    "passage_prefix",
    "max_length",
    "query_max_length",
    "precision",
    "runtime",
    TRUNCATE_DIM,
)  # that a command line can set
_UNSAID = {"runtime": "torch"}  # so that what version 0.1 made goes on to fit


def weights_checksum(model: nn.Module) -> str:
    """SHA-256 of a model's weights with their names, wherever they lie."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return f"sha256:{found.hexdigest()}"


def check_identity(made: Mapping[str, Any] | None, asked: Mapping[str, Any], what: str, encoder: str) -> None:
    """Refuse what another encoder has made, or this one with other settings.

    Parameters
    ----------
    made : the identity (:attr:`Encoder.identity`) that is recorded with it; None where none is.
    asked : the identity of the encoder at hand.
    what : it, such as "the index out/index".
    encoder : the name of the encoder at hand.

    Raises
    ------
    UserError
        They differ; names what in.
    """
    if made is None:
        warnings.warn(f"{what} does not say which encoder made it; it is taken for that of '{encoder}'", stacklevel=3)
        return
    for key in dict.fromkeys(("weights", *asked, TRUNCATE_DIM)):
        before, now = (_UNSAID.get(key) if one.get(key) is None else one[key] for one in (made, asked))
        if before == now:
            continue
        if key == "weights":
            raise UserError(f"{what} was made by another encoder than '{encoder}': their weights differ")
        known = key in _OPTIONS and before is not None
        option = f"; give --{key.replace('_', '-')} '{before}', or make it anew" if known else ""
        raise UserError(
            f"{what} was made with {_said(key, before)}, the encoder '{encoder}' has {_said(key, now)}{option}"
        )


def _said(key: str, value: Any) -> str:
    name = key.replace("_", " ")
    if key == "transform":
        return f"the transform {value[: value.find(':') + 9]}" if value else "no transform"
    return f"no {name}" if value in ("", None) else f"the {name} '{value}'"
