"""What measures of ours share: their parameters, the mean over defined values, and what they say of themselves."""

from __future__ import annotations

import numpy as np
from ir_measures import measures as irm
from ir_measures.measures.base import Agg

Qrels = dict[str, dict[str, int]]  # query id -> document id -> relevance
Rankings = dict[str, list[str]]  # query id -> document ids, best first
CUTOFF = irm.ParamInfo(dtype=int, required=False, desc="ranking cutoff threshold")
NEEDED_CUTOFF = irm.ParamInfo(dtype=int, required=True, desc="ranking cutoff threshold")
REL = irm.ParamInfo(dtype=int, default=1, desc="minimum relevance score to be considered relevant (inclusive)")


class DefinedMean(Agg):
    """The mean over the queries for which a measure is defined: those whose value is not NaN."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def add(self, value: float) -> None:
        if not np.isnan(value):
            self._values.append(value)

    def result(self) -> float:
        return float(np.mean(self._values)) if self._values else float("nan")


def grades_from(qrels: Qrels, least: int) -> Qrels:
    """The judgements with the grades moved so that ``least`` is 1, and 0 in the place of all below."""
    return {
        query_id: {doc_id: max(0, grade + 1 - least) for doc_id, grade in judged.items()}
        for query_id, judged in qrels.items()
    }


def across_languages(measure: irm.Measure) -> bool:
    """Whether a measure compares the rankings that a question gets in several languages: its ``ACROSS_LANGUAGES``."""
    return bool(getattr(measure, "ACROSS_LANGUAGES", False))


def pool_only(measure: irm.Measure) -> bool:
    """Whether a measure compares languages and so says nothing where all documents are of one: its ``POOL_ONLY``."""
    return bool(getattr(measure, "POOL_ONLY", False))
