"""Names to sources."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import ir_datasets

from hybrid_plugin.errors import UserError, blame, did_you_mean
from hybrid_plugin.files import StrPath
from hybrid_plugin.plugins import named
from hybrid_plugin.tasks.named import id_of, register_datasets
from hybrid_plugin.training.sources.formats import SourceFormat, SourceLoader
from hybrid_plugin.training.sources.source import Source


def source_loaders() -> dict[str, SourceLoader]:
    """The sources that plugins name."""
    register_datasets()
    return named("hybrid_ir_sources")


def source_formats() -> dict[str, SourceFormat]:
    """What else sources can be read from, by the name of the format."""
    return named("hybrid_ir_source_formats")


def load_source(name: StrPath) -> Source:
    """A source by its plugin name, or from files or ids: ``FORMAT:WHAT``, or ``WHAT`` where one format fits it.

    ``mlqa-r:training`` is the source ``mlqa-r-training``.

    Raises
    ------
    UserError
        It is neither; names the known ones.
    """
    name, offers = id_of(os.fspath(name)), source_loaders()
    if name in offers:
        return _offered(name, offers[name])
    formats = source_formats()
    kind, _, what = name.partition(":")
    if what and kind in formats:
        _refuse_collection(what)
        return _offered(name, formats[kind].load, name, what)
    _refuse_collection(name)
    fitting = sorted(one.name for one in formats.values() if one.fits(name))
    if len(fitting) > 1:
        raise UserError(f"'{name}' may be {' or '.join(fitting)}; write {fitting[0]}:{name} or {fitting[1]}:{name}")
    if fitting:
        return _offered(name, formats[fitting[0]].load, name, name)
    made_from = translated(name)
    if made_from is not None:
        raise UserError(f"there is no file '{name}'; hybrid-ir translate {made_from} --to LANG,LANG --output {name}")
    if Path(name).is_dir():
        raise UserError(
            f"the folder '{name}' holds nothing to train on; it needs files called {{lang}}.json (SQuAD) or "
            "{lang}.jsonl (Tevatron)"
        )
    raise UserError(
        f"unknown source '{name}': no such file, no ir_datasets id, and the known ones are {', '.join(sorted(offers))}"
        f"{did_you_mean(name, (*offers, *ir_datasets.registry))}"
    )


def translated(name: str) -> str | None:
    """The source that a JSON lines file is a translation of, by the convention ``FOLDER/SOURCE.jsonl``; None if it is
    there, or is called after no source."""
    path = Path(name)
    return path.stem if path.suffix == ".jsonl" and not path.exists() and path.stem in source_loaders() else None


def _refuse_collection(what: str) -> None:
    """Say what to do with a collection's folder or one of its files, or a benchmark's file: they are no pairs."""
    path = Path(what)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        raise UserError(f"{path} is a benchmark's file, to evaluate on; a source is a file or folder of training pairs")
    folder = path if path.is_dir() else path.parent
    is_collection = all(any(folder.glob(f"{side}.*.jsonl")) for side in ("docs", "queries"))
    if is_collection and (path.is_dir() or path.name.startswith(("docs.", "queries."))):
        raise UserError(
            f"{folder} holds a collection (docs.{{lang}}.jsonl, queries.{{lang}}.jsonl), not training pairs; add it by "
            f"'hybrid-ir datasets add NAME {folder}', then train with --source NAME"
        )


def _offered(name: str, load: Callable[..., object], *arguments: str) -> Source:
    with blame(f"the source '{name}'", load):
        source = load(*arguments)
        if not isinstance(source, Source):
            raise TypeError(f"it gives a {type(source).__name__}, not a Source")
        return source


def load_sources(names: Iterable[StrPath]) -> list[Source]:
    """Several sources, each once."""
    return [load_source(name) for name in dict.fromkeys(names)]
