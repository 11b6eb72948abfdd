"""Joining the languages of a source on disk: time and peak memory of our way, and of DuckDB's where it is installed.

python tests/benchmarks/join_memory.py --pieces 1000000
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=1_000_000)
    parser.add_argument("--one", choices=["ours", "duckdb"])
    asked = parser.parse_args()
    if asked.one:
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows = {"ours": ours, "duckdb": duckdb}[asked.one](asked.pieces)
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{asked.one:7} {rows} rows, {seconds:6.1f} s, {(after - before) / 1024:6.0f} MiB more than at the start")
        return
    for one in ("ours", "duckdb"):  # each in a process of its own, whose peak is its own
        subprocess.run([sys.executable, __file__, "--pieces", str(asked.pieces), "--one", one], check=one == "ours")


if __name__ == "__main__":
    main()
