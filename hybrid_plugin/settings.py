"""Settings are frozen dataclasses, perhaps nested, declared once; here they are seen as flat keys.

Command-line options, the keys of a sweep, recipe files and the records of checkpoints are all the same keys: the names
of the fields, through all levels, or what :func:`keyed` calls one where its name alone would not say what it is of.
The docstring below a field is the help of its option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hybrid_plugin.errors import UserError, unknown

_T = TypeVar("_T")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", tuple: "a list"}
_KINDS = {int: Integral, float: Real}  # those of numpy, too


def keyed(key: str, **options: Any) -> Any:
    """A dataclass field that has another flat key than its name; ``options`` as ``dataclasses.field`` takes them."""
    return field(metadata={"key": key}, **options)


def key_of(kind: type, name: str) -> str:
    """The flat key of a field of a settings class."""
    found = next((one for one in fields(kind) if one.name == name), None)
    return name if found is None else found.metadata.get("key", name)


def keys(kind: Any) -> Mapping[str, tuple[str, ...]]:
    """Every flat key of a settings class, with the names of the fields that lead to it."""
    types = get_type_hints(kind)
    found: dict[str, tuple[str, ...]] = {}
    for one in fields(kind):
        if is_dataclass(types[one.name]):
            found |= {key: (one.name, *path) for key, path in keys(types[one.name]).items()}
        else:
            found[one.metadata.get("key", one.name)] = (one.name,)
    return found


def flatten(settings: Any) -> dict[str, Any]:
    """The values of settings by flat key."""
    values = {}
    for key, path in keys(type(settings)).items():
        value = settings
        for name in path:
            value = getattr(value, name)
        values[key] = value
    return values


def build(kind: type[_T], values: Mapping[str, Any]) -> _T:
    """Settings from values by flat key; what has no value has its default.

    Raises
    ------
    UserError
        A key is unknown, or a value is of a wrong kind; names it.
    """
    known = keys(kind)
    strange = sorted(set(values) - known.keys())
    if strange:
        raise unknown("setting", strange[0], sorted(known))
    settings: _T = _build(kind, values)
    return settings


def _build(kind: Any, values: Mapping[str, Any]) -> Any:
    types = get_type_hints(kind)
    chosen: dict[str, Any] = {}
    for one in fields(kind):
        key = one.metadata.get("key", one.name)
        if is_dataclass(types[one.name]):
            chosen[one.name] = _build(types[one.name], values)
        elif key in values:
            chosen[one.name] = _read(types[one.name], values[key], key)
    try:
        return kind(**chosen)
    except TypeError as error:  # a text where a number belongs
        raise UserError(f"a setting has a value of a wrong kind: {error}") from error


def _read(hint: Any, value: Any, key: str) -> Any:
    """A value as the field wants it, whose type is ``hint``."""
    hints = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and type(None) in hints:
        return None
    found = next(one for one in hints if one is not type(None))
    kind: type = str if get_origin(found) is Literal else get_origin(found) or found
    if kind is tuple and isinstance(value, list):  # as YAML and JSON have series
        return tuple(value)
    if kind is float and isinstance(value, str) and _NUMBER.fullmatch(value):  # YAML takes 1e-3 for a text
        return float(value)
    fits = isinstance(value, _KINDS.get(kind, kind)) and isinstance(value, bool) <= (kind is bool)
    if kind in _WORDS and not fits:
        raise UserError(f"{key.replace('_', ' ')} is {value!r}; it takes {_WORDS[kind]}")
    return value
