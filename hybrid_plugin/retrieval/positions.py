"""Exact positions of judged documents in whole rankings, counted block by block."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from hybrid_plugin.encoding.ids import rows_of, take_ids
from hybrid_plugin.retrieval.exact import Block, Part, exact_pairs
from hybrid_plugin.retrieval.rankings import Grades
from hybrid_plugin.retrieval.ranks import Languages, Ranks, stack_ranks, stack_rows

Place = tuple[int, int]  # of a document: its part, and its row there


def find_judged(parts: Sequence[tuple[Part, str]], grades: Grades) -> dict[str, Place]:
    """Where the documents with a grade other than 0 lie in the parts of a pool; those that no part has are left out.

    Parameters
    ----------
    parts : and what goes before their ids.
    """
    wanted = {doc_id for judged in grades.values() for doc_id, grade in judged.items() if grade}
    own = {
        prefix: {doc_id[len(prefix) :] for doc_id in wanted if doc_id.startswith(prefix)}
        for prefix in {prefix for _, prefix in parts}
    }
    found: dict[str, Place] = {}
    for number, (part, prefix) in enumerate(parts):
        for name, row in rows_of(part.vectors.ids, own[prefix]).items():
            found[prefix + name] = (number, row)
    return found


class PositionCounter:
    """Counts what stands above each judged document of some queries, in a pool of parts.

    Parameters
    ----------
    vectors : float32 [queries, dimension].
    langs : of each query, for :class:`Languages`; None to collect none.
    doc_langs : of the judged documents.
    dropped : query id -> documents that its ranking does not have.
    """

    def __init__(
        self,
        query_ids: Sequence[str],
        vectors: np.ndarray,
        parts: Sequence[tuple[Part, str]],
        grades: Grades,
        places: Mapping[str, Place],
        langs: Sequence[str | None] | None = None,
        doc_langs: Mapping[str, str] | None = None,
        dropped: Mapping[str, Collection[str]] | None = None,
    ):
        self._query_ids, self._parts, self._langs, self._doc_langs = query_ids, parts, langs, doc_langs or {}
        self._judged = [
            {doc_id: grade for doc_id, grade in grades.get(query_id, {}).items() if grade} for query_id in query_ids
        ]
        width = max(map(len, self._judged), default=0)
        shape = (len(query_ids), width)
        self._ids = np.full(shape, None, object)
        self._part = np.full(shape, -1)
        self._row = np.full(shape, -1)
        for line, (query_id, judged) in enumerate(zip(query_ids, self._judged, strict=True)):
            absent = (dropped or {}).get(query_id, ())
            for column, doc_id in enumerate(judged):
                self._ids[line, column] = doc_id
                if doc_id not in absent:
                    self._part[line, column], self._row[line, column] = places.get(doc_id, (-1, -1))
        # What nothing stands above where there is no document: no score is greater.
        self._scores = np.full(shape, np.inf, np.float32)
        for number, (part, _) in enumerate(parts):
            lines, columns = np.nonzero(self._part == number)
            if len(lines):
                docs = part.vectors.take(self._row[lines, columns])
                self._scores[lines, columns] = exact_pairs(vectors[lines], docs)
        self._above = np.zeros(shape, np.int64)
        self._own_above = np.zeros(shape, np.int64)
        self._own = np.zeros(len(query_ids), np.int64)

    def add(self, number: int, block: Block) -> None:
        """Count in a block of the part of this number."""
        rows = zip(block.ordered, self._scores, strict=True)
        lower = np.array([line.searchsorted(scores, "right") for line, scores in rows])  # or equal, and how many
        above = block.scores.shape[1] - lower
        inside = (self._part == number) & np.isin(self._row, block.rows)
        last = lower - 1 - inside  # of the lower and equal ones, but for the judged document itself
        equal = np.take_along_axis(block.ordered, np.maximum(last, 0), 1) == self._scores
        for line, column in zip(*np.nonzero(equal & (last >= 0)), strict=True):
            # At equal scores the greater id stands above.
            part, prefix = self._parts[number]
            tied = np.flatnonzero(block.scores[line] == self._scores[line, column])
            names = take_ids(part.vectors.ids, block.rows[tied])
            above[line, column] += np.count_nonzero((prefix + names if prefix else names) > self._ids[line, column])
        self._above += above
        if self._langs is not None and block.lang is not None:
            own = np.array([lang == block.lang for lang in self._langs])
            self._own_above[own] += above[own]
            self._own[own] += (block.scores[own] > -np.inf).sum(1)

    def ranks(self, names: Sequence[str], sizes: np.ndarray, top: np.ndarray | None = None) -> Ranks:
        """The ranks in the whole pool.

        Parameters
        ----------
        names : the languages to number.
        sizes : int [queries], the documents that each ranking has.
        top : the numbers of the languages of the first documents, int [queries, depth].
        """
        lacking = self._part < 0
        positions = np.where(lacking, np.inf, self._above + 1.0)
        lengths = [len(judged) for judged in self._judged]
        languages = None
        if self._langs is not None and top is not None:
            number = {name: i for i, name in enumerate(names)}
            languages = Languages(
                tuple(names),
                queries=np.array([number.get(lang or "", -1) for lang in self._langs], int),
                relevant=stack_rows(
                    [[number.get(self._doc_langs.get(one, ""), -1) for one in judged] for judged in self._judged], -1
                ),
                top=top,
                own=self._own,
                own_above=self._own_above,
            )
        return stack_ranks(
            self._query_ids,
            [line[:length] for line, length in zip(positions, lengths, strict=True)],
            sizes,
            languages,
            [[*judged.values()] for judged in self._judged],
        )
