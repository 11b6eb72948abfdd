"""TREC run files: written whole and without loss of order, read strictly."""

from __future__ import annotations

import contextlib
import csv
import gzip
import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import whole_file
from hybrid_plugin.ranking import Ranks, stack_ranks
from hybrid_plugin.vectors import check_id

DEFAULT_DEPTH = 1000  # documents a query
TAG = "hybrid-ir"
_COLUMNS = ("query_id", "iteration", "doc_id", "rank", "score", "tag")


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
        if np.count_nonzero(np.frombuffer(text, np.uint8) <= ord(" ")) != len(_COLUMNS) * len(lines):
            for name in (*query_ids, *np.concatenate(doc_ids)):
                check_id(name)
        self._sink.write(text)


@contextlib.contextmanager
def run_writer(path: Path) -> Iterator[RunWriter]:
    """A run file that gets its name only when it is complete; a name in ``.gz`` means gzip, as for :func:`read_run`."""
    with whole_file(path, "wb") as sink:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=sink, mode="wb") as packed:
                yield RunWriter(packed)
        else:
            yield RunWriter(sink)


def read_run(path: Path) -> pd.DataFrame:
    """A run file as a table with ``query_id``, ``doc_id`` and ``score`` (float32), in the order of the file.

    Columns may be separated by any white space; a name in ``.gz`` means gzip.

    Raises
    ------
    UserError
        A line is malformed, a score is not a number, or a document occurs twice; names the file and line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas drops surplus columns with a warning
            frame = pd.read_csv(
                path,
                sep=r"\s+",
                header=None,
                names=list(_COLUMNS),
                index_col=False,
                dtype=dict.fromkeys(_COLUMNS, str) | {"score": np.float64},
                quoting=csv.QUOTE_NONE,
                na_filter=False,
                encoding="utf-8-sig",
            )
    except (ValueError, pd.errors.ParserWarning, EOFError, OSError, zlib.error) as error:
        raise UserError(_first_fault(path) or f"{path} cannot be read: {error}") from error
    with np.errstate(over="ignore"):
        # trec_eval keeps scores in 32 bits, so two that differ only beyond that are a tie.
        frame["score"] = frame["score"].astype(np.float32)
    bad = ~np.isfinite(frame["score"].to_numpy()) | (frame["tag"] == "").to_numpy()
    if bad.any():
        raise UserError(_first_fault(path) or f"{path} has a malformed line")
    repeated = frame.duplicated(["query_id", "doc_id"])
    if repeated.any():
        first = frame[repeated].iloc[0]
        raise UserError(f"{path}: query '{first.query_id}' has the document '{first.doc_id}' more than once")
    return frame[["query_id", "doc_id", "score"]]


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
                    score = float(fields[4])
                except ValueError:
                    score = np.nan
                if not abs(score) <= float(np.finfo(np.float32).max) or "_" in fields[4]:
                    return f"{path} line {number}: the score '{fields[4]}' is not a number that is finite in 32 bits"
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
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
