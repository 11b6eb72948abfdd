"""Measures of language bias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from ir_measures import measures as irm
from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.report.charts.dots import dots
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import grid, render, slug
from hybrid_plugin.report.reading import SIDES, better, reading, side
from hybrid_plugin.report.section import Section


def bias(data: ReportData) -> str:
    measures = _measures(data)
    if not measures:
        return ""
    by_language = _by_language(data, measures)
    formats = {str(one): ".1f" if by_language[str(one)].abs().max() > 1 else ".4f" for one in measures}
    return render(
        "bias.html",
        measures=[(str(measure), reading(measure)) for measure in measures],
        overall=data.table(
            _overall(data, measures),
            "Language bias on the pool",
            formats=formats,
            best=[
                (row, str(measure))
                for row, system in enumerate(data.systems)
                for measure in measures
                if (system.name, MULTI, str(measure)) in data.comparison.best()
            ],
            apart=[
                (row, str(measure))
                for row, system in enumerate(data.systems)
                for measure in measures
                if not data.comparison.comparable(system.name, MULTI, str(measure))
            ],
            note=_note(data, measures),
        ),
        charts=grid(_charts(data, measures, by_language, formats)),
        by_language=data.table(
            by_language, "Language bias on the pool, by language of the query", formats=formats, row_headers=2
        ),
    )


def _measures(data: ReportData) -> list[irm.Measure]:
    """The measures of language bias that any system was scored with, but for those of one language each."""
    names = dict.fromkeys(name for system in data.systems for name in system.figures.get(MULTI, {}))
    return [measure for measure in parse_measures([*names]) if pool_only(measure) and side(measure) in SIDES]


def _note(data: ReportData, measures: Sequence[irm.Measure]) -> Markup:
    tested = {*map(str, measures)} <= {*data.comparison.tests["measure"]}
    where = "Differences has their tests" if tested else "not tested here: <code>--measures</code> tests them"
    return Markup("Macro averages over the languages of the queries, " + where + ".")


def _overall(data: ReportData, measures: Sequence[irm.Measure]) -> pd.DataFrame:
    rows = []
    for system in data.systems:
        figures = system.figures.get(MULTI, {})
        rows.append({"system": system.label} | {str(measure): figures.get(str(measure)) for measure in measures})
    return pd.DataFrame(rows)


def _by_language(data: ReportData, measures: Sequence[irm.Measure]) -> pd.DataFrame:
    frames = [system.tasks[system.tasks["setting"] == MULTI].assign(system=system.label) for system in data.systems]
    rows = pd.concat(frames)
    return rows.assign(queries=rows["task"].map(data.row_labels)).reindex(
        columns=["system", "queries", *map(str, measures)]
    )


def _charts(
    data: ReportData, measures: Sequence[irm.Measure], by_language: pd.DataFrame, formats: dict[str, str]
) -> Iterator[Markup]:
    order = sorted(by_language["queries"].unique())
    for measure in measures:
        name, form = str(measure), formats[str(measure)]
        part = by_language.rename(columns={"system": "label", "queries": "row", name: "value"}).dropna(subset="value")
        spread = part.groupby("label", sort=False)["value"].agg(["min", "max"])
        spoken = "; ".join(f"{row.Index} from {row.min:{form}} to {row.max:{form}}" for row in spread.itertuples())
        yield data.chart(
            f"bias-{slug(name)}",
            dots(part, order, f"{name} on the pool, {better(measure)}"),
            f"{name} on the pool, by language of the query",
            f"Mean over the queries of each language: {spoken}.",
        )


SECTION = Section("bias", "Language bias", 50, bias)
