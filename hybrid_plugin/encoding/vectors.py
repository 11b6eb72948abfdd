"""Vectors and the ids that they belong to, in memory and in folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.ids import StoredIds
from hybrid_plugin.encoding.matrix import StoredMatrix
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json
from hybrid_plugin.outputs import file_checksum

RECORD = "vectors.json"
_ROWS = 64  # read at a time where they lie apart
_ONE = ({"vectors": "vectors.npy", "ids": "ids.txt"},)  # the files of a folder that version 0.1 wrote


@dataclass(frozen=True)
class Vectors:
    """Ids and their unit vectors.

    Parameters
    ----------
    ids : one an item, without repetition; perhaps :class:`~hybrid_plugin.encoding.ids.StoredIds`.
    matrix : float32 [len(ids), dimension]; or in files, float32 or float16.
    """

    ids: Sequence[str]
    matrix: np.ndarray | StoredMatrix

    __repr__ = brief

    def __post_init__(self) -> None:
        if len(self.matrix.shape) != 2 or len(self.ids) != len(self.matrix):
            raise UserError(f"{len(self.ids)} ids do not fit vectors of shape {self.matrix.shape}")

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        return int(self.matrix.shape[1])

    def part(self, rows: range) -> Vectors:
        """A stretch of the same vectors."""
        ids = self.ids.part(rows) if isinstance(self.ids, StoredIds) else self.ids[rows.start : rows.stop]
        matrix = self.matrix
        return Vectors(ids, matrix.part(rows) if isinstance(matrix, StoredMatrix) else matrix[rows.start : rows.stop])

    def block(self, start: int, stop: int) -> np.ndarray:
        """Some rows, float32 in memory; those of a file do not stay there.

        Raises
        ------
        UserError
            A vector holds something that is not a finite number; names its id.
        """
        return self._finite(np.array(self.matrix[start:stop], np.float32), lambda row: start + row)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Any rows, float32 [rows, dimension]; raises as :meth:`block` does."""
        found = np.empty((len(rows), self.dimension), np.float32)
        for start in range(0, len(rows), _ROWS):
            some = slice(start, start + _ROWS)
            found[some] = self.matrix[rows[some]]
        return self._finite(found, lambda row: int(rows[row]))

    def _finite(self, block: np.ndarray, row_of: Callable[[int], int]) -> np.ndarray:
        if not np.isfinite(block).all():
            row = row_of(int(np.flatnonzero(~np.isfinite(block).all(1))[0]))
            where = f" in {self.matrix.path_of(row)}" if isinstance(self.matrix, StoredMatrix) else ""
            raise UserError(f"the vector of '{self.ids[row]}'{where} is not finite; encode again")
        return block


def read_vectors(folder: StrPath) -> Vectors:
    """Vectors of a folder, memory-mapped; those of several shards are one.

    Raises
    ------
    UserError
        The folder holds no vectors, not yet all, or a file that is damaged or does not fit the others; names it.
    """
    folder = Path(folder)
    record = read_record(folder)
    try:
        count, dimension, shards = record["count"], record["dimension"], record.get("shards", _ONE)
        names = [(shard["vectors"], shard["ids"]) for shard in shards]
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{folder / RECORD} is damaged: it does not say the count and dimension") from error
    for number, shard in enumerate(shards):
        damage = damage_of(folder, shard)
        if damage:
            raise UserError(
                f"{folder / damage} is damaged: it is not as it was written; the command that made {folder} makes "
                f"shard {number} anew"
            )
    try:
        ids = StoredIds(*(folder / name for _, name in names))
    except OSError as error:
        raise UserError(f"{error.filename} is damaged: {error}") from error
    matrix = StoredMatrix.open([folder / name for name, _ in names], dimension)
    if matrix.shape != (count, dimension) or ids.counts != matrix.counts:
        raise UserError(
            f"{folder} is damaged: {RECORD} says {count} vectors, its files have {len(matrix)} and {len(ids)} ids"
        )
    return Vectors(ids, matrix)


def read_record(folder: Path) -> Any:
    """What a folder of vectors says of them.

    Raises
    ------
    UserError
        It holds none, or not yet all.
    """
    if (folder / RECORD).is_file():
        return read_json(folder / RECORD)
    begun = len([*folder.glob("*.npy")]) if folder.is_dir() else 0
    if begun:
        raise UserError(f"{folder} is not finished: {begun} shards are there; the command that began it goes on")
    raise UserError(f"{folder} holds no vectors (it has no {RECORD})")


def damage_of(folder: Path, shard: dict[str, Any]) -> str | None:
    """The file of a shard that is not what its record says; None if all are."""
    for key in ("vectors", "ids"):
        path, said = folder / shard[key], shard.get(f"{key}_checksum")
        if said is not None and (not path.is_file() or file_checksum(path) != said):
            return str(shard[key])
    return None
