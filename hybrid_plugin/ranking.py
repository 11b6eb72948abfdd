"""Exact positions of the relevant documents, from vectors, with ties broken as trec_eval breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.vectors import Vectors

_BLOCK = 256  # queries scored at a time


@dataclass(frozen=True)
class Languages:
    """The languages in some rankings, as numbers: what measures of language bias need beside positions.

    Parameters
    ----------
    names : the languages that are numbered.
    queries : int [queries], the language of each query.
    relevant : int [queries, most relevant documents], that of each relevant document in the order of its positions;
        -1 beyond a query's number of relevant documents.
    top : int [queries, depth], that of the document in each of the first places; -1 beyond the end of a ranking.
    own : int [queries], the documents in the language of the query that the ranking holds.
    own_above : int [queries, most relevant documents], how many of them stand above each relevant document; of no
        meaning for a relevant document that the ranking does not hold.
    """

    names: tuple[str, ...]
    queries: np.ndarray
    relevant: np.ndarray
    top: np.ndarray
    own: np.ndarray
    own_above: np.ndarray


@dataclass(frozen=True)
class Ranks:
    """Where the relevant documents of some queries stand in one ranking each.

    Parameters
    ----------
    query_ids : the queries.
    positions : float64 [queries, most relevant documents], from 1, ascending; ``inf`` for a relevant document that
        the ranking does not hold, ``nan`` beyond a query's number of relevant documents.
    retrieved : int64 [queries], the length of each ranking.
    languages : those of the documents, where they were asked for.
    """

    query_ids: tuple[str, ...]
    positions: np.ndarray
    retrieved: np.ndarray
    languages: Languages | None = None

    @property
    def relevant(self) -> np.ndarray:
        """int64 [queries], the number of relevant documents."""
        return (~np.isnan(self.positions)).sum(1)

    def at_depth(self, depth: int | None) -> Ranks:
        """The same rankings cut after ``depth`` documents.

        Raises
        ------
        ValueError
            The ranks know the languages of fewer documents.
        """
        if depth is None:
            return self
        positions = np.where(self.positions > depth, np.inf, self.positions)
        languages = self.languages
        if languages is not None:
            top = languages.top[:, :depth]
            if top.shape[1] < min(depth, self.retrieved.max(initial=0)):
                raise ValueError(f"the languages of {top.shape[1]} documents are known, not of {depth}")
            within = (top == languages.queries[:, None]).sum(1)
            languages = replace(languages, top=top, own=np.where(self.retrieved > depth, within, languages.own))
        return Ranks(self.query_ids, positions, np.minimum(self.retrieved, depth), languages)


def stack_ranks(
    query_ids: Sequence[str],
    positions: Sequence[Sequence[float]],
    retrieved: Sequence[int],
    languages: Languages | None = None,
) -> Ranks:
    """Ranks from a list of positions for each query, in any order, which is that of ``languages`` too."""
    table = stack_rows(positions, np.nan)
    order = np.argsort(table, axis=1)
    if languages is not None:
        languages = replace(
            languages,
            relevant=np.take_along_axis(languages.relevant, order, 1),
            own_above=np.take_along_axis(languages.own_above, order, 1),
        )
    return Ranks(tuple(query_ids), np.take_along_axis(table, order, 1), np.asarray(retrieved, np.int64), languages)


def stack_rows(rows: Sequence[Sequence[float] | np.ndarray], fill: float) -> np.ndarray:
    """A table [rows, longest row] of the type of ``fill``, which fills the shorter rows."""
    table = np.full((len(rows), max(map(len, rows), default=0)), fill)
    for line, row in zip(table, rows, strict=True):
        line[: len(row)] = row
    return table


class Pool:
    """Documents to rank, as one pool and as groups (languages) of it.

    The columns are in descending order of document id, which is trec_eval's order among equal scores: of two columns
    with the same score the one further left ranks higher, in the pool and in every group of it.

    Parameters
    ----------
    docs : ids and vectors.
    groups : the group of each document, or None for a pool without groups.
    """

    def __init__(self, docs: Vectors, groups: Sequence[str] | None = None):
        order = sorted(range(len(docs.ids)), key=docs.ids.__getitem__, reverse=True)
        self.ids = np.array([docs.ids[i] for i in order], dtype=object)
        self.column = {doc_id: i for i, doc_id in enumerate(self.ids)}
        if len(self.column) != len(order):
            raise UserError(f"{len(order) - len(self.column)} document ids occur more than once")
        self.matrix = np.ascontiguousarray(docs.matrix[order])
        self._originals, self._copies = _equal_rows(self.matrix)
        self.members: dict[str, slice | np.ndarray] = {}
        self.group_of: list[str] = [] if groups is None else [groups[i] for i in order]
        for group in dict.fromkeys(self.group_of):
            self.members[group] = _columns(np.flatnonzero(np.array(self.group_of, dtype=object) == group))
        number = {group: i for i, group in enumerate(self.members)}
        self.group_number = np.array([number[group] for group in self.group_of], np.int16)
        self.whole = slice(0, len(order))

    def scores(self, queries: Vectors) -> Iterator[tuple[range, np.ndarray]]:
        """Dot products, a block of queries at a time: (rows, float32 [len(rows), documents])."""
        if queries.matrix.shape[1] != self.matrix.shape[1]:
            raise UserError(
                f"the queries have {queries.matrix.shape[1]} dimensions, the documents {self.matrix.shape[1]}; "
                "encode both with the same encoder"
            )
        for start in range(0, len(queries.ids), _BLOCK):
            rows = range(start, min(start + _BLOCK, len(queries.ids)))
            scores = queries.matrix[rows.start : rows.stop] @ self.matrix.T
            # A matrix product may round equal columns differently; equal vectors have equal scores.
            scores[:, self._copies] = scores[:, self._originals]
            yield rows, scores


def _equal_rows(matrix: np.ndarray) -> tuple[list[int], list[int]]:
    """The rows that equal an earlier one: (the first of their kind, they themselves)."""
    first: dict[int, int] = {}
    pairs = [(first.setdefault(hash(row.tobytes()), place), place) for place, row in enumerate(matrix)]
    pairs = [(one, other) for one, other in pairs if one != other and np.array_equal(matrix[one], matrix[other])]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _columns(places: np.ndarray) -> slice | np.ndarray:
    """Neighbouring columns as a slice, which is far cheaper to look at than a list of them."""
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


@dataclass
class PositionCounter:
    """Collects the positions of relevant documents, block by block, in the pool and in the groups asked for.

    Parameters
    ----------
    pool : the documents.
    relevant : query id -> ids of its relevant documents.
    groups : the groups to rank within.
    whole : also rank the pool as one.
    own : the language of the queries, to collect :class:`Languages` on the pool (whose groups are languages) as well.
    depth : the first places of which to collect the languages.
    """

    pool: Pool
    relevant: Mapping[str, Sequence[str]]
    groups: Sequence[str]
    whole: bool
    own: str = ""
    depth: int = 0
    _found: dict[str | None, dict[str, list[float]]] = field(default_factory=dict)
    _columns: dict[str, list[int]] = field(default_factory=dict)  # of the relevant documents, in the order of _found
    _own_above: dict[str, list[int]] = field(default_factory=dict)
    _top: list[np.ndarray] = field(default_factory=list)

    def add(self, query_ids: Sequence[str], scores: np.ndarray) -> None:
        """Count in a block of scores [len(query_ids), documents of the pool]."""
        wanted = set(self.groups)
        own = self.pool.members.get(self.own, slice(0, 0))
        above = np.empty(scores.shape[1], bool)
        for query_id, row in zip(query_ids, scores, strict=True):
            for doc_id in self.relevant.get(query_id, ()):
                column = self.pool.column.get(doc_id)
                if column is None:  # a document of a language that is not asked for
                    continue
                group = self.pool.group_of[column] if self.pool.group_of else None
                if not self.whole and group not in wanted:
                    continue
                # A position is one more than the documents above; at equal scores those to the left are above.
                score = row[column]
                np.greater_equal(row[:column], score, out=above[:column])
                np.greater(row[column:], score, out=above[column:])
                if self.whole:
                    self._add(None, query_id, 1 + int(np.count_nonzero(above)))
                    if self.own:
                        self._columns.setdefault(query_id, []).append(column)
                        self._own_above.setdefault(query_id, []).append(int(np.count_nonzero(above[own])))
                if group in wanted:
                    assert group is not None
                    self._add(group, query_id, 1 + int(np.count_nonzero(above[self.pool.members[group]])))
        if self.own:
            counted = [row for row, query_id in enumerate(query_ids) if query_id in self._columns]
            self._top.append(self.pool.group_number[top_columns(scores, self.depth)][counted])

    def _add(self, group: str | None, query_id: str, position: int) -> None:
        self._found.setdefault(group, {}).setdefault(query_id, []).append(position)

    def ranks(self, group: str | None) -> Ranks:
        """The ranks within a group, or in the whole pool for None, of the queries with a relevant document there."""
        found = self._found.get(group, {})
        size = len(self.pool.ids) if group is None else _size(self.pool.members[group])
        languages = self._languages() if group is None and self.own else None
        return stack_ranks(list(found), list(found.values()), [size] * len(found), languages)

    def _languages(self) -> Languages:
        names = tuple(self.pool.members)
        queries = len(self._columns)
        columns = stack_rows(list(self._columns.values()), -1)
        return Languages(
            names,
            queries=np.full(queries, names.index(self.own) if self.own in names else -1),
            relevant=np.where(columns < 0, -1, self.pool.group_number[columns]),
            top=np.concatenate(self._top) if self._top else np.empty((0, self.depth), np.int16),
            own=np.full(queries, _size(self.pool.members.get(self.own, slice(0, 0)))),
            own_above=stack_rows(list(self._own_above.values()), 0),
        )


def _size(columns: slice | np.ndarray) -> int:
    return columns.stop - columns.start if isinstance(columns, slice) else len(columns)


def top(row: np.ndarray, columns: slice | np.ndarray, depth: int | None) -> np.ndarray:
    """The columns of the ``depth`` highest scores among some columns of a pool, in trec_eval's order."""
    scores = row[columns]
    if depth is not None and depth < len(scores):
        # Keep everything that ties with the last place, then cut after the exact order is known.
        threshold = np.partition(scores, len(scores) - depth)[len(scores) - depth]
        kept = np.flatnonzero(scores >= threshold)
    else:
        kept = np.arange(len(scores))
    kept = kept[np.argsort(-scores[kept], kind="stable")][:depth]
    return kept + columns.start if isinstance(columns, slice) else columns[kept]


def top_columns(scores: np.ndarray, depth: int) -> np.ndarray:
    """The columns of the highest scores of each query of a block, as :func:`top` gives them for the whole pool.

    Returns
    -------
    int [queries, depth], or [queries, documents] where the pool holds fewer.
    """
    depth = min(depth, scores.shape[1])
    if not depth:
        return np.empty((len(scores), 0), int)
    threshold = np.partition(scores, scores.shape[1] - depth, axis=1)[:, [scores.shape[1] - depth]]
    rows, columns = np.nonzero(scores >= threshold)  # with everything that ties with the last place
    order = np.lexsort((-scores[rows, columns], rows))  # stable, so that of equal scores the left one comes first
    first = np.searchsorted(rows, np.arange(len(scores)))
    return columns[order][first[:, None] + np.arange(depth)]
