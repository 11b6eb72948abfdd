"""Exact positions of the relevant documents, from vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hybrid_plugin.retrieval.exact import Pool, size_of, top_columns
from hybrid_plugin.retrieval.ranks import Languages, Ranks, stack_ranks, stack_rows


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
                if group is not None and group in wanted:
                    self._add(group, query_id, 1 + int(np.count_nonzero(above[self.pool.members[group]])))
        if self.own:
            counted = [row for row, query_id in enumerate(query_ids) if query_id in self._columns]
            self._top.append(self.pool.group_number[top_columns(scores, self.depth)][counted])

    def _add(self, group: str | None, query_id: str, position: int) -> None:
        self._found.setdefault(group, {}).setdefault(query_id, []).append(position)

    def ranks(self, group: str | None) -> Ranks:
        """The ranks within a group, or in the whole pool for None, of the queries with a relevant document there."""
        found = self._found.get(group, {})
        size = len(self.pool.ids) if group is None else size_of(self.pool.members[group])
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
            own=np.full(queries, size_of(self.pool.members.get(self.own, slice(0, 0)))),
            own_above=stack_rows(list(self._own_above.values()), 0),
        )
