"""Evaluations to files: sections to a page, charts and the main table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from warnings import warn

from markupsafe import Markup

from hybrid_plugin.files import whole_file
from hybrid_plugin.inference.comparison import TABLE
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render
from hybrid_plugin.report.named import sections
from hybrid_plugin.report.section import Section


def write_report(folders: Sequence[Path], output: Path, *, plots: Path | None = None, published: bool = False) -> Path:
    """Write evaluations as one HTML page that needs nothing but itself.

    Parameters
    ----------
    folders : as ``hybrid-ir evaluate`` writes them; the first is the baseline.
    output : the HTML file.
    plots : gets each chart as PNG and SVG, and the main table as ``table.tex``.
    published : also show the figures that were published for other models.

    Raises
    ------
    UserError
        A folder is no evaluation, or they are of different benchmarks; names it.
    """
    data = ReportData.load(folders, published=published)
    page = _page(data)
    with whole_file(output) as file:
        file.write(page)
    if plots is not None:
        _write_plots(data, plots)
    return output


def _page(data: ReportData) -> str:
    rendered = [(section, body) for section in sections() if (body := _body(section, data))]
    templates = files("hybrid_plugin.report") / "templates"
    return render(
        "report.html",
        data=data,
        sections=rendered,
        style=Markup((templates / "report.css").read_text(encoding="utf-8")),
        script=Markup((templates / "report.js").read_text(encoding="utf-8")),
        version=version("hybrid-ir"),
    )


def _body(section: Section, data: ReportData) -> str:
    """The section's HTML; empty, with a warning that names it, where it fails."""
    try:
        body = section.render(data)
    except Exception as error:  # a stranger's code may raise anything
        warn(f"section '{section.name}' is left out of the report: {type(error).__name__}: {error}", stacklevel=2)
        return ""
    if not isinstance(body, str):
        warn(
            f"section '{section.name}' is left out of the report: it returned {type(body).__name__}, not text",
            stacklevel=2,
        )
        return ""
    return Markup(body)


def _write_plots(data: ReportData, folder: Path) -> None:
    for name, figure in data.figures.items():
        for form in ("png", "svg"):
            with whole_file(folder / f"{name}.{form}", "wb") as file:
                figure.savefig(file, format=form, dpi=300)
    with whole_file(folder / TABLE) as file:
        file.write(data.comparison.latex)
