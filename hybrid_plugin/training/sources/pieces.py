"""The same question in several languages, piece by piece from anywhere, to one row: joined on disk.

The table is one of sqlite3, which comes with Python, takes piece after piece and sorts them in little memory. DuckDB
takes as long, much more memory and Arrow batches to be filled by (``tests/benchmarks/join_memory.py``), and is a
dependency of 70 MB; `datasets` sorts an index and then reads the rows all over the file.
"""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder, scratch_folder
from hybrid_plugin.training.sources.row import Row


class Piece(NamedTuple):
    """A question in one language, as one file has it."""

    parallel_id: str
    lang: str
    query: str
    passages: list[str] = []  # noqa: RUF012 - never changed
    negatives: list[str] = []  # noqa: RUF012


def answered(pieces: Iterable[Piece], where: object) -> Iterator[Piece]:
    """The pieces that have a question and an answer; the others are counted in a warning.

    Parameters
    ----------
    where : they come from.
    """
    left_out = 0
    for piece in pieces:
        if piece.query and any(piece.passages):
            yield piece
        else:
            left_out += 1
    if left_out:
        warnings.warn(f"{where}: questions left out for lack of an answer: {left_out}", stacklevel=2)


def joined(pieces: Iterable[Piece]) -> Iterator[Row]:
    """Pieces with the same parallel id as one row, in the order of the ids; joined in a temporary file.

    Raises
    ------
    UserError
        A parallel id is there twice in a language, or a text has half a character; names the id.
    """
    with (
        scratch_folder(cache_folder("sources"), "pieces") as scratch,
        closing(sqlite3.connect(scratch / "pieces")) as table,
    ):
        table.execute("PRAGMA journal_mode = OFF")
        table.execute("CREATE TABLE piece (id TEXT, lang TEXT, query TEXT, passages TEXT, negatives TEXT)")
        for piece in pieces:
            sides = (json.dumps(side, ensure_ascii=False) for side in piece[3:])
            try:
                table.execute("INSERT INTO piece VALUES (?, ?, ?, ?, ?)", (*piece[:3], *sides))
            except UnicodeEncodeError as error:
                raise UserError(f"'{ascii(piece.parallel_id)[1:-1]}' in '{piece.lang}' has half a character") from error
        ordered = table.execute("SELECT * FROM piece ORDER BY id, lang")
        for parallel_id, group in groupby(ordered, itemgetter(0)):
            queries: dict[str, str] = {}
            passages: dict[str, tuple[str, ...]] = {}
            negatives: dict[str, tuple[str, ...]] = {}
            for _, lang, query, answers, others in group:
                if lang in queries:
                    raise UserError(f"the id '{parallel_id}' is twice among the questions in '{lang}'")
                queries[lang] = query
                passages[lang], negatives[lang] = (tuple(dict.fromkeys(json.loads(side))) for side in (answers, others))
            yield Row(
                parallel_id,
                queries,
                {lang: found for lang, found in passages.items() if found},
                {lang: found for lang, found in negatives.items() if found},
            )
