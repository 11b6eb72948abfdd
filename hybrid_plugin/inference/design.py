"""The design of a comparison: what is measured, and that its unit is the question.

A parallel benchmark asks one question in many languages and against many document languages. These values rise and
fall together, so counting them as independent would find differences where there are none. The unit here is the
question: its *share* in the macro average (:func:`shares`) is one number, and what is tested, resampled and counted
are questions. The mean of the shares is the macro average itself, whether or not every language has every question.

Values stand in a table with a column a task. A row is a question, or where tasks ask it in several queries (of several
languages, say), one of these: they stay one unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.inference.method import Method
from hybrid_plugin.inference.systems import System
from hybrid_plugin.tasks.benchmark import SETTINGS


@dataclass(frozen=True)
class Outcome:
    """A measure in a setting: what one system can be better at than another.

    Parameters
    ----------
    queries : the query language of each task [tasks].
    values : of each system that was scored in the setting, float [rows, tasks], NaN where a task does not ask a
        question or the measure is not defined.
    questions : int [rows], the question of each row.
    """

    setting: str
    measure: str
    queries: np.ndarray
    values: Mapping[str, np.ndarray]
    questions: np.ndarray

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


def outcomes(systems: Sequence[System], method: Method) -> Iterator[Outcome]:
    """Every measure in every setting that some system has a value of, setting by setting."""
    asked = set().union(*(zip(one.per_query["question"], one.per_query["place"], strict=True) for one in systems))
    rows = pd.MultiIndex.from_tuples(sorted(asked), names=["question", "place"])
    questions = questions_of(systems).get_indexer(rows.get_level_values("question"))
    settings = dict.fromkeys([*SETTINGS, *(setting for system in systems for setting in system.settings)])
    for setting, measure in product(settings, method.better):
        tables = {
            system.name: system.values(setting, measure, rows) for system in systems if setting in system.settings
        }
        if any(table.notna().any(axis=None) for table in tables.values()):
            queries = next(iter(tables.values())).columns.get_level_values("queries").to_numpy()  # alike in all
            values = {name: table.to_numpy() for name, table in tables.items()}
            if measure in method.summed:  # so that means over queries are the sums that the measure's figures are
                values = {name: table * (~np.isnan(table)).sum(0) for name, table in values.items()}
            yield Outcome(setting, measure, queries, values, questions)


def shares(values: np.ndarray, questions: np.ndarray | None = None) -> np.ndarray:
    """What each question contributes to the macro average: shares whose mean is that average.

    With n questions and m tasks, of which task t has n_t queries, question q contributes n / m * sum over its queries
    of value / n_t. Where every task asks every question once, that is the question's mean.

    Parameters
    ----------
    values : float [rows, tasks], NaN where a task does not ask a question.
    questions : int [rows], the question of each row; by default each row is one.

    Returns
    -------
    float [questions], NaN for those that no task asks.
    """
    asked = ~np.isnan(values)
    questions = np.arange(len(values)) if questions is None else questions
    of_task = asked.sum(0)
    of_question = np.bincount(questions, asked.any(1)) > 0
    weights = of_question.sum() / max(1, np.count_nonzero(of_task)) / np.maximum(1, of_task)
    return np.where(of_question, np.bincount(questions, np.nan_to_num(values) @ weights), np.nan)
