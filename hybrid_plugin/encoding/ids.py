"""The ids of vectors: in a list, or in a file of any length of which little is in memory."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from hybrid_plugin.errors import UserError

_STEP = 1024  # lines from one known offset to the next
_BLOCK = 16 * 2**20  # bytes


class StoredIds(Sequence[str]):
    """The lines of a file, read where they are asked for; in memory are eight bytes for each 1024 of them.

    Parameters
    ----------
    path : UTF-8 text, one id a line.
    rows : which of its lines; by default all.

    Raises
    ------
    OSError
        The file cannot be read.
    UserError
        It is not text.
    """

    def __init__(self, path: Path, rows: range | None = None, offsets: np.ndarray | None = None):
        self._path = path
        if offsets is None or rows is None:
            offsets, count = _offsets(path)
            rows = rows or range(count)
        self._offsets = offsets
        self._rows = rows

    def __repr__(self) -> str:
        return f"StoredIds({len(self):,} ids of {str(self._path)!r})"

    def __len__(self) -> int:
        return len(self._rows)

    def part(self, rows: range) -> StoredIds:
        """A stretch of the same ids."""
        return StoredIds(self._path, self._rows[rows.start : rows.stop], self._offsets)

    def __iter__(self) -> Iterator[str]:
        with self._path.open("rb") as file:
            first = self._rows.start // _STEP
            if self._rows:
                file.seek(self._offsets[first])
            for row, line in enumerate(file, start=first * _STEP):
                if row >= self._rows.stop:
                    break
                if row >= self._rows.start:
                    yield line.decode().removesuffix("\n")

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        wanted = range(len(self))[row]
        if isinstance(wanted, int):
            return str(self.take(np.array([wanted]))[0])
        return list(self.take(np.array(wanted, np.int64)))

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The ids of some rows, object [rows]."""
        lines = np.asarray(rows, np.int64) + self._rows.start
        found = np.empty(len(lines), object)
        order = np.argsort(lines, kind="stable")
        with self._path.open("rb") as file:
            chunk, names = -1, []
            for place in order:
                if lines[place] // _STEP != chunk:
                    chunk = int(lines[place] // _STEP)
                    start = int(self._offsets[chunk])
                    stop = int(self._offsets[chunk + 1]) if chunk + 1 < len(self._offsets) else -1
                    file.seek(start)
                    names = file.read(stop - start if stop >= 0 else -1).decode().split("\n")
                found[place] = names[lines[place] % _STEP]
        return found


def _offsets(path: Path) -> tuple[np.ndarray, int]:
    """Where every 1024th line begins, and the number of lines; a last one without its end was cut off and is none."""
    offsets, lines, read = [0], 0, 0
    text = getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                text.decode(block)
                ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
                begun = ends[(_STEP - 1 - lines) % _STEP :: _STEP]
                offsets += (begun + 1 + read).tolist()
                lines, read = lines + len(ends), read + len(block)
        text.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: {error}") from error
    return np.array(offsets, np.int64), lines


def take_ids(ids: Sequence[str], rows: np.ndarray) -> np.ndarray:
    """The ids of some rows, object [rows]."""
    if isinstance(ids, StoredIds):
        return ids.take(rows)
    found = np.empty(len(rows), object)
    found[:] = [ids[row] for row in rows]
    return found


def rows_of(ids: Sequence[str], wanted: Collection[str]) -> dict[str, int]:
    """Which rows have some ids; those that no row has are left out."""
    return {text_id: row for row, text_id in enumerate(ids) if text_id in wanted}
