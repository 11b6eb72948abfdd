"""The two things that every section shows: tables and charts, as HTML that reads without a mouse and without colour."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from numbers import Number
from typing import Any

import jinja2
import matplotlib as mpl
import pandas as pd
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from hybrid_plugin.report.charts import PALETTE, short


@cache
def environment() -> jinja2.Environment:
    """The templates of the report, which escape what they are given."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("hybrid_plugin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["breakable"] = breakable
    return found


def slug(text: str) -> str:
    """A text as the name of a file."""
    return re.sub(r"\W+", "-", text.lower()).strip("-")


def breakable(text: str) -> Markup:
    """A text that may go on in another line after the marks that paths and names of runs are joined by."""
    return Markup(re.sub(r"([,/=_])", r"\1<wbr>", str(escape(text))))


def render(template: str, **values: Any) -> Markup:
    """A template of this package, filled in."""
    return Markup(environment().get_template(template).render(values))


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    formats: Mapping[str, str | Callable[[float], str]] | None = None,
    default_format: str = "",
    row_headers: int = 1,
    shade: Collection[str] = (),
    span: tuple[float, float] = (0.0, 1.0),
    note: str = "",
) -> Markup:
    """A table that sorts by a click or key on a heading, scrolls in its own box and downloads as CSV.

    Parameters
    ----------
    frame : a column each; missing values are shown as a dash.
    caption : what the table shows; also the name of its CSV file.
    formats : column -> how its numbers are shown (``.3f``, ``+.1f``, ``d``, or a function); the CSV has all digits.
    default_format : of fractions in other columns; by default four digits after the point, or one from 10 upwards.
    row_headers : how many of the first columns name the row.
    shade : columns whose cells are coloured by their value.
    span : the values of the palest and the strongest colour; where the first is negative, zero is pale and both ends
        are strong.
    note : a sentence below the table.
    """
    chosen = formats or {}
    rows = [
        [
            _cell(value, chosen.get(name, default_format), span if name in shade else None)
            for name, value in zip(frame.columns, row, strict=True)
        ]
        for row in frame.itertuples(index=False, name=None)
    ]
    numeric = [all(value is None or isinstance(value, Number) for value in frame[name]) for name in frame.columns]
    return render(
        "table.html",
        caption=caption,
        columns=list(zip(frame.columns, numeric, strict=True)),
        rows=rows,
        row_headers=row_headers,
        file=slug(caption),
        note=note,
        shaded=bool(shade),
    )


def _cell(value: Any, form: str | Callable[[float], str], span: tuple[float, float] | None) -> dict[str, Any]:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return {"text": "–", "value": ""}
    if not isinstance(value, float):  # among them Decimal, which has the digits that were printed
        return {"text": str(value), "value": str(value)}
    text = form(value) if callable(form) else format(value, form or (".4f" if abs(value) < 10 else ".1f"))
    cell: dict[str, Any] = {"text": text.replace("-", "−"), "value": repr(float(value))}
    if span is not None and isinstance(form, str):
        low, high = span
        cell["text"] = short(value, form)
        if low < 0:
            cell["shade"] = min(abs(value) / max(-low, high), 1.0)
            cell["sign"] = "gain" if value >= 0 else "loss"
        else:
            cell["shade"] = min(max((value - low) / (high - low), 0.0), 1.0)
            cell["sign"] = "level"
    return cell


def chart(name: str, figure: Figure, title: str, description: str) -> Markup:
    """A matplotlib figure as SVG in the page: its text is text, its colours are those of the theme."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(
            buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")), transparent=True
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # matplotlib numbers its parts from 1 in every figure
    for role, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--{role})")
    width, height = figure.get_size_inches() * 72
    return render(
        "chart.html", name=name, title=title, description=description, width=f"{width:g}", height=f"{height:g}",
        drawing=Markup(svg[svg.index(">") + 1 :]),
    )  # fmt: skip
