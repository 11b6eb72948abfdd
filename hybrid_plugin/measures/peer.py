"""PEER: how probable it is that documents of all languages have the same expected rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from ir_measures import measures as irm
from scipy import special

from hybrid_plugin.measures.base import NEEDED_CUTOFF, Qrels, Rankings
from hybrid_plugin.measures.bias import count_by_language, languages_of, ranks_of_run, sum_by_language
from hybrid_plugin.measures.languages import language_of_document
from hybrid_plugin.retrieval.ranks import Ranks

_PACKAGE, _NEXT = "package", "next"  # the parameter `below`


class _PEER(irm.Measure):
    """
    Probability of equal expected rank: per level of relevance, the p-value of a Kruskal-Wallis test that documents of
    all languages have the same expected rank among the first k, and the mean of these by `weights`. In [0, 1]: near 1
    the languages are treated alike, near 0 they are not. Higher is better.

    The values are those of the package `peer-measure`, whose two required parameters have defaults here: `weights`
    (level to weight, of sum 1) gives all weight to level 1, and level 0 is all that is not judged; `lang_mapping`
    (document id to language) takes the languages that the ids name. As in the package, the documents of a level that
    stand below k all have the rank (2n + u + 1) / 2, where u of the level's n documents do, and a level of which one
    language alone has documents there counts 1; where all ranks are equal, and the package has no number, the value
    is 1; a query without a ranking counts 0. That rank may be better than those of documents that were found: with
    `below='next'` they have the rank k + 1 instead, below all that were (a variant whose definition was not found in
    what we could read, and is ours).

    It rewards a ranking that mixes the languages of a level. It misleads where every language has one relevant
    document, of which the test can say nothing: the value is then the same for every order.

    For example, two documents in English and two in German are relevant, and the ranking has them at 1 and 2 and at 3
    and below k. At 3 the ranks are 1, 2 and 3, 5, H = 3 * 6.25 / 8.75 and the value 0.143; with `below='next'` they
    are 1, 2 and 3, 4, H = 3 * 4 / 5 and the value 0.121.

    ::

      Citation: Yang, Jänich, Mayfield and Lawrie. Language Fairness in Multilingual Information Retrieval. SIGIR 2024.
                https://doi.org/10.1145/3626772.3657943
    """

    __name__ = "PEER"
    NAME = __name__
    PRETTY_NAME = "Probability of equal expected rank at k"
    SHORT_DESC = "The probability that documents of all languages have the same expected rank in the top k."
    HIGHER_IS_BETTER = True
    POOL_ONLY = True
    GRADED = True  # takes ranks with all their grades
    CUT = ""
    SUPPORTED_PARAMS = {  # noqa: RUF012
        "cutoff": NEEDED_CUTOFF,
        "weights": irm.ParamInfo(dtype=dict, default={1: 1.0}, desc="level of relevance to its weight, of sum 1"),
        "below": irm.ParamInfo(
            dtype=str,
            default=_PACKAGE,
            choices=[_PACKAGE, _NEXT],
            desc="rank of documents below the cutoff: that of the package, or the next after it",
        ),
        "lang_mapping": irm.ParamInfo(dtype=dict, required=False, desc="document id to its language"),
    }

    def validate_params(self) -> None:
        super().validate_params()
        assert np.isclose(sum(self["weights"].values()), 1.0), "weights must sum up to 1"

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        mapping = self.params.get("lang_mapping")
        if self["below"] == _PACKAGE:
            return self._of_package(qrels, run, mapping)
        language = language_of_document if mapping is None else mapping.__getitem__
        ranks = ranks_of_run(qrels, run, language, {}, self["cutoff"])
        return dict(zip(ranks.query_ids, self.from_ranks(ranks).tolist(), strict=True))

    def _of_package(self, qrels: Qrels, run: Rankings, mapping: dict[str, str] | None) -> dict[str, float]:
        import peer_measure  # brings all of scipy.stats

        # A run without ties, and a judgment of level 0, which the package wants before it takes unjudged documents.
        scored = {
            query_id: {doc_id: -place for place, doc_id in enumerate(run[query_id])}
            for query_id in qrels
            if run.get(query_id)
        }
        judged = {query_id: {"": 0, **qrels[query_id]} for query_id in scored}
        if mapping is None:
            named = {doc_id for found in (scored, qrels) for docs in found.values() for doc_id in docs}
            mapping = {doc_id: language_of_document(doc_id) for doc_id in named}
        theirs = peer_measure.PEER(cutoff=self["cutoff"], weights=self["weights"], lang_mapping=mapping)
        # Its evaluator alone: its provider asks for a function that ir_measures has no more (0.4.3).
        evaluator = peer_measure.PEEREvaluator(
            [theirs], judged, {id(mapping): [(self["cutoff"], theirs)]}, {id(mapping): mapping}
        )
        with np.errstate(invalid="ignore"):
            found = evaluator.iter_calc(scored)
            return {metric.query_id: 1.0 if np.isnan(metric.value) else metric.value for metric in found}

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known, cut = languages_of(ranks), ranks.at_depth(self["cutoff"])
        grades = np.where(np.isnan(cut.positions), 0, 1 if cut.grades is None else cut.grades)
        found = np.isfinite(cut.positions)
        unjudged = known.top[:, : self["cutoff"]].copy()
        unjudged[np.nonzero(found)[0], cut.positions[found].astype(int) - 1] = -1
        places = np.broadcast_to(np.arange(1.0, unjudged.shape[1] + 1), unjudged.shape)
        value = np.zeros(len(cut.query_ids))
        # All levels that are judged: as in the package, one without a number leaves a query none, whatever its weight.
        for level in {0, *np.unique(grades).tolist()}:
            weight = self["weights"].get(level, 0)
            if level == 0:
                value += weight * _kruskal(places, unjudged, len(known.names), np.any(unjudged >= 0, 1))
                continue
            of_level = (grades == level) & (found | (level > 0))  # what is worse than not relevant need not be found
            size, missing = of_level.sum(1), (of_level & ~found).sum(1)
            last = np.full(len(size), self["cutoff"] + 1) if self["below"] == _NEXT else (2 * size + missing + 1) / 2
            rank = np.where(found, cut.positions, last[:, None])
            p = _kruskal(rank, np.where(of_level, known.relevant, -1), len(known.names), np.any(of_level & found, 1))
            value += weight * np.where((grades == level).any(1), p, 0)  # a level that is not judged says nothing
        return np.where(cut.retrieved > 0, np.where(np.isnan(value), 1.0, value), 0.0)

    def __repr__(self) -> str:
        shown = {key: value for key, value in self.params.items() if key != "lang_mapping"}
        return super(_PEER, _PEER(**shown)).__repr__()

    def _param_repr(self, value: Any) -> str:
        return repr(value).replace(" ", "")  # ir_measures' own leaves out a level that equals its weight


def _kruskal(ranks: np.ndarray, numbers: np.ndarray, languages: int, tested: np.ndarray) -> np.ndarray:
    """p-values of the Kruskal-Wallis tests that each query's documents [queries, n] have ranks alike in all languages.

    1 where fewer than two languages have documents and where there is no test; NaN where all ranks are equal.
    """
    size = count_by_language(numbers, languages)
    total = size.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sum_by_language(numbers, ranks, languages) / size
        mean = np.nansum(means * size, axis=1) / total
        between = np.nansum(size * (means - mean[:, None]) ** 2, axis=1)
        within = np.where(numbers >= 0, (ranks - mean[:, None]) ** 2, 0).sum(1)
        groups = (size > 0).sum(1)
        p = special.chdtrc(groups - 1, (total - 1) * between / within)
    return np.where(tested & (groups > 1), p, 1.0)


PEER = _PEER()
