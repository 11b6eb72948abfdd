"""LanguagePart: the share of the first documents that are relevant or not, in a language."""

from __future__ import annotations

import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.measures.base import NEEDED_CUTOFF, REL
from hybrid_plugin.measures.bias import LANG, BiasMeasure, among, is_in, languages_of
from hybrid_plugin.retrieval.ranks import Ranks


class _LanguagePart(BiasMeasure):
    """
    The share of the first k documents that are relevant (`relevant=True`, the default) or not, and in the query's
    language (`lang='query'`, the default) or in another (`lang='other'`). In [0, 1]. Of relevant documents higher is
    better, of others lower.

    They are shares of k, as those of P@k are, so the four parts add up to 1 where k documents are found and their
    languages known, and the two of relevant documents to P@k. What is not judged is not relevant.

    The relevant parts reward answers that the reader can read, or not; the others say in which language a system fails.
    They mislead where less than k documents are relevant, which puts a limit to the relevant parts, and one part alone
    says nothing of a preference: look at the four together.

    For example, an English query finds en*, en, de*, en, where * is relevant. At 4 the parts are 1/4 relevant in
    English, 1/4 relevant in others, 2/4 not relevant in English and 0 not relevant in others.

    At 1 they are the four cases into which MLAIRE divides queries by their first document, as we read a summary of it
    (right or wrong, in the query's language or not); those at other k are ours.

    ::

      Citation: Jang, Hong, Moon and Lim. MLAIRE: Multilingual Language-Aware Information Retrieval Evaluation Protocol.
                2026. https://arxiv.org/abs/2605.07249
    """

    __name__ = "LanguagePart"
    NAME = __name__
    PRETTY_NAME = "Part of a language at k"
    SHORT_DESC = "The share of the top k documents that are relevant, or not, and in a language."
    CUT = "lowers"
    SUPPORTED_PARAMS = {  # noqa: RUF012
        "cutoff": NEEDED_CUTOFF,
        "relevant": irm.ParamInfo(dtype=bool, default=True, desc="whether of relevant documents, or of all others"),
        "lang": LANG,
        "rel": REL,
    }

    @property
    def HIGHER_IS_BETTER(self) -> bool:
        return bool(self["relevant"])

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known = languages_of(ranks)
        relevant = (among(ranks, self["lang"]).positions <= self["cutoff"]).sum(1)
        if self["relevant"]:
            return relevant / self["cutoff"]
        return (is_in(known, known.top[:, : self["cutoff"]], self["lang"]).sum(1) - relevant) / self["cutoff"]


LanguagePart = _LanguagePart()
