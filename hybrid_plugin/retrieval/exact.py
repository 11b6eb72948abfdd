"""Exact search over vectors in memory, with ties broken as trec_eval breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError

_BLOCK = 256  # queries scored at a time


class Pool:
    """Documents to rank, as one pool and as groups (languages) of it.

    The columns are in descending order of document id, which is trec_eval's order among equal scores: of two columns
    with the same score the one further left ranks higher, in the pool and in every group of it.

    Parameters
    ----------
    docs : ids and vectors.
    groups : the group of each document, or None for a pool without groups.

    Attributes
    ----------
    ids : object [documents], by column.
    column : document id -> column.
    matrix : float32 [documents, dimension], the vectors by column.
    members : group -> its columns.
    group_of : the group of each column; empty without groups.
    group_number : int16 [documents], the same as places among ``members``.
    whole : all columns.

    Raises
    ------
    UserError
        A document id occurs twice.
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

    @classmethod
    def of_groups(cls, docs: Mapping[str, Vectors]) -> Pool:
        """The pool of the documents of several groups, by group."""
        ids = [doc_id for vectors in docs.values() for doc_id in vectors.ids]
        groups = [group for group, vectors in docs.items() for _ in vectors.ids]
        return cls(Vectors(ids, np.concatenate([vectors.matrix for vectors in docs.values()])), groups)

    def scores(self, queries: Vectors) -> Iterator[tuple[range, np.ndarray]]:
        """Dot products, a block of queries at a time: (rows, float32 [len(rows), documents]).

        Raises
        ------
        UserError
            The queries are of another dimension than the documents.
        """
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


def size_of(columns: slice | np.ndarray) -> int:
    """How many columns there are."""
    return columns.stop - columns.start if isinstance(columns, slice) else len(columns)


def top(row: np.ndarray, columns: slice | np.ndarray, depth: int | None) -> np.ndarray:
    """The columns of the highest scores among some columns of a pool, in trec_eval's order.

    Parameters
    ----------
    row : float32 [documents of the pool], the scores of one query.
    depth : how many, if not all.

    Returns
    -------
    int [depth], or fewer where there are fewer columns.
    """
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
