"""Files of documents, queries and qrels as ir_datasets entries, each under its absolute path.

Plain or gzip, one record a line:

documents
    ``{"doc_id": "d1", "text": "..."}``, and optionally ``"title"``, which stands before the text, and ``"lang"``
queries
    ``{"query_id": "q1", "text": "..."}``, and optionally ``"lang"``, ``"question"`` (the same for the same question in
    every language), ``"cluster"`` (the same for questions that are not independent), ``"article"`` (the same for
    several clusters) and any other texts, such as ``"description"``
qrels
    the four columns of TREC, parted by white space: query id, anything, document id, grade

As others have them, they are read as well: keys by the other names in ``NAMES``, as in a folder of BEIR or a corpus of
Pyserini; documents and queries as columns parted by tabs, id and text, or what a first line of such names says; and the
three columns of BEIR's judgements with their header.

Documents and qrels are read as they are asked for and never held, so a file may be of any size.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
import hashlib
import keyword
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseDocs, BaseQrels, BaseQueries, TrecQrel
from ir_datasets.indices import DEFAULT_DOCSTORE_OPTIONS, PickleLz4FullStore

from datasets_ext.errors import CollectionError
from datasets_ext.lines import (
    check_id,
    check_keys,
    count_lines,
    has_header,
    optional_text,
    read_columns,
    read_jsonl,
    read_lines,
    read_qrels,
)
from datasets_ext.parallel import QueryStore

NAMES = {  # key -> what others call it
    "doc_id": ("docid", "_id", "id"),
    "query_id": ("qid", "_id", "id"),
    "text": ("contents", "query"),
}
_UNITS = ("question", "cluster", "article")  # what queries share
_QUERY_KEYS = ("query_id", "text", "lang", *_UNITS)


class FileDoc(NamedTuple):
    """A document of a file."""

    doc_id: str
    text: str
    title: str = ""
    lang: str | None = None  # None: nothing is said

    def default_text(self) -> str:
        return f"{self.title} {self.text}" if self.title else self.text


class _File:
    """A file whose contents, or what was made of them, are kept until it changes."""

    def __init__(self, path: Path):
        self.path = path
        self._kept: dict[str, tuple[Any, Any]] = {}  # what -> the state of the file and the value made from it then

    def state(self) -> tuple[int, int]:
        """Changes whenever the file does.

        Raises
        ------
        CollectionError
            There is no such file.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise CollectionError(f"cannot read {self.path}: {error.strerror}") from error
        return found.st_size, found.st_mtime_ns

    def keep(self, what: str, make: Callable[[], Any]) -> Any:
        """A value made from the file as it is now."""
        state = self.state()
        if what not in self._kept or self._kept[what][0] != state:
            self._kept[what] = state, make()
        return self._kept[what][1]

    def count(self, *, header: bool) -> int:
        count: int = self.keep("count", lambda: count_lines(self.path))
        return count - header


class FileDocs(BaseDocs):
    """The documents of a JSON lines file."""

    def __init__(self, path: Path):
        self._file = _File(path)

    @ir_datasets.util.use_docstore
    def docs_iter(self) -> Iterator[FileDoc]:
        return self._read()

    def _read(self) -> Iterator[FileDoc]:
        path, doc = self._file.path, None
        for number, row in read_rows(path, "doc_id", may_be_empty=("text",)):
            check_id(path, number, "doc_id", row["doc_id"])
            title, lang = optional_text(path, number, row, "title"), optional_text(path, number, row, "lang")
            doc = FileDoc(row["doc_id"], row["text"], title, lang or None)
            yield doc
        if doc is None:
            raise CollectionError(f"{path} has no documents")

    def docs_cls(self) -> type[FileDoc]:
        return FileDoc

    def docs_store(self, field: str = "doc_id", options: Any = DEFAULT_DOCSTORE_OPTIONS) -> PickleLz4FullStore:
        name = hashlib.sha256(f"{self._file.path} {self._file.state()}".encode()).hexdigest()[:20]
        return PickleLz4FullStore(
            path=str(ir_datasets.util.home_path() / "files" / f"{name}.pklz4"),
            init_iter_fn=self._read,
            data_cls=FileDoc,
            lookup_field=field,
            index_fields=["doc_id"],
            options=options,
        )

    def docs_count(self) -> int:
        return self._file.count(header=_header(self._file.path, "doc_id") is not None)

    def docs_at_hand(self) -> bool:
        """They are files of this machine."""
        return True

    def docs_need_counting(self) -> bool:
        """Whether their number is known only when they are read."""
        return True


class FileQueries(BaseQueries):
    """The queries of a JSON lines file, with all its texts as fields."""

    def __init__(self, path: Path):
        self._file = _File(path)

    def _read(self) -> tuple[type, list[Any]]:
        return self._file.keep("queries", lambda: _read_queries(self._file.path))

    def queries_iter(self) -> Iterator[Any]:
        return iter(self._read()[1])

    def queries_cls(self) -> type:
        return self._read()[0]

    def queries_store(self) -> QueryStore:
        queries_cls, queries = self._read()
        return QueryStore(queries, queries_cls)

    def queries_count(self) -> int:
        return len(self._read()[1])


class FileQrels(BaseQrels):
    """The judgements of a file in TREC's format, with their grades and whatever they repeat."""

    def __init__(self, path: Path):
        self._file = _File(path)

    def qrels_iter(self) -> Iterator[TrecQrel]:
        path, qrel = self._file.path, None
        for query_id, doc_id, grade, iteration in read_qrels(path):
            qrel = TrecQrel(query_id, doc_id, grade, iteration)
            yield qrel
        if qrel is None:
            raise CollectionError(f"{path} has no qrels")

    def qrels_cls(self) -> type[TrecQrel]:
        return TrecQrel

    def qrels_defs(self) -> dict[int, str]:
        return {}  # a file does not say what its grades mean

    def qrels_path(self) -> str:
        return str(self._file.path)

    def qrels_count(self) -> int:
        return self._file.count(header=has_header(self._file.path))


def read_rows(path: Path, key: str, may_be_empty: Collection[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file of documents or queries with their line numbers, by our names of their keys.

    Parameters
    ----------
    key : of the ids: ``doc_id`` or ``query_id``.
    may_be_empty : those of the id and the text that may be blank.

    Raises
    ------
    CollectionError
        A row lacks one of them; names file, line and key.
    """
    required: dict[str, type] = {key: str, "text": str}
    for number, row in _as_columns(path, key) if _is_tsv(path) else read_jsonl(path, {}):
        for ours in required:
            if isinstance(row, dict) and ours not in row:
                theirs = next((one for one in NAMES[ours] if one in row), None)
                if theirs:
                    row[ours] = row.pop(theirs)
        check_keys(path, number, row, required, may_be_empty)
        yield number, row


def _as_columns(path: Path, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    header = _header(path, key)
    columns = header or [key, "text"]
    for at, (number, values) in enumerate(read_columns(path, len(columns))):
        if at or not header:
            yield number, dict(zip(columns, values, strict=True))


def _is_tsv(path: Path) -> bool:
    """Whether a file has columns, and no JSON."""
    line = next((line for _, line in read_lines(path)), "")
    return "\t" in line and not line.startswith("{")


def _header(path: Path, key: str) -> list[str] | None:
    """The names of a file's columns, if its first line has them."""
    line = next((line for _, line in read_lines(path)), "")
    names = line.rstrip("\r\n").split("\t")
    return names if names[0] in (key, *NAMES[key]) and {"text", *NAMES["text"]}.intersection(names) else None


def _read_queries(path: Path) -> tuple[type, list[Any]]:
    """The queries of a file and their type: the known keys, and keys that hold a text wherever they are."""
    rows: dict[str, dict[str, Any]] = {}
    keys: dict[str, bool] = {}  # every key, in the order of the file: whether it has a text everywhere
    for number, row in read_rows(path, "query_id"):
        query_id = row["query_id"]
        check_id(path, number, "query_id", query_id, rows)
        for key in ("lang", *_UNITS):
            optional_text(path, number, row, key)
        for key in row:
            keys[key] = keys.get(key, True) and isinstance(row[key], str)
        rows[query_id] = row
    if not rows:
        raise CollectionError(f"{path} has no queries")
    more = [key for key, is_text in keys.items() if is_text and key not in _QUERY_KEYS and _can_be_a_field(key)]
    query_cls = _query_type(more)
    rest = (*_UNITS, *more)
    return query_cls, [
        query_cls(query_id, row["text"], row.get("lang") or None, *(row.get(key, "") for key in rest))
        for query_id, row in rows.items()
    ]


def _query_type(more: Sequence[str]) -> Any:
    make: Any = NamedTuple  # whose fields mypy wants to see
    fields = [(key, str | None if key == "lang" else str) for key in (*_QUERY_KEYS, *more)]
    query_cls = make("FileQuery", fields)
    query_cls.default_text = lambda query: query.text
    return query_cls


def _can_be_a_field(key: str) -> bool:
    return key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("_") and key != "default_text"


class FileDataset(Dataset):
    """The ir_datasets entry of a file: documents, queries, qrels, or several where one file holds them."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def add(self, side: str) -> None:
        if not self.has(side):
            self._constituents.append(SIDES[side](self.path))

    def dataset_id(self) -> str:
        return str(self.path)

    def metadata(self) -> dict[str, Any]:
        return {side: {"count": getattr(self, f"{side}_count")()} for side in SIDES if self.has(side)}


SIDES: dict[str, Callable[[Path], Any]] = {"docs": FileDocs, "queries": FileQueries, "qrels": FileQrels}
_registered: dict[str, FileDataset] = {}


def register_file(path: str | Path, side: str) -> str:
    """Make a file known to ir_datasets, by its absolute path.

    Doing so again does nothing, even if the file has changed: it is read as it is when somebody asks.

    Parameters
    ----------
    side : what it holds: ``docs``, ``queries`` or ``qrels``.

    Returns
    -------
    The id.

    Raises
    ------
    CollectionError
        There is no such file.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise CollectionError(f"there is no file {path}")
    dataset_id = str(path)
    if dataset_id not in _registered:
        _registered[dataset_id] = FileDataset(path)
        ir_datasets.registry.register(dataset_id, _registered[dataset_id])
    _registered[dataset_id].add(side)
    return dataset_id
