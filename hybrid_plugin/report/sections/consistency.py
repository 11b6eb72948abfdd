"""How alike the rankings are that one question gets in two query languages."""

from __future__ import annotations

from typing import Any

import pandas as pd
from ir_measures import measures as irm

from hybrid_plugin.measures.base import across_languages
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.report.charts.heat import heat
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render, slug
from hybrid_plugin.report.reading import reading
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.shading import Shading
from hybrid_plugin.report.system import System

_OPEN = 4  # systems, before the rest is folded away


def consistency(data: ReportData) -> str:
    measures = [one for one in parse_measures([*data.directions]) if across_languages(one)]
    shown = [(str(measure), reading(measure), found) for measure in measures if (found := _shown(data, measure))]
    return render("consistency.html", measures=shown, scope=data.comparison.scope) if shown else ""


def _shown(data: ReportData, measure: irm.Measure) -> list[dict[str, Any]]:
    """A table a setting of every system that has them."""
    found = {
        system.name: {
            setting: matrix for setting in data.settings if len(matrix := _matrix(data, system, measure, setting))
        }
        for system in data.systems
    }
    known = [matrix.stack() for by_setting in found.values() for matrix in by_setting.values()]
    if not known:
        return []
    values = pd.concat(known)
    shading = Shading((float(values.min()), float(values.max())), data.direction(str(measure)))
    shown = []
    for number, system in enumerate(data.systems):
        tables = []
        for setting, matrix in found[system.name].items():
            caption = f"{measure} {setting} of {system.label}"
            columns = [*matrix.columns]
            tables.append(
                data.table(
                    matrix.reset_index(names="queries"), caption, default_format=".2f", shade=columns, shading=shading
                )
            )
            data.figures[f"consistency-{slug(f'{measure} {setting}')}-{number}"] = heat(
                matrix, shading, ".2f", columns=f"queries, {caption}", rows="queries"
            )
        if tables:
            shown.append({"label": system.label, "tables": tables, "open": number < _OPEN})
    return shown


def _matrix(data: ReportData, system: System, measure: irm.Measure, setting: str) -> pd.DataFrame:
    """Query language by query language, of those that are compared; of several runs the mean."""
    runs = [run.scores.get("between_languages", {}).get(str(measure), {}).get(setting) for run in system.runs]
    if not all(runs):
        return pd.DataFrame()
    frames = [
        pd.DataFrame.from_dict(run, orient="index").reindex(index=data.languages, columns=data.languages)
        for run in runs
    ]
    mean = sum(frames) / len(frames)
    return mean.dropna(how="all").dropna(how="all", axis="columns")


SECTION = Section("consistency", "Consistency", 55, consistency)
