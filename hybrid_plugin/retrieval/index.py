"""Building an index of the documents of a name, whole, and removing it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encode import encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.vectors import RECORD as VECTORS
from hybrid_plugin.encoding.vectors import read_record
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json, remove_folder, whole_folder, write_json
from hybrid_plugin.outputs import REQUEST, folder_is_done, say_done
from hybrid_plugin.retrieval.backends.base import SearchBackend
from hybrid_plugin.retrieval.backends.exact import search_vectors
from hybrid_plugin.retrieval.backends.named import backend_kind
from hybrid_plugin.retrieval.documents import IDS, Catalogue, Documents, documents_of
from hybrid_plugin.retrieval.settings import IndexSettings
from hybrid_plugin.tasks.sides import load_side, said_of_texts, texts_of_views, views_of
from hybrid_plugin.tasks.task import View
from hybrid_plugin.versions import versions

RECORD = "index.json"
_DEPTHS = (10, 100, 1000)  # of recall
_SAMPLE = 256  # documents whose vectors are the queries of it


def index_dataset(
    dataset_id: str,
    encoder: Encoder | None,
    output: StrPath,
    *,
    backend: str = "faiss",
    settings: IndexSettings | None = None,
    vectors: StrPath | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> Path:
    """Index the documents of an ir_datasets id, or of a benchmark's tasks, for :func:`search_dataset`.

    Unless their vectors are given they are encoded first, into ``{output}.vectors``, from where the same call goes on
    if it was killed; the index itself is written whole.

    Parameters
    ----------
    dataset_id : as :func:`hybrid_plugin.tasks.load_side` takes it, such as ``xquad-r/multi`` or ``mine.yaml/multi/en``.
    encoder : may be None where there are vectors.
    output : the folder.
    backend : which engine, by its name; of faiss, Pyserini reads the folder.
    vectors : a folder of ``hybrid-ir encode`` with these documents.
    overwrite : replace an index of another encoder or other documents; the same is done at once.

    Returns
    -------
    ``output``, with ``index.json``, in which ``recall`` says which share of the documents an exact search finds an
    approximate index finds, too: for the vectors of 256 documents as queries.

    Raises
    ------
    UserError
        The id is unknown or has no documents, the vectors are of another encoder or of other documents, or the output
        folder holds another index or is not ours.
    """
    output, settings, kind = Path(output), settings or IndexSettings(), backend_kind(backend)
    docs = load_side(dataset_id, "docs")
    if docs is None:
        raise UserError(f"'{dataset_id}' has no documents to index")
    if encoder is None and vectors is None:
        raise UserError("there is nothing to index without an encoder or a folder of vectors")
    encoded = output.with_name(f"{output.name}.vectors")
    folder = encoded if vectors is None else side_folder(vectors, "docs")
    identity = made_by(folder, encoder) if vectors is not None else encoder.identity  # type: ignore[union-attr]
    request = {
        "texts": said_of_texts(dataset_id, docs.texts, "docs"),
        "encoder": identity,
        "backend": backend,
        **asdict(settings),
    }
    if folder_is_done(output, RECORD, request, overwrite):
        if (encoded / VECTORS).is_file():  # of a process that was killed when the index had its name
            remove_folder(encoded)
        say_done(output)
        return output
    views = doc_views(dataset_id)
    if vectors is None:
        noted: list[dict[str, object]] = []  # filled while they are encoded
        encode_to_folder(
            encoder,  # type: ignore[arg-type]
            texts_of_views(views, "docs", noted),
            "passage",
            folder,
            total=docs.total,
            progress=progress,
            request=None if overwrite else {"texts": request["texts"], "encoder": identity},
            about={"dataset": dataset_id, "identity": identity, "views": noted},
        )
    if (output / RECORD).is_file():
        with read_index(output) as before:
            before.delete()
    with whole_folder(output, RECORD) as staging:
        documents, said = documents_of(folder, views, staging)
        if not len(documents):
            raise UserError(f"'{dataset_id}' has no documents to index")
        catalogue = Catalogue.load(staging, [*said])
        name = f"hybrid_ir_{hashlib.sha256(str(output.resolve()).encode()).hexdigest()[:16]}"
        facts = kind(staging, catalogue).index(
            documents, settings, name=name, passing=vectors is None, progress=progress
        )
        facts["dimension"] = documents.dimension
        record = {
            "dataset": dataset_id,
            **{key: read_record(folder).get(key) for key in ("encoder", "transform", "checksum")},
            "identity": identity,
            "count": len(documents),
            "dimension": documents.dimension,
            "languages": {lang: asdict(one) for lang, one in said.items()},
            "backend": backend,
            "facts": facts,
            REQUEST: request,
            "versions": versions(),
        }
        if facts.get("approximate"):
            with kind(staging, catalogue, facts) as built:
                record["recall"] = _recall(built, documents, settings)
        write_json(staging / RECORD, record)
    if vectors is None:
        remove_folder(encoded)
    return output


def delete_index(folder: StrPath) -> None:
    """Remove an index, and what its engine keeps elsewhere, such as a collection in a cluster.

    Raises
    ------
    UserError
        The folder is no index that :func:`index_dataset` made.
    """
    folder = Path(folder)
    if not (folder / RECORD).is_file():
        raise UserError(f"{folder} is no index of hybrid-ir (it has no {RECORD}), so it is not ours to remove")
    with read_index(folder) as index:
        index.delete()
    remove_folder(folder)


def read_index(folder: Path, device: str | None = None) -> SearchBackend:
    """The index in a folder: one of ours, or one that Pyserini wrote.

    Parameters
    ----------
    device : as :class:`SearchBackend` takes it.
    """
    record = index_record(folder)
    kind = backend_kind(record.get("backend", "faiss"))
    if not (folder / IDS).is_file():
        raise UserError(f"{folder} is not an index: it has no file '{IDS}'")
    return kind(folder, Catalogue.load(folder, [*record.get("languages", ())]), record.get("facts"), device)


def index_record(folder: StrPath) -> dict[str, Any]:
    """What the folder of an index says of itself: nothing, if Pyserini wrote it."""
    path = Path(folder) / RECORD
    return dict(read_json(path)) if path.is_file() else {}


def doc_views(name: str) -> tuple[View, ...]:
    """The views of the documents that a name stands for."""
    benchmark = views_of(name)
    return (View(name),) if benchmark is None else benchmark.doc_views


def side_folder(vectors: StrPath, side: str) -> Path:
    """The part of a folder of ``hybrid-ir encode`` with the documents or queries; itself where it has no parts."""
    part = Path(vectors) / side
    return part if part.is_dir() else Path(vectors)


def made_by(folder: Path, encoder: Encoder | None) -> dict[str, Any] | None:
    """The identity of the encoder of a folder of vectors.

    Raises
    ------
    UserError
        It has none, or they are of another encoder than that which is given.
    """
    made: dict[str, Any] | None = read_record(folder).get("identity")
    if encoder is not None:
        check_identity(made, encoder.identity, f"the folder of vectors {folder}", encoder.name)
    return made


def _recall(index: SearchBackend, documents: Documents, settings: IndexSettings) -> dict[str, float]:
    """The share of the first documents of an exact search that an index finds among as many, by how many."""
    number = min(_SAMPLE, len(documents))
    sample = np.sort(np.random.default_rng(0).choice(len(documents), number, replace=False))
    queries = documents.take(sample)
    depths = [depth for depth in _DEPTHS if depth <= len(documents)] or [len(documents)]
    right = dict.fromkeys(depths, 0)
    pairs = zip(
        search_vectors(documents, queries, depths[-1], index.device),
        index.search(queries, depths[-1], settings),
        strict=True,
    )
    for wanted, found in pairs:
        first = found.numbers[np.argsort(-found.scores, kind="stable")]
        for depth in depths:
            best = wanted.numbers[wanted.scores >= np.partition(wanted.scores, -depth)[-depth]]  # with all ties
            right[depth] += int(np.isin(first[:depth], best).sum())
    return {str(depth): right[depth] / (depth * number) for depth in depths}
