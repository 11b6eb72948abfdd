"""Estimates with intervals around zero: a forest plot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hybrid_plugin.report.charts.canvas import ROOM, TEXT, UNIT, canvas, label_below, legend, plain_text, wrapped
from hybrid_plugin.report.charts.palette import PALETTE, colour, marker

_BETWEEN = 4 * "\u00a0"  # blanks that no browser takes for one
_APART = 0.17  # inches between the series of a row


@plain_text
def forest(figures: pd.DataFrame, unit: str, sides: tuple[str, str] = ("", "")) -> Figure:
    """A row an estimate, or in each row one of every series, with its interval and a line at zero.

    Parameters
    ----------
    figures : ``row``, ``series``, ``value``, ``low``, ``high``, ``place`` (among the colours) and
        ``shown`` (whether the marker is filled), rows and series from the top down.
    unit : below the axis.
    sides : what it means to be left of zero, and right of it.
    """
    rows, series = (list(dict.fromkeys(figures[name])) for name in ("row", "series"))
    names = [wrapped(row) for row in rows]
    beside = max(map(len, names)) <= ROOM
    lines = 0 if beside else 1 + max(name.count("\n") for name in names)
    inside = _APART * (len(series) - 1)
    step = 0.3 + inside + 0.2 * lines  # inches
    labels = [wrapped(name) for name in series] if len(series) > 1 else []
    columns = 2 if max(map(len, series)) <= ROOM else 1
    above = 0.23 * -(-sum(1 + name.count("\n") for name in labels) // columns)
    figure, axes = canvas(0.75 + 0.2 * len(_meaning(*sides)) + above + step * len(rows))
    axes.axvline(0, color=PALETTE["muted"], linewidth=1.2)
    parts: dict[int, Any] = {}
    for one in figures.itertuples():
        number = series.index(one.series)
        at = rows.index(one.row) + (number * _APART - inside / 2) / step
        look: dict[str, Any] = {
            "color": colour(one.place),
            "markeredgecolor": colour(one.place),
            "markeredgewidth": 1.6,
        }
        axes.hlines(at, one.low, one.high, color=colour(one.place), linewidth=1.8)
        axes.plot(
            one.value, at, marker(one.place), markersize=7,
            **look | ({} if one.shown else {"markerfacecolor": PALETTE["paper"]}),
        )  # fmt: skip
        parts.setdefault(number, axes.plot([], [], marker(one.place), markersize=7, linestyle="", **look)[0])
    axes.set_yticks(range(len(rows)), names if beside else [""] * len(rows))
    axes.set_ylim(len(rows) - 1 + (inside / 2 + 0.2) / step, -(inside / 2 + 0.2 + 0.21 * lines) / step)
    ends = figures[["value", "low", "high"]].to_numpy(float)
    room = 0.12 * float(np.nanmax(np.abs(ends))) or 1.0
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlim(min(np.nanmin(ends), 0) - room, max(np.nanmax(ends), 0) + room)
    for number, name in enumerate([] if beside else names):
        axes.text(
            0, number - (inside / 2 + 0.12) / step, name, transform=axes.get_yaxis_transform(), va="bottom",
            fontsize=TEXT - 1, color=PALETTE["ink"],
            bbox={"facecolor": PALETTE["paper"], "edgecolor": "none", "pad": 1.5},  # so that no line runs through it
        )  # fmt: skip
    label_below(axes, "\n".join([*_meaning(*sides), unit]))
    if labels:
        legend(figure, [parts[number] for number in range(len(series))], labels, columns)
    return figure


def _meaning(left: str, right: str) -> list[str]:
    """What the sides of zero mean, in a line if there is room."""
    if not left:
        return []
    both = [f"← {left}", f"{right} →"]
    return [_BETWEEN.join(both)] if sum(map(len, both)) + len(_BETWEEN) <= UNIT else both
