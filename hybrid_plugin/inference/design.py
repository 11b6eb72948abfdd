"""The design of a comparison: what is measured, and that its unit is the question.

A parallel benchmark asks one question in many languages and against many document languages. These values rise and
fall together, so counting them as independent would find differences where there are none. The unit here is the
question: its *share* in the macro average (:func:`shares`) is one number, and what is tested, resampled and counted
are questions. The mean of the shares is the macro average itself, whether or not every language has every question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.inference.systems import System
from hybrid_plugin.tasks.benchmark import SETTINGS


@dataclass(frozen=True)
class Outcome:
    """A measure in a setting: what one system can be better at than another.

    Parameters
    ----------
    queries : the query language of each pair [pairs].
    values : of each system that was scored in the setting, float [questions, pairs], NaN where a pair does not ask a
        question or the measure is not defined.
    """

    setting: str
    measure: str
    queries: np.ndarray
    values: Mapping[str, np.ndarray]

    @property
    def key(self) -> dict[str, str]:
        """What tables call it by."""
        return {"setting": self.setting, "measure": self.measure}

    @property
    def varies(self) -> bool:
        """Whether there is anything to test: RankDistance within one language, say, is 0 everywhere."""
        known = [values[~np.isnan(values)] for values in self.values.values()]
        return len(np.unique(np.concatenate(known))) > 1

    def undefined(self) -> Iterator[dict[str, Any]]:
        """The systems that lack values which another has, and of how many queries."""
        defined = {system: ~np.isnan(values) for system, values in self.values.items()}
        anywhere = np.any(list(defined.values()), axis=0)
        for system, own in defined.items():
            lacking = int((anywhere & ~own).sum())
            if lacking:
                yield {"system": system, **self.key, "queries": lacking}


def questions_of(systems: Sequence[System]) -> pd.Index:
    """All questions that were asked, sorted."""
    return pd.Index(sorted(set().union(*(system.per_query["question"] for system in systems))))


def outcomes(systems: Sequence[System], measures: Sequence[str]) -> Iterator[Outcome]:
    """Every measure in every setting that some system has a value of, setting by setting."""
    questions = questions_of(systems)
    settings = dict.fromkeys([*SETTINGS, *(setting for system in systems for setting in system.settings)])
    for setting, measure in product(settings, measures):
        tables = {
            system.name: system.values(setting, measure, questions) for system in systems if setting in system.settings
        }
        if any(table.notna().any(axis=None) for table in tables.values()):
            queries = next(iter(tables.values())).columns.get_level_values("queries").to_numpy()  # alike in all
            yield Outcome(setting, measure, queries, {name: table.to_numpy() for name, table in tables.items()})


def shares(values: np.ndarray) -> np.ndarray:
    """What each question contributes to the macro average: shares whose mean is that average.

    With n questions and m pairs of languages, of which pair p asks n_p of the questions, question q contributes
    n / m * sum over its pairs of value(q, p) / n_p. Where every pair asks every question, that is the question's mean.

    Parameters
    ----------
    values : float [questions, pairs], NaN where a pair does not ask a question.

    Returns
    -------
    float [questions], NaN for those that no pair asks.
    """
    asked = ~np.isnan(values)
    of_pair, of_question = asked.sum(0), asked.any(1)
    weights = of_question.sum() / max(1, np.count_nonzero(of_pair)) / np.maximum(1, of_pair)
    return np.where(of_question, np.nan_to_num(values) @ weights, np.nan)
