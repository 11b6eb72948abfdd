"""The plots, as matplotlib figures: frames in, a figure out. Each is as wide as a phone, so that no text gets small.

Colour is never the only carrier: bars and rows are named, and the systems of a dot or line plot have markers and
strokes of their own.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from hybrid_plugin.benchmarks import SETTINGS

# What a colour is for -> the colour on white paper. In the page each becomes a CSS variable of the same name, which has
# another value in the dark, so no two may be equal.
PALETTE = {
    "ink": "#1b1f24",
    "muted": "#59626d",
    "grid": "#d9dee4",
    "paper": "#fdfdfc",
    "series-0": "#5b6673",
    "series-1": "#1f5fbf",
    "series-2": "#b4540a",
    "series-3": "#0f7b5f",
    "series-4": "#7a3fb0",
    "series-5": "#b3263e",
    "series-6": "#0b7285",
    "series-7": "#6b6a00",
    "step-0": "#0b3d7a",
    "step-1": "#3f7cc4",
    "step-2": "#a3c4ea",
    "step-3": "#e3e8ee",
}
_MARKERS = "osD^vPX*"
_STROKES = ("-", "--", ":")  # of the settings
_WIDTH = 4.9  # inches; 72 units of SVG each
_TEXT = 11.0
_SHORT = 18  # characters of a name that has room beside a bar, or beside another in a legend
_LINE = 52  # characters in a line as wide as the figure
_SEQUENTIAL = LinearSegmentedColormap.from_list("figure", ["#ffffff", "#6aa2ec"])
_DIVERGING = LinearSegmentedColormap.from_list("difference", ["#e39a4d", "#ffffff", "#6aa2ec"])


def short(value: float, form: str) -> str:
    """A figure below 1 as tables print it: a true minus, no zero before the point."""
    text = format(value, form)
    return text.replace("-", "−").replace("0.", ".", 1) if float(text) else "0"


def _axes(height: float, width: float = _WIDTH) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE["grid"])
    axes.tick_params(length=0, labelsize=_TEXT, labelcolor=PALETTE["ink"])
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=PALETTE["grid"], linewidth=0.8)
    return figure, axes


def _colour(place: int) -> str:
    return PALETTE[f"series-{place % 8}"]


def _marker(place: int) -> str:
    """Another marker, and from the ninth on another one with the same colour."""
    return _MARKERS[(place + place // 8) % len(_MARKERS)]


def _wrapped(text: str) -> str:
    """A name in lines that the figure has room for."""
    return text if len(text) <= _LINE else textwrap.fill(text.replace(",", ", "), _LINE)


def _thin(axes: Axes, label: str) -> None:
    axes.set_xlabel(label, fontsize=_TEXT, color=PALETTE["muted"])
    axes.tick_params(axis="x", labelcolor=PALETTE["muted"], labelsize=_TEXT - 1)


def _legend(figure: Figure, columns: int, handle: float = 2.2) -> None:
    figure.legend(
        loc="outside upper left", ncols=columns, frameon=False, fontsize=_TEXT - 0.5, handlelength=handle,
        columnspacing=1.2, borderaxespad=0, borderpad=0, labelcolor=PALETTE["ink"],
    )  # fmt: skip


def bars(figures: pd.DataFrame, unit: str, form: str, limit: float) -> Figure:
    """A bar a system with its confidence interval and its figure in digits.

    Parameters
    ----------
    figures : ``label``, ``value``, ``low``, ``high``, from the top down.
    unit : below the axis.
    form : of the digits.
    limit : the largest value of the axis.
    """
    names = [_wrapped(label) for label in figures["label"]]
    beside = max(map(len, names)) <= _SHORT
    lines = 0 if beside else 1 + max(name.count("\n") for name in names)
    row, thick = 0.42 + 0.2 * lines, 0.26  # inches
    figure, axes = _axes(0.75 + row * len(names))
    places = list(range(len(names)))
    value, low, high = (figures[name].to_numpy(float) for name in ("value", "low", "high"))
    axes.barh(places, value, height=thick / row, color=[_colour(place) for place in places])
    axes.hlines(places, low, high, color=PALETTE["ink"], linewidth=1.4)
    for end in (low, high):
        axes.vlines(
            end, [at - 0.2 * thick / row for at in places], [at + 0.2 * thick / row for at in places],
            color=PALETTE["ink"], linewidth=1.4,
        )  # fmt: skip
    for place, one, end in zip(places, value, np.fmax(value, high), strict=True):
        axes.text(end + 0.02 * limit, place, format(one, form), va="center", fontsize=_TEXT, color=PALETTE["ink"])
    axes.set_yticks(places, names if beside else [""] * len(names))
    for place, name in zip(places, [] if beside else names, strict=False):
        axes.text(0, place - 0.6 * thick / row, name, va="bottom", fontsize=_TEXT - 1, color=PALETTE["ink"])
    axes.set_ylim(len(names) - 1 + 0.9 * thick / row, -(0.21 * lines + 0.9 * thick) / row)
    axes.set_xlim(0, limit * 1.17)
    _thin(axes, unit)
    return figure


def dots(figures: pd.DataFrame, rows: Sequence[str], unit: str) -> Figure:
    """A row a language with a marker a system: the distance between two systems is what the eye sees.

    Parameters
    ----------
    figures : ``label`` (of the system), ``row``, ``value``.
    rows : from the top down.
    """
    labels = list(dict.fromkeys(figures["label"]))
    columns = 2 if max(map(len, labels)) <= _SHORT else 1
    lines = sum(1 + _wrapped(label).count("\n") for label in labels)
    figure, axes = _axes(1.0 + 0.3 * len(rows) + 0.23 * -(-lines // columns))
    table = figures.pivot(index="row", columns="label", values="value").reindex(list(rows))
    places = np.arange(len(rows))
    axes.hlines(places, table.min(axis=1), table.max(axis=1), color=PALETTE["grid"], linewidth=3)
    for number, label in enumerate(labels):
        axes.plot(
            table[label], places, _marker(number), color=_colour(number), markersize=7.5, linestyle="",
            label=_wrapped(label),
        )  # fmt: skip
    axes.set_yticks(places, list(rows))
    axes.invert_yaxis()
    if table.min(axis=None) >= 0:
        axes.set_xlim(left=0)
    _thin(axes, unit)
    _legend(figure, columns)
    return figure


def shares(figures: pd.DataFrame, columns: Mapping[str, str], unit: str) -> Figure:
    """A full bar a row, cut into shares from the darkest to the palest.

    Parameters
    ----------
    figures : ``row`` and a column a share, of 1; from the top down.
    columns : column -> its words in the legend, at most four.
    """
    figure, axes = _axes(1.05 + 0.3 * len(figures))
    places = np.arange(len(figures))
    start = np.zeros(len(figures))
    for number, (name, words) in enumerate(columns.items()):
        share = figures[name].to_numpy(float)
        axes.barh(
            places, share, left=start, height=0.72, color=PALETTE[f"step-{number}"], edgecolor=PALETTE["paper"],
            linewidth=0.8, label=words,
        )  # fmt: skip
        start = start + share
    first = figures[next(iter(columns))]
    axes.set_yticks(places, [f"{row}  {share:4.0%}" for row, share in zip(figures["row"], first, strict=True)])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(visible=False)
    _thin(axes, unit)
    _legend(figure, 4, 1.1)
    return figure


def curves(figures: pd.DataFrame, unit: str) -> Figure:
    """Lines over alpha, one a setting: the mean over seeds, in a band from the lowest seed to the highest.

    Parameters
    ----------
    figures : ``alpha``, ``setting``, ``value``, a row a seed.
    """
    figure, axes = _axes(3.4)
    axes.grid(axis="y", color=PALETTE["grid"], linewidth=0.8)
    for setting, group in figures.groupby("setting", sort=False):
        number = 4 + SETTINGS.index(str(setting))  # one look in every plot, and not that of one of the first systems
        by_alpha = group.groupby("alpha")["value"].agg(["mean", "min", "max"])
        axes.fill_between(
            by_alpha.index, by_alpha["min"], by_alpha["max"], color=_colour(number), alpha=0.18, linewidth=0
        )
        axes.plot(
            by_alpha.index, by_alpha["mean"], color=_colour(number), linestyle=_STROKES[number - 4],
            linewidth=2, marker=_marker(number), markersize=6.5, label=str(setting),
        )  # fmt: skip
    at = sorted(figures["alpha"].unique())
    axes.set_xticks(at, [f"{value:g}" for value in at])
    axes.set_ylabel(unit, fontsize=_TEXT, color=PALETTE["muted"])
    axes.margins(y=0.12)
    _thin(axes, "alpha, the probability of a monolingual batch")
    _legend(figure, 4)
    return figure


def heat(matrix: pd.DataFrame, span: tuple[float, float], *, columns: str, rows: str) -> Figure:
    """A matrix of languages with its figures in the cells, for paper; the page shows it as a table.

    Parameters
    ----------
    matrix : a row a query language, a column a language of documents; values of AP, or differences of it.
    span : the values of the ends of the colour scale; a negative first one makes it diverge from zero.
    """
    count_rows, count_columns = matrix.shape
    figure, axes = _axes(0.9 + 0.36 * count_rows, 1.2 + 0.48 * count_columns)
    axes.grid(visible=False)
    values = matrix.to_numpy(float)
    difference = span[0] < 0
    axes.imshow(values, aspect="auto", cmap=_DIVERGING if difference else _SEQUENTIAL, vmin=span[0], vmax=span[1])
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            text = short(value, "+.2f" if difference else ".2f")
            axes.text(column, row, text, ha="center", va="center", fontsize=_TEXT - 2, color=PALETTE["ink"])
    axes.set_xticks(range(count_columns), list(matrix.columns))
    axes.set_yticks(range(count_rows), list(matrix.index))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(_wrapped(columns), fontsize=_TEXT, color=PALETTE["muted"])
    axes.set_ylabel(rows, fontsize=_TEXT, color=PALETTE["muted"])
    return figure
