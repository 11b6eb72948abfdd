"""Full bars cut into shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.canvas import canvas, label_below, legend, plain_text
from hybrid_plugin.report.charts.palette import PALETTE


@plain_text
def shares(figures: pd.DataFrame, columns: Sequence[str], unit: str) -> Figure:
    """A full bar a row, cut into shares from the darkest to the palest.

    Parameters
    ----------
    figures : ``row`` and a column a share, of 1; from the top down.
    columns : the shares, at most four, by the names that the legend gives them.
    unit : below the axis.
    """
    figure, axes = canvas(1.05 + 0.3 * len(figures))
    places = np.arange(len(figures))
    start = np.zeros(len(figures))
    parts = []
    for number, name in enumerate(columns):
        share = figures[name].to_numpy(float)
        parts.append(
            axes.barh(
                places, share, left=start, height=0.72, color=PALETTE[f"step-{number}"], edgecolor=PALETTE["paper"],
                linewidth=0.8,
            )
        )  # fmt: skip
        start = start + share
    first = figures[columns[0]]
    axes.set_yticks(places, [f"{row}  {share:4.0%}" for row, share in zip(figures["row"], first, strict=True)])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(visible=False)
    label_below(axes, unit)
    legend(figure, parts, columns, 4, 1.1)
    return figure
