"""Evaluations to files: sections to a page, charts and the main table beside it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from hybrid_plugin.inference.load.systems import Folders, GivenFolders, as_folders, comparison_request
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.outputs import REQUEST, difference, file_checksum, file_is_done, folder_is_done, say_done
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import lower_headings, render, slug
from hybrid_plugin.report.landings import run_files
from hybrid_plugin.report.named import sections
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.suite import Benchmarks, summary
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
        name, as :func:`hybrid_plugin.compare` takes them: figures are then means over the runs of a system. Folders of
        suites are taken alike, and those of evaluations of several benchmarks; they make a page of all of these.
    output : the HTML file.
    asked, changes : what of them is compared, and how; ``changes`` are fields of
        :class:`~hybrid_plugin.inference.ComparisonSettings` by name, such as ``published=True``, which also shows the
        figures that were published for other models.
    plots : gets each chart as PNG and SVG, and the main table as ``table.tex``.
    overwrite : replace another report and other plots; the same ones are done at once.

    Raises
    ------
    UserError
        A folder is no evaluation, a run file is not of the rankings that were scored, or an output holds something
        else; names it.
    """
    report = _Report.of(as_folders(folders), replace(asked or ComparisonSettings(), **changes))
    target, drawn = Path(output), None if plots is None else Path(plots)
    page_done = file_is_done(target, report.request, overwrite, _recorded)
    plots_done = drawn is None or folder_is_done(drawn, PLOTS, report.request, overwrite)
    if page_done and plots_done:
        say_done(target)
        return target
    report.write(target, drawn)
    return target


def renew_report(folder: StrPath, output: StrPath) -> Path:
    """Write the report of a suite, unless there is one of these very scores; one of earlier scores is replaced.

    Parameters
    ----------
    folder : as :func:`hybrid_plugin.evaluation.evaluate_suite` writes it.
    output : the HTML file, which belongs to the folder.
    """
    report, target = _Report.of([Path(folder)], ComparisonSettings()), Path(output)
    made = _recorded(target) if target.is_file() else None
    if made is None or difference(made, report.request):
        report.write(target, None)
    return target


@dataclass(frozen=True)
class _Report:
    """What a page is to be made of.

    Parameters
    ----------
    benchmarks : None where there is one.
    parts : the evaluations of each benchmark by its name, or those of one without a name.
    systems : likewise, as they were read.
    request : what the page is the result of.
    """

    asked: ComparisonSettings
    benchmarks: Benchmarks | None
    parts: Mapping[str, Folders]
    systems: Mapping[str, tuple[System, ...]]
    request: Mapping[str, Any]

    @classmethod
    def of(cls, given: Folders, asked: ComparisonSettings) -> _Report:
        benchmarks = Benchmarks.load(given)
        parts: Mapping[str, Folders] = {"": given} if benchmarks is None else benchmarks.folders
        systems = {name: load_systems(one, asked) for name, one in parts.items()}
        requests = {
            name: {**comparison_request(one, asked), "run files": _run_files(systems[name])}
            for name, one in parts.items()
        }
        if benchmarks is None:
            return cls(asked, None, parts, systems, requests[""])
        return cls(asked, benchmarks, parts, systems, {"benchmarks": requests, "not scored": [*benchmarks.others]})

    def write(self, target: Path, plots: Path | None) -> None:
        """Write the page, and the plots beside it."""
        found = {
            name: ReportData(systems, compare(self.parts[name], self.asked), prefix=f"{slug(name)}-" if name else "")
            for name, systems in self.systems.items()
        }
        page = _page(found, self.benchmarks, self.request)
        if plots is not None:
            _write_plots(found, plots, self.request)
        with whole_file(target) as file:
            file.write(page)


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


def _page(found: Mapping[str, ReportData], benchmarks: Benchmarks | None, request: Mapping[str, Any]) -> str:
    rendered = {name: _sections(data) for name, data in found.items()}
    templates = files("hybrid_plugin.report") / "templates"
    whole = {
        "request": json.dumps(request, ensure_ascii=False),
        "style": Markup((templates / "report.css").read_text(encoding="utf-8")),
        "script": Markup((templates / "report.js").read_text(encoding="utf-8")),
        "version": version("hybrid-ir"),
    }
    if benchmarks is None:
        return render("report.html", data=found[""], sections=rendered[""], **whole)
    lowered = {name: [(one, lower_headings(body)) for one, body in some] for name, some in rendered.items()}
    return render(
        "suite.html",
        title=benchmarks.title,
        systems=benchmarks.systems,
        summary=summary(benchmarks, found),
        benchmarks=[(name, data, lowered[name]) for name, data in found.items()],
        **whole,
    )


def _sections(data: ReportData) -> list[tuple[Section, str]]:
    """The sections that have something to say, with their HTML."""
    if data.known:
        data.landings  # noqa: B018 - a run file that does not fit is refused before anything is drawn
    return [(section, body) for section in sections() if (body := _body(section, data))]


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


def _write_plots(found: Mapping[str, ReportData], folder: Path, request: Mapping[str, Any]) -> None:
    with whole_folder(folder, PLOTS) as staging:
        for data in found.values():
            for name, figure in data.figures.items():
                for form in ("png", "svg"):
                    figure.savefig(staging / f"{data.prefix}{name}.{form}", format=form, dpi=300)
            (staging / f"{data.prefix}{TABLE}").write_text(data.comparison.latex, encoding="utf-8")
        write_json(staging / PLOTS, {REQUEST: request})
