"""A matrix in colours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.canvas import TEXT, canvas, plain_text, wrapped
from hybrid_plugin.report.charts.palette import PALETTE
from hybrid_plugin.report.shading import Shading
from hybrid_plugin.report.wording import short

_SEQUENTIAL = LinearSegmentedColormap.from_list("figure", ["#ffffff", "#6aa2ec"])
_DIVERGING = LinearSegmentedColormap.from_list("difference", ["#e39a4d", "#ffffff", "#6aa2ec"])


@plain_text
def heat(matrix: pd.DataFrame, shading: Shading, form: str, *, columns: str, rows: str) -> Figure:
    """A matrix of languages with its figures in the cells, for paper; the page shows it as a table.

    Parameters
    ----------
    matrix : a row a query language, a column a language of documents; figures, or differences of them.
    form : of the digits.
    columns, rows : what they are.
    """
    count_rows, count_columns = matrix.shape
    figure, axes = canvas(0.9 + 0.36 * count_rows, 1.2 + 0.48 * count_columns)
    axes.grid(visible=False)
    axes.imshow(
        shading.strength(matrix.to_numpy(float)), aspect="auto", cmap=_DIVERGING if shading.signed else _SEQUENTIAL,
        vmin=-1 if shading.signed else 0, vmax=1,
    )  # fmt: skip
    for (row, column), value in np.ndenumerate(matrix.to_numpy(float)):
        if not np.isnan(value):
            text = short(value, form)
            axes.text(column, row, text, ha="center", va="center", fontsize=TEXT - 2, color=PALETTE["ink"])
    axes.set_xticks(range(count_columns), list(matrix.columns))
    axes.set_yticks(range(count_rows), list(matrix.index))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(wrapped(columns), fontsize=TEXT, color=PALETTE["muted"])
    axes.set_ylabel(rows, fontsize=TEXT, color=PALETTE["muted"])
    return figure
