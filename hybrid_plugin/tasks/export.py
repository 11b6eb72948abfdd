"""Any ir_datasets id as files: in Pyserini's formats, or as JSON lines or tab-separated values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ir_datasets.commands.export import DEFAULT_EXPORTERS

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import whole_file
from hybrid_plugin.tasks.named import load_dataset

FORMATS = ("pyserini", "jsonl", "tsv")


def export_dataset(dataset_id: str, form: str, output: Path) -> list[Path]:
    """Write the documents, queries and qrels of an ir_datasets id, as far as it has them.

    Parameters
    ----------
    form : ``pyserini`` writes ``corpus/docs.jsonl`` (for ``pyserini.encode``; the sentence is under ``text``),
        ``topics.tsv`` and ``qrels.txt``; ``jsonl`` and ``tsv`` write all fields as ``ir_datasets export`` does, with
        qrels in TREC's format.

    Returns
    -------
    The files written.

    Raises
    ------
    UserError
        The id or the format is unknown, or the output is a file.
    """
    if form not in FORMATS:
        raise UserError(f"unknown format '{form}'; known: {', '.join(FORMATS)}")
    dataset = load_dataset(dataset_id)
    if output.is_file():
        raise UserError(f"{output} is a file, not a folder; choose another output")
    written = []
    if dataset.has_docs():
        written.append(_docs(dataset, form, output))
    if dataset.has_queries():
        written.append(_queries(dataset, form, output))
    if dataset.has_qrels():
        path = output / ("qrels.txt" if form == "pyserini" else "qrels.trec")
        with whole_file(path) as file:
            for qrel in dataset.qrels_iter():
                file.write(f"{qrel.query_id} 0 {qrel.doc_id} {qrel.relevance}\n")
        written.append(path)
    if not written:
        raise UserError(f"'{dataset_id}' has neither documents, queries nor qrels")
    return written


def _docs(dataset: Any, form: str, output: Path) -> Path:
    if form != "pyserini":
        return _plain(dataset.docs_iter(), dataset.docs_cls(), form, output / f"docs.{form}")
    path = output / "corpus" / "docs.jsonl"
    with whole_file(path) as file:
        for doc in dataset.docs_iter():
            # Under the key 'contents' Pyserini would split a text at its line breaks.
            others = {k: v for k, v in doc._asdict().items() if k not in ("doc_id", "text", "contents")}
            line = {"id": doc.doc_id, "text": doc.default_text(), **others}
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    return path


def _queries(dataset: Any, form: str, output: Path) -> Path:
    if form != "pyserini":
        return _plain(dataset.queries_iter(), dataset.queries_cls(), form, output / f"queries.{form}")
    path = output / "topics.tsv"
    with whole_file(path) as file:
        for query in dataset.queries_iter():
            file.write(f"{query.query_id}\t{' '.join(query.default_text().split())}\n")
    return path


def _plain(records: Any, record_type: Any, form: str, path: Path) -> Path:
    with whole_file(path) as file:
        exporter = DEFAULT_EXPORTERS[form](record_type, file, list(record_type._fields))
        for record in records:
            exporter.next(record)
        exporter.flush()
    return path
