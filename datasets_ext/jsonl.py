"""A user's own parallel collection, from a folder of JSON lines.

For every language ``LANG`` the folder holds two files, one JSON object a line:

``docs.LANG.jsonl``
    ``{"doc_id": "p17", "text": "..."}``, and optionally ``"context"`` and ``"title"``
``queries.LANG.jsonl``
    ``{"query_id": "q3", "text": "...", "relevant": ["p17"]}``: ``query_id`` is the parallel id, the same in every
    language that has the question; ``relevant`` names documents of the same language. Optionally ``"cluster"``: what
    the question shares with others, such as a paragraph, so that their values are not independent; the same in every
    language

The registered ids are ``{LANG}_{doc_id}`` and ``{query_id}_{LANG}``, as everywhere in this package. Ids hold no white
space, since run and qrels files part their columns at it; ``LANG`` is letters, digits and ``-``.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ir_datasets

from datasets_ext.errors import CollectionError
from datasets_ext.lines import check_id, optional_text, read_jsonl
from datasets_ext.parallel import (
    MULTI,
    LanguagePart,
    PackageDocumentation,
    ParallelCollection,
    ParallelDoc,
    ParallelQuery,
    register_collection,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LANG = re.compile(r"[A-Za-z0-9-]+")  # no underscore: ids join the language with one, and none may have two readings
_KEPT = "parallel"  # the folder of ir_datasets' home that holds the collections of `add`
_registered: dict[str, Path] = {}


def read_part(folder: Path, lang: str) -> LanguagePart:
    """Documents, queries and relevance of one language of a folder."""
    docs: dict[str, ParallelDoc] = {}
    path = folder / f"docs.{lang}.jsonl"
    for number, row in read_jsonl(path, {"doc_id": str, "text": str}):
        check_id(path, number, "doc_id", row["doc_id"])
        context, title = (optional_text(path, number, row, key) for key in ("context", "title"))
        doc_id = f"{lang}_{row['doc_id']}"
        if doc_id in docs:
            raise CollectionError(f"{path} line {number} repeats the doc_id '{row['doc_id']}'")
        docs[doc_id] = ParallelDoc(doc_id, row["text"], context, title, lang)
    queries: dict[str, ParallelQuery] = {}
    relevant: dict[str, list[str]] = {}
    path = folder / f"queries.{lang}.jsonl"
    for number, row in read_jsonl(path, {"query_id": str, "text": str, "relevant": list}):
        parallel_id = row["query_id"]
        check_id(path, number, "query_id", parallel_id)
        if parallel_id in queries:
            raise CollectionError(f"{path} line {number} repeats the query_id '{parallel_id}'")
        doc_ids = [f"{lang}_{doc_id}" for doc_id in row["relevant"]]
        for doc_id, known_as in zip(row["relevant"], doc_ids, strict=True):
            if not isinstance(doc_id, str) or known_as not in docs:
                raise CollectionError(f"{path} line {number}: docs.{lang}.jsonl has no doc_id {doc_id!r}")
        if len(set(doc_ids)) < len(doc_ids):
            raise CollectionError(f"{path} line {number} names a document twice in 'relevant'")
        queries[parallel_id] = _query(path, number, row, lang)
        if doc_ids:
            relevant[parallel_id] = doc_ids
    return LanguagePart(list(docs.values()), list(queries.values()), relevant)


def read_queries(folder: Path, lang: str) -> Iterator[ParallelQuery]:
    """The queries of one language of a folder, without a look at the documents that they name."""
    path = folder / f"queries.{lang}.jsonl"
    for number, row in read_jsonl(path, {"query_id": str, "text": str}):
        yield _query(path, number, row, lang)


def _query(path: Path, number: int, row: dict[str, Any], lang: str) -> ParallelQuery:
    parallel_id, cluster = row["query_id"], optional_text(path, number, row, "cluster")
    return ParallelQuery(f"{parallel_id}_{lang}", row["text"], lang, parallel_id, cluster)


def languages_of(folder: Path) -> tuple[str, ...]:
    """The languages whose two files a folder holds.

    Raises
    ------
    CollectionError
        The folder does not exist, holds none, or lacks one of a language's two files.
    """
    if not folder.is_dir():
        raise CollectionError(f"{folder} is not a folder")
    found: dict[str, set[str]] = {"docs": set(), "queries": set()}
    for kind, languages in found.items():
        for path in folder.glob(f"{kind}.*.jsonl"):
            lang = path.name.removeprefix(f"{kind}.").removesuffix(".jsonl")
            if not _LANG.fullmatch(lang):
                raise CollectionError(f"{path}: '{lang}' cannot be a language: use letters, digits and '-'")
            languages.add(lang)
    for have, lack in (("docs", "queries"), ("queries", "docs")):
        for lang in sorted(found[have] - found[lack]):
            raise CollectionError(f"{folder} has {have}.{lang}.jsonl but no {lack}.{lang}.jsonl")
    if not found["docs"]:
        raise CollectionError(f"{folder} has no docs.LANG.jsonl and queries.LANG.jsonl")
    if MULTI in found["docs"]:
        raise CollectionError(f"{folder}: '{MULTI}' names the pool of all languages and cannot be a language")
    return tuple(sorted(found["docs"]))


def register_parallel(name: str, folder: str | Path) -> None:
    """Register a folder of parallel JSON lines under a name of your own, with the ids of every other collection.

    Registering the same name and folder again does nothing. The files are read when somebody asks for their contents.

    Examples
    --------
    >>> import datasets_ext, ir_datasets
    >>> datasets_ext.register_parallel("my-faq", "data/faq")             # doctest: +SKIP
    >>> ir_datasets.load("my-faq/de/en").queries_count()                 # doctest: +SKIP

    Raises
    ------
    CollectionError
        The folder lacks a file, or the name is taken.
    """
    folder = Path(folder).resolve()
    if _registered.get(name) == folder:
        return
    _check_name(name)
    languages = languages_of(folder)
    state = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        state.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    collection = ParallelCollection(
        name,
        languages,
        partial(read_part, folder),
        state.hexdigest()[:12],
        at_hand=languages.__contains__,
        read_queries=partial(read_queries, folder),
    )
    register_collection(collection, PackageDocumentation("parallel.yaml"))
    _registered[name] = folder


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name == _KEPT:  # whose document stores would lie among the kept collections
        raise CollectionError(
            f"'{name}' cannot be a collection's name: use letters, digits, '.', '_' and '-', and not just '{_KEPT}'"
        )
    if name in ir_datasets.registry:
        raise CollectionError(f"'{name}' is an ir_datasets id already; choose another name")


def _home() -> Path:
    return Path(ir_datasets.util.home_path()) / _KEPT


def register() -> None:
    """Register the collections that :func:`add` has kept. One that is damaged is named in a warning and left out."""
    for folder in sorted(_home().glob("[!.]*/")):
        try:
            register_parallel(folder.name, folder)
        except CollectionError as error:
            warnings.warn(f"the collection '{folder.name}' is skipped: {error}", stacklevel=2)


def add(name: str, folder: Path) -> list[Path]:
    """Check a folder of parallel JSON lines, keep a copy where ir_datasets keeps its data, and register it.

    Returns
    -------
    The installed files. From now on :func:`datasets_ext.register` knows the name.
    """
    target = _home() / name
    if _NAME.fullmatch(name) and target.exists():
        raise CollectionError(f"{target} exists already; remove it first to replace the collection '{name}'")
    _check_name(name)
    languages = languages_of(folder)
    for lang in languages:
        read_part(folder, lang)
    _home().mkdir(parents=True, exist_ok=True)
    # A folder comes into being whole or not at all: copy beside the target, then rename.
    staging = Path(tempfile.mkdtemp(dir=_home(), prefix="."))
    try:
        for lang in languages:
            for file in (f"docs.{lang}.jsonl", f"queries.{lang}.jsonl"):
                shutil.copyfile(folder / file, staging / file)
        staging.chmod(0o755)
        staging.rename(target)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    register_parallel(name, target)
    return sorted(target.iterdir())
