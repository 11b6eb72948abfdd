"""Measures of language bias: which languages a ranking on a multilingual pool prefers, as ir_measures measures.

Each is computed from :class:`hybrid_plugin.ranking.Ranks` that know the languages of the documents, whether these come
from vectors, from run files or from what ir_measures hands over. ir_measures hands over ids alone, so there the
languages are those that the ids of this package's collections name: ``{lang}_...`` for documents and ``..._{lang}``
for queries. An evaluation takes the languages that the benchmark's documents and queries carry.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from ir_measures import measures as irm
from ir_measures.measures.base import Agg
from scipy import special

from hybrid_plugin.errors import UserError
from hybrid_plugin.measures import DefinedMean, Qrels, Rankings, average_precision
from hybrid_plugin.plugins import hookimpl
from hybrid_plugin.ranking import Languages, Ranks
from hybrid_plugin.runs import LanguageMap, Run, ranks_of_run

OWN = "query"  # as a parameter `lang`: the language of the query
OTHER = "other"  # all languages but that one

_CUTOFF = irm.ParamInfo(dtype=int, required=False, desc="ranking cutoff threshold")
_NEEDED_CUTOFF = irm.ParamInfo(dtype=int, required=True, desc="ranking cutoff threshold")
_REL = irm.ParamInfo(dtype=int, default=1, desc="minimum relevance score to be considered relevant (inclusive)")
_LANG = irm.ParamInfo(dtype=str, default=OWN, desc="a language, 'query' for the query's own, 'other' for all others")


class BiasMeasure(irm.Measure):
    """What the measures of language bias share.

    For a query without a value (no relevant document in the language, or an empty ranking) the value is NaN, and the
    mean is that over the other queries.
    """

    POOL_ONLY = True  # compares languages: says nothing where all documents are of one
    DEFAULT = float("nan")

    @abstractmethod
    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """float64 [queries], from ranks that know the languages and are cut to no less than the measure's cutoff."""

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        relevant = {
            query_id: [doc_id for doc_id, relevance in judged.items() if relevance >= self["rel"]]
            for query_id, judged in qrels.items()
        }
        relevant = {query_id: doc_ids for query_id, doc_ids in relevant.items() if doc_ids}
        rankings = {query_id: run.get(query_id, []) for query_id in relevant}
        docs = {doc_id: language_of_document(doc_id) for found in (rankings, relevant) for doc_id in _ids(found)}
        queries = {query_id: language_of_query(query_id) for query_id in relevant} if self._asks_for_own() else {}
        known = LanguageMap(docs, queries, self.params.get("cutoff", 0))
        row = {doc_id: i for i, doc_id in enumerate(docs)}
        ordered = {
            query_id: (np.array([row[doc_id] for doc_id in found], np.int32), -np.arange(len(found), dtype=np.float32))
            for query_id, found in rankings.items()
        }
        ranks = ranks_of_run(Run(np.array([*docs], object), ordered), relevant, docs, Path(), (), known)
        return dict(zip(ranks.query_ids, self.from_ranks(ranks).tolist(), strict=True))

    def _asks_for_own(self) -> bool:
        """Whether the language of the query counts."""
        return "lang" in self.SUPPORTED_PARAMS and self["lang"] in (OWN, OTHER)

    def aggregator(self) -> Agg:
        return DefinedMean()


def _ids(by_query: dict[str, list[str]]) -> Iterable[str]:
    return (doc_id for doc_ids in by_query.values() for doc_id in doc_ids)


def language_of_document(doc_id: str) -> str:
    """The language that a document id names: ``en_12_3`` is English.

    Raises
    ------
    UserError
        It names none.
    """
    lang, _, rest = doc_id.partition("_")
    return _named(lang, rest, f"the document id '{doc_id}' names no language (as en_12_3 does)")


def language_of_query(query_id: str) -> str:
    """The language that a query id names: ``56beb4343aeaaa14008c925b_de`` is German.

    Raises
    ------
    UserError
        It names none.
    """
    rest, _, lang = query_id.rpartition("_")
    return _named(lang, rest, f"the query id '{query_id}' names no language (as q7_en does)")


def _named(lang: str, rest: str, complaint: str) -> str:
    if not lang or not rest:
        raise UserError(f"{complaint}, which a measure of language bias needs")
    return lang


class _LanguageAP(BiasMeasure):
    """
    Average precision of one language's answers on the whole pool: only the relevant documents of that language count
    as relevant, and their positions are those among the documents of all languages. Higher is better; the spread
    over languages says which of them a system finds.

    The language is the query's own unless `lang` names another; `lang='other'` takes all others together.

    ::

      Citation: Buckley and Voorhees. Retrieval System Evaluation. In: TREC: Experiment and Evaluation in Information
                Retrieval. 2005. (average precision; here on the judgments of one language)
    """

    __name__ = "LanguageAP"
    NAME = __name__
    PRETTY_NAME = "Average precision of one language"
    SHORT_DESC = "Average precision of the relevant documents of one language, ranked among those of all."
    HIGHER_IS_BETTER = True
    SUPPORTED_PARAMS = {"cutoff": _CUTOFF, "lang": _LANG, "rel": _REL}  # noqa: RUF012 - as ir_measures declares its own

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # 0/0 where the language has no relevant document
            return average_precision(_among(ranks, self["lang"]), self.params.get("cutoff"))


class _FirstRank(BiasMeasure):
    """
    The position of the first relevant document in one language, on the whole pool. Lower is better. Beside each
    other, the query's language (`lang='query'`, the default) and the others (`lang='other'`) say how much further a
    reader must go for an answer in a foreign language.

    Where the ranking holds no such document, the position is the one just below its last, so a truncated run gives
    a lower bound.

    ::

      Citation: Kantor and Voorhees. The TREC-5 Confusion Track: Comparing Retrieval Methods for Scanned Text.
                Information Retrieval 2. 2000. (whose reciprocal rank is one over this position)
    """

    __name__ = "FirstRank"
    NAME = __name__
    PRETTY_NAME = "Rank of the first relevant document in a language"
    SHORT_DESC = "The position of the first relevant document in one language."
    HIGHER_IS_BETTER = False
    SUPPORTED_PARAMS = {"cutoff": _CUTOFF, "lang": _LANG, "rel": _REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = _among(ranks.at_depth(self.params.get("cutoff")), self["lang"])
        first = np.min(cut.positions, axis=1, initial=np.inf, where=~np.isnan(cut.positions))
        first = np.where(np.isinf(first), cut.retrieved + 1, first)
        return np.where((cut.relevant > 0) & (cut.retrieved > 0), first, np.nan)


class _LanguageSkew(BiasMeasure):
    """
    A language's share of the first k documents minus its share of the relevant documents. In [-1, 1]: 0 is fair,
    above 0 the language is preferred, below 0 neglected. The language is the query's own unless `lang` names another;
    for that one, systems are biased upwards and lower is better.

    Skew@k of Geyik et al. is the logarithm of the ratio of these two shares; the difference is finite where a share
    is 0, which it often is when k is less than the number of languages.

    ::

      Citation: Geyik, Ambler and Kenthapadi. Fairness-Aware Ranking in Search & Recommendation Systems with
                Application to LinkedIn Talent Search. KDD 2019. https://arxiv.org/abs/1905.01989
    """

    __name__ = "LanguageSkew"
    NAME = __name__
    PRETTY_NAME = "Skew towards a language at k"
    SHORT_DESC = "A language's share of the top k documents minus its share of the relevant documents."
    HIGHER_IS_BETTER = False
    SUPPORTED_PARAMS = {"cutoff": _NEEDED_CUTOFF, "lang": _LANG, "rel": _REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known = _known(ranks)
        top = known.top[:, : self["cutoff"]]
        with np.errstate(invalid="ignore"):  # 0/0 for an empty ranking
            share = _is(known, top, self["lang"]).sum(1) / (top >= 0).sum(1)
        return share - _is(known, known.relevant, self["lang"]).sum(1) / ranks.relevant


class _LanguageDivergence(BiasMeasure):
    """
    How far the languages of the first k documents are from those of the relevant documents: the Jensen-Shannon
    divergence of the two distributions, to base 2. In [0, 1]: 0 where each language has among the first k the share
    that it has among the relevant documents, 1 where they have no language in common. Lower is better.

    This is in the manner of attention-weighted rank fairness, which compares the attention that groups get in a ranking
    to a target, with equal attention to the first k documents and the relevant documents as the target.

    ::

      Citation: Lin. Divergence Measures Based on the Shannon Entropy. IEEE Transactions on Information Theory 37(1).
                1991. https://doi.org/10.1109/18.61115
      Citation: Sapiezynski et al. Quantifying the Impact of User Attention on Fair Group Representation in Ranked
                Lists. 2019. https://doi.org/10.1145/3308560.3317595
    """

    __name__ = "LanguageDivergence"
    NAME = __name__
    PRETTY_NAME = "Divergence of languages at k"
    SHORT_DESC = "Jensen-Shannon divergence of the languages in the top k from those of the relevant documents."
    HIGHER_IS_BETTER = False
    SUPPORTED_PARAMS = {"cutoff": _NEEDED_CUTOFF, "rel": _REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known = _known(ranks)
        top = _count(known.top[:, : self["cutoff"]], len(known.names))
        relevant = _count(known.relevant, len(known.names))
        with np.errstate(invalid="ignore"):  # 0/0 for an empty ranking
            top, relevant = top / top.sum(1, keepdims=True), relevant / relevant.sum(1, keepdims=True)
        middle = (top + relevant) / 2
        return (special.rel_entr(top, middle) + special.rel_entr(relevant, middle)).sum(1) / 2 / np.log(2)


class _WeakAlignment(BiasMeasure):
    """
    How often a non-relevant document in the query's language stands above a relevant document in another language:
    the share of all pairs of the two that are in this order. In [0, 1]: 0 is strong alignment (every answer in
    whatever language before everything else in the query's), a model that is aligned only weakly (each language's
    answers first among the documents of that language) has more, 0.5 is chance. Lower is better.

    The pairs are those of the non-relevant documents that the ranking holds; a relevant document that it does not
    hold stands below them all. NaN where no document in another language is relevant.

    ::

      Citation: Roy, Constant, Al-Rfou, Barua, Phillips and Yang. LAReQA: Language-Agnostic Answer Retrieval from a
                Multilingual Pool. EMNLP 2020. https://arxiv.org/abs/2004.05484 (weak and strong alignment)
      Citation: Kallus and Zhou. The Fairness of Risk Scores Beyond Classification: Bipartite Ranking and the xAUC
                Metric. NeurIPS 2019. https://arxiv.org/abs/1902.05826 (one minus this share, for two groups)
    """

    __name__ = "WeakAlignment"
    NAME = __name__
    PRETTY_NAME = "Weak alignment"
    SHORT_DESC = "How often a non-relevant document in the query's language stands above a relevant one in another."
    HIGHER_IS_BETTER = False
    SUPPORTED_PARAMS = {"cutoff": _CUTOFF, "rel": _REL}  # noqa: RUF012

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        cut = ranks.at_depth(self.params.get("cutoff"))
        known = _known(cut)
        found = np.isfinite(cut.positions)
        own_answers = _is(known, known.relevant, OWN) & found
        distractors = known.own - own_answers.sum(1)
        # Where the relevant document is found, those above it; where not, all.
        above = np.where(found, known.own_above - np.cumsum(own_answers, axis=1), distractors[:, None])
        foreign = _is(known, known.relevant, OTHER)
        pairs = foreign.sum(1) * distractors
        share = np.divide((above * foreign).sum(1), pairs, out=np.zeros(len(pairs)), where=pairs > 0)
        return np.where(foreign.any(1) & (cut.retrieved > 0), share, np.nan)

    def _asks_for_own(self) -> bool:
        return True


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
    is 1; a query without a ranking counts 0.

    The test can say nothing about relevant documents where every language has one: the value is then the same for
    every order.

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
    SUPPORTED_PARAMS = {  # noqa: RUF012
        "cutoff": _NEEDED_CUTOFF,
        "weights": irm.ParamInfo(dtype=dict, default={1: 1.0}, desc="level of relevance to its weight, of sum 1"),
        "lang_mapping": irm.ParamInfo(dtype=dict, required=False, desc="document id to its language"),
    }

    def validate_params(self) -> None:
        super().validate_params()
        assert np.isclose(sum(self["weights"].values()), 1.0), "weights must sum up to 1"

    def values(self, qrels: Qrels, run: Rankings) -> dict[str, float]:
        import peer_measure  # brings all of scipy.stats

        # A run without ties, and a judgment of level 0, which the package wants before it takes unjudged documents.
        scored = {
            query_id: {doc_id: -place for place, doc_id in enumerate(run[query_id])}
            for query_id in qrels
            if run.get(query_id)
        }
        judged = {query_id: {"": 0, **qrels[query_id]} for query_id in scored}
        mapping = self.params.get("lang_mapping")
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
        known, cut = _known(ranks), ranks.at_depth(self["cutoff"])
        found = np.isfinite(cut.positions)
        missing = np.isinf(cut.positions).sum(1)
        last = (2 * cut.relevant + missing + 1) / 2
        relevant = _kruskal(
            np.where(found, cut.positions, last[:, None]), known.relevant, len(known.names), np.any(found, 1)
        )
        others = known.top[:, : self["cutoff"]].copy()
        rows = np.nonzero(found)[0]
        others[rows, cut.positions[found].astype(int) - 1] = -1
        places = np.broadcast_to(np.arange(1.0, others.shape[1] + 1), others.shape)
        rest = _kruskal(places, others, len(known.names), np.any(others >= 0, 1))
        weights = self["weights"]
        value = weights.get(1, 0) * relevant + weights.get(0, 0) * rest
        return np.where(cut.retrieved > 0, np.where(np.isnan(value), 1.0, value), 0.0)

    def __repr__(self) -> str:
        shown = {key: value for key, value in self.params.items() if key != "lang_mapping"}
        return super(_PEER, _PEER(**shown)).__repr__()

    def _param_repr(self, value: Any) -> str:
        return repr(value).replace(" ", "")  # ir_measures' own leaves out a level that equals its weight


def _known(ranks: Ranks) -> Languages:
    if ranks.languages is None:
        raise UserError("a measure of language bias needs the languages of the documents")
    return ranks.languages


def _is(known: Languages, numbers: np.ndarray, lang: str) -> np.ndarray:
    """Where some numbered languages [queries, n] are the one that the parameter `lang` means."""
    if lang == OWN:
        return (numbers == known.queries[:, None]) & (numbers >= 0)
    if lang == OTHER:
        return (numbers != known.queries[:, None]) & (numbers >= 0)
    return numbers == (known.names.index(lang) if lang in known.names else -2)


def _among(ranks: Ranks, lang: str) -> Ranks:
    """The ranks with the relevant documents of a language alone."""
    known = _known(ranks)
    kept = np.where(_is(known, known.relevant, lang), ranks.positions, np.nan)
    return Ranks(ranks.query_ids, np.sort(kept, axis=1), ranks.retrieved)


def _count(numbers: np.ndarray, languages: int) -> np.ndarray:
    """How often each language occurs: [queries, n] to [queries, languages]."""
    return _sum(numbers, np.ones(numbers.shape), languages)


def _sum(numbers: np.ndarray, values: np.ndarray, languages: int) -> np.ndarray:
    """The sum of the values of each language: [queries, n] to [queries, languages]."""
    cells = numbers + np.arange(len(numbers))[:, None] * languages
    kept = numbers >= 0
    total = np.bincount(cells[kept], weights=values[kept], minlength=len(numbers) * languages)
    return total.reshape(len(numbers), languages)


def _kruskal(ranks: np.ndarray, numbers: np.ndarray, languages: int, tested: np.ndarray) -> np.ndarray:
    """p-values of the Kruskal-Wallis tests that each query's documents [queries, n] have ranks alike in all languages.

    1 where fewer than two languages have documents and where there is no test; NaN where all ranks are equal.
    """
    size = _count(numbers, languages)
    total = size.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = _sum(numbers, ranks, languages) / size
        mean = np.nansum(means * size, axis=1) / total
        between = np.nansum(size * (means - mean[:, None]) ** 2, axis=1)
        within = np.where(numbers >= 0, (ranks - mean[:, None]) ** 2, 0).sum(1)
        groups = (size > 0).sum(1)
        p = special.chdtrc(groups - 1, (total - 1) * between / within)
    return np.where(tested & (groups > 1), p, 1.0)


LanguageAP = _LanguageAP()
FirstRank = _FirstRank()
LanguageSkew = _LanguageSkew()
LanguageDivergence = _LanguageDivergence()
WeakAlignment = _WeakAlignment()
PEER = _PEER()


@hookimpl
def hybrid_ir_measures() -> list[irm.Measure]:
    return [LanguageAP, FirstRank, LanguageSkew, LanguageDivergence, WeakAlignment, PEER]
