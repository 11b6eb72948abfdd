"""Every pair of languages, or every task."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.measures.base import across_languages
from hybrid_plugin.measures.direction import Direction
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.report.charts.heat import heat
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import digits
from hybrid_plugin.report.html import render
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.shading import Shading
from hybrid_plugin.report.system import System

LOWER = Direction(-np.inf)
_PALE = 0.05  # a difference of which the colour is not strong, however small the others are
_OPEN = 4  # systems, before the rest is folded away


def languages(data: ReportData) -> str:
    measure = data.measure
    if any(system.tasks.duplicated(["docs", "queries"]).any() for system in data.systems):
        return _by_task(data, measure)
    towards, form = data.direction(measure), digits(data, measure)
    matrices = {system.name: _matrix(data, system.tasks) for system in data.systems}
    differences = {system.name: _difference(data, system) for system in data.systems}
    level = Shading(_span(matrices.values()), towards)
    apart = Shading(max(_PALE, *map(abs, _span(differences.values()))), LOWER if towards.has_target else towards)
    shown = []
    for number, system in enumerate(data.systems):
        tables = [_heat_table(data, matrices[system.name], f"{measure} of {system.label}", level, form)]
        data.figures[f"languages-{number}"] = heat(
            matrices[system.name], level, form, columns=f"documents, {system.label}", rows="queries"
        )
        if number and differences[system.name].notna().any(axis=None):
            of = f"mean distance from {towards.best:g} of {measure}" if towards.has_target else measure
            caption = f"{system.label} minus {data.baseline.label}, {of}"
            tables.append(_heat_table(data, differences[system.name], caption, apart, f"+{form}"))
            data.figures[f"languages-{number}-difference"] = heat(
                differences[system.name], apart, f"+{form}", columns=f"documents, {caption}", rows="queries"
            )
        shown.append({"label": system.label, "tables": tables, "open": number < _OPEN})
    compared = len(data.languages) < 2 or any(map(across_languages, parse_measures([*data.directions])))
    return render("languages.html", systems=shown, measure=measure, direction=towards, compared=compared)


def _by_task(data: ReportData, measure: str) -> Markup:
    """The main measure by task, where several tasks are of one pair of languages."""
    tasks = pd.concat([system.tasks for system in data.systems]).drop_duplicates("task")
    towards = data.direction(measure)
    frame = tasks[["task", "setting", "queries", "docs"]].replace({"docs": {MULTI: "pool"}})
    values, apart = [], []
    for system in data.systems:
        apart += [(row, system.label) for row in np.flatnonzero(_apart(data, system, frame))]
        frame[system.label] = frame["task"].map(system.tasks.set_index("task")[measure])
        values.append(frame[[system.label]])
    columns = [system.label for system in data.systems]
    return data.table(
        frame, f"{measure} by task", default_format=digits(data, measure), shade=columns,
        shading=Shading(_span(values), towards), directions=dict.fromkeys(columns, towards), apart=apart,
        note="queries and docs are the languages of the queries and of the documents.",
    )  # fmt: skip


def _matrix(data: ReportData, tasks: pd.DataFrame) -> pd.DataFrame:
    """The main measure of some tasks: a row a query language, a column a document language, and the pool."""
    matrix = tasks.pivot(index="queries", columns="docs", values=data.measure)
    others = [name for name in matrix.columns if name not in (*data.languages, MULTI)]
    columns = [name for name in (*data.languages, *others, MULTI) if name in matrix.columns]
    return matrix.reindex(columns=columns).rename(columns={MULTI: "pool"})


def _difference(data: ReportData, system: System) -> pd.DataFrame:
    """The matrix of a system minus that of the baseline, of what can be compared; of a measure with a target, that of
    the mean distances from it."""
    own, baseline = (_matrix(data, _compared(data, one)) for one in (system, data.baseline))
    return own - baseline


def _compared(data: ReportData, system: System) -> pd.DataFrame:
    """The tasks of a system with what it is compared by, where it can be."""
    name, tasks = data.measure, system.tasks
    towards = data.direction(name)
    if towards.has_target:
        distances = towards.compared(system.per_query[name]).groupby(system.per_query["task"]).mean()
        tasks = tasks.assign(**{name: tasks["task"].map(distances)})
    return tasks.assign(**{name: tasks[name].mask(_apart(data, system, tasks))})


def _apart(data: ReportData, system: System, tasks: pd.DataFrame) -> pd.Series:
    """Of which tasks the system's figures cannot be compared with those of the others."""
    odd = [not data.comparison.comparable(system.name, setting, data.measure) for setting in tasks["setting"]]
    return pd.Series(odd, tasks.index, dtype=bool)


def _span(matrices: Iterable[pd.DataFrame]) -> tuple[float, float]:
    values = np.concatenate([matrix.to_numpy(float).ravel() for matrix in matrices])
    known = values[~np.isnan(values)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)


def _heat_table(data: ReportData, matrix: pd.DataFrame, caption: str, shading: Shading, form: str) -> Markup:
    columns = list(map(str, matrix.columns))
    return data.table(matrix.reset_index(names="queries"), caption, default_format=form, shade=columns, shading=shading)


SECTION = Section("languages", "Language by language", 20, languages)
