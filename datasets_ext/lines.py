"""Files of lines, one record each: JSON lines and columns, plain, gzip or in a zip archive.

What is wrong is told by file and line.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeVar
from zipfile import BadZipFile, ZipFile

import orjson
from isal import igzip, igzip_lib

from datasets_ext.errors import CollectionError

_GZIP = b"\x1f\x8b"  # how a gzip file begins, whatever its name
_NOT_WHOLE: tuple[Any, ...] = (EOFError, igzip_lib.IsalError, zlib.error, igzip.BadGzipFile, BadZipFile)
_BEIR = ["query-id", "corpus-id", "score"]  # the columns of its judgements
_JSON_NAMES: dict[type, str] = {str: "text", int: "number", list: "list", dict: "object"}
_Read = TypeVar("_Read")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers from 1, without the blank ones. What is gzip is unpacked.

    Parameters
    ----------
    path : may lead through a zip archive, as ``captions.zip/captions.jsonl`` does.

    Raises
    ------
    CollectionError
        The file cannot be read, is cut off, or has a line that is not UTF-8.
    """
    for number, raw in enumerate(_raw_lines(path), start=1):
        line = _decoded(path, number, raw)
        if line.strip():
            yield number, line


def _decoded(path: Path, number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise CollectionError(f"{path} line {number} is not UTF-8 text: {error.reason}") from error


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with _opened(path) as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            yield from igzip.IGzipFile(fileobj=file) if packed else file
    except _NOT_WHOLE as error:
        raise CollectionError(f"{path} is not whole: {error}; get a fresh copy") from error
    except OSError as error:
        raise CollectionError(f"cannot read {path}: {error.strerror or error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    archive = next((one for one in path.parents if one.suffix == ".zip" and one.is_file()), None)
    if archive is None:
        with path.open("rb") as file:
            yield file
        return
    member = path.relative_to(archive).as_posix()
    with ZipFile(archive) as files:
        if member not in files.namelist():
            raise CollectionError(f"{archive} has no {member}")
        with files.open(member) as file:
            yield file


def kept(read: Callable[[Path], _Read]) -> Callable[[Path], _Read]:
    """A function of a file that keeps what it gave last, until the file changes: where one file has all languages."""

    @lru_cache(maxsize=1)
    def read_state(path: Path, state: tuple[int, int]) -> _Read:
        return read(path)

    def read_or_kept(path: Path) -> _Read:
        state = path.stat()
        return read_state(path, (state.st_size, state.st_mtime_ns))

    return read_or_kept


def read_jsonl(
    path: Path, required: dict[str, type], *, may_be_empty: Collection[str] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their line numbers, each with the required keys and types.

    Parameters
    ----------
    may_be_empty : those of the required keys whose text may be blank.

    Raises
    ------
    CollectionError
        Names the file, the line and the key.
    """
    for number, raw in enumerate(_raw_lines(path), start=1):
        try:
            row = orjson.loads(raw)
        except orjson.JSONDecodeError:
            line = _decoded(path, number, raw)
            if not line.strip():
                continue
            row = _loads(path, number, line)
        check_keys(path, number, row, required, may_be_empty)
        yield number, row


def read_parquet(
    path: Path, required: dict[str, type], *, may_be_empty: Collection[str] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a parquet file with their numbers from 1, each with the required columns and types.

    Raises
    ------
    CollectionError
        Names the file, the row and the column.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    check_keys(path, number, row, required, may_be_empty)
                    yield number, row
    except pyarrow.ArrowInvalid as error:
        raise CollectionError(f"{path} is not a whole parquet file: {error}; get a fresh copy") from error
    except OSError as error:
        raise CollectionError(f"cannot read {path}: {error.strerror or error}") from error


def check_keys(path: Path, number: int, row: Any, required: dict[str, type], may_be_empty: Collection[str]) -> None:
    """Refuse a row that lacks a key, or has something else under it."""
    for key, kind in required.items():
        if not isinstance(row, dict) or not isinstance(row.get(key), kind):
            raise CollectionError(f"{path} line {number} needs the key '{key}' with a {_JSON_NAMES[kind]}")
        if key not in may_be_empty and isinstance(row[key], str) and not row[key].strip():
            raise CollectionError(f"{path} line {number} has an empty '{key}'")


def _loads(path: Path, number: int, line: str) -> Any:
    """What a line holds that orjson refuses: that it begins with a byte order mark, or has a NaN, is no harm."""
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False).encode()  # a lone surrogate is valid JSON, but no text
    except json.JSONDecodeError as error:
        raise CollectionError(f"{path} line {number} is not valid JSON: {error.msg}") from error
    except UnicodeEncodeError as error:
        raise CollectionError(f"{path} line {number} has half a character: {error.reason}") from error
    return row


def check_id(path: Path, number: int, key: str, value: str, known: Container[str] = ()) -> None:
    """Refuse an id with white space, at which run and qrels files part their columns, and one that is known already."""
    if value.split() != [value]:
        raise CollectionError(f"{path} line {number} has white space in the {key} {value!r}")
    if value in known:
        raise CollectionError(f"{path} line {number} repeats the {key} '{value}'")


def optional_text(path: Path, number: int, row: dict[str, Any], key: str) -> str:
    """The text under a key that may be missing.

    Raises
    ------
    CollectionError
        There is something else.
    """
    value = row.get(key, "")
    if not isinstance(value, str):
        raise CollectionError(f"{path} line {number} has a '{key}' that is not a text; leave it out instead")
    return value


def count_lines(path: Path) -> int:
    """The number of lines that are not blank."""
    return sum(not line.isspace() for line in _raw_lines(path))


def read_columns(path: Path, number_of_columns: int) -> Iterator[tuple[int, list[str]]]:
    """The columns of a file parted by tabs, with line numbers. Tabs in the last column are part of it.

    Raises
    ------
    CollectionError
        A line has fewer columns; names file and line.
    """
    for number, line in read_lines(path):
        columns = line.rstrip("\r\n").split("\t", number_of_columns - 1)
        if len(columns) < number_of_columns:
            raise CollectionError(
                f"{path} line {number} has {len(columns)} columns parted by tabs, not {number_of_columns}"
            )
        yield number, columns


def read_topics(path: Path, corrected: Mapping[int, str] | None = None) -> dict[str, str]:
    """The texts of a file of queries by their ids, one a line: id, tab, text. Blank texts are left out.

    Parameters
    ----------
    corrected : the ids of lines, by their numbers, where the publisher wrote another by mistake.

    Raises
    ------
    CollectionError
        A line has no tab, white space in the id, or an id again; names file and line.
    """
    topics: dict[str, str] = {}
    for number, (written, text) in read_columns(path, 2):
        query_id = (corrected or {}).get(number, written)
        check_id(path, number, "query id", query_id, topics)
        topics[query_id] = text.strip()
    return {query_id: text for query_id, text in topics.items() if text}


def read_qrels(path: Path) -> Iterator[tuple[str, str, int, str]]:
    """The judgements of a file with TREC's columns, parted by any white space: query, document, grade, and iteration.

    The three columns of BEIR, query, document and grade, are read as well, where they have their header.

    Raises
    ------
    CollectionError
        A line has other columns, or a grade that is no whole number; names file and line.
    """
    beir = has_header(path)
    for at, (number, line) in enumerate(read_lines(path)):
        if beir and at == 0:
            continue
        columns = line.split()
        if beir and len(columns) == len(_BEIR):
            columns.insert(1, "0")
        if len(columns) != 4:
            raise CollectionError(
                f"{path} line {number} has {len(columns)} columns, not the 4 of qrels: query, 0, document, grade"
            )
        query_id, iteration, doc_id, grade = columns
        try:
            yield query_id, doc_id, int(grade), iteration
        except ValueError:
            raise CollectionError(f"{path} line {number}: the grade '{grade}' is no whole number") from None


def has_header(path: Path) -> bool:
    """Whether a file of judgements begins with the header of BEIR."""
    return next((line.split() for _, line in read_lines(path)), []) == _BEIR


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """The grades of a file with TREC's columns: query id -> document id -> grade.

    Raises
    ------
    CollectionError
        As of :func:`read_qrels`, or a document is judged twice for a query, with different grades.
    """
    judged: dict[str, dict[str, int]] = {}
    for query_id, doc_id, grade, _ in read_qrels(path):
        if judged.setdefault(query_id, {}).setdefault(doc_id, grade) != grade:
            raise CollectionError(f"{path} judges the document '{doc_id}' twice for the query '{query_id}'")
    return judged
