"""How values show themselves in a notebook: in a line, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

_LONG = 60  # letters of one field


def brief(self: Any) -> str:
    """What a dataclass or named tuple holds, for its ``__repr__``: the fields that differ from their defaults, and of
    what is large its size."""
    return f"{type(self).__name__}({', '.join(_shown(self))})"


def _shown(self: Any) -> Iterator[str]:
    if hasattr(self, "_fields"):
        values = [(name, getattr(self, name), self._field_defaults.get(name, MISSING)) for name in self._fields]
    else:
        values = [(one.name, getattr(self, one.name), _default(one)) for one in fields(self) if one.repr]
    for name, value, default in values:
        if value is not default and not (type(value) is type(default) and value == default):
            yield f"{name}={_short(value)}"


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _short(value: Any) -> str:
    if hasattr(value, "dtype"):
        return f"{value.dtype}{[*value.shape]}"
    if hasattr(value, "iloc"):
        return f"{len(value):,} rows"
    if isinstance(value, str | Path):
        text = str(value)
        return repr(text if len(text) <= _LONG else f"{text[: _LONG - 4]} ...")
    text = repr(value)
    if len(text) <= _LONG and " at 0x" not in text:
        return text
    return f"{len(value):,} items" if isinstance(value, Sized) else f"{type(value).__name__}(...)"
