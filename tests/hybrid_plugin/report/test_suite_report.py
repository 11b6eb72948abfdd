"""The report of suites: one page over all their benchmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.suite import SUITE, Outcome, SuiteScores
from hybrid_plugin.files import write_json
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.report.html import lower_headings
from hybrid_plugin.report.page import renew_report, write_report
from hybrid_plugin.report.suite import Benchmarks

QUICK = ComparisonSettings(resamples=2000, bootstraps=50)


def made(folder: Path, *outcomes: Outcome) -> Path:
    """The folder of a suite, of which these became."""
    write_json(folder / SUITE, SuiteScores("mine", folder, outcomes).as_json())
    return folder


@pytest.fixture
def suites(folders: list[Path], eleven_languages: list[Path], tmp_path: Path) -> list[Path]:
    """Two systems: both were scored on one benchmark, one of them on another too, and one benchmark is missing."""
    done = Outcome("demo", "hybrid-demo", "done")
    missing = Outcome("wiki.2", "miracl/sw", "missing", "topics <b>.tsv is not here", download=True)
    one = made(tmp_path / "one", done, missing, replace(done, name="eleven"))
    two = made(tmp_path / "two", replace(done, state="failed", message="out of memory"), missing,
               replace(done, name="eleven"))  # fmt: skip
    for suite, name, folder in (
        *((one, "demo", folders[3]), (one, "eleven", eleven_languages[0]), (two, "eleven", eleven_languages[1])),
    ):
        (suite / name).symlink_to(folder)
    return [one, two]


def cells(page: Any, caption: str) -> list[list[str]]:
    """What a table shows, by row; of measures without their arrows."""
    rows = page.locator(f"table:has(caption span:text-is('{caption}')) tbody tr").all()
    return [[text.split("\xa0")[0] for text in row.locator("> *").all_text_contents()] for row in rows]


def test_a_page_has_a_summary_and_then_each_benchmark(
    suites: list[Path], opened: Callable[[Path], Any], tmp_path: Path
) -> None:
    page = opened(write_report(suites, tmp_path / "report.html"))
    assert page.locator("h1").text_content() == "mine"
    scored = json.loads((suites[0] / "demo" / "scores.json").read_text())["settings"]
    rows = cells(page, "mine: macro averages by setting")
    assert rows[0] == ["demo", "one *", "AP", *(f"{scored[one]['AP']:.3f}" for one in ("mono", "cross", "multi"))]
    assert [row[:3] for row in rows[1:]] == [["eleven", "one", "AP"], ["eleven", "two", "AP"]]
    verdicts = page.locator("#summary dd").all_text_contents()
    assert verdicts[0] == "One system alone, so nothing is compared."
    assert "difference is shown between two and one by AP (mono, cross, multi)" in verdicts[1], "these are random"
    assert cells(page, "Not scored") == [
        ["wiki.2", "one", "missing", "topics <b>.tsv is not here"],
        ["demo", "two", "failed", "out of memory"],
        ["wiki.2", "two", "missing", "topics <b>.tsv is not here"],
    ]
    assert "trained on hybrid-demo, so not zero-shot" in page.locator("#summary").text_content()
    assert page.locator(".benchmark > h2").all_text_contents()[0].startswith("demo")
    assert page.locator("#eleven-benchmark").locator("> section").count() > 3
    assert page.locator("#eleven-verdict li").count() > 0, "two systems are compared"

    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len({*ids})
    links = page.evaluate("[...document.querySelectorAll('a')].map(one => one.getAttribute('href').slice(1))")
    assert {*links} <= {*ids}
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(one => +one.tagName[1])")
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_evaluations_of_several_benchmarks_are_grouped_and_called_by_their_system(
    folders: list[Path], eleven_languages: list[Path], tmp_path: Path
) -> None:
    """Whichever of the two is above the other in their paths, and where a benchmark has one alone."""
    home = tmp_path / "evaluations"
    for system, benchmark, folder in (
        *(("untouched", "demo", folders[0]), ("cross", "demo", folders[3])),
        *(("untouched", "eleven", eleven_languages[0]), ("cross", "eleven", eleven_languages[1])),
    ):
        (home / system).mkdir(parents=True, exist_ok=True)
        (home / system / benchmark).symlink_to(folder)
    given = [home / "untouched" / "eleven", home / "cross" / "demo", home / "untouched" / "demo"]
    found = Benchmarks.load(given)
    assert [*found.folders] == ["xquad-r", "hybrid-demo"]
    assert found.title == "xquad-r, hybrid-demo"
    assert found.folders["xquad-r"] == {"untouched": [given[0]]}
    assert found.folders["hybrid-demo"] == {"cross": [given[1]], "untouched": [given[2]]}
    assert Benchmarks.load(given[1:]) is None
    named = Benchmarks.load({"a": given[:2], "b": [given[2]]})
    assert named.folders["hybrid-demo"] == {"a": [given[1]], "b": [given[2]]}
    with pytest.raises(UserError, match="is given twice"):
        Benchmarks.load([given[0], given[0]])
    page = write_report(given, tmp_path / "report.html", QUICK, settings=["multi"]).read_text(encoding="utf-8")
    summary = page[page.index('<section id="summary"') : page.index('<section class="benchmark"')]
    assert re.findall(r'<tr><th scope="row" data-value="(.*?)">.*?<th scope="row" data-value="(.*?)">', summary) == [
        ("xquad-r", "untouched"), ("hybrid-demo", "untouched"), ("hybrid-demo", "cross *"),
    ]  # fmt: skip
    assert re.findall(r"<dd>(.*?) by (.*?)</dd>", summary)[0][0] in (
        "untouched beats cross *",
        "cross * beats untouched",
    )
    assert '<section id="hybrid-demo-differences"' in page
    assert '<section id="xquad-r-differences"' not in page


@pytest.fixture
def small(folders: list[Path], tmp_path: Path) -> Path:
    """A suite with one benchmark done."""
    suite = made(
        tmp_path / "small", Outcome("demo", "hybrid-demo", "done"), Outcome("far", "far", "missing", "far off")
    )
    (suite / "demo").symlink_to(folders[3])
    return suite


def test_plots_are_called_after_their_benchmark(small: Path, tmp_path: Path) -> None:
    write_report([small], tmp_path / "report.html", plots=tmp_path / "plots", settings=("mono",), measures=("AP",))
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {"demo-table.tex", "demo-settings-mono-ap.png", "demo-settings-mono-ap.svg"} <= names


def test_it_is_made_again_where_the_scores_have_changed(small: Path) -> None:
    page = small / "report.html"
    renew_report(small, page)
    assert "far off" in page.read_text()
    first = page.stat().st_mtime_ns
    renew_report(small, page)
    assert page.stat().st_mtime_ns == first
    made(small, SuiteScores.load(small).outcomes[0])
    renew_report(small, page)
    assert "far off" not in page.read_text()


def test_what_makes_no_page_is_refused_by_name(suites: list[Path], folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"untouched has no suite\.json, while others are folders of suites"):
        write_report([suites[0], folders[0]], tmp_path / "report.html")
    empty = made(tmp_path / "empty", Outcome("demo", "hybrid-demo", "missing"))
    with pytest.raises(UserError, match=r"no benchmark was scored in .*empty"):
        write_report([empty], tmp_path / "report.html")


def test_headings_are_lowered_and_texts_are_not() -> None:
    assert lower_headings('<h3 lang="en">a</h3><h4>&lt;h3&gt; <hr></h4>') == (
        '<h4 lang="en">a</h4><h5>&lt;h3&gt; <hr></h5>'
    )
