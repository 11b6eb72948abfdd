"""The ids of vectors: in a list, or in files of any length of which little is in memory."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from hybrid_plugin.errors import UserError

_STEP = 1024  # lines from one known offset to the next
_BLOCK = 16 * 2**20  # bytes


class StoredIds(Sequence[str]):
    """The lines of some files, read where they are asked for; in memory are eight bytes for each 1024 of them.

    Parameters
    ----------
    paths : UTF-8 text, one id a line.
    rows : which of their lines; by default all.

    Raises
    ------
    OSError
        A file cannot be read.
    UserError
        It is not text.
    """

    def __init__(self, *paths: Path, rows: range | None = None, files: Sequence[_Lines] | None = None):
        self._files = [_Lines.of(path) for path in paths] if files is None else files
        self._ends = np.cumsum([one.size for one in self._files], dtype=np.int64)
        self._rows = range(int(self._ends[-1]) if len(self._ends) else 0) if rows is None else rows

    def __repr__(self) -> str:
        return f"StoredIds({len(self):,} ids in {', '.join(str(one.path) for one in self._files[:1])})"

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def counts(self) -> list[int]:
        """Lines of each file."""
        return [one.size for one in self._files]

    def part(self, rows: range) -> StoredIds:
        """A stretch of the same ids."""
        return StoredIds(rows=self._rows[rows.start : rows.stop], files=self._files)

    def __iter__(self) -> Iterator[str]:
        for file, end in zip(self._files, self._ends.tolist(), strict=True):
            first = end - file.size
            if self._rows.start < end and first < self._rows.stop:
                yield from file.between(max(0, self._rows.start - first), min(file.size, self._rows.stop - first))

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
        number = np.searchsorted(self._ends, lines, "right")
        for one in np.unique(number).tolist():
            places = np.flatnonzero(number == one)
            file = self._files[one]
            found[places] = file.take(lines[places] - (int(self._ends[one]) - file.size))
        return found


class _Lines(NamedTuple):
    """A file, where every 1024th of its lines begins, and how many it has."""

    path: Path
    offsets: np.ndarray
    size: int

    @classmethod
    def of(cls, path: Path) -> _Lines:
        return cls(path, *_offsets(path))

    def between(self, start: int, stop: int) -> Iterator[str]:
        """Some lines, one after another."""
        with self.path.open("rb") as file:
            first = start // _STEP
            file.seek(self.offsets[first])
            for row, line in enumerate(file, start=first * _STEP):
                if row >= stop:
                    break
                if row >= start:
                    yield line.decode().removesuffix("\n")

    def take(self, lines: np.ndarray) -> np.ndarray:
        """Any lines, object [lines]."""
        found = np.empty(len(lines), object)
        with self.path.open("rb") as file:
            chunk, names = -1, []
            for place in np.argsort(lines, kind="stable"):
                if lines[place] // _STEP != chunk:
                    chunk = int(lines[place] // _STEP)
                    start = int(self.offsets[chunk])
                    stop = int(self.offsets[chunk + 1]) if chunk + 1 < len(self.offsets) else -1
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
