"""Evaluations of several benchmarks, for one page: the folders of suites, by benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.suite import SUITE, SuiteScores
from hybrid_plugin.inference.systems import Folders, by_name
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import footnote
from hybrid_plugin.report.table import table
from hybrid_plugin.tasks.benchmark import SETTINGS

_DIGITS = {True: ".3f", False: ".1f"}  # of figures up to 1, and beyond


@dataclass(frozen=True)
class SuiteFolders:
    """The folders of one suite or several.

    Parameters
    ----------
    suites : what became of their benchmarks, by system; of its runs, where it has several.
    """

    suites: Mapping[str, tuple[SuiteScores, ...]]

    __repr__ = brief

    @classmethod
    def load(cls, folders: Folders) -> SuiteFolders | None:
        """Folders as :func:`hybrid_plugin.compare` takes them, if they are those of suites; None if they are not.

        Raises
        ------
        UserError
            Some are and some are not, or no benchmark of them was scored.
        """
        named = by_name(folders)
        kinds = {one: (one / SUITE).is_file() for some in named.values() for one in some}
        if not any(kinds.values()):
            return None
        other = next((one for one, suite in kinds.items() if not suite), None)
        if other is not None:
            raise UserError(f"{other} has no {SUITE}, while others are folders of suites; a report takes one kind")
        found = cls({name: tuple(map(SuiteScores.load, some)) for name, some in named.items()})
        if not found.benchmarks:
            raise UserError(f"no benchmark was scored in {', '.join(map(str, kinds))}")
        return found

    @property
    def title(self) -> str:
        """What the page is called."""
        return " and ".join(dict.fromkeys(one.suite for some in self.suites.values() for one in some))

    @property
    def benchmarks(self) -> dict[str, dict[str, list[Path]]]:
        """The evaluation folders of each benchmark that was scored, by system."""
        found: dict[str, dict[str, list[Path]]] = {}
        for system, some in self.suites.items():
            for scores in some:
                for one in scores.of("done"):
                    found.setdefault(one.name, {}).setdefault(system, []).append(scores.folder / one.name)
        return found

    @property
    def others(self) -> list[dict[str, str]]:
        """The benchmarks that were not scored, and why; a row each and system."""
        return [
            {"benchmark": one.name, "system": system, "state": one.state, "why": one.message}
            for system, some in self.suites.items()
            for scores in some
            for one in scores.outcomes
            if one.state != "done"
        ]


def summary(suites: SuiteFolders, found: Mapping[str, ReportData]) -> Markup:
    """A row a benchmark and system with its figure in each setting, and below what was not scored."""
    rows: list[dict[str, Any]] = []
    apart: list[tuple[int, str]] = []
    for name, data in found.items():
        figures = data.comparison.figures.set_index(["system", "measure", "setting"])["value"]
        for system in data.systems:
            row = {"benchmark": name, "system": system.label, "measure": data.measure}
            for setting in SETTINGS:
                row[setting] = figures.get((system.name, data.measure, setting))
                if row[setting] is not None and not data.comparison.comparable(system.name, setting, str(data.measure)):
                    apart.append((len(rows), setting))
            rows.append(row)
    frame = pd.DataFrame(rows).dropna(axis="columns", how="all")
    seen = dict.fromkeys(note for data in found.values() if (note := footnote(data).strip()))
    parts = [
        table(
            frame.astype({one: float for one in SETTINGS if one in frame}),
            f"{suites.title}: macro averages by setting",
            formats=dict.fromkeys(SETTINGS, _printed),
            row_headers=2,
            apart=apart,
            note=" ".join(seen),
        )
    ]
    if suites.others:
        parts.append(table(pd.DataFrame(suites.others), "Not scored", row_headers=2))
    return Markup("").join(parts)


def _printed(value: float) -> str:
    return format(value, _DIGITS[abs(value) <= 1])
