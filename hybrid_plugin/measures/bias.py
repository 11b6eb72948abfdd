"""The base class of the measures of language bias, and the algebra of languages that they share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from itertools import chain

import numpy as np
from ir_measures import measures as irm
from ir_measures.measures.base import Agg

from hybrid_plugin.errors import UserError
from hybrid_plugin.measures.base import DefinedMean, Qrels, Rankings, grades_from
from hybrid_plugin.measures.languages import language_of_document, language_of_query
from hybrid_plugin.retrieval.rankings import LanguageMap, ranks_of_lists
from hybrid_plugin.retrieval.ranks import Languages, Ranks

OWN = "query"  # as a parameter `lang`: the language of the query
OTHER = "other"  # all languages but that one
LANG = irm.ParamInfo(dtype=str, default=OWN, desc="a language, 'query' for the query's own, 'other' for all others")


class BiasMeasure(irm.Measure):
    """A measure that compares languages on the pool: a subclass declares itself and has ``from_ranks``.

    For a query without a value (no relevant document in the language, or an empty ranking) the value is NaN, and the
    mean is that over the other queries.
    """

    POOL_ONLY = True  # compares languages: says nothing where all documents are of one
    DEFAULT = float("nan")

    @abstractmethod
    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """float64 [queries], from ranks that know the languages and are cut to no less than the measure's cutoff."""

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        """By query id, with the languages that the ids of documents and queries name."""
        least = self["rel"] if "rel" in self.SUPPORTED_PARAMS else 1
        queries = {query_id: language_of_query(query_id) for query_id in qrels} if self.asks_for_own() else {}
        grades = grades_from(qrels, least)
        ranks = ranks_of_run(grades, run, language_of_document, queries, self.params.get("cutoff", 0))
        return dict(zip(ranks.query_ids, self.from_ranks(ranks).tolist(), strict=True))

    def asks_for_own(self) -> bool:
        """Whether the language of the query counts, so that query ids must name it."""
        return "lang" in self.SUPPORTED_PARAMS and self["lang"] in (OWN, OTHER)

    def aggregator(self) -> Agg:
        return DefinedMean()


def ranks_of_run(
    qrels: Qrels, run: Rankings, language: Callable[[str], str], queries: Mapping[str, str], depth: int
) -> Ranks:
    """Ranks that know the languages, of qrels and a run as ir_measures has them.

    Parameters
    ----------
    language : that of a document id.
    queries : query id to its language.
    depth : the first places of which to know the languages.
    """
    lists = [np.array(run.get(query_id, []), object) for query_id in qrels]
    judged = (doc_id for grades in qrels.values() for doc_id, grade in grades.items() if grade)
    known = LanguageMap({doc_id: language(doc_id) for doc_id in chain(*lists, judged)}, queries, depth)
    return ranks_of_lists([*qrels], lists, qrels, [len(found) for found in lists], known)


def languages_of(ranks: Ranks) -> Languages:
    """The languages that the ranks know.

    Raises
    ------
    UserError
        They know none.
    """
    if ranks.languages is None:
        raise UserError("a measure of language bias needs the languages of the documents")
    return ranks.languages


def is_in(known: Languages, numbers: np.ndarray, lang: str) -> np.ndarray:
    """Where some numbered languages [queries, n] are the one that the parameter `lang` means."""
    if lang == OWN:
        return (numbers == known.queries[:, None]) & (numbers >= 0)
    if lang == OTHER:
        return (numbers != known.queries[:, None]) & (numbers >= 0)
    return numbers == (known.names.index(lang) if lang in known.names else -2)


def among(ranks: Ranks, lang: str) -> Ranks:
    """The ranks with the relevant documents of a language alone."""
    known = languages_of(ranks)
    kept = np.where(is_in(known, known.relevant, lang), ranks.positions, np.nan)
    return Ranks(ranks.query_ids, np.sort(kept, axis=1), ranks.retrieved, ranks.depth)


def count_by_language(numbers: np.ndarray, languages: int) -> np.ndarray:
    """How often each language occurs: [queries, n] to [queries, languages]."""
    return sum_by_language(numbers, np.ones(numbers.shape), languages)


def sum_by_language(numbers: np.ndarray, values: np.ndarray, languages: int) -> np.ndarray:
    """The sum of the values of each language: [queries, n] to [queries, languages]."""
    cells = numbers + np.arange(len(numbers))[:, None] * languages
    kept = numbers >= 0
    total = np.bincount(cells[kept], weights=values[kept], minlength=len(numbers) * languages)
    return total.reshape(len(numbers), languages)
