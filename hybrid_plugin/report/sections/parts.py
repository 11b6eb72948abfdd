"""What each language has over the others, its two directions, and the worst gap."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.report.charts.forest import forest
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import form, headline
from hybrid_plugin.report.html import grid, render, slug
from hybrid_plugin.report.section import Section

_SYSTEMS = 6  # in a chart; the tables have the others
_CHARTS = 12  # of parts


def parts(data: ReportData) -> str:
    comparison = data.comparison
    if not len(comparison.languages):
        return ""
    return render(
        "parts.html",
        level=comparison.level(),
        charts=grid(_parts(data)),
        languages=_table(data, comparison.languages, "Each language's part"),
        directions=len(comparison.directions) > 0,
        asymmetry=grid(_asymmetry(data)),
        directions_table=_table(data, comparison.directions, "The two directions of each language"),
        gaps=_table(
            data, comparison.gaps, "The languages farthest apart",
            note="gap is the best minus the worst, and its interval that of these two languages: of languages that are "
            "alike the gap is above 0 by chance.",
        ),
        left_out=len(data.systems) > _SYSTEMS,
    )  # fmt: skip


def _parts(data: ReportData) -> Iterator[Markup]:
    """A chart a measure, setting and side: a row a language, in it every system."""
    frame = data.comparison.languages
    wanted = headline(data)
    keys = [key for key in dict.fromkeys(zip(frame["measure"], frame["setting"], frame["side"], strict=True))
            if key[:2] in wanted]  # fmt: skip
    if len(keys) > _CHARTS:
        keys = [key for key in keys if key[0] == data.measure]
    for measure, setting, side in sorted(keys, key=lambda key: wanted.index(key[:2])):
        rows = frame[(frame["measure"] == measure) & (frame["setting"] == setting) & (frame["side"] == side)]
        rows = rows.assign(value=rows["part"], low=rows["part_low"], high=rows["part_high"])
        of = f" as the language of the {side}" if setting == "cross" else ""
        title = f"{measure} {setting}: each language's part{of}"
        unit = f"{measure} of a language minus the mean of all"
        yield _chart(data, f"part-{slug(f'{measure} {setting} {side}')}", measure, rows, unit, title)


def _asymmetry(data: ReportData) -> Iterator[Markup]:
    """A chart a measure: a row a language, in it every system."""
    frame = data.comparison.directions
    for measure in dict.fromkeys(frame["measure"]):
        if (measure, "cross") in headline(data):
            rows = frame[frame["measure"] == measure]
            rows = rows.assign(value=rows["asymmetry"])
            title = f"{measure} cross: each language as that of the queries minus as that of the documents"
            yield _chart(data, f"asymmetry-{slug(measure)}", measure, rows, f"difference of {measure}", title)


def _chart(data: ReportData, name: str, measure: str, rows: pd.DataFrame, unit: str, title: str) -> Markup:
    places = {system.name: place for place, system in enumerate(data.systems[:_SYSTEMS])}
    rows = rows[rows["system"].isin([*places])]
    rows = rows.assign(
        row=rows["language"],
        series=rows["system"].map(data.labels),
        place=rows["system"].map(places),
        shown=(rows["low"] > 0) | (rows["high"] < 0),
    ).sort_values("place", kind="stable")
    printed = f"+{form(data, measure)}"
    spoken = "; ".join(
        f"{label}: " + ", ".join(f"{row.row} {row.value:{printed}}" for row in part.itertuples())
        for label, part in rows.groupby("series", sort=False)
    )
    return data.chart(name, forest(rows, f"{unit}, {data.direction(measure)}"), title, f"{spoken}.")


def _table(data: ReportData, frame: pd.DataFrame, caption: str, note: str = "") -> Markup:
    shown = frame.assign(system=frame["system"].map(data.labels)).rename(columns=lambda name: name.replace("_", " "))
    return data.table(shown, caption, row_headers=2, note=note)


SECTION = Section("parts", "Parts of languages", 25, parts)
