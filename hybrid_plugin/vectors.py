"""Vectors on disk: a folder with ``vectors.npy`` (float32, memory-mapped), ``ids.txt`` and ``vectors.json``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, tee
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from hybrid_plugin.encoder import Encoder, Kind
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json, whole_folder, write_json

RECORD = "vectors.json"
_CHUNK = 16384  # texts in memory at a time


class Text(NamedTuple):
    """A text to encode and the id that its vector keeps."""

    id: str
    text: str
    lang: str | None = None


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


def encode_texts(
    encoder: Encoder, texts: Sequence[Text], kind: Kind, *, batch_size: int | None = None, progress: bool = False
) -> Vectors:
    """Vectors of texts, in memory."""
    matrix = encoder.encode(
        [text.text for text in texts],
        kind,
        langs=(text.lang for text in texts),
        batch_size=batch_size,
        progress=progress,
    )
    return Vectors([text.id for text in texts], matrix)


def encode_to_folder(
    encoder: Encoder,
    texts: Iterable[Text],
    kind: Kind,
    folder: Path,
    *,
    total: int | None = None,
    batch_size: int | None = None,
    progress: bool = False,
    about: dict[str, Any] | None = None,
) -> Vectors:
    """Encode a stream of texts to disk, with memory for one chunk of them.

    Parameters
    ----------
    folder : gets its name when all vectors are written; older vectors there are replaced.
    about : further facts to record, such as the ir_datasets id.

    Returns
    -------
    The vectors, memory-mapped.
    """
    with whole_folder(folder, RECORD) as staging:
        count = 0
        with (staging / "vectors.npy").open("wb") as data, (staging / "ids.txt").open("w", encoding="utf-8") as ids:
            # The header is written twice: numpy leaves room in it for a first axis of any length.
            header = {"descr": "<f4", "fortran_order": False, "shape": (0, encoder.dimension)}
            npy.write_array_header_1_0(data, header)

            stream, again = tee(texts)
            langs = (text.lang for text in again)

            def chunks() -> Iterator[list[str]]:
                while chunk := list(islice(stream, _CHUNK)):
                    for text in chunk:
                        check_id(text.id)
                        ids.write(text.id + "\n")
                    yield [text.text for text in chunk]

            encoded = encoder.encode_chunks(
                chunks(), kind, langs=langs, total=total, batch_size=batch_size, progress=progress
            )
            for count, vectors in encoded:  # noqa: B007 - its last value is the number of texts
                data.write(vectors.astype("<f4", copy=False).tobytes())
            data.seek(0)
            npy.write_array_header_1_0(data, {**header, "shape": (count, encoder.dimension)})
        record = {
            "kind": kind,
            "count": count,
            "dimension": encoder.dimension,
            "encoder": encoder.name,
            "transform": encoder.transform and encoder.transform.about,
            **(about or {}),
        }
        write_json(staging / RECORD, record)
    return read_vectors(folder)


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


def check_id(text_id: str) -> None:
    """Refuse an id that no run file can hold.

    Raises
    ------
    UserError
        It is empty or has white space.
    """
    if not text_id or any(character.isspace() for character in text_id):
        raise UserError(f"the id '{text_id}' is empty or has white space, which no run file can hold")
