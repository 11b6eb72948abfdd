"""Rankings from a run file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybrid_plugin.retrieval.rankings import Grades, LanguageMap, Rankings
from hybrid_plugin.retrieval.ranks import Languages, stack_ranks, stack_rows
from hybrid_plugin.retrieval.runs.reader import Run

_NOTHING = (np.empty(0, np.int32), np.empty(0, np.float64))


def rankings_of_run(
    run: Run,
    query_ids: Sequence[str],
    grades: Grades,
    lists: int | None = None,
    languages: LanguageMap | None = None,
) -> Rankings:
    """The rankings of some queries in a run; a query that it lacks has retrieved nothing.

    Ties are broken as trec_eval breaks them, on scores as it keeps them, in 32 bits; the scores stay as they are.

    Parameters
    ----------
    grades : of the judged documents.
    lists : of how many first documents to make a list of each ranking, with all that tie with the last; None for all.
    languages : also collect the languages of the documents.
    """
    order = np.empty(len(run.doc_ids), np.int32)
    order[np.argsort(run.doc_ids)] = np.arange(len(order))
    row_of = {doc_id: row for row, doc_id in enumerate(run.doc_ids)}
    judged = [{doc_id: grade for doc_id, grade in grades.get(one, {}).items() if grade} for one in query_ids]
    counter = None if languages is None else _LanguageCounter(languages, run.doc_ids, order)
    positions, doc_ids, scores = [], [], []
    for query_id, wanted in zip(query_ids, judged, strict=True):
        docs, exact = run.rankings.get(query_id, _NOTHING)
        kept = exact.astype(np.float32)
        above = [_above(docs, kept, order, row_of.get(doc_id, -1)) for doc_id in wanted]
        positions.append([np.inf if higher is None else 1.0 + np.count_nonzero(higher) for higher in above])
        if counter is not None:
            counter.add(query_id, list(wanted), above, docs, kept)
        first = _first(docs, kept, order, lists)
        doc_ids.append(run.doc_ids[docs[first]])
        scores.append(exact[first])
    retrieved = [len(run.rankings.get(one, _NOTHING)[0]) for one in query_ids]
    counted = None if counter is None else counter.languages()
    ranks = stack_ranks(query_ids, positions, retrieved, counted, [[*wanted.values()] for wanted in judged])
    return Rankings(tuple(query_ids), doc_ids, scores, ranks)


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


def _first(docs: np.ndarray, scores: np.ndarray, order: np.ndarray, number: int | None) -> np.ndarray:
    """The places of the first documents of a ranking, best first, and of those that tie with the last of them."""
    if number is None or number >= len(docs):
        kept = np.arange(len(docs))
    else:
        kept = np.flatnonzero(scores >= np.partition(scores, -number)[-number]) if number else np.arange(0)
    return kept[np.lexsort((-order[docs[kept]], -scores[kept]))]


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
        self._of_row = np.array([self._of(doc_id) for doc_id in doc_ids], int)
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
        """Count in a ranking: its judged documents, what stands above each, and all its documents with scores."""
        query = self._number.get(self._known.queries.get(query_id, ""), -1)
        own = (self._of_row[docs] == query) & (query >= 0)
        first = _first(docs, scores, self._order, self._known.depth)[: self._known.depth]
        self._queries.append(query)
        self._relevant.append([self._of(doc_id) for doc_id in doc_ids])
        self._top.append(self._of_row[docs[first]])
        self._own.append(int(np.count_nonzero(own)))
        self._own_above.append([0 if higher is None else int(np.count_nonzero(higher & own)) for higher in above])

    def _of(self, doc_id: str) -> int:
        return self._number.get(self._known.docs.get(doc_id, ""), -1)

    def languages(self) -> Languages:
        return Languages(
            self._names,
            queries=np.array(self._queries, int),
            relevant=stack_rows(self._relevant, -1),
            top=stack_rows(self._top, -1),
            own=np.array(self._own, int),
            own_above=stack_rows(self._own_above, 0),
        )
