"""What a section of the report is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from datasets_ext import MULTI
from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.load.systems import GivenFolders, as_folders
from hybrid_plugin.inference.present.tables import NOT_COMPARED
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.direction import Direction, direction
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.report.landings import Landing, Pooled, has_runs, read_landing
from hybrid_plugin.report.svg import chart
from hybrid_plugin.report.system import System, benchmark_called, load_systems, pool_of
from hybrid_plugin.report.table import table
from hybrid_plugin.report.texts import many_documents
from hybrid_plugin.tasks.benchmark import SETTINGS
from hybrid_plugin.tasks.task import Task, languages_told


@dataclass(frozen=True)
class ReportData:
    """What a section of a report draws from, and what it draws with.

    Parameters
    ----------
    systems : the evaluations, in the order given; the first is the baseline.
    comparison : figures with confidence intervals, tests, and the verdict; its ``scope`` is in the caption of every
        table and chart.
    figures : every chart so far, by name, for ``--plots``.
    prefix : of the names of charts in the page, where it is of several benchmarks.
    """

    systems: tuple[System, ...]
    comparison: Comparison
    figures: dict[str, Figure] = field(default_factory=dict)
    prefix: str = ""

    __repr__ = brief

    @classmethod
    def load(cls, folders: GivenFolders, asked: ComparisonSettings | None = None, **changes: Any) -> ReportData:
        """Read and compare evaluation folders; takes what :func:`hybrid_plugin.inference.compare` takes.

        Raises
        ------
        UserError
            A folder is no evaluation, or they are of different benchmarks; names it.
        """
        folders = as_folders(folders)
        asked = replace(asked or ComparisonSettings(), **changes)
        return cls(load_systems(folders, asked), compare(folders, asked))

    @property
    def baseline(self) -> System:
        return self.systems[0]

    @property
    def benchmark(self) -> str:
        """The name of the benchmark that all systems were scored on."""
        return self.comparison.benchmark

    @property
    def called(self) -> str:
        """What commands call the benchmark: its name, or the file that names its tasks."""
        return benchmark_called(self.systems)

    @cached_property
    def labels(self) -> dict[str, str]:
        """The systems' names in the frames of the comparison -> the names to print."""
        return {system.name: system.label for system in self.systems}

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the queries that were scored."""
        return tuple(
            dict.fromkeys(lang for system in self.systems for lang in sorted(system.pairs["queries"].unique()))
        )

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The settings that any system was scored in."""
        return tuple(name for name in SETTINGS if any(name in system.figures for system in self.systems))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """The measures that are compared, but for those of language bias, which have a section of their own unless
        there are no others."""
        names = tuple(dict.fromkeys(self.comparison.figures["measure"]))
        return tuple(name for name in names if not pool_only(parse_measures([name])[0])) or names

    @property
    def measure(self) -> str:
        """The measure that stands for the others where one is shown: AP if it is compared, else the first, which is
        the benchmark's first official one if that was scored."""
        return "AP" if "AP" in self.measures else self.measures[0]

    def direction(self, measure: str) -> Direction:
        """The direction of a measure."""
        return direction(parse_measures([measure])[0])

    @cached_property
    def directions(self) -> dict[str, Direction]:
        """Those of all measures that were read."""
        names = dict.fromkeys([*self.measures, *(name for system in self.systems for name in system.measures)])
        return {name: self.direction(name) for name in names}

    @cached_property
    def row_labels(self) -> dict[str, str]:
        """How rows of the tasks on the pool are called: by the language of their queries where that tells them apart,
        else by their names."""
        frames = [system.tasks[system.tasks["setting"] == MULTI] for system in self.systems]
        languages = {row.task: row.queries for frame in frames for row in frame.itertuples()}
        return languages if len({*languages.values()}) == len(languages) else {name: name for name in languages}

    @cached_property
    def pool(self) -> tuple[Task, ...]:
        """The tasks of the benchmark on a pool of several languages.

        Raises
        ------
        UserError
            The benchmark is not known here.
        """
        return pool_of(self.systems)

    @cached_property
    def known(self) -> bool:
        """Whether the benchmark is known here, so that its texts may be."""
        try:
            return self.pool is not None
        except UserError:
            return False

    @property
    def has_pool(self) -> bool:
        """Whether the benchmark has a pool of several languages; one that is not known here may have."""
        return not self.known or bool(self.pool)

    @cached_property
    def too_many(self) -> int:
        """How many documents the pool has, if these are too many for their texts to be read; else 0."""
        return many_documents(self.pool)

    @cached_property
    def pooled(self) -> Pooled:
        """Judgements and languages of the tasks on the pool."""
        return Pooled.load(self.pool)

    @cached_property
    def landings(self) -> dict[str, Landing]:
        """By name, the systems that have run files on the pool in which their queries are, each by the first of its
        runs that has them; none where the languages of the documents are not known without reading too many.

        Raises
        ------
        UserError
            The benchmark is not known here, or a run file is malformed or not of the rankings that were scored; names
            the file.
        """
        if not any(has_runs(run) for system in self.systems for run in system.runs) or not self.languages_known:
            return {}
        found: dict[str, Landing] = {}
        for system in self.systems:
            read = (read_landing(run, self.pooled) for run in system.runs if has_runs(run))
            landing = next((one for one in read if one.depth), None)
            if landing is not None:
                found[system.name] = landing
        return found

    @cached_property
    def languages_known(self) -> bool:
        """Whether the languages of the documents of the pool are known without reading too many."""
        return not self.too_many or all(languages_told(task.docs) for task in self.pool)

    def marked(self, system: str, setting: str, measure: str) -> str:
        """The system's label, with a mark where its figure cannot be compared with the others'."""
        mark = "" if self.comparison.comparable(system, setting, measure) else f" {NOT_COMPARED}"
        return self.labels[system] + mark

    def table(self, frame: pd.DataFrame, caption: str, **options: Any) -> Markup:
        """A table that sorts, scrolls in its own box and downloads as CSV; :func:`hybrid_plugin.report.table.table`.

        Columns that are called after a measure, or a measure and a setting, say its direction.
        """
        columns = {name: self.directions.get(str(name).rpartition(" ")[0]) for name in frame.columns}
        directions = self.directions | {name: found for name, found in columns.items() if found}
        directions |= options.pop("directions", {})
        return table(frame, caption, scope=self.comparison.scope, directions=directions, **options)

    def chart(self, name: str, figure: Figure, title: str, description: str) -> Markup:
        """A matplotlib figure as SVG in the colours of the page, kept under its name for ``--plots``.

        Parameters
        ----------
        name : of its files, and unique in the report.
        title, description : what screen readers say; the title is also printed below the chart.
        """
        self.figures[name] = figure
        return chart(f"{self.prefix}{name}", figure, title, description, self.comparison.scope)
