"""Tables, which every section may show: they read without a mouse and without colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from numbers import Number
from typing import Any

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.inference.present.tables import NOT_COMPARED
from hybrid_plugin.measures.direction import Direction
from hybrid_plugin.report.html import render, slug
from hybrid_plugin.report.shading import Shading
from hybrid_plugin.report.wording import short, true_minus

APART = f"{NOT_COMPARED} cannot be compared with the others; the verdict says why."

ALIKE = Shading()
Form = str | Callable[[float], str]  # how a number is shown: .3f, +.1f, d, or a function


def table(
    frame: pd.DataFrame,
    caption: str,
    *,
    formats: Mapping[str, Form] | None = None,
    default_format: str = "",
    row_headers: int = 1,
    shade: Collection[str] = (),
    shading: Shading = ALIKE,
    note: str = "",
    directions: Mapping[str, Direction] | None = None,
    best: Collection[tuple[int, str]] = (),
    apart: Collection[tuple[int, str]] = (),
    scope: str = "",
) -> Markup:
    """A table that sorts by a click or key on a heading, scrolls in its own box and downloads as CSV.

    Parameters
    ----------
    frame : a column each; missing values are shown as a dash.
    caption : what the table shows; also the name of its CSV file.
    formats : column -> how its numbers are shown (``.3f``, ``+.1f``, ``d``, or a function); the CSV has all digits.
    default_format : of fractions in other columns; by default four digits after the point, or one from 10 upwards, and
        in a column those of one ``measure`` alike.
    row_headers : how many of the first columns name the row.
    shade : columns whose cells are coloured by their value.
    shading : how strong these colours are.
    note : a sentence below the table.
    directions : of columns by their name, and of the measures that a column ``measure`` names: shown as an arrow, and
        in words for screen readers.
    best : row number and column of the figures to print bold.
    apart : row number and column of the figures that cannot be compared with the others of their column.
    scope : which part of a benchmark it is about, if not the whole.
    """
    chosen = formats or {}
    digits = _digits(frame)
    rows = [
        [
            _cell(
                value,
                chosen.get(name, default_format) or (digits[name][number] if name in digits else ""),
                shading if name in shade else None,
            )
            for name, value in zip(frame.columns, row, strict=True)
        ]
        for number, row in enumerate(frame.itertuples(index=False, name=None))
    ]
    place = {name: number for number, name in enumerate(frame.columns)}
    for number, name in apart:
        rows[number][place[name]]["text"] += f" {NOT_COMPARED}"
    for number, name in best:
        rows[number][place[name]]["best"] = True
    known = directions or {}
    for row in rows if "measure" in place else ():
        row[place["measure"]]["direction"] = known.get(row[place["measure"]]["value"])
    numeric = [all(value is None or isinstance(value, Number) for value in frame[name]) for name in frame.columns]
    return render(
        "table.html",
        caption=caption,
        columns=[(name, one, known.get(name)) for name, one in zip(frame.columns, numeric, strict=True)],
        rows=rows,
        row_headers=row_headers,
        scope=scope,
        file=slug(f"{caption} {scope}"),
        note=note + " " * bool(note) + APART if apart else note,
        shaded=bool(shade),
    )


def _digits(frame: pd.DataFrame) -> dict[str, list[str]]:
    """How the fractions of each column are shown, by the largest of their measure in it."""
    fractions = frame.select_dtypes("float").abs()
    if "measure" in frame:
        fractions = fractions.groupby(frame["measure"]).transform("max")
    return {str(name): [_form(value) for value in fractions[name]] for name in fractions}


def _form(value: float) -> str:
    return ".1f" if abs(value) >= 10 else ".4f"


def _cell(value: Any, form: Form, shading: Shading | None) -> dict[str, Any]:
    """What is shown (``text``), what is sorted and downloaded (``value``), and its colour where there is one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return {"text": "–", "value": ""}
    if not isinstance(value, float):  # among them Decimal, which has the digits that were printed
        return {"text": str(value), "value": str(value)}
    text = form(value) if callable(form) else format(value, form or _form(value))
    cell: dict[str, Any] = {"text": true_minus(text), "value": repr(float(value))}
    if shading is not None and isinstance(form, str):
        strength = float(shading.strength(value))
        sign = ("loss" if strength < 0 else "gain") if shading.signed else "level"
        cell |= {"text": short(value, form), "shade": abs(strength), "sign": sign}
    return cell
