"""What all plots are drawn on and written with."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.palette import PALETTE

TEXT = 11.0
ROOM = 18  # characters of a name that has room beside a bar, or beside another in a legend
_WIDTH = 4.9  # inches; 72 units of SVG each
_LINE = 52  # characters of a name in a line as wide as the figure
UNIT = 56  # characters in a line below the axis

# Draws a plot whose texts are as they stand: a name may hold two $, and matplotlib would typeset what is between them.
# Each text keeps this from when it is made to whenever the figure is saved.
plain_text = mpl.rc_context({"text.parse_math": False})


def canvas(height: float, width: float = _WIDTH) -> tuple[Figure, Axes]:
    """An empty figure of some inches with a vertical grid, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE["grid"])
    axes.tick_params(length=0, labelsize=TEXT, labelcolor=PALETTE["ink"])
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=PALETTE["grid"], linewidth=0.8)
    return figure, axes


def wrapped(text: str) -> str:
    """A name in lines that the figure has room for."""
    return text if len(text) <= _LINE else textwrap.fill(text.replace(",", ", "), _LINE)


def label_below(axes: Axes, label: str) -> None:
    """What the horizontal axis counts, in lines that the figure has room for."""
    lines = "\n".join(textwrap.fill(line, UNIT) for line in label.split("\n"))
    axes.set_xlabel(lines, fontsize=TEXT, color=PALETTE["muted"])
    axes.tick_params(axis="x", labelcolor=PALETTE["muted"], labelsize=TEXT - 1)


def legend(figure: Figure, parts: Sequence[Any], names: Sequence[str], columns: int, handle: float = 2.2) -> None:
    """The names of a figure's parts, above it.

    Parameters
    ----------
    parts : what matplotlib drew.
    handle : the length of a sample, in letters.
    """
    drawn = figure.legend(
        parts, [str(place) for place in range(len(parts))], loc="outside upper left", ncols=columns, frameon=False,
        fontsize=TEXT - 0.5, handlelength=handle, columnspacing=1.2, borderaxespad=0, borderpad=0,
        labelcolor=PALETTE["ink"],
    )  # fmt: skip
    for text, name in zip(drawn.get_texts(), names, strict=True):  # as labels, names such as _x would be left out
        text.set_text(name)
