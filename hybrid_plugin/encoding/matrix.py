"""A matrix in files, of any size, of which only what is asked for is read."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.errors import UserError


class StoredMatrix:
    """The rows of some files of numpy's, one after another, memory-mapped.

    What is read is a copy in memory; the files' pages do not stay there, so that memory does not grow with what was
    read.

    Parameters
    ----------
    files : [rows, dimension] each, float32 or float16.
    rows : which of theirs.
    """

    def __init__(self, files: Sequence[np.ndarray], dimension: int, rows: range | None = None):
        self._files = files
        self._ends = np.cumsum([len(file) for file in files], dtype=np.int64)
        self._rows = range(int(self._ends[-1]) if len(files) else 0) if rows is None else rows
        self.shape = (len(self._rows), dimension)
        self.dtype = files[0].dtype if len(files) else np.dtype(np.float32)

    @classmethod
    def open(cls, paths: Sequence[Path], dimension: int) -> StoredMatrix:
        """Open files.

        Raises
        ------
        UserError
            One cannot be read, or its rows are of another dimension; names it.
        """
        return cls([_opened(path, dimension) for path in paths], dimension)

    def __repr__(self) -> str:
        return f"StoredMatrix({self.shape[0]:,} x {self.shape[1]}, {self.dtype}, {len(self._files)} files)"

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def counts(self) -> list[int]:
        """Rows of each file."""
        return [len(file) for file in self._files]

    def part(self, rows: range) -> StoredMatrix:
        """A stretch of the same rows."""
        return StoredMatrix(self._files, self.shape[1], self._rows[rows.start : rows.stop])

    def path_of(self, row: int) -> Path:
        """The file that has a row."""
        file: Any = self._files[int(np.searchsorted(self._ends, row + self._rows.start, "right"))]
        return Path(file.filename)

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        """A row, or some rows, in memory."""
        if isinstance(rows, int | np.integer):
            row: np.ndarray = self[np.array([rows])][0]
            return row
        if isinstance(rows, slice):
            wanted = self._rows[rows]
            return self._between(wanted.start, wanted.stop) if wanted.step == 1 else self[np.arange(len(self))[rows]]
        lines = np.asarray(rows, np.int64)
        lines = np.where(lines < 0, lines + len(self), lines) + self._rows.start
        found = np.empty((len(lines), self.shape[1]), self.dtype)
        number = np.searchsorted(self._ends, lines, "right")
        for one in np.unique(number).tolist():
            places = np.flatnonzero(number == one)
            file = self._files[one]
            found[places] = file[lines[places] - (int(self._ends[one]) - len(file))]
            _release(file)
        return found

    def _between(self, start: int, stop: int) -> np.ndarray:
        found = np.empty((max(0, stop - start), self.shape[1]), self.dtype)
        for file, end in zip(self._files, self._ends.tolist(), strict=True):
            first = end - len(file)
            own = slice(max(start, first), min(stop, end))
            if own.start < own.stop:
                found[own.start - start : own.stop - start] = file[own.start - first : own.stop - first]
                _release(file)
        return found

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """All of it in memory, as numpy asks for it."""
        return self[:].astype(dtype or self.dtype, copy=False)


def _opened(path: Path, dimension: int) -> np.ndarray:
    try:
        file = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged: {error}") from error
    if file.ndim != 2 or file.shape[1] != dimension or file.dtype not in (np.float32, np.float16):
        raise UserError(f"{path} is damaged: it has {file.dtype} {file.shape}, not vectors of {dimension}")
    return file


def _release(file: np.ndarray) -> None:
    """Let go of a file's pages: what was read of it is not counted as memory of this process."""
    mapped = getattr(file, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
