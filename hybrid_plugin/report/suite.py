"""Evaluations of several benchmarks, for one page: folders of suites, or of evaluations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.suite import SUITE, SuiteScores
from hybrid_plugin.inference.load.evaluations import scored_benchmark
from hybrid_plugin.inference.load.systems import Folders, by_name, check_distinct
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import footnote
from hybrid_plugin.report.html import render
from hybrid_plugin.report.in_short import in_short
from hybrid_plugin.report.table import table
from hybrid_plugin.tasks.benchmark import SETTINGS

_DIGITS = {True: ".3f", False: ".1f"}  # of figures up to 1, and beyond


@dataclass(frozen=True)
class Benchmarks:
    """The evaluation folders of several benchmarks.

    Parameters
    ----------
    title : what the page is called.
    systems : their names, in the order given.
    folders : of each benchmark that was scored, by system.
    others : the benchmarks that were not scored, and why; a row each and system.
    """

    title: str
    systems: tuple[str, ...]
    folders: Mapping[str, Mapping[str, Sequence[Path]]]
    others: Sequence[Mapping[str, str]] = ()

    __repr__ = brief

    @classmethod
    def load(cls, given: Folders) -> Benchmarks | None:
        """Folders as :func:`hybrid_plugin.compare` takes them, of suites or of several benchmarks; None if they are
        evaluations of one.

        Raises
        ------
        UserError
            Some are of suites and some are not, no benchmark of them was scored, or a folder is no evaluation.
        """
        check_distinct(given)
        named = by_name(given)
        kinds = {one: (one / SUITE).is_file() for some in named.values() for one in some}
        if any(kinds.values()):
            other = next((one for one, suite in kinds.items() if not suite), None)
            if other is not None:
                raise UserError(f"{other} has no {SUITE}, while others are folders of suites; a report takes one kind")
            return cls._of_suites({name: [*map(SuiteScores.load, some)] for name, some in named.items()})
        scored = {one: scored_benchmark(one) for one in kinds}
        return cls._of_evaluations(given, scored) if len({*scored.values()}) > 1 else None

    @classmethod
    def _of_suites(cls, suites: Mapping[str, Sequence[SuiteScores]]) -> Benchmarks:
        everything = [(system, scores) for system, some in suites.items() for scores in some]
        folders: dict[str, dict[str, list[Path]]] = {}
        for system, scores in everything:
            for one in scores.of("done"):
                folders.setdefault(one.name, {}).setdefault(system, []).append(scores.folder / one.name)
        if not folders:
            raise UserError(f"no benchmark was scored in {', '.join(str(scores.folder) for _, scores in everything)}")
        others = [
            {"benchmark": one.name, "system": system, "state": one.state, "why": one.message}
            for system, scores in everything
            for one in scores.outcomes
            if one.state != "done"
        ]
        return cls(" and ".join(dict.fromkeys(one.suite for _, one in everything)), tuple(suites), folders, others)

    @classmethod
    def _of_evaluations(cls, given: Folders, scored: Mapping[Path, str]) -> Benchmarks:
        """Of each benchmark its folders, which are called as if they were compared alone."""
        found: dict[str, Mapping[str, Sequence[Path]]] = {}
        for benchmark in dict.fromkeys(scored.values()):
            if isinstance(given, Mapping):
                own = {name: [one for one in some if scored[one] == benchmark] for name, some in given.items()}
                found[benchmark] = {name: some for name, some in own.items() if some}
            else:
                found[benchmark] = by_name([one for one in given if scored[one] == benchmark])
        known = {name for named in found.values() if len(named) > 1 for name in named}
        found = {benchmark: _alone(named, known) for benchmark, named in found.items()}
        systems = dict.fromkeys(name for named in found.values() for name in named)
        return cls(", ".join(found), tuple(systems), found)


def _alone(named: Mapping[str, Sequence[Path]], known: Collection[str]) -> Mapping[str, Sequence[Path]]:
    """The folders of a benchmark; where one is alone, by the part of its path that is a system elsewhere."""
    if len(named) > 1:
        return named
    ((name, some),) = named.items()
    parts = [part for part in reversed(some[0].absolute().parts) if part in known]
    return {parts[0] if name not in known and parts else name: some}


def summary(benchmarks: Benchmarks, found: Mapping[str, ReportData]) -> Markup:
    """A verdict a benchmark; a row a benchmark and system with its figure in each setting; and what was not scored."""
    rows: list[dict[str, Any]] = []
    apart: list[tuple[int, str]] = []
    best: list[tuple[int, str]] = []
    for name, data in found.items():
        figures = data.comparison.figures.set_index(["system", "measure", "setting"])["value"]
        those = data.comparison.best()
        for system in sorted(data.systems, key=lambda one: benchmarks.systems.index(one.name)):
            row = {"benchmark": name, "system": system.label, "measure": data.measure}
            for setting in SETTINGS:
                row[setting] = figures.get((system.name, data.measure, setting))
                if row[setting] is not None and not data.comparison.comparable(system.name, setting, data.measure):
                    apart.append((len(rows), setting))
                if (system.name, setting, data.measure) in those:
                    best.append((len(rows), setting))
            rows.append(row)
    frame = pd.DataFrame(rows).dropna(axis="columns", how="all")
    seen = dict.fromkeys(note for data in found.values() if (note := footnote(data).strip()))
    parts = [
        render("summary.html", verdicts=[(name, data.prefix, in_short(data)) for name, data in found.items()]),
        table(
            frame.astype({one: float for one in SETTINGS if one in frame}),
            f"{benchmarks.title}: macro averages by setting",
            formats=dict.fromkeys(SETTINGS, _printed),
            row_headers=2,
            directions={data.measure: data.direction(data.measure) for data in found.values()},
            best=best,
            apart=apart,
            note=" ".join(["Bold: the best of the benchmark."] * bool(best) + [*seen]),
        ),
    ]
    if benchmarks.others:
        parts.append(table(pd.DataFrame(benchmarks.others), "Not scored", row_headers=2))
    return Markup("").join(parts)


def _printed(value: float) -> str:
    return format(value, _DIGITS[abs(value) <= 1])
