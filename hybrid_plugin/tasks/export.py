"""Any ir_datasets id as files: in Pyserini's formats, or as JSON lines or tab-separated values."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ir_datasets.commands.export import DEFAULT_EXPORTERS

from hybrid_plugin.errors import UserError, unknown
from hybrid_plugin.files import StrPath, scratch_folder, whole_file, write_json
from hybrid_plugin.outputs import REQUEST, folder_is_done, replace_parts, say_done
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.sides import said_of_texts
from hybrid_plugin.tasks.texts import texts_of

EXPORT = "export.json"  # by which a finished export is known
_FILES = {
    "pyserini": {"docs": "corpus/docs.jsonl", "queries": "topics.tsv", "qrels": "qrels.txt"},
    "jsonl": {"docs": "docs.jsonl", "queries": "queries.jsonl", "qrels": "qrels.trec"},
    "tsv": {"docs": "docs.tsv", "queries": "queries.tsv", "qrels": "qrels.trec"},
}
_PARTS = tuple({file.split("/")[0]: None for files in _FILES.values() for file in files.values()})


def export_dataset(dataset_id: str, form: str, output: StrPath, *, overwrite: bool = False) -> list[Path]:
    """Write the documents, queries and qrels of an ir_datasets id, as far as it has them.

    Parameters
    ----------
    form : ``pyserini`` writes ``corpus/docs.jsonl`` (for ``pyserini.encode``; the sentence is under ``text``),
        ``topics.tsv`` and ``qrels.txt``; ``jsonl`` and ``tsv`` write all fields as ``ir_datasets export`` does, with
        qrels in TREC's format.
    overwrite : replace another export in the output; the same is done at once.

    Returns
    -------
    The files written.

    Raises
    ------
    UserError
        The id or the format is unknown, or the output is a file, holds another export or something else.
    """
    if form not in _FILES:
        raise unknown("format", form, _FILES)
    dataset, output = load_dataset(dataset_id), Path(output)
    files = {side: file for side, file in _FILES[form].items() if dataset.has(side)}
    if not files:
        raise UserError(f"'{dataset_id}' has neither documents, queries nor qrels")
    written = [output / file for file in files.values()]
    request = {"dataset": dataset_id, "format": form, **{side: _said(dataset, side) for side in files}}
    if folder_is_done(output, EXPORT, request, overwrite, _PARTS if overwrite else ()):
        say_done(output)
        return written
    with scratch_folder(output.parent, output.name) as scratch:
        for side, file in files.items():
            _WRITERS[side](dataset, form, scratch / file)
        write_json(scratch / EXPORT, {REQUEST: request})
        replace_parts(scratch, output, EXPORT, _PARTS)
    return written


def _said(dataset: Any, side: str) -> dict[str, object]:
    """What tells the records of an entry from others, as JSON."""
    if side != "qrels":
        return said_of_texts(dataset.dataset_id(), texts_of(dataset, side), side)
    state = hashlib.sha256()
    for qrel in dataset.qrels_iter():
        state.update(f"{qrel.query_id}\0{qrel.doc_id}\0{qrel.relevance}\0".encode())
    return {"checksum": f"sha256:{state.hexdigest()}"}


def _docs(dataset: Any, form: str, path: Path) -> None:
    if form != "pyserini":
        return _plain(dataset.docs_iter(), dataset.docs_cls(), form, path)
    with whole_file(path) as file:
        for doc in dataset.docs_iter():
            # Under the key 'contents' Pyserini would split a text at its line breaks.
            others = {k: v for k, v in doc._asdict().items() if k not in ("doc_id", "text", "contents")}
            line = {"id": doc.doc_id, "text": doc.default_text(), **others}
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    return None


def _queries(dataset: Any, form: str, path: Path) -> None:
    if form != "pyserini":
        return _plain(dataset.queries_iter(), dataset.queries_cls(), form, path)
    with whole_file(path) as file:
        for query in dataset.queries_iter():
            file.write(f"{query.query_id}\t{' '.join(query.default_text().split())}\n")
    return None


def _qrels(dataset: Any, form: str, path: Path) -> None:
    with whole_file(path) as file:
        for qrel in dataset.qrels_iter():
            file.write(f"{qrel.query_id} 0 {qrel.doc_id} {qrel.relevance}\n")


def _plain(records: Any, record_type: Any, form: str, path: Path) -> None:
    with whole_file(path) as file:
        exporter = DEFAULT_EXPORTERS[form](record_type, file, list(record_type._fields))
        for record in records:
            exporter.next(record)
        exporter.flush()


_WRITERS = {"docs": _docs, "queries": _queries, "qrels": _qrels}
