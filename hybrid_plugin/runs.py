"""TREC run files: written whole and without loss of order, read strictly."""

from __future__ import annotations

import contextlib
import csv
import gzip
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import whole_file
from hybrid_plugin.ranking import Ranks, stack_ranks

DEFAULT_DEPTH = 1000  # documents a query
TAG = "hybrid-ir"
_COLUMNS = ("query_id", "iteration", "doc_id", "rank", "score", "tag")
_COLUMN_TYPES = (pa.string(), pa.string(), pa.string(), pa.int32(), pa.float32(), pa.string())


class RunWriter:
    """Appends the rankings of queries to a run file."""

    def __init__(self, sink: IO[bytes]):
        self._schema = pa.schema(list(zip(_COLUMNS, _COLUMN_TYPES, strict=True)))
        # Arrow prints a float32 with the fewest digits that read back to the same float32, so no order is lost.
        options = arrow_csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
        self._writer = arrow_csv.CSVWriter(sink, self._schema, write_options=options)

    def add(self, query_ids: Sequence[str], doc_ids: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> None:
        """Append the rankings of some queries, each with its documents and scores from the best down."""
        lengths = [len(found) for found in doc_ids]
        total = sum(lengths)
        columns = (
            pa.array(np.repeat(np.array(query_ids, dtype=object), lengths), pa.string()),
            pa.array(["Q0"] * total, pa.string()),
            pa.array(np.concatenate(doc_ids), pa.string()),
            pa.array(np.concatenate([np.arange(1, length + 1, dtype=np.int32) for length in lengths])),
            pa.array(np.concatenate(scores).astype(np.float32, copy=False)),
            pa.array([TAG] * total, pa.string()),
        )
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


@contextlib.contextmanager
def run_writer(path: Path) -> Iterator[RunWriter]:
    """A run file that gets its name only when it is complete."""
    with whole_file(path, "wb") as sink:
        writer = RunWriter(sink)
        yield writer
        writer.close()


def read_run(path: Path) -> pd.DataFrame:
    """A run file as a table with ``query_id``, ``doc_id`` and ``score`` (float32), in the order of the file.

    Columns may be separated by any white space; a name in ``.gz`` means gzip.

    Raises
    ------
    UserError
        A line is malformed, a score is not a number, or a document occurs twice; names the file and line.
    """
    try:
        frame = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            names=list(_COLUMNS),
            index_col=False,
            dtype={"query_id": str, "iteration": str, "doc_id": str, "rank": str, "score": np.float64, "tag": str},
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            encoding="utf-8-sig",
        )
    except (ValueError, pd.errors.ParserError, EOFError, OSError) as error:
        raise UserError(_first_fault(path) or f"{path} cannot be read: {error}") from error
    bad = ~np.isfinite(frame["score"].to_numpy()) | (frame["tag"] == "").to_numpy()
    if bad.any():
        raise UserError(_first_fault(path) or f"{path} has a malformed line")
    repeated = frame.duplicated(["query_id", "doc_id"])
    if repeated.any():
        first = frame[repeated].iloc[0]
        raise UserError(f"{path}: query '{first.query_id}' has the document '{first.doc_id}' more than once")
    # trec_eval keeps scores in 32 bits, so two that differ only beyond that are a tie.
    return frame[["query_id", "doc_id", "score"]].astype({"score": np.float32})


def _first_fault(path: Path) -> str | None:
    """What is wrong with the first wrong line of a run file, in a sentence."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                fields = line.split()
                if not fields:
                    continue
                if len(fields) != len(_COLUMNS):
                    return (
                        f"{path} line {number} has {len(fields)} columns; a run has 6: query Q0 document rank score tag"
                    )
                try:
                    finite = np.isfinite(float(fields[4]))
                except ValueError:
                    finite = False
                if not finite:
                    return f"{path} line {number}: the score '{fields[4]}' is not a number"
    except (OSError, EOFError, UnicodeDecodeError) as error:
        return f"{path} cannot be read: {error}"
    return None


def ranks_of_run(
    run: pd.DataFrame, relevant: Mapping[str, Sequence[str]], documents: Collection[str], path: Path
) -> Ranks:
    """Positions of the relevant documents in a run, ties broken as trec_eval breaks them.

    Parameters
    ----------
    relevant : query id -> ids of its relevant documents; a query that the run lacks counts as having retrieved nothing.
    documents : all document ids that the run may name.
    path : of the run, for messages.

    Raises
    ------
    UserError
        The run names a query or document that the benchmark does not have.
    """
    queries = pd.unique(run["query_id"])
    for query_id in queries:
        if query_id not in relevant:
            raise UserError(f"{path} names the query '{query_id}', which the benchmark does not have")
    for doc_id in pd.unique(run["doc_id"]):
        if doc_id not in documents:
            raise UserError(f"{path} names the document '{doc_id}', which the benchmark does not have")
    rankings = dict(iter(run.groupby("query_id", sort=False)))
    positions, retrieved = [], []
    for query_id, doc_ids in relevant.items():
        group = rankings.get(query_id)
        if group is None:
            positions.append([np.inf] * len(doc_ids))
            retrieved.append(0)
            continue
        names, scores = group["doc_id"].to_numpy(), group["score"].to_numpy()
        place = {name: i for i, name in enumerate(names)}
        found = []
        for doc_id in doc_ids:
            if doc_id not in place:
                found.append(np.inf)
                continue
            score = scores[place[doc_id]]
            tied = names[scores == score]
            found.append(1.0 + np.count_nonzero(scores > score) + sum(name > doc_id for name in tied))
        positions.append(found)
        retrieved.append(len(group))
    return stack_ranks(list(relevant), positions, retrieved)
