"""How several encoders are loaded to stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import UserError

_EACH = ("pooling", "query_prefix", "passage_prefix", "precision", "transform")
_NONE = "none"  # as somebody types it


@dataclass(frozen=True)
class EachEncoderOptions(EncoderOptions):
    """As for one encoder, but each encoder may have its own: given once for all, or once for each, in their order.

    ``none`` stands for an encoder that is not given any, so that what its own files say holds.
    """

    pooling: tuple[str, ...] = ()  # type: ignore[assignment]
    """mean, cls or last; once, or once for each encoder."""
    query_prefix: tuple[str, ...] = ()  # type: ignore[assignment]
    """Put before each query, with a space between; once, or once for each encoder."""
    passage_prefix: tuple[str, ...] = ()  # type: ignore[assignment]
    """Put before each passage, with a space between; once, or once for each encoder."""
    precision: tuple[str, ...] = ()  # type: ignore[assignment]
    """float32 or bfloat16; once, or once for each encoder."""
    transform: tuple[Path, ...] = ()  # type: ignore[assignment]
    """A file of `hybrid-ir transform fit`; once, or once for each encoder: none FILE."""

    def __post_init__(self) -> None:
        """Values are checked where each encoder gets its own."""

    def of(self, number: int) -> list[EncoderOptions]:
        """The options of each of so many encoders.

        Raises
        ------
        UserError
            An option is given neither once nor once for each.
        """
        shared = EncoderOptions(**{key: value for key, value in vars(self).items() if key not in _EACH})
        chosen = [shared] * number
        for key in _EACH:
            values: Sequence[Any] = getattr(self, key)
            if len(values) not in (0, 1, number):
                option = f"--{key.replace('_', '-')}"
                raise UserError(
                    f"{option} is given {len(values)} times; give it once, or once for each of {number} encoders"
                )
            if values:
                each = values if len(values) == number else [*values] * number
                chosen = [
                    one if str(value) == _NONE else replace(one, **{key: value})
                    for one, value in zip(chosen, each, strict=True)
                ]
        return chosen
