"""Positions of the relevant documents in a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.ranks import Languages, Ranks, stack_ranks, stack_rows
from hybrid_plugin.retrieval.runs.reader import Run


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
