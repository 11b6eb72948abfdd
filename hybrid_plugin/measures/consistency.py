"""The base class of the measures of consistency: how alike rankings of one question in several languages are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from ir_measures import measures as irm
from ir_measures.measures.base import Agg

from hybrid_plugin.errors import blame
from hybrid_plugin.measures.base import DefinedMean, Qrels, Rankings
from hybrid_plugin.measures.languages import language_of_query, question_of_query
from hybrid_plugin.retrieval.ranks import stack_rows

_CELLS = 2**24  # pairs of documents that are compared at a time


class ConsistencyMeasure(irm.Measure):
    """A measure of how alike the rankings of one question are: a subclass declares itself and has ``alike``.

    The value of a query is the mean over the queries that ask its question in another language, of the same documents.
    It is NaN where nobody else asks it, and the mean is that over the other queries.
    """

    ACROSS_LANGUAGES = True  # takes the rankings of several queries at once
    CUT = ""
    DEFAULT = float("nan")

    @abstractmethod
    def alike(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """How alike two rankings are, float64 [pairs], the same if they change places; NaN if there is nothing to say.

        Parameters
        ----------
        one, other : int [pairs, n], the first documents of each ranking as numbers, up to the measure's cutoff; -1
            beyond the end of a ranking.
        """

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        """By query id, over the queries whose ids differ in nothing but the language at their end."""
        number: dict[str, int] = {}
        lists = [
            [number.setdefault(doc_id, len(number)) for doc_id in run.get(query_id, [])[: self["cutoff"]]]
            for query_id in qrels
        ]
        questions, languages = [*map(question_of_query, qrels)], [*map(language_of_query, qrels)]
        return dict(zip(qrels, consistency(self, stack_rows(lists, -1), questions, languages).tolist(), strict=True))

    def aggregator(self) -> Agg:
        return DefinedMean()


def consistency(
    measure: irm.Measure, lists: np.ndarray, questions: Sequence[str], languages: Sequence[str | None]
) -> np.ndarray:
    """The value of each query by a measure with the class attribute ``ACROSS_LANGUAGES``, float64 [queries].

    Parameters
    ----------
    lists : int [queries, n], the documents of each ranking from the best down as numbers from 0; -1 beyond its end.
    questions, languages : of each query.
    """
    return over_others(*of_pairs(measure, lists, questions, languages), len(lists))


def of_pairs(
    measure: irm.Measure, lists: np.ndarray, questions: Sequence[str], languages: Sequence[str | None]
) -> tuple[np.ndarray, np.ndarray]:
    """What the measure says of every two queries that ask one question in two languages.

    Parameters
    ----------
    lists, questions, languages : as :func:`consistency` takes them.

    Returns
    -------
    The queries, int [2, pairs], and float64 [pairs].
    """
    lists = lists[:, : measure["cutoff"]]
    rows_of: dict[str, list[int]] = {}
    for row, question in enumerate(questions):
        rows_of.setdefault(question, []).append(row)
    pairs = [
        pair for rows in rows_of.values() for pair in combinations(rows, 2) if languages[pair[0]] != languages[pair[1]]
    ]
    if not pairs or not lists.shape[1]:
        return np.empty((2, 0), int), np.empty(0)
    one, other = np.array(pairs).T
    values = np.empty(len(pairs))
    step = max(1, _CELLS // lists.shape[1] ** 2)
    with blame(f"the measure {measure}", type(measure)):
        for start in range(0, len(pairs), step):
            part = slice(start, start + step)
            values[part] = measure.alike(lists[one[part]], lists[other[part]])  # type: ignore[attr-defined]
    return np.stack([one, other]), values


def over_others(pairs: np.ndarray, values: np.ndarray, queries: int) -> np.ndarray:
    """Of each query the mean over its pairs, float64 [queries]; NaN where there are none.

    Parameters
    ----------
    pairs, values : of :func:`of_pairs`.
    """
    known = ~np.isnan(values)
    rows, weights = pairs[:, known].ravel(), np.tile(values[known], 2)
    count = np.bincount(rows, minlength=queries)
    total = np.bincount(rows, weights=weights, minlength=queries)
    return np.divide(total, count, out=np.full(queries, np.nan), where=count > 0)


def places_in(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where the documents of some rankings stand in others, float64 [pairs, n], from 1; ``inf`` where they do not."""
    same = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
    return np.where(same.any(2), same.argmax(2) + 1.0, np.inf)
