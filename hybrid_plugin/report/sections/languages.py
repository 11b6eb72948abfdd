"""Every pair of languages."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.report.charts.heat import heat
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.system import System

_OPEN = 4  # systems, before the rest is folded away


def languages(data: ReportData) -> str:
    if "AP" not in data.baseline.pairs:
        return ""
    baseline = _matrix(data, data.baseline)
    matrices = {system.name: _matrix(data, system) for system in data.systems}
    differences = {name: matrix - baseline for name, matrix in matrices.items()}
    span = _span(matrices.values())
    bound = max(0.05, *map(abs, _span(differences.values())))
    shown = []
    for number, system in enumerate(data.systems):
        tables = [_heat_table(data, matrices[system.name], f"AP of {system.label}", span, ".2f")]
        data.figures[f"languages-{number}"] = heat(
            matrices[system.name], span, columns=f"documents, {system.label}", rows="queries"
        )
        if number:
            caption = f"{system.label} minus {data.baseline.label}, AP"
            tables.append(_heat_table(data, differences[system.name], caption, (-bound, bound), "+.2f"))
            data.figures[f"languages-{number}-difference"] = heat(
                differences[system.name], (-bound, bound), columns=f"documents, {caption}", rows="queries"
            )
        shown.append({"label": system.label, "tables": tables, "open": number < _OPEN})
    return render("languages.html", systems=shown)


def _matrix(data: ReportData, system: System) -> pd.DataFrame:
    """AP of one system: a row a query language, a column a document language, and the pool."""
    matrix = system.pairs.pivot(index="queries", columns="docs", values="AP")
    columns = [name for name in (*data.languages, MULTI) if name in matrix.columns]
    return matrix.reindex(columns=columns).rename(columns={MULTI: "pool"})


def _span(matrices: Iterable[pd.DataFrame]) -> tuple[float, float]:
    values = np.concatenate([matrix.to_numpy(float).ravel() for matrix in matrices])
    return float(np.nanmin(values)), float(np.nanmax(values))


def _heat_table(data: ReportData, matrix: pd.DataFrame, caption: str, span: tuple[float, float], form: str) -> Markup:
    columns = list(map(str, matrix.columns))
    return data.table(matrix.reset_index(names="queries"), caption, default_format=form, shade=columns, span=span)


SECTION = Section("languages", "Language by language", 20, languages)
