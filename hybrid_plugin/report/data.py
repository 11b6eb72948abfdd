"""What a section of the report is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from datasets_ext import MULTI
from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.measures.base import higher_is_better, pool_only
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.report.landings import Landing, Pooled, has_runs, read_landing
from hybrid_plugin.report.svg import chart
from hybrid_plugin.report.system import System
from hybrid_plugin.report.table import table
from hybrid_plugin.report.texts import many_documents
from hybrid_plugin.tasks.benchmark import SETTINGS
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.task import Task, languages_told


@dataclass(frozen=True)
class ReportData:
    """What a section of a report draws from, and what it draws with.

    Parameters
    ----------
    systems : the evaluations, in the order given; the first is the baseline.
    comparison : figures with confidence intervals, tests, and the verdict.
    figures : every chart so far, by name, for ``--plots``.
    """

    systems: tuple[System, ...]
    comparison: Comparison
    figures: dict[str, Figure] = field(default_factory=dict)

    @classmethod
    def load(cls, folders: Sequence[Path], *, published: bool = False) -> ReportData:
        """Read and compare evaluation folders.

        Raises
        ------
        UserError
            A folder is no evaluation, or they are of different benchmarks; names it.
        """
        comparison = compare(folders, published=published)
        systems = [System.load(name, folder) for name, folder in zip(comparison.systems, folders, strict=True)]
        return cls(tuple(systems), comparison)

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
        return str(next(filter(None, (system.scores.get("benchmark_file") for system in self.systems)), self.benchmark))

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
        return tuple(name for name in SETTINGS if any(name in system.scores["settings"] for system in self.systems))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """The measures that are compared, but for those of language bias, which have a section of their own."""
        names = dict.fromkeys(self.comparison.figures["measure"])
        return tuple(name for name in names if not pool_only(parse_measures([name])[0]))

    @property
    def measure(self) -> str | None:
        """The measure that stands for the others where one is shown: AP if it is compared, else the first."""
        return "AP" if "AP" in self.measures else next(iter(self.measures), None)

    def higher_is_better(self, measure: str) -> bool:
        """The direction of a measure."""
        return higher_is_better(parse_measures([measure])[0])

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
        return tuple(task for task in load_benchmark(self.called).tasks if task.setting == MULTI)

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
        """By name, the systems that have run files on the pool in which their queries are; none where the languages of
        the documents are not known without reading too many.

        Raises
        ------
        UserError
            The benchmark is not known here, or a run file is malformed; names the file and line.
        """
        if not any(map(has_runs, self.systems)) or not self.languages_known:
            return {}
        found = {system.name: read_landing(system, self.pooled) for system in self.systems if has_runs(system)}
        return {name: landing for name, landing in found.items() if landing.depth}

    @cached_property
    def languages_known(self) -> bool:
        """Whether the languages of the documents of the pool are known without reading too many."""
        return not self.too_many or all(languages_told(task.docs) for task in self.pool)

    def table(self, frame: pd.DataFrame, caption: str, **options: Any) -> Markup:
        """A table that sorts, scrolls in its own box and downloads as CSV; :func:`hybrid_plugin.report.table.table`."""
        return table(frame, caption, **options)

    def chart(self, name: str, figure: Figure, title: str, description: str) -> Markup:
        """A matplotlib figure as SVG in the colours of the page, kept under its name for ``--plots``.

        Parameters
        ----------
        name : of its files, and unique in the report.
        title, description : what screen readers say; the title is also printed below the chart.
        """
        self.figures[name] = figure
        return chart(name, figure, title, description)
