"""Rankings of some queries of one task: what a run file holds of them, and where the judged documents stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.retrieval.ranks import Languages, Ranks, stack_ranks, stack_rows

Grades = Mapping[str, Mapping[str, int]]  # query id -> document id -> grade


@dataclass(frozen=True)
class Rankings:
    """Rankings of some queries of one task.

    Parameters
    ----------
    doc_ids : of each query, the first documents, from the best down, as trec_eval orders them: by score, then by id,
        both descending; object [documents]. Those that tie with the last asked for may follow it.
    scores : theirs.
    ranks : of the documents with a grade other than 0; perhaps of a longer ranking than ``doc_ids``.
    """

    query_ids: tuple[str, ...]
    doc_ids: Sequence[np.ndarray]
    scores: Sequence[np.ndarray]
    ranks: Ranks

    __repr__ = brief

    def at_depth(self, depth: int) -> Rankings:
        """The same rankings cut after ``depth`` documents, which their lists reach."""
        lists, scores = ([one[:depth] for one in found] for found in (self.doc_ids, self.scores))
        return Rankings(self.query_ids, lists, scores, self.ranks.at_depth(depth))

    def of(self, chosen: Sequence[bool]) -> Rankings:
        """The rankings of some of the queries."""
        if all(chosen):
            return self
        rows = [row for row, one in enumerate(chosen) if one]
        return Rankings(
            tuple(self.query_ids[row] for row in rows),
            [self.doc_ids[row] for row in rows],
            [self.scores[row] for row in rows],
            self.ranks.of(np.array(rows, int)),
        )


@dataclass(frozen=True)
class LanguageMap:
    """Which language everything in a ranking has, to have :class:`Languages` in its ranks.

    Parameters
    ----------
    docs : document id -> language; one that it lacks is of no known language.
    queries : query id -> language, of those that have one.
    depth : the first places of which to collect the languages.
    """

    docs: Mapping[str, str]
    queries: Mapping[str, str]
    depth: int

    __repr__ = brief


def ranks_of_lists(
    query_ids: Sequence[str],
    doc_ids: Sequence[np.ndarray],
    grades: Grades,
    retrieved: Sequence[int] | np.ndarray,
    languages: LanguageMap | None = None,
    depth: int | None = None,
) -> Ranks:
    """Where the documents with a grade other than 0 stand in ranked lists.

    Parameters
    ----------
    doc_ids : of each query, from the best down, object [documents].
    retrieved : of each query, the length of its ranking; what stands in its list below that does not count.
    languages : also collect the languages of the documents.
    depth : how far down rankings reach; by default as far as the longest of these.
    """
    judged = [{doc_id: grade for doc_id, grade in grades.get(one, {}).items() if grade} for one in query_ids]
    lists = [found[:length] for found, length in zip(doc_ids, retrieved, strict=True)]
    places = [_places(found, wanted) for found, wanted in zip(lists, judged, strict=True)]
    return stack_ranks(
        query_ids,
        [[at.get(doc_id, np.inf) for doc_id in wanted] for at, wanted in zip(places, judged, strict=True)],
        retrieved,
        None if languages is None else _languages(query_ids, lists, judged, places, languages),
        [[*wanted.values()] for wanted in judged],
        depth,
    )


def _places(ranked: np.ndarray, wanted: Mapping[str, int]) -> dict[str, int]:
    return {doc_id: place for place, doc_id in enumerate(ranked, start=1) if doc_id in wanted} if wanted else {}


def _languages(
    query_ids: Sequence[str],
    lists: Sequence[np.ndarray],
    judged: Sequence[Mapping[str, int]],
    places: Sequence[Mapping[str, int]],
    known: LanguageMap,
) -> Languages:
    names = tuple(sorted({*known.docs.values(), *known.queries.values()}))
    number = {name: i for i, name in enumerate(names)}
    queries, relevant, top, own, own_above = [], [], [], [], []
    for query_id, ranked, wanted, at in zip(query_ids, lists, judged, places, strict=True):
        numbers = np.array([number.get(known.docs.get(doc_id, ""), -1) for doc_id in ranked], int)
        query = number.get(known.queries.get(query_id, ""), -1)
        owned = np.cumsum((numbers == query) & (numbers >= 0))
        queries.append(query)
        relevant.append([number.get(known.docs.get(doc_id, ""), -1) for doc_id in wanted])
        top.append(numbers[: known.depth])
        own.append(int(owned[-1]) if len(owned) else 0)
        own_above.append([int(owned[at[doc_id] - 2]) if at.get(doc_id, 1) > 1 else 0 for doc_id in wanted])
    return Languages(
        names,
        queries=np.array(queries, int),
        relevant=stack_rows(relevant, -1),
        top=stack_rows(top, -1),
        own=np.array(own, int),
        own_above=stack_rows(own_above, 0),
    )
