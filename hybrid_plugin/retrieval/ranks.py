"""Where the judged documents of some queries stand, with their grades and languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hybrid_plugin.brief import brief


@dataclass(frozen=True)
class Languages:
    """The languages in some rankings, as numbers: what measures of language bias need beside positions.

    Parameters
    ----------
    names : the languages that are numbered.
    queries : int [queries], the language of each query.
    relevant : int [queries, most relevant documents], that of each relevant document in the order of its positions;
        -1 beyond a query's number of relevant documents, and for a document whose language nobody knows.
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

    __repr__ = brief


@dataclass(frozen=True)
class Ranks:
    """Where the relevant documents of some queries stand in one ranking each.

    Parameters
    ----------
    query_ids : the queries.
    positions : float64 [queries, most relevant documents], from 1, ascending; ``inf`` for a relevant document that
        the ranking does not hold, ``nan`` beyond a query's number of relevant documents.
    retrieved : int64 [queries], the length of each ranking.
    depth : how far down the rankings of all queries reach, of a task as it was evaluated, so that a document which a
        ranking lacks can be placed at depth + 1, however short that ranking is; 0 where nothing at all was ranked.
    languages : those of the documents, where they were asked for.
    grades : int [queries, most relevant documents], in the order of the positions, 0 beyond a query's number of
        them; None where all are 1.
    """

    query_ids: tuple[str, ...]
    positions: np.ndarray
    retrieved: np.ndarray
    depth: int
    languages: Languages | None = None
    grades: np.ndarray | None = None

    __repr__ = brief

    @property
    def relevant(self) -> np.ndarray:
        """int64 [queries], the number of relevant documents."""
        return (~np.isnan(self.positions)).sum(1)

    def of(self, rows: np.ndarray) -> Ranks:
        """The ranks of some queries, int [rows]."""
        known = self.languages
        if known is not None:
            by_query = ("queries", "relevant", "top", "own", "own_above")
            known = replace(known, **{name: getattr(known, name)[rows] for name in by_query})
        grades = None if self.grades is None else self.grades[rows]
        names = tuple(self.query_ids[row] for row in rows)
        return Ranks(names, self.positions[rows], self.retrieved[rows], self.depth, known, grades)

    def at_least(self, grade: int) -> Ranks:
        """The same rankings with the documents of this grade and above as the relevant ones."""
        grades = self.grades
        if grades is None and grade <= 1:
            return self
        kept = ~np.isnan(self.positions) & ((np.ones_like(self.positions) if grades is None else grades) >= grade)
        if kept.sum() == self.relevant.sum():
            return self
        order = np.argsort(~kept, axis=1, kind="stable")[:, : int(kept.sum(1).max(initial=0))]

        def taken(table: np.ndarray, fill: float) -> np.ndarray:
            return np.take_along_axis(np.where(kept, table, np.asarray(fill, table.dtype)), order, 1)

        languages = self.languages
        if languages is not None:
            languages = replace(
                languages, relevant=taken(languages.relevant, -1), own_above=taken(languages.own_above, 0)
            )
        return Ranks(
            self.query_ids,
            taken(self.positions, np.nan),
            self.retrieved,
            self.depth,
            languages,
            None if grades is None else taken(grades, 0),
        )

    def at_depth(self, depth: int | None) -> Ranks:
        """The same rankings cut after ``depth`` documents; what they then lack stands just below these.

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
        return Ranks(self.query_ids, positions, np.minimum(self.retrieved, depth), depth, languages, self.grades)


def stack_ranks(
    query_ids: Sequence[str],
    positions: Sequence[Sequence[float]],
    retrieved: Sequence[int] | np.ndarray,
    languages: Languages | None = None,
    grades: Sequence[Sequence[int]] | None = None,
    depth: int | None = None,
) -> Ranks:
    """Ranks from a list of positions for each query, in any order, which is that of grades and ``languages`` too.

    Parameters
    ----------
    depth : how far down rankings reach; by default as far as the longest of these.
    """
    table = stack_rows(positions, np.nan)
    order = np.argsort(table, axis=1, kind="stable")
    if languages is not None:
        languages = replace(
            languages,
            relevant=np.take_along_axis(languages.relevant, order, 1),
            own_above=np.take_along_axis(languages.own_above, order, 1),
        )
    return Ranks(
        tuple(query_ids),
        np.take_along_axis(table, order, 1),
        np.asarray(retrieved, np.int64),
        int(max(retrieved, default=0)) if depth is None else depth,
        languages,
        None if grades is None else np.take_along_axis(stack_rows(grades, 0), order, 1),
    )


def stack_rows(rows: Sequence[Sequence[float] | np.ndarray], fill: float) -> np.ndarray:
    """A table [rows, longest row] of the type of ``fill``, which fills the shorter rows."""
    table = np.full((len(rows), max(map(len, rows), default=0)), fill)
    for line, row in zip(table, rows, strict=True):
        line[: len(row)] = row
    return table
