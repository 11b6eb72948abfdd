"""Lines over alpha."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.canvas import TEXT, canvas, label_below, legend, plain_text
from hybrid_plugin.report.charts.palette import PALETTE, colour, marker
from hybrid_plugin.tasks.benchmark import SETTINGS

_STROKES = ("-", "--", ":")  # of the settings


@plain_text
def curves(figures: pd.DataFrame, unit: str) -> Figure:
    """Lines over alpha, one a setting: the mean over seeds, in a band from the lowest seed to the highest.

    Parameters
    ----------
    figures : ``alpha``, ``setting``, ``value``, a row a seed.
    unit : beside the axis.
    """
    figure, axes = canvas(3.4)
    axes.grid(axis="y", color=PALETTE["grid"], linewidth=0.8)
    lines, names = [], []
    for setting, group in figures.groupby("setting", sort=False):
        number = 4 + SETTINGS.index(str(setting))  # one look in every plot, and not that of one of the first systems
        by_alpha = group.groupby("alpha")["value"].agg(["mean", "min", "max"])
        axes.fill_between(
            by_alpha.index, by_alpha["min"], by_alpha["max"], color=colour(number), alpha=0.18, linewidth=0
        )
        lines += axes.plot(
            by_alpha.index, by_alpha["mean"], color=colour(number), linestyle=_STROKES[number - 4], linewidth=2,
            marker=marker(number), markersize=6.5,
        )  # fmt: skip
        names.append(str(setting))
    at = sorted(figures["alpha"].unique())
    axes.set_xticks(at, [f"{value:g}" for value in at])
    axes.set_ylabel(unit, fontsize=TEXT, color=PALETTE["muted"])
    axes.margins(y=0.12)
    label_below(axes, "alpha, the probability of a monolingual batch")
    legend(figure, lines, names, 4)
    return figure
