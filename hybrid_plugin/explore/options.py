"""How several encoders are loaded to stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path  # noqa: F401 - of an inherited field, whose type the command line looks up here
from typing import Any

from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import UserError

_EACH = ("pooling", "query_prefix", "passage_prefix")


@dataclass(frozen=True)
class EachEncoderOptions(EncoderOptions):
    """As for one encoder, but pooling and prefixes are given once for all encoders or once for each, in their order."""

    pooling: tuple[str, ...] = ()  # type: ignore[assignment]
    """mean, cls or last; once, or once for each encoder."""
    query_prefix: tuple[str, ...] = ()  # type: ignore[assignment]
    """Put before each query, with a space between; once, or once for each encoder."""
    passage_prefix: tuple[str, ...] = ()  # type: ignore[assignment]
    """Put before each passage, with a space between; once, or once for each encoder."""

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
                chosen = [replace(one, **{key: value}) for one, value in zip(chosen, each, strict=True)]
        return chosen
