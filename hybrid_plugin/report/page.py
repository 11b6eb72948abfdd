"""Evaluations to files: sections to a page, charts and the main table beside it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from warnings import warn

from markupsafe import Markup

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, whole_file, whole_folder, write_json
from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import TABLE
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.inference.systems import GivenFolders, as_folders, comparison_request
from hybrid_plugin.outputs import REQUEST, file_checksum, file_is_done, folder_is_done, say_done
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render
from hybrid_plugin.report.landings import run_files
from hybrid_plugin.report.named import sections
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.system import System, load_systems, pool_of

PLOTS = "plots.json"  # by which a folder of plots is known


def write_report(
    folders: GivenFolders,
    output: StrPath,
    asked: ComparisonSettings | None = None,
    *,
    plots: StrPath | None = None,
    overwrite: bool = False,
    **changes: Any,
) -> Path:
    """Write evaluations as one HTML page that needs nothing but itself.

    Parameters
    ----------
    folders : as ``hybrid-ir evaluate`` writes them; the first is the baseline. Or the folders of each system by its
        name, as :func:`hybrid_plugin.compare` takes them: figures are then means over the runs of a system.
    output : the HTML file.
    asked, changes : what of them is compared, and how; ``changes`` are fields of
        :class:`~hybrid_plugin.inference.ComparisonSettings` by name, such as ``published=True``, which also shows the
        figures that were published for other models.
    plots : gets each chart as PNG and SVG, and the main table as ``table.tex``.
    overwrite : replace another report and other plots; the same ones are done at once.

    Raises
    ------
    UserError
        A folder is no evaluation, they are of different benchmarks, a run file is not of the rankings that were scored,
        or an output holds something else; names it.
    """
    asked = replace(asked or ComparisonSettings(), **changes)
    given, target, drawn = as_folders(folders), Path(output), None if plots is None else Path(plots)
    systems = load_systems(given, asked)
    request = {**comparison_request(given, asked), "run files": _run_files(systems)}
    page_done = file_is_done(target, request, overwrite, _recorded)
    plots_done = drawn is None or folder_is_done(drawn, PLOTS, request, overwrite)
    if page_done and plots_done:
        say_done(target)
        return target
    data = ReportData(systems, compare(given, asked))
    page = _page(data, request)
    if drawn is not None:
        _write_plots(data, drawn, request)
    with whole_file(target) as file:
        file.write(page)
    return target


def _run_files(systems: Sequence[System]) -> dict[str, dict[str, str]]:
    """Checksums of the run files that may be drawn."""
    try:
        pool = pool_of(systems)
    except UserError:  # the benchmark is not known here, so nothing is
        return {}
    return {
        system.label_of(run): {path.name: file_checksum(path) for path in dict.fromkeys(run_files(run, pool).values())}
        for system in systems
        for run in system.runs
    }


def _recorded(page: Path) -> dict[str, Any] | None:
    """The request of which a page is the result; None if it does not say."""
    found = re.search(r'<meta name="hybrid-ir-request" content="([^"]*)">', page.read_text("utf-8", errors="replace"))
    return None if found is None else json.loads(html.unescape(found[1]))


def _page(data: ReportData, request: Mapping[str, Any]) -> str:
    if data.known:
        data.landings  # noqa: B018 - a run file that does not fit is refused before anything is drawn
    rendered = [(section, body) for section in sections() if (body := _body(section, data))]
    templates = files("hybrid_plugin.report") / "templates"
    return render(
        "report.html",
        data=data,
        sections=rendered,
        request=json.dumps(request, ensure_ascii=False),
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


def _write_plots(data: ReportData, folder: Path, request: Mapping[str, Any]) -> None:
    with whole_folder(folder, PLOTS) as staging:
        for name, figure in data.figures.items():
            for form in ("png", "svg"):
                figure.savefig(staging / f"{name}.{form}", format=form, dpi=300)
        (staging / TABLE).write_text(data.comparison.latex, encoding="utf-8")
        write_json(staging / PLOTS, {REQUEST: request})
