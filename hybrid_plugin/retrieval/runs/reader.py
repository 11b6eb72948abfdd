"""TREC run files, read strictly."""

from __future__ import annotations

import gzip
import re
import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from pyarrow import csv

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath
from hybrid_plugin.retrieval.runs.writer import COLUMNS

BLOCK = 32 * 2**20  # bytes parsed at a time
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"  # how a gzip file begins, whatever its name
_BLANKS = b"\t\r\v\f"
_NAMES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Run:
    """A run file in memory, twelve bytes a line.

    Parameters
    ----------
    doc_ids : object [documents], those that the run names.
    rankings : query id -> its documents (int32, rows of ``doc_ids``) and their scores (float64), in the order of the
        file, which need not be that of the scores.
    """

    doc_ids: np.ndarray
    rankings: dict[str, tuple[np.ndarray, np.ndarray]]

    __repr__ = brief

    def without(self, dropped: Mapping[str, Collection[str]]) -> Run:
        """The same run, of some queries without some documents."""
        rows = {doc_id: row for row, doc_id in enumerate(self.doc_ids)} if dropped else {}
        rankings = dict(self.rankings)
        for query_id in rankings.keys() & dropped.keys():
            docs, scores = rankings[query_id]
            kept = ~np.isin(docs, [rows[doc_id] for doc_id in dropped[query_id] if doc_id in rows])
            rankings[query_id] = docs[kept], scores[kept]
        return Run(self.doc_ids, rankings)


def read_run(path: StrPath) -> Run:
    """Read a run file, in blocks, so that its text is never in memory as a whole.

    Taken as trec_eval takes it: columns separated by any white space, Windows line ends, a byte-order mark, queries in
    any order. Ranks are ignored, as by trec_eval, but one that contradicts the scores is worth a warning. What is gzip,
    the file itself says.

    Raises
    ------
    UserError
        The file is empty, a line is malformed, a score is not a finite number, or a document of a query occurs twice;
        names the file and line.
    """
    path = Path(path)
    rows: dict[str, int] = {}
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    read, contradiction = 0, None
    try:
        for table in _tables(path):
            queries, docs = table["query_id"].chunk(0), table["doc_id"].chunk(0)
            names, query = queries.dictionary.to_pylist(), queries.indices.to_numpy()
            row = np.array([rows.setdefault(name, len(rows)) for name in docs.dictionary.to_pylist()], np.int32)
            found = row[docs.indices.to_numpy()]
            scores = table["score"].to_numpy()
            with np.errstate(over="ignore"):
                kept = scores.astype(np.float32)  # as trec_eval keeps them: what differs only beyond that is a tie
            if not np.isfinite(kept).all():
                raise ValueError("a score is not finite")
            changes = np.flatnonzero(np.diff(query)) + 1
            for start, end in zip([0, *changes], [*changes, len(query)], strict=True):
                parts.setdefault(names[query[start]], []).append((found[start:end], scores[start:end]))
            if contradiction is None and "rank" in table.column_names:
                place = _contradiction(table["rank"].to_numpy(), kept, changes)
                contradiction = None if place is None else read + place
            read += len(query)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise UserError(_first_fault(path) or f"{path} cannot be read: {error}") from error
    if not read:
        raise UserError(f"{path} is empty; a run has lines of 6 columns: query Q0 document rank score tag")
    run = Run(
        np.array(list(rows), dtype=object),
        {
            name: found[0]
            if len(found) == 1
            else (np.concatenate([d for d, _ in found]), np.concatenate([s for _, s in found]))
            for name, found in parts.items()
        },
    )
    _refuse_repetition(run, path)
    if contradiction is not None:
        number, line = next(islice(_lines(path), contradiction, None))
        warnings.warn(
            f"{path} line {number}: the rank {line.split()[3].decode()} contradicts the score of the line before; "
            "ranks are ignored and scores decide, as in trec_eval",
            stacklevel=2,
        )
    return run


def _contradiction(ranks: np.ndarray, scores: np.ndarray, changes: np.ndarray) -> int | None:
    """The first line whose rank contradicts its score beside the line before; queries begin at ``changes``."""
    better, lower = scores[1:] > scores[:-1], ranks[1:] > ranks[:-1]
    worse, higher = scores[1:] < scores[:-1], ranks[1:] < ranks[:-1]
    against = (better & lower) | (worse & higher)
    against[changes - 1] = False  # another query
    return int(against.argmax()) + 1 if against.any() else None


def _tables(path: Path) -> Iterator[pa.Table]:
    """The lines of a run file, a block at a time, in columns of one chunk each."""
    with _opened(path) as file:
        rest = file.read(len(_BOM)).removeprefix(_BOM)
        while block := file.read(BLOCK):
            block = rest + block
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            yield from _parsed(block[:end])
        yield from _parsed(rest)


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _parsed(block: bytes) -> Iterator[pa.Table]:
    block = _single_spaced(block)
    if not block:
        return
    try:
        yield _table(block, {"rank": pa.int64(), "score": pa.float64()})
    except pa.ArrowInvalid:
        # A rank may be anything, and Arrow knows fewer forms of a number than trec_eval, "+1" for one.
        table = _table(block, {"score": pa.binary()})
        scores = [_number(score) for score in table["score"].to_pylist()]
        yield table.set_column(table.column_names.index("score"), "score", pa.chunked_array([pa.array(scores)]))


def _single_spaced(block: bytes) -> bytes:
    """The same lines with one space between columns, and nothing around them."""
    if any(blank in block for blank in (b"\t", b"\r", b"\v", b"\f")):
        block = block.translate(bytes.maketrans(_BLANKS, b" " * len(_BLANKS)))
    blank = np.frombuffer(block, np.uint8) <= ord(" ")
    if block[:1].isspace() or block[-1:] == b" " or (blank[1:] & blank[:-1]).any():
        block = re.sub(rb"  +", b" ", re.sub(rb" *\n[ \n]*", b"\n", block)).strip(b" \n")
    return block


def _table(block: bytes, types: dict[str, pa.DataType]) -> pa.Table:
    return csv.read_csv(
        pa.BufferReader(block),
        csv.ReadOptions(column_names=COLUMNS, block_size=len(block) + 1),
        csv.ParseOptions(delimiter=" ", quote_char=False),
        csv.ConvertOptions(
            column_types={"query_id": _NAMES, "doc_id": _NAMES, **types},
            include_columns=["query_id", "doc_id", *types],
            null_values=[],
        ),
    )


def _number(text: bytes) -> float:
    try:
        return np.nan if b"_" in text else float(text)
    except ValueError:
        return np.nan


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a run file that are not blank, with their numbers; slow, for messages alone."""
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            line = line.removeprefix(_BOM) if number == 1 else line
            if line.strip():
                yield number, line


def line_of(path: Path, column: int, value: str) -> int:
    """The first line of a run file that has a value in a column, the query's being 0; slow, for messages alone."""
    wanted = value.encode()
    return next(number for number, line in _lines(path) if line.split()[column] == wanted)


def _first_fault(path: Path) -> str | None:
    """What is wrong with the first wrong line of a run file, in a sentence."""
    try:
        for number, line in _lines(path):
            fields = line.split()
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"{path} cannot be read: line {number} is not UTF-8 text"
            if len(fields) != len(COLUMNS):
                cut = "" if line.endswith(b"\n") else ", and the file ends there: it may have been cut off"
                return (
                    f"{path} line {number} has {len(fields)} columns; "
                    f"a run has 6: query Q0 document rank score tag{cut}"
                )
            if not abs(_number(fields[4])) <= float(np.finfo(np.float32).max):
                score = fields[4].decode()
                return f"{path} line {number}: the score '{score}' is not a number that is finite in 32 bits"
    except (OSError, EOFError, zlib.error) as error:
        return f"{path} cannot be read: {error}"
    return None


def _refuse_repetition(run: Run, path: Path) -> None:
    place = np.zeros(len(run.doc_ids), np.int32)
    for query_id, (docs, _) in run.rankings.items():
        places = np.arange(len(docs), dtype=np.int32)
        place[docs] = places  # of a document that occurs twice only one place stays
        repeated = np.flatnonzero(place[docs] != places)
        if len(repeated):
            doc_id = run.doc_ids[docs[repeated[0]]]
            wanted = [query_id.encode(), doc_id.encode()]
            numbers = (number for number, line in _lines(path) if line.split()[:3:2] == wanted)
            first, second = islice(numbers, 2)
            raise UserError(
                f"{path} line {second}: query '{query_id}' has the document '{doc_id}' already, in line {first}"
            )
