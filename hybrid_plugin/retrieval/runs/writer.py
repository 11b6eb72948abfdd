"""TREC run files, written whole and without loss of order."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from hybrid_plugin.files import StrPath, whole_file
from hybrid_plugin.tasks.texts import check_id

DEFAULT_DEPTH = 1000  # documents a query
TAG = "hybrid-ir"
COLUMNS = ("query_id", "iteration", "doc_id", "rank", "score", "tag")  # of a line


class RunWriter:
    """Appends the rankings of queries to a run file."""

    def __init__(self, sink: IO[bytes] | gzip.GzipFile):
        self._sink = sink

    def add(self, query_ids: Sequence[str], doc_ids: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> None:
        """Append the rankings of some queries, each with its documents and scores from the best down.

        Raises
        ------
        UserError
            An id has white space, which a run file cannot hold.
        """
        lengths = [len(found) for found in doc_ids]
        if not sum(lengths):
            return
        lines = pc.binary_join_element_wise(
            pa.array(np.repeat(np.array(query_ids, dtype=object), lengths), pa.string()),
            "Q0",
            pa.array(np.concatenate(doc_ids), pa.string()),
            pa.array(np.concatenate([np.arange(1, length + 1) for length in lengths])).cast(pa.string()),
            # Arrow prints a float32 with the fewest digits that read back to the same float32, so no order is lost.
            pa.array(np.concatenate(scores).astype(np.float32, copy=False)).cast(pa.string()),
            f"{TAG}\n",
            " ",
        )
        text = lines.buffers()[2]  # an Arrow array of strings is their bytes, one after another
        if np.count_nonzero(np.frombuffer(text, np.uint8) <= ord(" ")) != len(COLUMNS) * len(lines):
            for name in (*query_ids, *np.concatenate(doc_ids)):
                check_id(name)
        self._sink.write(text)


@contextlib.contextmanager
def run_writer(path: StrPath) -> Iterator[RunWriter]:
    """A run file that gets its name only when it is complete; a name in ``.gz`` means gzip."""
    path = Path(path)
    with whole_file(path, "wb") as sink:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=sink, mode="wb") as packed:
                yield RunWriter(packed)
        else:
            yield RunWriter(sink)
