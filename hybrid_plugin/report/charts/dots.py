"""Dots in rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.canvas import ROOM, canvas, label_below, legend, plain_text, wrapped
from hybrid_plugin.report.charts.palette import PALETTE, colour, marker


@plain_text
def dots(figures: pd.DataFrame, rows: Sequence[str], unit: str) -> Figure:
    """A row a language with a marker a system: the distance between two systems is what the eye sees.

    Parameters
    ----------
    figures : ``label`` (of the system), ``row``, ``value``.
    rows : from the top down.
    unit : below the axis.
    """
    labels = list(dict.fromkeys(figures["label"]))
    names = [wrapped(label) for label in labels]
    columns = 2 if max(map(len, labels)) <= ROOM else 1
    lines = sum(1 + name.count("\n") for name in names)
    figure, axes = canvas(1.0 + 0.3 * len(rows) + 0.23 * -(-lines // columns))
    table = figures.pivot(index="row", columns="label", values="value").reindex(list(rows))
    places = np.arange(len(rows))
    axes.hlines(places, table.min(axis=1), table.max(axis=1), color=PALETTE["grid"], linewidth=3)
    systems = [
        axes.plot(table[label], places, marker(number), color=colour(number), markersize=7.5, linestyle="")[0]
        for number, label in enumerate(labels)
    ]
    axes.set_yticks(places, list(rows))
    axes.invert_yaxis()
    if table.min(axis=None) >= 0:
        axes.set_xlim(left=0)
    label_below(axes, unit)
    legend(figure, systems, names, columns)
    return figure
