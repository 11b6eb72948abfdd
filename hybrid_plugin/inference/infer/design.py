"""The design of a comparison: what is measured, and what of it was sampled together.

A parallel benchmark asks one question in many languages and against many document languages, and several questions
about one paragraph. These values rise and fall together, so counting them as independent would find differences where
there are none. What is resampled is therefore the cluster, all its questions in all their languages at once. What is
counted and what effect sizes are about is the question: its *share* (:meth:`Pair.shares`) in a macro average is one
number, and the mean of the shares is the macro average itself, whether or not every language has every question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import bmat, csr_array
from scipy.sparse.csgraph import connected_components

from hybrid_plugin.brief import brief
from hybrid_plugin.inference.infer.estimates import Estimate
from hybrid_plugin.inference.infer.method import Method
from hybrid_plugin.inference.load.systems import System
from hybrid_plugin.inference.settings import UNITS
from hybrid_plugin.tasks.benchmark import SETTINGS


@dataclass(frozen=True)
class Asked:
    """What was asked in a setting, of every system alike; ``n`` queries of tasks.

    Parameters
    ----------
    names, docs, queries : the name and the languages of each task [tasks].
    tasks, questions, clusters : int [n], the numbers of each query's task, question and cluster.
    """

    setting: str
    names: np.ndarray
    docs: np.ndarray
    queries: np.ndarray
    tasks: np.ndarray
    questions: np.ndarray
    clusters: np.ndarray

    __repr__ = brief

    @classmethod
    def of(cls, setting: str, rows: pd.DataFrame, unit: str) -> Asked:
        """What the rows of a system ask.

        Parameters
        ----------
        unit : the column that says the clusters.
        """
        tasks, names = pd.factorize(rows["task"])
        first = rows.drop_duplicates("task").set_index("task").loc[names]
        questions, clusters = (pd.factorize(rows[name], sort=True)[0] for name in ("question", unit))
        docs, queries = (first[name].to_numpy() for name in ("docs", "queries"))
        return cls(setting, np.asarray(names), docs, queries, tasks, questions, clusters)

    def every(self) -> np.ndarray:
        """All tasks, bool [tasks]."""
        return np.ones(len(self.docs), bool)

    def counts(self, known: np.ndarray) -> np.ndarray:
        """The queries of each task that are known, float [tasks]."""
        return np.bincount(self.tasks[known], minlength=len(self.docs)).astype(float)

    def table(self, values: np.ndarray, units: np.ndarray, known: np.ndarray) -> csr_array:
        """The sums of the known ones of values [n] by task and unit, such as cluster: sparse [tasks, units]."""
        shape = (len(self.docs), int(units.max(initial=-1)) + 1)
        return csr_array((values[known], (self.tasks[known], units[known])), shape=shape)


def cluster_of(systems: Sequence[System], asked: str) -> str:
    """What is resampled: what is asked for, or the questions where all of them are of one such cluster."""
    alone = asked in ("cluster", "article") and number_of(systems, UNITS[asked]) < 2
    return "question" if alone else asked


def number_of(systems: Sequence[System], column: str) -> int:
    """How many clusters or questions there are, by the column that says them."""
    rows = [system.rows(setting) for system in systems for setting in system.settings]
    return len(set().union(*(own[column].unique() for own in rows)))


@dataclass(frozen=True)
class Outcome:
    """A measure in a setting: what one system can be better at than another.

    Parameters
    ----------
    values : of each run of each system that was scored in the setting, float [runs, n], NaN where the measure is not
        defined.
    compared : what systems are compared by, see :meth:`Direction.compared`; the same where it is the values.
    """

    measure: str
    asked: Asked
    values: Mapping[str, np.ndarray]
    compared: Mapping[str, np.ndarray]

    __repr__ = brief

    @property
    def setting(self) -> str:
        return self.asked.setting

    @property
    def key(self) -> dict[str, str]:
        """What tables call it by."""
        return {"setting": self.setting, "measure": self.measure}

    @property
    def varies(self) -> bool:
        """Whether there is anything to test: RankDistance within one language, say, is 0 everywhere."""
        known = np.concatenate([values[~np.isnan(values)] for values in self.values.values()])
        return bool(len(known) and known.min() < known.max())

    def undefined(self) -> Iterator[dict[str, Any]]:
        """The systems that lack values which another has, and of how many queries."""
        defined = {system: ~np.isnan(values).any(0) for system, values in self.values.items()}
        anywhere = np.any(list(defined.values()), axis=0)
        for system, own in defined.items():
            lacking = int((anywhere & ~own).sum())
            if lacking:
                yield {"system": system, **self.key, "queries": lacking}


def outcomes(systems: Sequence[System], method: Method) -> Iterator[Outcome]:
    """Every measure in every setting that some system has a value of, setting by setting."""
    known = dict.fromkeys([*SETTINGS, *(setting for system in systems for setting in system.settings)])
    for setting in known:
        scored = [system for system in systems if setting in system.settings]
        if not scored:
            continue
        asked = Asked.of(setting, scored[0].rows(setting), method.unit)
        for measure in method.directions:
            values = {system.name: system.values(setting, measure) for system in scored}
            if measure in method.summed:  # so that means over queries are the sums that the measure's figures are
                values = {name: own * _sizes(asked, own) for name, own in values.items()}
            if any((~np.isnan(own)).any() for own in values.values()):
                direction = method.directions[measure]
                compared = {name: direction.compared(own) for name, own in values.items()}
                yield Outcome(measure, asked, values, compared if direction.has_target else values)


def _sizes(asked: Asked, values: np.ndarray) -> np.ndarray:
    """Of each query, the number of queries of its task that have a value, float [n]."""
    return asked.counts(~np.isnan(values).any(0))[asked.tasks]


@dataclass(frozen=True)
class Cells:
    """One system's values of an outcome, ready to be averaged over any tasks.

    Parameters
    ----------
    means : of each run and task, float [runs, tasks], NaN of tasks without values.
    influence : of each run what each cluster moves the mean of each task by, sparse [tasks, clusters].
    present : how many values each cluster has in each task, sparse [tasks, clusters].
    """

    system: str
    means: np.ndarray
    influence: Sequence[csr_array]
    present: csr_array

    __repr__ = brief

    @classmethod
    def of(cls, system: str, values: np.ndarray, asked: Asked) -> Cells:
        """Of values [runs, n]; what a run has no value of is left out of all runs."""
        known = ~np.isnan(values).any(0)
        sizes = asked.counts(known)
        weights = np.divide(1, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0)
        means = np.stack(
            [np.bincount(asked.tasks[known], run[known], minlength=len(sizes)) * weights for run in values]
        )
        moved = [(run - mean[asked.tasks]) * weights[asked.tasks] for run, mean in zip(values, means, strict=True)]
        influence, present = (
            [asked.table(one, asked.clusters, known) for one in some] for some in (moved, [np.ones(len(known))])
        )
        return cls(system, means, influence, present[0])

    def average(self, tasks: np.ndarray) -> Estimate:
        """The macro average over some tasks, bool [tasks]: the mean of their means; NaN of none."""
        kept = tasks & ~np.isnan(self.means[0])
        number = int(kept.sum())
        share = kept / number if number else np.full(len(kept), np.nan)
        values = self.means[:, kept].sum(1) / number if number else np.full(len(self.means), np.nan)
        influence = np.stack([share @ one for one in self.influence])
        return Estimate({self.system: values}, {self.system: influence}, _sizes_of_strata(self.present[kept]))


def _sizes_of_strata(present: csr_array) -> np.ndarray:
    """Of each cluster how many the tasks link to it, itself among them; 0 where no task has it.

    Parameters
    ----------
    present : how many values each cluster has in each task, sparse [tasks, clusters].
    """
    asked = present.sum(0) > 0
    if np.diff(present.indptr).max(initial=0) == asked.sum():  # one task asks in all
        return np.where(asked, float(asked.sum()), 0.0)
    tasks = present.shape[0]
    links = bmat([[None, present], [present.T, None]])
    strata = connected_components(links, directed=False)[1][tasks:]
    return np.where(asked, np.bincount(strata, asked)[strata], 0.0)


@dataclass(frozen=True)
class Pair:
    """Two systems on the queries for which both have a value.

    Parameters
    ----------
    a, b : their cells of these.
    differences : of the means of their runs, a minus b, float [n]; NaN of other queries.
    """

    a: Cells
    b: Cells
    asked: Asked
    differences: np.ndarray

    __repr__ = brief

    @classmethod
    def of(cls, outcome: Outcome, a: str, b: str) -> Pair:
        """The pair of two systems."""
        mine, theirs = outcome.compared[a], outcome.compared[b]
        odd = np.isnan(mine).any(0) | np.isnan(theirs).any(0)
        mine, theirs = (np.where(odd, np.nan, values) for values in (mine, theirs))
        cells = Cells.of(a, mine, outcome.asked), Cells.of(b, theirs, outcome.asked)
        return cls(*cells, outcome.asked, mine.mean(0) - theirs.mean(0))

    def shares(self, tasks: np.ndarray) -> np.ndarray:
        """What each question contributes to the difference of macro averages over some tasks, bool [tasks].

        With n questions and m tasks, of which task t has n_t queries, question q contributes n / m * sum over its
        queries of difference / n_t. Where every task asks every question once, that is the question's mean.

        Returns
        -------
        float [questions], NaN for those that none of the tasks asks; their mean is the difference.
        """
        totals, asked = self._totals(tasks, *self._by_question)
        return np.where(asked, totals * asked.sum(), np.nan)

    def totals(self, tasks: np.ndarray) -> np.ndarray:
        """What each cluster contributes to the difference over some tasks, float [clusters]; their sum is the
        difference.
        """
        return self._totals(tasks, *self._by_cluster)[0]

    @staticmethod
    def _totals(tasks: np.ndarray, sums: csr_array, sizes: csr_array) -> tuple[np.ndarray, np.ndarray]:
        kept = (tasks & (sizes.sum(1) > 0)).astype(float)
        return (kept / max(1, kept.sum())) @ sums, (kept @ sizes) > 0

    @cached_property
    def _by_question(self) -> tuple[csr_array, csr_array]:
        return self._tables(self.asked.questions)

    @cached_property
    def _by_cluster(self) -> tuple[csr_array, csr_array]:
        return self._tables(self.asked.clusters)

    def _tables(self, units: np.ndarray) -> tuple[csr_array, csr_array]:
        """By task and unit, the sums of differences as parts of the means of tasks, and how many there are."""
        known = ~np.isnan(self.differences)
        weighted = self.differences / np.maximum(1, self.asked.counts(known))[self.asked.tasks]
        return self.asked.table(weighted, units, known), self.asked.table(np.ones(len(known)), units, known)
