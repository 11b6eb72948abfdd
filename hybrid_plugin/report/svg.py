"""matplotlib's figures in the page: as SVG whose text is text and whose colours are those of the theme."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from hybrid_plugin.report.charts.palette import PALETTE
from hybrid_plugin.report.html import render


def chart(name: str, figure: Figure, title: str, description: str, scope: str = "") -> Markup:
    """A figure with its title below it.

    Parameters
    ----------
    name : unique in the page.
    title, description : what screen readers say; the title is also printed below the chart.
    scope : which part of a benchmark it is about, if not the whole.
    """
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
        "chart.html", name=name, title=title, description=description, scope=scope, width=f"{width:g}",
        height=f"{height:g}", drawing=Markup(svg[svg.index(">") + 1 :]),
    )  # fmt: skip
