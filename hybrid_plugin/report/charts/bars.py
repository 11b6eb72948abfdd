"""Bars with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.canvas import ROOM, TEXT, canvas, label_below, plain_text, wrapped
from hybrid_plugin.report.charts.palette import PALETTE, colour
from hybrid_plugin.report.wording import true_minus


@plain_text
def bars(figures: pd.DataFrame, unit: str, form: str, limit: float) -> Figure:
    """A bar a system with its confidence interval and its figure in digits.

    Parameters
    ----------
    figures : ``label``, ``value``, ``low``, ``high``, from the top down.
    unit : below the axis.
    form : of the digits.
    limit : the largest value of the axis.
    """
    names = [wrapped(label) for label in figures["label"]]
    beside = max(map(len, names)) <= ROOM
    lines = 0 if beside else 1 + max(name.count("\n") for name in names)
    row, thick = 0.42 + 0.2 * lines, 0.26  # inches
    figure, axes = canvas(0.75 + row * len(names))
    places = list(range(len(names)))
    value, low, high = (figures[name].to_numpy(float) for name in ("value", "low", "high"))
    axes.barh(places, value, height=thick / row, color=[colour(place) for place in places])
    axes.hlines(places, low, high, color=PALETTE["ink"], linewidth=1.4)
    for end in (low, high):
        axes.vlines(
            end, [at - 0.2 * thick / row for at in places], [at + 0.2 * thick / row for at in places],
            color=PALETTE["ink"], linewidth=1.4,
        )  # fmt: skip
    least, most = min(0.0, float(np.nanmin([value, low]))), max(0.0, limit)
    width = most - least or 1.0
    for place, one, end in zip(places, value, np.fmax(np.fmax(value, high), 0), strict=True):
        axes.text(
            end + 0.02 * width, place, true_minus(format(one, form)), va="center", fontsize=TEXT, color=PALETTE["ink"]
        )
    axes.set_yticks(places, names if beside else [""] * len(names))
    for place, name in zip(places, [] if beside else names, strict=False):
        axes.text(least, place - 0.6 * thick / row, name, va="bottom", fontsize=TEXT - 1, color=PALETTE["ink"])
    axes.set_ylim(len(names) - 1 + 0.9 * thick / row, -(0.21 * lines + 0.9 * thick) / row)
    axes.set_xlim(least - 0.04 * width * (least < 0), most + 0.17 * width)
    label_below(axes, unit)
    return figure
