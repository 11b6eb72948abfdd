"""Texts and whole ir_datasets entries to vectors, in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, tee
from pathlib import Path
from typing import Any

from numpy.lib import format as npy

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.vectors import RECORD, Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, whole_folder, write_json
from hybrid_plugin.outputs import REQUEST, folder_is_done, say_done
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checksum import Summed
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.sides import said_of_texts, texts_of_views, views_of
from hybrid_plugin.tasks.texts import Text, check_id, count_texts, texts_of
from hybrid_plugin.versions import versions

CHUNK = 16384  # texts in memory at a time


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
    folder: StrPath,
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
    about : further facts to record, such as the ir_datasets id; an ``identity`` of the encoder that is known already
        is not computed again.

    Returns
    -------
    The vectors, memory-mapped.
    """
    folder, about = Path(folder), about or {}
    summed = Summed(texts)
    with whole_folder(folder, RECORD) as staging:
        count = 0
        with (staging / "vectors.npy").open("wb") as data, (staging / "ids.txt").open("w", encoding="utf-8") as ids:
            # The header is written twice: numpy leaves room in it for a first axis of any length.
            header = {"descr": "<f4", "fortran_order": False, "shape": (0, encoder.dimension)}
            npy.write_array_header_1_0(data, header)

            stream, again = tee(summed)
            langs = (text.lang for text in again)

            def chunks() -> Iterator[list[str]]:
                while chunk := list(islice(stream, CHUNK)):
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
            "checksum": summed.checksum,
            "encoder": encoder.name,
            "identity": about.get("identity") or encoder.identity,
            "transform": encoder.transform and encoder.transform.about,
            **about,
        }
        write_json(staging / RECORD, record)
    return read_vectors(folder)


def encode_dataset(
    dataset_id: str,
    encoder: Encoder,
    output: StrPath,
    *,
    batch_size: int | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Encode the documents and queries of an ir_datasets id, as far as it has them, or of all tasks of a benchmark.

    Parameters
    ----------
    dataset_id : an ir_datasets id, or what :func:`hybrid_plugin.load_benchmark` takes, of which each text is encoded
        once.
    overwrite : replace vectors of another encoder or collection; the same are done at once.

    Returns
    -------
    The folders written: ``output/docs`` and ``output/queries``, for :func:`~hybrid_plugin.encoding.read_vectors`.

    Raises
    ------
    UserError
        The id is unknown or has neither, or the output holds other vectors.
    """
    output = Path(output)
    benchmark = views_of(dataset_id)
    sides = [side for side in ("docs", "queries") if benchmark is not None or load_dataset(dataset_id).has(side)]
    if not sides:
        raise UserError(f"'{dataset_id}' has neither documents nor queries")
    if output.is_file():
        raise UserError(f"{output} is a file, not a folder; choose another output")
    identity = encoder.identity
    todo = {}
    for side in sides:
        request = {
            "side": side,
            "texts": said_of_texts(dataset_id, _texts(dataset_id, benchmark, side, []), side),
            "encoder": identity,
        }
        if folder_is_done(output / side, RECORD, request, overwrite):
            say_done(output / side)
        else:
            todo[side] = request
    for side, request in todo.items():
        views: list[dict[str, object]] = []  # filled while they are encoded
        total = count_texts(load_dataset(dataset_id), side) if benchmark is None else None
        encode_to_folder(
            encoder,
            _texts(dataset_id, benchmark, side, views),
            "passage" if side == "docs" else "query",
            output / side,
            total=total,
            batch_size=batch_size,
            progress=progress,
            about={"dataset": dataset_id, "identity": identity, "versions": versions(), REQUEST: request}
            | ({"views": views} if benchmark else {}),
        )
    return [output / side for side in sides]


def _texts(dataset_id: str, benchmark: Benchmark | None, side: str, views: list[dict[str, object]]) -> Iterator[Text]:
    """The documents or queries of an id or a benchmark; notes in ``views`` which rows are whose."""
    if benchmark is None:
        return texts_of(load_dataset(dataset_id), side)
    return texts_of_views(benchmark.doc_views if side == "docs" else benchmark.query_views, side, views)
