"""TREC run files: written whole and without loss of order, read strictly."""

from __future__ import annotations

import contextlib
import gzip
import re
import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import whole_file
from hybrid_plugin.ranking import Languages, Ranks, stack_ranks, stack_rows
from hybrid_plugin.vectors import check_id

DEFAULT_DEPTH = 1000  # documents a query
TAG = "hybrid-ir"
_COLUMNS = ("query_id", "iteration", "doc_id", "rank", "score", "tag")
_BLOCK = 32 * 2**20  # bytes parsed at a time
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"  # how a gzip file begins, whatever its name
_BLANKS = b"\t\r\v\f"
_NAMES = pa.dictionary(pa.int32(), pa.string())


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
    """A run file that gets its name only when it is complete; a name in ``.gz`` means gzip."""
    with whole_file(path, "wb") as sink:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=sink, mode="wb") as packed:
                yield RunWriter(packed)
        else:
            yield RunWriter(sink)


@dataclass(frozen=True)
class Run:
    """A run file in memory, eight bytes a line.

    Parameters
    ----------
    doc_ids : object [documents], those that the run names.
    rankings : query id -> its documents (int32, rows of ``doc_ids``) and their scores (float32), in the order of the
        file, which need not be that of the scores.
    """

    doc_ids: np.ndarray
    rankings: dict[str, tuple[np.ndarray, np.ndarray]]


def read_run(path: Path) -> Run:
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
    rows: dict[str, int] = {}
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    read, contradiction = 0, None
    try:
        for table in _tables(path):
            queries, docs = table["query_id"].chunk(0), table["doc_id"].chunk(0)
            names, query = queries.dictionary.to_pylist(), queries.indices.to_numpy()
            row = np.array([rows.setdefault(name, len(rows)) for name in docs.dictionary.to_pylist()], np.int32)
            found = row[docs.indices.to_numpy()]
            with np.errstate(over="ignore"):
                # trec_eval keeps scores in 32 bits, so two that differ only beyond that are a tie.
                scores = table["score"].to_numpy().astype(np.float32)
            if not np.isfinite(scores).all():
                raise ValueError("a score is not finite")
            changes = np.flatnonzero(np.diff(query)) + 1
            for start, end in zip([0, *changes], [*changes, len(query)], strict=True):
                parts.setdefault(names[query[start]], []).append((found[start:end], scores[start:end]))
            if contradiction is None and "rank" in table.column_names:
                ranks = table["rank"].to_numpy()
                better, lower = scores[1:] > scores[:-1], ranks[1:] > ranks[:-1]
                worse, higher = scores[1:] < scores[:-1], ranks[1:] < ranks[:-1]
                against = (better & lower) | (worse & higher)
                against[changes - 1] = False  # another query
                if against.any():
                    contradiction = read + int(against.argmax()) + 1
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


def _tables(path: Path) -> Iterator[pa.Table]:
    """The lines of a run file, a block at a time, in columns of one chunk each."""
    with _opened(path) as file:
        rest = file.read(len(_BOM)).removeprefix(_BOM)
        while block := file.read(_BLOCK):
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
        csv.ReadOptions(column_names=_COLUMNS, block_size=len(block) + 1),
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


def _first_fault(path: Path) -> str | None:
    """What is wrong with the first wrong line of a run file, in a sentence."""
    try:
        for number, line in _lines(path):
            fields = line.split()
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"{path} cannot be read: line {number} is not UTF-8 text"
            if len(fields) != len(_COLUMNS):
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


@dataclass(frozen=True)
class LanguageMap:
    """Which language everything in a run has, to have :class:`Languages` in its ranks.

    Parameters
    ----------
    docs : document id -> language, of all that the run or the qrels name.
    queries : query id -> language, of those that have one.
    depth : the first places of which to collect the languages.
    """

    docs: Mapping[str, str]
    queries: Mapping[str, str]
    depth: int


def ranks_of_run(
    run: Run,
    relevant: Mapping[str, Sequence[str]],
    documents: Collection[str],
    path: Path,
    queries: Collection[str] = (),
    languages: LanguageMap | None = None,
) -> Ranks:
    """Positions of the relevant documents in a run, ties broken as trec_eval breaks them.

    Parameters
    ----------
    relevant : query id -> ids of its relevant documents; a query that the run lacks counts as having retrieved nothing.
    documents : all document ids that the run may name.
    path : of the run, for messages.
    queries : further queries that the run may name, and which are passed over.
    languages : also collect the languages of the documents.

    Raises
    ------
    UserError
        The run names a query or document that the benchmark does not have.
    """
    for query_id in run.rankings:
        if query_id not in relevant and query_id not in queries:
            raise UserError(f"{path} names the query '{query_id}', which the benchmark does not have")
    for doc_id in run.doc_ids:
        if doc_id not in documents:
            raise UserError(f"{path} names the document '{doc_id}', which the benchmark does not have")
    row_of = {doc_id: row for row, doc_id in enumerate(run.doc_ids)}
    order = np.empty(len(row_of), np.int32)
    order[np.argsort(run.doc_ids)] = np.arange(len(row_of))
    nothing = (np.empty(0, np.int32), np.empty(0, np.float32))
    counter = None if languages is None else _LanguageCounter(languages, run.doc_ids, order)
    positions, retrieved = [], []
    for query_id, doc_ids in relevant.items():
        docs, scores = run.rankings.get(query_id, nothing)
        above = [_above(docs, scores, order, row_of.get(doc_id, -1)) for doc_id in doc_ids]
        positions.append([np.inf if higher is None else 1.0 + np.count_nonzero(higher) for higher in above])
        retrieved.append(len(docs))
        if counter is not None:
            counter.add(query_id, doc_ids, above, docs, scores)
    return stack_ranks(list(relevant), positions, retrieved, None if counter is None else counter.languages())


def _above(docs: np.ndarray, scores: np.ndarray, order: np.ndarray, row: int) -> np.ndarray | None:
    """Which documents of a ranking stand above the one of a row; None if the ranking does not hold it."""
    place = np.flatnonzero(docs == row)
    if not len(place):
        return None
    score = scores[place[0]]
    above = scores > score
    tied = np.flatnonzero(scores == score)
    above[tied] = order[docs[tied]] > order[row]
    return above


class _LanguageCounter:
    """Collects :class:`Languages`, query by query.

    Parameters
    ----------
    doc_ids, order : the documents by row, and the place of each among them in ascending order of ids.
    """

    def __init__(self, known: LanguageMap, doc_ids: np.ndarray, order: np.ndarray):
        self._known = known
        self._order = order
        self._names = tuple(sorted({*known.docs.values(), *known.queries.values()}))
        self._number = {name: i for i, name in enumerate(self._names)}
        self._of_row = np.array([self._number[known.docs[doc_id]] for doc_id in doc_ids], int)
        self._queries: list[int] = []
        self._relevant: list[list[int]] = []
        self._top: list[np.ndarray] = []
        self._own: list[int] = []
        self._own_above: list[list[int]] = []

    def add(
        self,
        query_id: str,
        doc_ids: Sequence[str],
        above: Sequence[np.ndarray | None],
        docs: np.ndarray,
        scores: np.ndarray,
    ) -> None:
        """Count in a ranking: its relevant documents, what stands above each, and all its documents with scores."""
        query = self._number[self._known.queries[query_id]] if query_id in self._known.queries else -1
        own = self._of_row[docs] == query
        self._queries.append(query)
        self._relevant.append([self._number[self._known.docs[doc_id]] for doc_id in doc_ids])
        self._top.append(self._of_row[self._first(docs, scores)])
        self._own.append(int(np.count_nonzero(own)))
        self._own_above.append([0 if higher is None else int(np.count_nonzero(higher & own)) for higher in above])

    def _first(self, docs: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """The first documents of a ranking, best first."""
        depth = min(self._known.depth, len(docs))
        if not depth:
            return docs[:0]
        kept = np.flatnonzero(scores >= np.partition(scores, -depth)[-depth])  # with all that tie with the last place
        return docs[kept[np.lexsort((-self._order[docs[kept]], -scores[kept]))][:depth]]

    def languages(self) -> Languages:
        return Languages(
            self._names,
            queries=np.array(self._queries, int),
            relevant=stack_rows(self._relevant, -1),
            top=stack_rows(self._top, -1),
            own=np.array(self._own, int),
            own_above=stack_rows(self._own_above, 0),
        )
