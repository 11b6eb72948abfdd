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

from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.report.landings import Landing, read_landing, run_files
from hybrid_plugin.report.svg import chart
from hybrid_plugin.report.system import System
from hybrid_plugin.report.table import table
from hybrid_plugin.tasks.benchmark import SETTINGS
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.task import Task


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
        """The ir_datasets id that all systems were scored on."""
        return self.comparison.benchmark

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
    def task(self) -> Task:
        """Texts and relevance of the benchmark, through ir_datasets.

        Raises
        ------
        UserError
            The benchmark is not known here.
        """
        return Task.load(load_benchmark(self.benchmark))

    @cached_property
    def landings(self) -> dict[str, Landing]:
        """By name, the systems that have run files on the pool in which their queries are.

        Raises
        ------
        UserError
            A run file is malformed; names the file and line.
        """
        return {
            system.name: landing
            for system in self.systems
            if (files := run_files(system)) and (landing := read_landing(system, files, self.task)).depth
        }

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
