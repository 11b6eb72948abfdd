"""One system, as the report reads it: the evaluation folders of its runs, and what of them is compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.brief import brief
from hybrid_plugin.evaluation.scores import PER_QUERY, Scores
from hybrid_plugin.evaluation.seen import part_seen
from hybrid_plugin.files import SCORES, SWEEP_RUN, read_json
from hybrid_plugin.inference.load.evaluations import scored_measures
from hybrid_plugin.inference.load.parts import narrowed, shared
from hybrid_plugin.inference.load.systems import Folders, by_name, load_runs, measures_to_compare
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.report.reading import SIDES, side
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.task import Task

NOT_ZERO_SHOT = "*"


@dataclass(frozen=True)
class Run:
    """One evaluation folder.

    Parameters
    ----------
    folder : where it lies.
    scores : the contents of ``scores.json``.
    measures : those that were read.
    per_query : the rows of ``per_query.parquet`` that are compared, with these measures; see
        :class:`~hybrid_plugin.evaluation.Scores`.
    """

    folder: Path
    scores: dict[str, Any]
    measures: tuple[str, ...]
    per_query: pd.DataFrame

    __repr__ = brief

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """The rows of ``per_query`` on the pool."""
        return self.per_query[self.per_query["setting"] == MULTI]

    @cached_property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of the files that the report was made from, by their names."""
        return {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in (SCORES, PER_QUERY)}

    @cached_property
    def sweep(self) -> dict[str, Any]:
        """The settings of the run of `hybrid-ir sweep` that the folder belongs to, if it belongs to one."""
        path = self.folder.absolute().parent / SWEEP_RUN
        return read_json(path) if path.is_file() else {}


@dataclass(frozen=True)
class System:
    """One system.

    Parameters
    ----------
    name : as the comparison calls it.
    runs : its evaluation folders: one, or several such as seeds.
    measures : those that all its runs were scored with, as far as they are shown.
    per_query : the rows that are compared; of several runs the means.
    """

    name: str
    runs: tuple[Run, ...]
    measures: tuple[str, ...]
    per_query: pd.DataFrame

    __repr__ = brief

    @classmethod
    def of(cls, name: str, runs: Sequence[Run]) -> System:
        """The system whose value for a query is the mean of its runs, which have the same queries in the same order."""
        common = [one for one in runs[0].measures if all(one in run.measures for run in runs)]
        rows = runs[0].per_query
        if len(runs) > 1:
            means = {one: np.mean([run.per_query[one].to_numpy(float) for run in runs], axis=0) for one in common}
            rows = rows.assign(**means)
        return cls(name, tuple(runs), tuple(common), rows)

    @property
    def folder(self) -> Path:
        """The evaluation folder of its first run."""
        return self.runs[0].folder

    @property
    def scores(self) -> dict[str, Any]:
        """The contents of ``scores.json`` of its first run; its figures are of all that was scored."""
        return self.runs[0].scores

    @property
    def label(self) -> str:
        """The name to print: with an asterisk where the system was trained on the benchmark."""
        return f"{self.name} {NOT_ZERO_SHOT}" if self.seen else self.name

    def label_of(self, run: Run) -> str:
        """The name to print where one run stands for the system."""
        if len(self.runs) == 1:
            return self.label
        return f"{self.label}, run {self.runs.index(run) + 1} of {len(self.runs)}"

    @property
    def seen(self) -> str:
        """What of the benchmark it was trained on, in words; empty for nothing."""
        return part_seen(self.scores)

    @property
    def zero_shot(self) -> str:
        """yes, no, or unknown (run files do not say what made them)."""
        return {True: "yes", False: f"no {NOT_ZERO_SHOT}"}.get(self.scores.get("zero_shot"), "unknown")  # type: ignore[arg-type]

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """Figures by task: ``task``, ``docs`` and ``queries`` (languages), ``setting``, ``queries_scored`` and a column
        a measure."""
        return self._scored.tasks

    @cached_property
    def figures(self) -> dict[str, dict[str, float]]:
        """Setting -> measure -> macro average."""
        return self._scored.settings

    @property
    def _scored(self) -> Scores:
        # A copy has its columns in one block, over which pandas sums as it did when scores.json was written.
        return Scores(self.per_query.copy(), self.measures)

    @property
    def pairs(self) -> pd.DataFrame:
        """The figures of the tasks without their names."""
        return self.tasks.drop(columns="task")

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """The rows of ``per_query`` on the pool."""
        return self.per_query[self.per_query["setting"] == MULTI]


def load_systems(folders: Folders, asked: ComparisonSettings) -> tuple[System, ...]:
    """Read evaluation folders, and of them what is asked for and shared by all systems.

    Parameters
    ----------
    folders : as :func:`hybrid_plugin.inference.compare` takes them.

    Raises
    ------
    UserError
        A folder is no evaluation, or they are of different benchmarks; names it.
    """
    compared = [str(measure) for measure in parse_measures(measures_to_compare(folders, asked.measures))]
    parts = shared(narrowed(load_runs(folders, compared, () if asked.measures else _shown(folders)), asked)).runs
    return tuple(
        System.of(name, [Run(run.folder, read_json(run.folder / SCORES), run.measures, run.per_query) for run in runs])
        for name, runs in parts.items()
    )


def _shown(folders: Folders) -> list[str]:
    """The measures of all folders, but for those of language bias that are about one language: of these ``--measures
    all`` computes many, and no section shows them."""
    everything = [one for some in by_name(folders).values() for one in some]
    names = dict.fromkeys(name for folder in everything for name in scored_measures(folder))
    return [str(one) for one in parse_measures([*names]) if not pool_only(one) or side(one) in SIDES]


def benchmark_called(systems: Iterable[System]) -> str:
    """What commands call the benchmark: its name, or the file that names its tasks."""
    heads = [system.scores for system in systems]
    return str(next(filter(None, (head.get("benchmark_file") for head in heads)), heads[0]["benchmark"]))


def pool_of(systems: Iterable[System]) -> tuple[Task, ...]:
    """The tasks of the benchmark on a pool of several languages.

    Raises
    ------
    UserError
        The benchmark is not known here.
    """
    return tuple(task for task in load_benchmark(benchmark_called(systems)).tasks if task.setting == MULTI)
