"""The plots: names are shown as they are, whatever matplotlib makes of their letters elsewhere."""

from __future__ import annotations

import re
import shutil
import warnings
from html import unescape
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

from hybrid_plugin.report.charts.dots import dots
from hybrid_plugin.report.page import write_report

pytestmark = pytest.mark.xdist_group("report")  # one worker makes what they share

NAMES = ("a$b$c", "x_1^2", "$", "_x")
LABELS = (*NAMES[:-1], "_x *")  # the last one was trained on the benchmark


def texts(svg: str) -> set[str]:
    return {unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)}


@pytest.fixture(scope="module")
def made(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with plots of systems whose names matplotlib would typeset, fail at, or leave out of a legend."""
    home = tmp_path_factory.mktemp("names")
    for name, folder in zip(NAMES, folders, strict=True):
        shutil.copytree(folder, home / name)
    with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "none"}):  # texts of the plots are then texts too
        warnings.simplefilter("error")  # which is how a section that fails is told
        return write_report([home / name for name in NAMES], home / "report.html", plots=home / "plots")


def test_names_in_the_charts_of_the_page_are_as_they_stand(made: Path) -> None:
    charts = re.findall(r'<figure class="chart">(.*?)</figure>', made.read_text(encoding="utf-8"), re.DOTALL)
    of_some = ("where relevant documents stand", "differences with", " − ")  # of one system, or of pairs
    named = [chart for chart in charts if not any(words in chart for words in of_some)]
    assert len(named) > 5
    pairs = {f"mono: {label} − {LABELS[0]}" for label in LABELS[1:]}
    assert any(pairs <= texts(chart) for chart in charts)
    for chart in named:
        assert set(LABELS) <= texts(chart)


def test_names_in_the_plots_are_as_they_stand(made: Path) -> None:
    saved = {path.stem: texts(path.read_text(encoding="utf-8")) for path in (made.parent / "plots").glob("*.svg")}
    for name in ("settings-mono-ap", "settings-multi-rankdistance", "rank-distance", "bias-firstrank"):
        assert set(LABELS) <= saved[name]
    for number, label in enumerate(LABELS):
        assert f"documents, {label}" in saved[f"languages-{number}"]
    for number, label in list(enumerate(LABELS))[1:]:
        assert f"documents, {label} minus {LABELS[0]}, AP" in saved[f"languages-{number}-difference"]


def test_a_long_unit_stays_within_the_figure() -> None:
    figures = pd.DataFrame({"label": ["a", "a"], "row": ["de", "en"], "value": [0.1, 0.7]})
    figure = dots(figures, ["de", "en"], "PEER(weights={0:0.5,1:0.5})@20 on the pool, higher is better")
    figure.draw_without_rendering()
    unit = figure.axes[0].xaxis.label.get_window_extent()
    assert unit.x0 >= 0
    assert unit.x1 <= figure.bbox.x1
