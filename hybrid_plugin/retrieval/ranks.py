"""Where the relevant documents of some queries stand, and in which languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


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
