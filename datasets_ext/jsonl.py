"""A user's own parallel collection, from a folder of JSON lines.

For every language ``LANG`` the folder holds two files, one JSON object a line:

``docs.LANG.jsonl``
    ``{"doc_id": "p17", "text": "..."}``, and optionally ``"context"`` and ``"title"``
``queries.LANG.jsonl``
    ``{"query_id": "q3", "text": "...", "relevant": ["p17"]}``: ``query_id`` is the parallel id, the same in every
    language that has the question; ``relevant`` names documents of the same language. Optionally ``"cluster"``: what
    the question shares with others, such as a paragraph, so that their values are not independent; and ``"article"``:
    what several clusters share. Both are the same in every language

The registered ids are ``{LANG}_{doc_id}`` and ``{query_id}_{LANG}``, as everywhere in this package: of ``p17`` in
``docs.en.jsonl`` it is ``en_p17``, of ``q3`` in ``queries.en.jsonl`` it is ``q3_en``. Ids hold no white space, since
run and qrels files part their columns at it; ``LANG`` is letters, digits and ``-``.
"""

from __future__ import annotations

import difflib
import filecmp
import hashlib
import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    check_name,
    forget,
    is_name,
    register_collection,
)

_LANG = re.compile(r"[A-Za-z0-9-]+")  # no underscore: ids join the language with one, and none may have two readings
_KEPT = "parallel"  # the folder of ir_datasets' home that holds the collections of `add`
_EMPTY = "empty.json"  # beside the files of one: [DOCS, QUERIES] of the ids without queries
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
        check_id(path, number, "query_id", parallel_id, queries)
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
    parallel_id = row["query_id"]
    units = (optional_text(path, number, row, key) for key in ("cluster", "article"))
    return ParallelQuery(f"{parallel_id}_{lang}", row["text"], lang, parallel_id, *units)


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
    check_name(name)
    languages = languages_of(folder)
    state = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        state.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    noted = folder / _EMPTY
    collection = ParallelCollection(
        name,
        languages,
        partial(read_part, folder),
        state.hexdigest()[:12],
        at_hand=languages.__contains__,
        originals="{side}.{lang}.jsonl",
        read_queries=partial(read_queries, folder),
        empty=[tuple(one) for one in json.loads(noted.read_text())] if noted.is_file() else (),
    )
    register_collection(collection, PackageDocumentation("parallel.yaml"))
    _registered[name] = folder


def _home() -> Path:
    return Path(ir_datasets.util.home_path()) / _KEPT


def register() -> None:
    """Register the collections that :func:`add` has kept. One that is damaged is named in a warning and left out."""
    for folder in sorted(_home().glob("[!.]*/")):
        try:
            register_parallel(folder.name, folder)
        except ValueError as error:  # a CollectionError, or what should be JSON is none
            warnings.warn(f"the collection '{folder.name}' is skipped: {error}", stacklevel=2)


def is_added(name: str, folder: Path) -> bool:
    """Whether a collection is kept, of the very files that a folder holds."""
    return _is_kept(name) and not _difference(folder, _home() / name)


def _is_kept(name: str) -> bool:
    return is_name(name) and (_home() / name).is_dir()


def _files(folder: Path) -> list[str]:
    return [f"{kind}.{lang}.jsonl" for lang in languages_of(folder) for kind in ("docs", "queries")]


def _difference(folder: Path, kept: Path) -> str:
    """The first file that two folders do not have alike; empty if there is none."""
    files = _files(folder)
    older = {path.name for path in kept.glob("*.jsonl")}
    strange = sorted(older.symmetric_difference(files))
    if strange:
        return f"{strange[0]} is {'gone' if strange[0] in older else 'new'}"
    return next((f"{file} differs" for file in files if not filecmp.cmp(folder / file, kept / file, shallow=False)), "")


def add(name: str, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Check a folder of parallel JSON lines, keep a copy where ir_datasets keeps its data, and register it.

    Parameters
    ----------
    overwrite : replace other files under this name; the same are kept as they are.

    Returns
    -------
    The installed files. From now on :func:`datasets_ext.register` knows the name.
    """
    target = _home() / name
    if _is_kept(name):
        said = _difference(folder, target)
        if said and not overwrite:
            raise CollectionError(
                f"'{name}' is there already, with other files ({said}); choose another name, or replace it with "
                "--overwrite (overwrite=True)"
            )
        if not said:
            return sorted(target.glob("*.jsonl"))
    else:
        check_name(name)
    ids = _checked(folder)
    _home().mkdir(parents=True, exist_ok=True)
    # A folder comes into being whole or not at all: copy beside the target, then rename.
    staging = Path(tempfile.mkdtemp(dir=_home(), prefix="."))
    try:
        new = staging / "new"
        new.mkdir()
        for file in _files(folder):
            shutil.copyfile(folder / file, new / file)
        if ids.empty:
            (new / _EMPTY).write_text(json.dumps(ids.empty), encoding="utf-8")
        if target.exists():
            target.rename(staging / "old")
        new.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _forget(name)
    register_parallel(name, target)
    return sorted(target.glob("*.jsonl"))


def remove(name: str) -> list[Path]:
    """Remove a collection that :func:`add` has kept, and what was made of it; its ids are unknown from now on.

    Returns
    -------
    What was removed.

    Raises
    ------
    CollectionError
        There is no such collection.
    """
    if not _is_kept(name):
        raise CollectionError(_why_not(name))
    target = _home() / name
    files = sorted(target.glob("*.jsonl"))
    gone = Path(tempfile.mkdtemp(dir=_home(), prefix="."))
    target.rename(gone / name)  # so that it is there whole or not at all
    shutil.rmtree(gone)
    return [*files, *_forget(name)]


def _forget(name: str) -> list[Path]:
    """Make a name unknown, and remove the document stores that were made under it; returns them."""
    _registered.pop(name, None)
    return forget(name)


def _why_not(name: str) -> str:
    """Why a collection cannot be removed."""
    whole = name.split("/")[0]
    if name != whole and _is_kept(whole):
        return f"'{name}' is a part of a collection; name the whole one, '{whole}'"
    if name in _registered:
        return f"'{name}' was registered for this process, from {_registered[name]}, and not added"
    if name in ir_datasets.registry:
        return f"'{name}' is an id of ir_datasets' own and was not added"
    kept = sorted(path.name for path in _home().glob("[!.]*/"))
    near = difflib.get_close_matches(name, kept, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"those that were: {', '.join(kept)}" if kept else "none was"
    return f"no collection '{name}' was added; {hint}"


@dataclass
class _Ids:
    """The ids of a folder's files as they are written, by language."""

    docs: dict[str, set[str]] = field(default_factory=dict)
    queries: dict[str, set[str]] = field(default_factory=dict)
    answered: dict[str, set[str]] = field(default_factory=dict)  # the queries with a relevant document of the language

    @property
    def empty(self) -> list[tuple[str, str]]:
        """The (documents, queries) without a query that has an answer."""
        pairs = [(docs, queries) for docs in self.docs for queries in self.queries]
        every = set[str]().union(*self.answered.values())
        answers = {**self.answered, MULTI: every}
        pairs += [(MULTI, queries) for queries in self.queries]
        return [(docs, queries) for docs, queries in pairs if answers[docs].isdisjoint(self.queries[queries])]

    @property
    def alone(self) -> list[str]:
        """The languages none of whose queries is asked in another language."""
        return [
            lang
            for lang, asked in self.queries.items()
            if asked and all(asked.isdisjoint(others) for other, others in self.queries.items() if other != lang)
        ]


def _checked(folder: Path) -> _Ids:
    """Read a whole folder, and say what its ids leave unconnected.

    Raises
    ------
    CollectionError
        A file is damaged or has no documents, an id is the registered one of another record, or nothing is relevant
        to any query.
    """
    ids = _Ids()
    for lang in languages_of(folder):
        part = read_part(folder, lang)
        if not part.docs:
            raise CollectionError(
                f"{folder / f'docs.{lang}.jsonl'} has no documents; a benchmark in YAML can have languages that only "
                "ask, see docs/collections.md"
            )
        ids.docs[lang] = {doc.doc_id.removeprefix(f"{lang}_") for doc in part.docs}
        ids.queries[lang] = {query.parallel_id for query in part.queries}
        ids.answered[lang] = set(part.relevant)
    _refuse_registered(folder, "docs", ids.docs, "{lang}_{id}")
    _refuse_registered(folder, "queries", ids.queries, "{id}_{lang}")
    if not any(ids.answered.values()):
        raise CollectionError(f"{folder}: no query of any language has a relevant document, so nothing can be scored")
    _say_unconnected(ids)
    return ids


def _refuse_registered(folder: Path, kind: str, ids: dict[str, set[str]], form: str) -> None:
    """Refuse an id as written that is the registered one of another record: a run file could mean either."""
    registered = {form.format(lang=lang, id=one): (lang, one) for lang, known in ids.items() for one in known}
    for lang, known in ids.items():
        if known.isdisjoint(registered):
            continue
        path, key = folder / f"{kind}.{lang}.jsonl", f"{'doc' if kind == 'docs' else 'query'}_id"
        for number, row in read_jsonl(path, {key: str}):
            if row[key] in registered:
                other, one = registered[row[key]]
                raise CollectionError(
                    f"{path} line {number}: the {key} '{row[key]}' is what '{one}' of {kind}.{other}.jsonl becomes; "
                    "rename one of them"
                )


def _say_unconnected(ids: _Ids) -> None:
    """Warn of languages whose questions are asked in no other, and of what else has no queries."""
    if len(ids.queries) > 1 and ids.alone:
        every = len(ids.alone) == len(ids.queries)
        whose = "" if every else f" of {' or '.join(ids.alone)}"
        note = (
            f"no query{whose} has a counterpart in another language, so there is no cross task"
            f"{'' if every else ' with their queries'} and multi finds the answers in their own language alone; "
            "a question has the same query_id in every language"
        )
        lang = ids.alone[0]
        suffixed = next((one for one in sorted(ids.queries[lang]) if re.search(rf"[._-]{lang}$", one)), None)
        if suffixed:
            note += f", '{suffixed[: -len(lang) - 1]}' rather than '{suffixed}'"
        warnings.warn(note, stacklevel=4)
    elif ids.empty:
        names = [f"{docs}/{queries}" for docs, queries in ids.empty]
        shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
        warnings.warn(f"no query has an answer in {shown}: left out of the tasks", stacklevel=4)
