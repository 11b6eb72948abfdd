"""A benchmark of one's own, named in a YAML file: tasks over files and over any ir_datasets ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets_ext.errors import CollectionError
from datasets_ext.files import register_file
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.files import StrPath, read_yaml
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.hub import hub_benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View

_NAMES: dict[Any, str] = {
    str: "a text",
    list: "a list",
    (str, dict): "a name or a mapping",
    (int, str): "a number",
    dict: "a mapping",
}
_BENCHMARK = {
    "name": str, "measures": list, "tasks": list, "description": str, "licence": str,
    "groups": dict, "language_groups": dict,
}  # fmt: skip
_TASK = {
    "name": str, "docs": list, "queries": (str, dict), "qrels": list,
    "question": str, "cluster": str, "article": str, "setting": str, "collection": str, "dropped": str,
}  # fmt: skip
_QRELS = {"file": str, "dataset": str, "prefix": str}
_VIEW = {**_QRELS, "lang": str, "field": str}


def read_benchmark(path: StrPath) -> Benchmark:
    """A benchmark from a YAML file.

    ``name`` and ``tasks`` must be there; ``measures`` (the official ones, by ir_measures' names), ``description``,
    ``licence``, ``groups`` and ``language_groups`` (by name, as in :class:`hybrid_plugin.tasks.Benchmark`) may be. A
    task has

    ``name``
        such as ``fa/en``; run files are called after it
    ``docs``
        a list of ``{file, lang, prefix, field}`` or ``{dataset, lang, prefix, field}``, see
        :class:`hybrid_plugin.tasks.View`; several are one pool
    ``queries``
        one of these
    ``qrels``
        a list of ``{file, prefix}`` or ``{dataset, prefix}``
    ``question``, ``cluster``, ``article``, ``setting``, ``collection``, ``dropped``
        as in :class:`hybrid_plugin.tasks.Task`, if they are given; queries of a file have the fields ``question``,
        ``cluster`` and ``article``

    In place of ``tasks``, ``dataset`` names a data set of the Hugging Face hub, see :mod:`datasets_ext.hub`.

    A name in place of a mapping is a file if there is one, else an ir_datasets id. Paths are relative to the YAML file,
    and :mod:`datasets_ext.files` says what the files hold.

    Raises
    ------
    UserError
        The file cannot be read, or something in it is missing, unknown or of the wrong type; names file and key.
    """
    path = Path(path)
    written = read_yaml(path)
    if isinstance(written, dict) and "dataset" in written:
        return hub_benchmark(path, written)
    content = mapping_of(str(path), written, _BENCHMARK, ("name", "tasks"))
    tasks = [_task(path, number, task) for number, task in enumerate(content["tasks"], start=1)]
    measures = texts_in(f"{path}: 'measures'", content.get("measures", []))
    groups = _groups(f"{path}: 'groups'", content.get("groups", {}))
    languages = _groups(f"{path}: 'language_groups'", content.get("language_groups", {}))
    try:
        found = Benchmark(
            content["name"],
            tuple(tasks),
            tuple(measures),
            description=content.get("description", ""),
            licence=content.get("licence", ""),
            file=str(path.absolute()),
            groups=groups,
            language_groups=languages,
        )
        for members in groups.values():
            found.only(tasks=members)  # which says if one is unknown
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    for group, members in languages.items():
        if not {*members} <= {*found.languages}:
            strange = next(lang for lang in members if lang not in found.languages)
            raise UserError(f"{path}: 'language_groups' {group} names '{strange}', which no view of a task has")
    return found


def _task(path: Path, number: int, value: Any) -> Task:
    named = isinstance(value, dict) and isinstance(value.get("name"), str)
    where = f"{path}: the task " + (f"'{value['name']}'" if named else f"number {number}")
    content = mapping_of(where, value, _TASK, ("name", "docs", "queries", "qrels"))
    docs = [_source(f"{where}: 'docs'", path.parent, "docs", one, _VIEW) for one in content["docs"]]
    queries = _source(f"{where}: 'queries'", path.parent, "queries", content["queries"], _VIEW)
    qrels = [_source(f"{where}: 'qrels'", path.parent, "qrels", one, _QRELS) for one in content["qrels"]]
    shared = {key: content.get(key, key if queries["file"] else None) for key in ("question", "cluster", "article")}
    try:
        return Task(
            content["name"],
            tuple(_view(source) for source in docs),
            _view(queries),
            tuple(Qrels(source["dataset"], source.get("prefix", "")) for source in qrels),
            **shared,
            setting=content.get("setting", ""),
            collection=content.get("collection"),
            dropped=content.get("dropped"),
        )
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _groups(where: str, value: dict[Any, Any]) -> dict[str, tuple[str, ...]]:
    """Names to members of groups."""
    for name, members in value.items():
        if not isinstance(name, str) or not isinstance(members, list) or not members:
            raise UserError(f"{where} needs a list of names for each name, not {members} for {name}")
    return {name: tuple(texts_in(f"{where} {name}", members)) for name, members in value.items()}


def _view(source: Mapping[str, Any]) -> View:
    return View(source["dataset"], source.get("lang"), source.get("prefix", ""), source.get("field"))


def _source(where: str, folder: Path, side: str, value: Any, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Where something is read from: the id under ``dataset``, and under ``file`` whether it is that of a file."""
    if isinstance(value, str):
        value = {"file" if (folder / value).is_file() else "dataset": value}
    content = mapping_of(where, value, keys, ())
    if ("file" in content) == ("dataset" in content):
        raise UserError(f"{where} needs either a 'file' or a 'dataset'")
    is_file = "file" in content
    if is_file:
        try:
            content["dataset"] = register_file(folder / content["file"], side)
        except CollectionError as error:
            raise UserError(f"{where}: {error}") from None
    return {**content, "file": is_file}


def mapping_of(where: str, value: Any, keys: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """A mapping of known keys to values of their types."""
    if not isinstance(value, dict):
        raise UserError(f"{where} needs the keys {', '.join(required or keys)}")
    for key, one in value.items():
        if key not in keys:
            near = did_you_mean(str(key), keys)
            raise UserError(f"{where} has the unknown key '{key}'; known: {', '.join(keys)}{near}")
        if not isinstance(one, keys[key]):
            quotes = "" if keys[key] is list or isinstance(one, (list, dict)) else "; put it in quotes"
            raise UserError(f"{where} needs {_NAMES[keys[key]]} under '{key}', not {one}{quotes}")
        if not one and key in ("name", "file", "dataset"):
            raise UserError(f"{where} has an empty '{key}'")
    for key in required:
        if key not in value:
            raise UserError(f"{where} has no '{key}'")
    return dict(value)


def texts_in(where: str, values: list[Any]) -> list[str]:
    for value in values:
        if not isinstance(value, str):
            raise UserError(f"{where} needs names, not {value}")
    return values
