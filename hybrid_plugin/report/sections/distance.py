"""Rank distance by language."""

from __future__ import annotations

import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.inference.present.tables import NOT_COMPARED
from hybrid_plugin.report.charts.dots import dots
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import grid
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.table import APART


def distance(data: ReportData) -> str:
    frames = [
        system.tasks[system.tasks["setting"] == MULTI].assign(label=data.marked(system.name, MULTI, "RankDistance"))
        for system in data.systems
        if "RankDistance" in system.tasks
    ]
    figures = pd.concat(frames) if frames else pd.DataFrame(columns=["RankDistance"])
    figures = figures.dropna(subset="RankDistance")
    if figures.empty:
        return ""
    figures = figures.assign(row=figures["task"].map(data.row_labels), value=figures["RankDistance"])
    labels = list(dict.fromkeys(figures["label"]))
    wide = figures.pivot(index="row", columns="label", values="value").reindex(columns=labels)
    order = wide.mean(axis=1).sort_values(ascending=False).index.tolist()
    spread = "; ".join(f"{label} from {wide[label].min():.0f} to {wide[label].max():.0f}" for label in labels)
    chart = data.chart(
        "rank-distance",
        dots(figures, order, "RankDistance on the pool, lower is better"),
        "Rank distance on the pool, by language of the query",
        f"Mean over the queries of each language: {spread}. The language with the largest is {order[0]}.",
    )
    table = wide.copy()
    for label in labels[1:]:
        if NOT_COMPARED not in label + labels[0]:
            table[f"{label} − {labels[0]}"] = wide[label] - wide[labels[0]]
    figures_table = data.table(
        table.reset_index(names="queries"),
        "Rank distance by language of the query",
        default_format=".1f",
        formats=dict.fromkeys(table.columns[len(labels) :], "+.1f"),
        directions=dict.fromkeys(table.columns, data.direction("RankDistance")),
        note=APART if NOT_COMPARED in "".join(labels) else "",
    )
    return grid([chart]) + figures_table


SECTION = Section("distance", "Rank distance", 40, distance)
