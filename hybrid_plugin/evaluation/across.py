"""The first documents of rankings, kept until those that a question gets in several languages can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from ir_measures import measures as irm

from hybrid_plugin.brief import brief
from hybrid_plugin.measures.consistency import of_pairs, over_others
from hybrid_plugin.retrieval.ranks import stack_rows
from hybrid_plugin.tasks.task import Task, View

Between = dict[str, dict[str, dict[str, dict[str, float]]]]  # measure -> setting -> query language -> another -> mean


@dataclass(frozen=True)
class _Kept:
    """The rankings of the same documents in one setting."""

    numbers: dict[str, int] = field(default_factory=dict)  # of the documents
    lists: list[np.ndarray] = field(default_factory=list)  # int32 [queries, first documents], -1 beyond the end
    languages: list[str | None] = field(default_factory=list)  # of the queries
    frames: list[pd.DataFrame] = field(default_factory=list)  # a row a query

    __repr__ = brief


class AcrossLanguages:
    """Computes the measures that compare the rankings of one question, once all are there.

    What is compared are the rankings of the same documents within one setting.

    Parameters
    ----------
    measures : with the class attribute ``ACROSS_LANGUAGES``.
    """

    def __init__(self, measures: Sequence[irm.Measure]):
        self._measures = measures
        self._depth = max((measure["cutoff"] for measure in measures), default=0)
        self._kept: dict[tuple[str, tuple[View, ...]], _Kept] = {}

    def add(
        self, task: Task, doc_ids: Sequence[np.ndarray], languages: Sequence[str | None], frame: pd.DataFrame
    ) -> None:
        """Keep the first documents of some rankings of a task.

        Parameters
        ----------
        doc_ids : of each query, from the best down.
        languages : of the queries.
        frame : a row for each, into whose columns the values go.
        """
        kept = self._kept.setdefault((task.setting, task.docs), _Kept())
        numbers = [
            [kept.numbers.setdefault(doc_id, len(kept.numbers)) for doc_id in found[: self._depth]] for found in doc_ids
        ]
        table = np.full((len(numbers), self._depth), -1, np.int32)
        found = stack_rows(numbers, -1)
        table[:, : found.shape[1]] = found
        kept.lists.append(table)
        kept.languages.extend(languages)
        kept.frames.append(frame)

    def fill(self) -> Between:
        """Write the values of all that is kept into the columns of its frames.

        Returns
        -------
        How alike the rankings of two query languages are: the mean over their questions, and of that over the document
        sides of the setting.
        """
        found: dict[str, dict[str, list[pd.Series]]] = {}
        for (setting, _), kept in self._kept.items():
            lists = np.concatenate(kept.lists)
            questions = [question for frame in kept.frames for question in frame["question"]]
            ends = np.cumsum([len(frame) for frame in kept.frames])
            for measure in self._measures:
                pairs, alike = of_pairs(measure, lists, questions, kept.languages)
                values = over_others(pairs, alike, len(lists))
                for frame, part in zip(kept.frames, np.split(values, ends[:-1]), strict=True):
                    frame[str(measure)] = part
                between = _by_languages(pairs, alike, kept.languages)
                found.setdefault(str(measure), {}).setdefault(setting, []).append(between)
        return {
            measure: {setting: _matrix(pd.concat(some)) for setting, some in by_setting.items()}
            for measure, by_setting in found.items()
        }


def _by_languages(pairs: np.ndarray, values: np.ndarray, languages: Sequence[str | None]) -> pd.Series:
    """The mean of each two languages, in both orders."""
    one, other = np.array(languages, object)[pairs]
    both = pd.DataFrame(
        {"one": np.concatenate([one, other]), "other": np.concatenate([other, one]), "value": np.tile(values, 2)}
    )
    return both.groupby(["one", "other"])["value"].mean()  # without queries whose language nobody knows


def _matrix(means: pd.Series) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (one, other), value in means.groupby(["one", "other"]).mean().dropna().items():
        found.setdefault(one, {})[other] = value
    return found
