"""Joining the languages of a source on disk: time and peak memory of our way, and of DuckDB's where it is installed.

python tests/benchmarks/join_memory.py [--pieces 1000000]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from measuring import Figure, apart, main

LANGUAGES = ("ar", "de", "en", "zh")
_ARROW = 65536  # rows of a batch that DuckDB is handed


def pieces(number: int) -> Iterator[tuple[str, str, str, list[str]]]:
    """So many questions with their passages, language after language, as files hold them."""
    for lang in LANGUAGES:
        for i in range(number // len(LANGUAGES)):
            yield f"q{i * 7919 % (number // len(LANGUAGES))}", lang, f"question {i} in {lang}", [f"passage {i} " * 20]


def ours(number: int) -> int:
    from hybrid_plugin.training.sources.pieces import Piece, joined

    return sum(1 for _ in joined(Piece(*piece) for piece in pieces(number)))


def duckdb(number: int) -> int:
    from itertools import groupby, islice

    import duckdb  # type: ignore[import-not-found]
    import pyarrow as pa

    schema = pa.schema([("id", pa.string()), ("lang", pa.string()), ("query", pa.string()), ("passages", pa.string())])
    with tempfile.TemporaryDirectory() as scratch:
        table = duckdb.connect(str(Path(scratch) / "pieces"))
        table.execute("CREATE TABLE piece (id TEXT, lang TEXT, query TEXT, passages TEXT)")
        stream = ((*piece[:3], piece[3][0]) for piece in pieces(number))
        for block in iter(lambda: list(islice(stream, _ARROW)), []):
            arrow = pa.Table.from_arrays([pa.array(column) for column in zip(*block, strict=True)], schema=schema)
            table.execute("INSERT INTO piece SELECT * FROM arrow")
            del arrow
        ordered = table.execute("SELECT * FROM piece ORDER BY id, lang")
        rows = (row for part in iter(lambda: ordered.fetchmany(_ARROW), []) for row in part)
        return sum(1 for _ in groupby(rows, lambda row: row[0]))


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    joined = apart(ours, arguments.pieces)
    peer = apart(duckdb, arguments.pieces) if find_spec("duckdb") else None
    yield Figure.of_times(f"joining {arguments.pieces:,} pieces", joined, "DuckDB", peer)
    yield Figure("memory of that", "GB", joined.gigabytes, limit=0.5)


if __name__ == "__main__":
    main(figures, {"pieces": (1_000_000, 10_000)})
