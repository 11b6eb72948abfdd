"""FAISS folders that Pyserini reads, and searching them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encode import encode_texts, encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, whole_folder, write_json
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH, run_writer
from hybrid_plugin.tasks.sides import load_side
from hybrid_plugin.versions import versions

RECORD = "index.json"
_BLOCK = 256  # queries searched at a time


def index_dataset(
    dataset_id: str, encoder: Encoder, output: Path, *, batch_size: int | None = None, progress: bool = False
) -> Path:
    """Encode the documents of an ir_datasets id, or of a benchmark's task, into an exact FAISS index as Pyserini's.

    Parameters
    ----------
    dataset_id : as :func:`hybrid_plugin.tasks.load_side` takes it, such as ``xquad-r/multi`` or ``mine.yaml/multi/en``.
    output : the folder, written whole; an older index there is replaced.

    Returns
    -------
    ``output``, with ``index``, ``docid`` and ``index.json``.

    Raises
    ------
    UserError
        The id is unknown or has no documents, or the output folder is not ours.
    """
    import faiss

    docs = load_side(dataset_id, "docs")
    if docs is None:
        raise UserError(f"'{dataset_id}' has no documents to index")
    check_output(output, RECORD)
    with whole_folder(output, RECORD) as staging:
        vectors = encode_to_folder(
            encoder,
            docs.texts,
            "passage",
            staging / "vectors",
            total=docs.total,
            batch_size=batch_size,
            progress=progress,
        )
        index = faiss.IndexFlatIP(encoder.dimension)
        for start in range(0, len(vectors.ids), 65536):
            index.add(np.ascontiguousarray(vectors.matrix[start : start + 65536]))
        faiss.write_index(index, str(staging / "index"))
        (staging / "vectors" / "ids.txt").rename(staging / "docid")
        for leftover in (staging / "vectors").iterdir():
            leftover.unlink()
        (staging / "vectors").rmdir()
        write_json(
            staging / RECORD,
            {
                "dataset": dataset_id,
                "encoder": encoder.name,
                "transform": encoder.transform and encoder.transform.about,
                "count": index.ntotal,
                "dimension": index.d,
                "versions": versions(),
            },
        )
    return output


def search_dataset(
    dataset_id: str,
    encoder: Encoder,
    index_folder: Path,
    output: Path,
    *,
    hits: int = DEFAULT_DEPTH,
    batch_size: int | None = None,
    progress: bool = False,
) -> Path:
    """Search a FAISS folder (ours or Pyserini's) with the queries of an ir_datasets id, or of a benchmark's task.

    Writes a TREC run file.

    Parameters
    ----------
    output : the run file; a name in ``.gz`` means gzip.
    hits : documents a query.

    Returns
    -------
    ``output``.

    Raises
    ------
    UserError
        The id has no queries, the folder is not an index, or the index is of another encoder.
    """
    from tqdm.auto import tqdm

    asked = load_side(dataset_id, "queries")
    if asked is None:
        raise UserError(f"'{dataset_id}' has no queries; take an id like {dataset_id}/en")
    if hits < 1:
        raise UserError(f"hits is {hits}; it must be at least 1")
    if output.is_dir():
        raise UserError(f"{output} is a folder; --output names the run file to write")
    index, doc_ids = _read_index(index_folder, encoder)
    queries = encode_texts(encoder, list(asked.texts), "query", batch_size=batch_size, progress=progress)
    with run_writer(output) as writer, tqdm(total=len(queries.ids), desc="search", disable=not progress) as bar:
        for start in range(0, len(queries.ids), _BLOCK):
            block = slice(start, start + _BLOCK)
            scores, places = index.search(queries.matrix[block], hits)
            found = [_in_trec_order(*row, doc_ids) for row in zip(scores, places, strict=True)]
            writer.add(queries.ids[block], [names for names, _ in found], [scores for _, scores in found])
            bar.update(len(found))
    return output


def _read_index(folder: Path, encoder: Encoder) -> tuple[Any, np.ndarray]:
    """The index in a folder and the ids of its documents, object [documents]; refuses one of another encoder."""
    import faiss

    for name in ("index", "docid"):
        if not (folder / name).is_file():
            raise UserError(f"{folder} is not a FAISS folder: it has no file '{name}'")
    try:
        index = faiss.read_index(str(folder / "index"))
    except RuntimeError as error:
        raise UserError(f"{folder / 'index'} is damaged: FAISS cannot read it") from error
    doc_ids = np.array((folder / "docid").read_text(encoding="utf-8").split("\n")[:-1], dtype=object)
    if len(doc_ids) != index.ntotal:
        raise UserError(f"{folder} is damaged: {index.ntotal} vectors, but {len(doc_ids)} ids in 'docid'")
    if index.d != encoder.dimension:
        raise UserError(
            f"the index {folder} has {index.d} dimensions, the encoder '{encoder.name}' {encoder.dimension}; "
            "index with the same encoder"
        )
    made = read_json(folder / RECORD) if (folder / RECORD).is_file() else None
    if made and made.get("transform") != (encoder.transform and encoder.transform.about):
        raise UserError(
            f"the index {folder} was made {'with' if made.get('transform') else 'without'} a transform and the "
            f"encoder '{encoder.name}' has {'another or none' if made.get('transform') else 'one'}; use the same"
        )
    return index, doc_ids


def _in_trec_order(scores: np.ndarray, places: np.ndarray, doc_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop FAISS's fillers and break ties by descending document id."""
    scores, names = scores[places >= 0], doc_ids[places[places >= 0]]
    order = sorted(range(len(names)), key=lambda i: (scores[i], names[i]), reverse=True)
    return names[order], scores[order]
