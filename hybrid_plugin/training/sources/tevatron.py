"""Sources from Tevatron's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets_ext.lines import read_jsonl
from hybrid_plugin.training.sources.formats import SourceFormat
from hybrid_plugin.training.sources.language_files import from_files, given, holds
from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.source import Source


def from_tevatron(name: str, what: str) -> Source:
    """The pairs of Tevatron's training files, one a language; rows with the same ``query_id`` are joined.

    A line is ``{"query_id": "7", "query": "...", "positive_passages": [{"docid": "p", "title": "...", "text": "..."}],
    "negative_passages": [...]}``. A passage is its title and its text with a space between, as in Tevatron. Lines
    without a positive passage are left out, with a warning that counts them.

    Parameters
    ----------
    what : see :func:`language_files`.

    Raises
    ------
    CollectionError, UserError
        Names the file and line.
    """
    return from_files(name, what, ".jsonl", "tevatron", _tevatron)


def _tevatron(path: Path, lang: str) -> Iterator[Piece]:
    for number, row in read_jsonl(path, {"query_id": str, "query": str, "positive_passages": list}):
        where = f"{path} line {number}"
        negatives = given(row, "negative_passages", list, where) if row.get("negative_passages") else []
        positive, negative = ([_titled(one, where) for one in side] for side in (row["positive_passages"], negatives))
        yield Piece(row["query_id"], lang, row["query"], positive, negative)


def _titled(passage: Any, where: str) -> str:
    text: str = given(passage, "text", str, where)
    return f"{passage.get('title') or ''} {text}".strip()


TEVATRON = SourceFormat("tevatron", "FOLDER", "Tevatron files {lang}.jsonl", from_tevatron, holds(".jsonl"))
