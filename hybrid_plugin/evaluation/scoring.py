"""Ranks of pairs and measures to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.measures.values import from_ranks
from hybrid_plugin.retrieval.ranks import Ranks
from hybrid_plugin.tasks.benchmark import Benchmark, Pair


def parsed_measures(names: Sequence[str], benchmark: Benchmark, pairs: Sequence[Pair]) -> list[Any]:
    """The measures, by name, that some of the pairs have a value for.

    Raises
    ------
    UserError
        A name is unknown, or none of the measures has a value for any of the pairs.
    """
    measures = parse_measures(names, benchmark.languages)
    if any(pair.docs == MULTI for pair in pairs):
        return measures
    found = [measure for measure in measures if not pool_only(measure)]
    if not found:
        raise UserError(f"{', '.join(map(str, measures))} compare languages on the pool: score the setting 'multi'")
    return found


def scores_of(ranks: Mapping[Pair, Ranks], measures: Sequence[Any], about: dict[str, Any]) -> Scores:
    """The scores of the rankings of some pairs.

    Parameters
    ----------
    ranks : cut where the rankings are to be cut, and with the languages that the measures need.
    about : the head of ``scores.json``.
    """
    frames = []
    for pair, found in ranks.items():
        columns: dict[str, Any] = {
            "docs": pair.docs,
            "queries": pair.queries,
            "setting": pair.setting,
            "query_id": found.query_ids,
        }
        for measure in measures:
            columns[str(measure)] = from_ranks(measure, found) if _says(measure, pair) else np.nan
        frames.append(pd.DataFrame(columns))
    return Scores(pd.concat(frames, ignore_index=True), tuple(map(str, measures)), about)


def _says(measure: Any, pair: Pair) -> bool:
    """Whether a measure has a value for a pair."""
    return pair.docs == MULTI or not pool_only(measure)
