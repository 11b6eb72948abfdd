"""Vectors and the ids that they belong to, in memory and in folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json
from hybrid_plugin.tasks.task import Task

RECORD = "vectors.json"


@dataclass(frozen=True)
class Vectors:
    """Ids and their unit vectors.

    Parameters
    ----------
    ids : one an item, without repetition.
    matrix : float32 [len(ids), dimension], perhaps memory-mapped.
    """

    ids: Sequence[str]
    matrix: np.ndarray

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.ids) != len(self.matrix):
            raise UserError(f"{len(self.ids)} ids do not fit vectors of shape {self.matrix.shape}")


def read_vectors(folder: Path) -> Vectors:
    """Vectors of a folder, memory-mapped.

    Raises
    ------
    UserError
        The folder holds no vectors, or its files do not fit together; names the file.
    """
    if not (folder / RECORD).is_file():
        raise UserError(f"{folder} holds no vectors (it has no {RECORD})")
    record = read_json(folder / RECORD)
    try:
        count, dimension = record["count"], record["dimension"]
    except (KeyError, TypeError) as error:
        raise UserError(f"{folder / RECORD} is damaged: it does not say the count and dimension") from error
    try:
        ids = (folder / "ids.txt").read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, UnicodeDecodeError) as error:
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


def stored_vectors(task: Task, folder: Path) -> tuple[dict[str, Vectors], dict[str, Vectors]]:
    """Documents and queries by language, from the folder that ``hybrid-ir encode BENCHMARK`` wrote.

    Raises
    ------
    UserError
        The folder holds no vectors, or lacks one of the benchmark's documents or queries; names it.
    """
    sides = []
    for name, texts in (("docs", task.docs), ("queries", task.queries)):
        vectors = read_vectors(folder / name)
        row = {text_id: i for i, text_id in enumerate(vectors.ids)}
        missing = next((text.id for found in texts.values() for text in found if text.id not in row), None)
        if missing is not None:
            raise UserError(f"{folder / name} has no vector of '{missing}'")
        sides.append(
            {
                lang: Vectors([text.id for text in found], vectors.matrix[[row[text.id] for text in found]])
                for lang, found in texts.items()
            }
        )
    return sides[0], sides[1]
