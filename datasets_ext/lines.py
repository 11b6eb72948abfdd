"""Files of lines, one record each: JSON lines and columns, plain or gzip. What is wrong is told by file and line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from datasets_ext.errors import CollectionError

_GZIP = b"\x1f\x8b"  # how a gzip file begins, whatever its name
_JSON_NAMES: dict[type, str] = {str: "text", list: "list", dict: "object"}


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers from 1, without the blank ones. What is gzip is unpacked.

    Raises
    ------
    CollectionError
        The file cannot be read, is cut off, or has a line that is not UTF-8.
    """
    for number, raw in enumerate(_raw_lines(path), start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise CollectionError(f"{path} line {number} is not UTF-8 text: {error.reason}") from error
        if line.strip():
            yield number, line


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            yield from gzip.GzipFile(fileobj=file) if packed else file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CollectionError(f"{path} is not whole: {error}; get a fresh copy") from error
    except OSError as error:
        raise CollectionError(f"cannot read {path}: {error.strerror or error}") from error


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
    for number, line in read_lines(path):
        try:
            row = json.loads(line)
            if "\\u" in line:
                json.dumps(row, ensure_ascii=False).encode()  # a lone surrogate is valid JSON, but no text
        except json.JSONDecodeError as error:
            raise CollectionError(f"{path} line {number} is not valid JSON: {error.msg}") from error
        except UnicodeEncodeError as error:
            raise CollectionError(f"{path} line {number} has half a character: {error.reason}") from error
        for key, kind in required.items():
            if not isinstance(row, dict) or not isinstance(row.get(key), kind):
                raise CollectionError(f"{path} line {number} needs the key '{key}' with a {_JSON_NAMES[kind]}")
            if isinstance(row[key], str) and key not in may_be_empty and not row[key].strip():
                raise CollectionError(f"{path} line {number} has an empty '{key}'")
        yield number, row


def check_id(path: Path, number: int, key: str, value: str) -> None:
    """Refuse an id with white space, at which run and qrels files part their columns."""
    if value.split() != [value]:
        raise CollectionError(f"{path} line {number} has white space in the {key} {value!r}")


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
