"""A suite: several benchmarks that are scored together, each whole or narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_yaml
from hybrid_plugin.tasks.own import mapping_of, texts_in

_SUITE = {"name": str, "description": str, "benchmarks": list}
_PART = {
    "benchmark": str, "name": str, "settings": list, "languages": list, "tasks": list, "measures": list,
    "depth": (int, str),
}  # fmt: skip
_NARROWED = ("settings", "languages", "tasks", "measures")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class SuitePart:
    """A benchmark of a suite, and what of it is scored; empty for all, or for the benchmark's own measures.

    Parameters
    ----------
    benchmark : as :func:`hybrid_plugin.tasks.load_benchmark` takes it: ``xquad-r``, ``miracl/sw``, a YAML file.
    name : of its folder; by default after the benchmark, ``miracl-sw``.
    settings, languages, tasks, measures : as in :class:`hybrid_plugin.evaluation.EvaluationSettings`.
    depth : documents a query that are scored, or ``all``; None for whole rankings, and 1000 of BM25.
    """

    benchmark: str
    name: str = ""
    settings: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    depth: int | str | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", _called(self.benchmark))
        if self.name != Path(self.name).name or self.name.startswith("."):
            raise UserError(f"'{self.name}' cannot be the name of a folder; give the benchmark another 'name'")
        for key in _NARROWED:
            object.__setattr__(self, key, tuple(getattr(self, key)))
        number = isinstance(self.depth, int) and not isinstance(self.depth, bool) and self.depth > 0
        if self.depth not in (None, "all") and not number:
            raise UserError(f"depth is '{self.depth}'; it must be a positive number or 'all'")


@dataclass(frozen=True)
class Suite:
    """Benchmarks that are scored together.

    Parameters
    ----------
    name : by which it is asked for.
    parts : in the order in which they are scored; a name alone is the whole benchmark.
    description : for lists; one line.
    file : that it was read from, if it was.
    """

    name: str
    parts: tuple[SuitePart, ...]
    description: str = ""
    file: str | None = None

    __repr__ = brief

    def __init__(self, name: str, parts: Sequence[SuitePart | str], description: str = "", file: str | None = None):
        made = tuple(SuitePart(one) if isinstance(one, str) else one for one in parts)
        for key, value in {"name": name, "parts": made, "description": description, "file": file}.items():
            object.__setattr__(self, key, value)
        if not made:
            raise UserError(f"the suite '{name}' has no benchmarks")
        names = [one.name for one in made]
        twice = next((one for place, one in enumerate(names) if one in names[:place]), None)
        if twice is not None:
            raise UserError(f"the suite '{name}' has '{twice}' twice; give one of them another 'name'")

    @property
    def called(self) -> str:
        """What commands call it: its name, or the file that it was read from."""
        return self.file or self.name


def read_suite(path: StrPath) -> Suite:
    """A suite from a YAML file.

    ``name`` and ``benchmarks`` must be there, ``description`` may be. A benchmark is a name, or a mapping with
    ``benchmark`` and any of ``name``, ``settings``, ``languages``, ``tasks``, ``measures`` and ``depth``, as in
    :class:`SuitePart`. The files of benchmarks are relative to the YAML file.

    Raises
    ------
    UserError
        The file cannot be read, or something in it is missing, unknown or of the wrong type; names file and key.
    """
    path = Path(path)
    content = mapping_of(str(path), read_yaml(path), _SUITE, ("name", "benchmarks"))
    parts = [_part(path, number, one) for number, one in enumerate(content["benchmarks"], start=1)]
    try:
        return Suite(content["name"], parts, content.get("description", ""), str(path.absolute()))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _part(path: Path, number: int, value: Any) -> SuitePart:
    if isinstance(value, str):
        value = {"benchmark": value}
    named = isinstance(value, dict) and isinstance(value.get("benchmark"), str)
    where = f"{path}: the benchmark " + (f"'{value['benchmark']}'" if named else f"number {number}")
    content = mapping_of(where, value, _PART, ("benchmark",))
    for key in _NARROWED:
        content[key] = texts_in(f"{where}: '{key}'", content.get(key, []))
    if any(part.endswith(_YAML) for part in content["benchmark"].split("/")):
        content["benchmark"] = str(path.absolute().parent / content["benchmark"])
    try:
        return SuitePart(**content)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _called(benchmark: str) -> str:
    """What a benchmark's folder is called: ``miracl-sw`` of ``miracl/sw``, ``shop-de`` of ``any/shop.yaml/de``."""
    parts = benchmark.rstrip("/").split("/")
    file = next((place for place, part in enumerate(parts) if part.endswith(_YAML)), 0)
    return "-".join([Path(parts[file]).stem if parts[file].endswith(_YAML) else parts[file], *parts[file + 1 :]])
