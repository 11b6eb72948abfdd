"""The figures of each setting, with their intervals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.report.charts.bars import bars
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import (
    better,
    footnote,
    form,
    headline,
    headline_rows,
    main_apart,
    main_formats,
    main_table,
)
from hybrid_plugin.report.html import grid, slug
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.wording import between

_SETTINGS = {
    "mono": "query and documents in one language",
    "cross": "query and documents in two languages",
    "multi": "the pool of all languages",
}


def settings(data: ReportData) -> str:
    comparison = data.comparison
    parts = [grid(_charts(data)), _figures(data)]
    if len(comparison.by_training):
        parts.append(_seen(data))
    if len(comparison.published):
        parts.append(_published(data))
    return Markup("").join(parts)


def _charts(data: ReportData) -> Iterator[Markup]:
    figures = headline_rows(data, data.comparison.figures)
    figures = figures.assign(label=[data.marked(row.system, row.setting, row.measure) for row in figures.itertuples()])
    limits = figures[["value", "high"]].max(axis=1).groupby(figures["measure"]).max()
    for measure, setting in headline(data):
        part = figures[(figures["measure"] == measure) & (figures["setting"] == setting)]
        unit, printed = f"{measure} {setting}, {better(data, measure)}", form(data, measure)
        spoken = "; ".join(
            f"{row.label} {row.value:{printed}}{between(row.low, row.high, printed)}" for row in part.itertuples()
        )
        yield data.chart(
            f"settings-{setting}-{slug(measure)}",
            bars(part, unit, printed, limits[measure]),
            f"{measure} {setting}: {_SETTINGS[setting]}",
            f"{unit}. With {data.comparison.level()} confidence intervals: {spoken}.",
        )


def _figures(data: ReportData) -> Markup:
    figures = headline_rows(data, data.comparison.figures)
    figures = figures.drop(columns="compared")
    note = "spread is the standard deviation over runs." if (figures["runs"] > 1).any() else ""
    if not note:
        figures = figures.drop(columns=["runs", "spread"])
    return data.table(
        figures.assign(system=figures["system"].map(data.labels)),
        f"Figures with {data.comparison.level()} confidence intervals",
        apart=_apart(data, figures),
        best=_best(data, figures),
        note=note,
    )


def _apart(data: ReportData, figures: pd.DataFrame) -> list[tuple[int, str]]:
    """The cells of the values that cannot be compared with the others of their setting and measure."""
    keys = figures[["system", "setting", "measure"]].itertuples(index=False, name=None)
    return [(row, "value") for row, key in enumerate(keys) if not data.comparison.comparable(*key)]


def _best(data: ReportData, figures: pd.DataFrame) -> list[tuple[int, str]]:
    """The cells of the values that are the best of their setting and measure."""
    best = data.comparison.best()
    keys = figures[["system", "setting", "measure"]].itertuples(index=False, name=None)
    return [(row, "value") for row, key in enumerate(keys) if key in best]


def _seen(data: ReportData) -> Markup:
    figures = headline_rows(data, data.comparison.by_training)
    if figures["trained_on"].nunique() == 1:
        figures = figures.drop(columns="trained_on")
    return data.table(
        figures.assign(system=figures["system"].map(data.labels)).rename(
            columns={"trained_on": "trained on", "part": "in training", "languages": "query languages"}
        ),
        "Query languages seen in training and query languages never seen",
        apart=_apart(data, figures),
        note=f"value with its {data.comparison.level()} confidence interval, for every system, so that those that were "
        "trained have something to stand beside.",
    )


def _published(data: ReportData) -> Markup:
    """The systems of the report, and below them what was published of others, with the digits it was published with."""
    own = main_table(data)
    rows: dict[str, dict[str, Any]] = {}
    for row in data.comparison.published.itertuples():
        figures = rows.setdefault(row.system, {"system": row.system})
        figures[f"{row.measure} {row.setting}"] = Decimal(f"{row.value:.{row.digits}f}")
    whole = "of the whole benchmark and " if data.comparison.scope else ""
    others = pd.DataFrame(rows.values())
    frame = pd.concat([own, others[own.columns.intersection(others.columns)]])
    return data.table(
        frame.astype(object).where(frame.notna(), None),
        "Beside published figures of other models",
        formats=main_formats(data),
        apart=main_apart(data),
        note=f"Published figures are {whole}not tested: no values per query were published. Sources: "
        f"{'; '.join(data.comparison.sources())}.{footnote(data)}",
    )


SECTION = Section("settings", "Settings", 10, settings)
