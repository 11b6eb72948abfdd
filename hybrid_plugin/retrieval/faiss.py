"""FAISS folders that Pyserini reads, and searching them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encode import encode_texts, encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.vectors import RECORD as VECTORS
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json, whole_folder, write_json
from hybrid_plugin.outputs import REQUEST, file_checksum, file_is_done, folder_is_done, record_request, say_done
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH, run_writer
from hybrid_plugin.tasks.checksum import checksum
from hybrid_plugin.tasks.sides import load_side, said_of_texts
from hybrid_plugin.tasks.texts import Text
from hybrid_plugin.versions import versions

RECORD = "index.json"
_BLOCK = 256  # queries searched at a time


def index_dataset(
    dataset_id: str,
    encoder: Encoder,
    output: StrPath,
    *,
    batch_size: int | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> Path:
    """Encode the documents of an ir_datasets id, or of a benchmark's task, into an exact FAISS index as Pyserini's.

    Parameters
    ----------
    dataset_id : as :func:`hybrid_plugin.tasks.load_side` takes it, such as ``xquad-r/multi`` or ``mine.yaml/multi/en``.
    output : the folder, written whole.
    overwrite : replace an index of another encoder or other documents; the same is done at once.

    Returns
    -------
    ``output``, with ``index``, ``docid`` and ``index.json``.

    Raises
    ------
    UserError
        The id is unknown or has no documents, or the output folder holds another index or is not ours.
    """
    output = Path(output)
    import faiss

    docs = load_side(dataset_id, "docs")
    if docs is None:
        raise UserError(f"'{dataset_id}' has no documents to index")
    request = {"texts": said_of_texts(dataset_id, docs.texts, "docs"), "encoder": encoder.identity}
    if folder_is_done(output, RECORD, request, overwrite):
        say_done(output)
        return output
    with whole_folder(output, RECORD) as staging:
        vectors = encode_to_folder(
            encoder,
            load_side(dataset_id, "docs").texts,  # type: ignore[union-attr]
            "passage",
            staging / "vectors",
            total=docs.total,
            batch_size=batch_size,
            progress=progress,
            about={"identity": request["encoder"]},
        )
        made = read_json(staging / "vectors" / VECTORS)
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
                **{name: made[name] for name in ("encoder", "identity", "transform", "count", "dimension", "checksum")},
                REQUEST: request,
                "versions": versions(),
            },
        )
    return output


def search_dataset(
    dataset_id: str,
    encoder: Encoder,
    index_folder: StrPath,
    output: StrPath,
    *,
    hits: int = DEFAULT_DEPTH,
    batch_size: int | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> Path:
    """Search a FAISS folder (ours or Pyserini's) with the queries of an ir_datasets id, or of a benchmark's task.

    Writes a TREC run file.

    Parameters
    ----------
    output : the run file; a name in ``.gz`` means gzip.
    hits : documents a query.
    overwrite : replace another run file; the same run is done at once. What it is of lies beside it, ``{output}.json``.

    Returns
    -------
    ``output``.

    Raises
    ------
    UserError
        The id has no queries, the folder is not an index, the index is of another encoder or of other documents than
        the id has, or the run file is of another search.
    """
    index_folder = Path(index_folder)
    output = Path(output)
    from tqdm.auto import tqdm

    asked = load_side(dataset_id, "queries")
    if asked is None:
        raise UserError(f"'{dataset_id}' has no queries; take an id like {dataset_id}/en")
    if hits < 1:
        raise UserError(f"hits is {hits}; it must be at least 1")
    if output.is_dir():
        raise UserError(f"{output} is a folder; --output names the run file to write")
    identity, record = encoder.identity, _record(index_folder)
    index, doc_ids = _read_index(index_folder, encoder)
    _check_encoder(record, identity, index_folder, encoder)
    _check_documents(dataset_id, record, index_folder, doc_ids)
    texts = list(asked.texts)
    request = {
        "queries": checksum(texts),
        "encoder": identity,
        "index": file_checksum(index_folder / "index"),
        "hits": hits,
    }
    if file_is_done(output, request, overwrite):
        say_done(output)
        return output
    queries = encode_texts(encoder, texts, "query", batch_size=batch_size, progress=progress)
    with run_writer(output) as writer, tqdm(total=len(queries.ids), desc="search", disable=not progress) as bar:
        for start in range(0, len(queries.ids), _BLOCK):
            block = slice(start, start + _BLOCK)
            scores, places = index.search(queries.matrix[block], hits)
            found = [_in_trec_order(*row, doc_ids) for row in zip(scores, places, strict=True)]
            writer.add(queries.ids[block], [names for names, _ in found], [scores for _, scores in found])
            bar.update(len(found))
    record_request(output, request)
    return output


def _read_index(folder: Path, encoder: Encoder) -> tuple[Any, np.ndarray]:
    """The index in a folder and the ids of its documents, object [documents]; refuses one of another dimension."""
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
    return index, doc_ids


def _record(folder: Path) -> dict[str, Any]:
    """What an index folder says of itself: nothing, if Pyserini wrote it."""
    path = folder / RECORD
    return dict(read_json(path)) if path.is_file() else {}


def _check_encoder(record: Mapping[str, Any], identity: Mapping[str, Any], folder: Path, encoder: Encoder) -> None:
    """Refuse an index of another encoder; one of version 0.1 says only whether its vectors are transformed."""
    check_identity(record.get("identity"), identity, f"the index {folder}", encoder.name)
    if "identity" not in record and "transform" in record:
        about = encoder.transform and encoder.transform.about
        if record["transform"] != about:
            raise UserError(
                f"the index {folder} was made {'with' if record['transform'] else 'without'} a transform and the "
                f"encoder '{encoder.name}' has {'another or none' if record['transform'] else 'one'}; use the same"
            )


def _check_documents(dataset_id: str, record: Mapping[str, Any], folder: Path, doc_ids: np.ndarray) -> None:
    """Refuse an index of other documents than a dataset has, as far as these are known without reading many."""
    docs = load_side(dataset_id, "docs")
    if docs is None:  # queries alone, for any documents
        return
    made_of = f"'{record['dataset']}'" if record.get("dataset") else "others"
    message = f"the index {folder} is not of the documents of '{dataset_id}', but of {made_of}; index '{dataset_id}'"
    if docs.total is not None and docs.total != len(doc_ids):
        raise UserError(f"{message} ({len(doc_ids):,} documents, not {docs.total:,})")
    ids = []

    def noted() -> Iterator[Text]:
        for text in docs.texts:
            ids.append(text.id)
            yield text

    said = said_of_texts(dataset_id, noted(), "docs")
    if "checksum" in said and (
        sorted(ids) != sorted(doc_ids) or record.get("checksum", said["checksum"]) != said["checksum"]
    ):
        raise UserError(f"{message} (other ids or texts)")


def _in_trec_order(scores: np.ndarray, places: np.ndarray, doc_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop FAISS's fillers and break ties by descending document id."""
    scores, names = scores[places >= 0], doc_ids[places[places >= 0]]
    order = sorted(range(len(names)), key=lambda i: (scores[i], names[i]), reverse=True)
    return names[order], scores[order]
