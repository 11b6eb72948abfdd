"""Vectors and the ids that they belong to, in memory and in folders."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.ids import StoredIds
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json

RECORD = "vectors.json"
_ROWS = 64  # read at a time where they lie apart


@dataclass(frozen=True)
class Vectors:
    """Ids and their unit vectors.

    Parameters
    ----------
    ids : one an item, without repetition; perhaps :class:`~hybrid_plugin.encoding.ids.StoredIds`.
    matrix : float32 [len(ids), dimension], perhaps memory-mapped.
    """

    ids: Sequence[str]
    matrix: np.ndarray

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.ids) != len(self.matrix):
            raise UserError(f"{len(self.ids)} ids do not fit vectors of shape {self.matrix.shape}")

    def part(self, rows: range) -> Vectors:
        """A stretch of the same vectors."""
        ids = self.ids.part(rows) if isinstance(self.ids, StoredIds) else self.ids[rows.start : rows.stop]
        return Vectors(ids, self.matrix[rows.start : rows.stop])

    def block(self, start: int, stop: int) -> np.ndarray:
        """Some rows, float32 in memory; those of a file do not stay there.

        Raises
        ------
        UserError
            A vector holds something that is not a finite number; names its id.
        """
        block = np.array(self.matrix[start:stop], np.float32)
        release(self.matrix)
        return self._finite(block, lambda row: start + row)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Any rows, float32 [rows, dimension]; raises as :meth:`block` does."""
        found = np.empty((len(rows), self.matrix.shape[1]), np.float32)
        for start in range(0, len(rows), _ROWS):
            some = slice(start, start + _ROWS)
            found[some] = self.matrix[rows[some]]
            release(self.matrix)  # a row may bring megabytes of the file with it
        return self._finite(found, lambda row: int(rows[row]))

    def _finite(self, block: np.ndarray, row_of: Callable[[int], int]) -> np.ndarray:
        if not np.isfinite(block).all():
            row = row_of(int(np.flatnonzero(~np.isfinite(block).all(1))[0]))
            name = getattr(self.matrix, "filename", None)
            raise UserError(
                f"the vector of '{self.ids[row]}'{f' in {name}' if name else ''} is not finite; encode again"
            )
        return block


def release(matrix: np.ndarray) -> None:
    """Let go of the pages of a memory-mapped matrix: what was read of it is not counted as memory of this process."""
    mapped = getattr(matrix, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def read_vectors(folder: StrPath) -> Vectors:
    """Vectors of a folder, memory-mapped.

    Raises
    ------
    UserError
        The folder holds no vectors, or its files do not fit together; names the file.
    """
    folder = Path(folder)
    if not (folder / RECORD).is_file():
        raise UserError(f"{folder} holds no vectors (it has no {RECORD})")
    record = read_json(folder / RECORD)
    try:
        count, dimension = record["count"], record["dimension"]
    except (KeyError, TypeError) as error:
        raise UserError(f"{folder / RECORD} is damaged: it does not say the count and dimension") from error
    try:
        ids = StoredIds(folder / "ids.txt")
    except OSError as error:
        raise UserError(f"{folder / 'ids.txt'} is damaged: {error}") from error
    try:
        matrix = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{folder / 'vectors.npy'} is damaged: {error}") from error
    if matrix.shape != (count, dimension) or len(ids) != count:
        raise UserError(
            f"{folder} is damaged: {RECORD} says {count} vectors of {dimension}, "
            f"vectors.npy has {matrix.shape}, ids.txt {len(ids)} ids"
        )
    return Vectors(ids, matrix)
