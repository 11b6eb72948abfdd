"""The report in a real browser: complete in itself, for keyboard, eye and screen reader, on screen, phone and paper."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ir_measures.measures import Measure

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.plugins import manager
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.page import write_report
from hybrid_plugin.report.reading import reading
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.sections.alpha import alpha
from hybrid_plugin.report.sections.distance import distance
from hybrid_plugin.report.sections.hardest import hardest
from hybrid_plugin.report.sections.landing import landing
from hybrid_plugin.report.sections.settings import settings
from hybrid_plugin.report.shading import Shading
from hybrid_plugin.report.table import table
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.report.conftest import LANGUAGES

pytestmark = pytest.mark.xdist_group("report")  # one worker makes what they share

SECTIONS = [
    *("verdict", "settings", "differences", "languages", "parts", "landing", "distance", "bias", "alpha", "hardest"),
    "provenance",
]


@contextmanager
def installed(plugin: Any) -> Iterator[None]:
    """While a plugin is there."""
    manager().register(plugin, name="my-plugin")
    try:
        yield
    finally:
        manager().unregister(name="my-plugin")


def column(page: Any, caption: str, number: int) -> list[str]:
    """What a column of a table shows, from the top down."""
    return page.locator(
        f"table:has(caption span:text-is('{caption}')) tbody tr > :nth-child({number})"
    ).all_text_contents()


def test_it_is_one_small_file_that_opens_with_the_verdict(page: Any, made: Path, folders: list[Path]) -> None:
    assert made.stat().st_size < 3_000_000
    assert page.locator("h1").text_content() == "hybrid-demo (languages de, en, zh)"
    assert page.locator("main > section").first.get_attribute("id") == "verdict"
    found = [section.get_attribute("id") for section in page.locator("main > section").all()]
    assert found == [name for name in SECTIONS if name != "alpha"], "three values of alpha, but not from one source"
    sentences = page.locator("#verdict li").all_text_contents()
    assert any("untouched" in sentence for sentence in sentences)
    # The pooled figure in the page is that of the evaluation.
    scores = json.loads((folders[0] / "scores.json").read_text())["settings"]
    assert column(page, "hybrid-demo: macro averages by setting", 4)[0] == f"{scores['multi']['AP']:.3f}"


def test_headings_sort_by_click_and_say_so(page: Any) -> None:
    caption = "Rank distance by language of the query"
    heading = page.locator(f"table:has(caption span:text-is('{caption}')) thead th").nth(1)
    before = column(page, caption, 2)
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, caption, 2) == sorted(before, key=float)
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, caption, 2) == sorted(before, key=float, reverse=True)
    first = page.locator(f"table:has(caption span:text-is('{caption}')) thead th").first
    first.locator("button").click()
    assert column(page, caption, 1) == list(LANGUAGES)
    assert heading.get_attribute("aria-sort") is None


def test_the_keyboard_reaches_and_presses_a_sort_button(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('thead button')"):
            break
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentNode.getAttribute('aria-sort')") == "ascending"


def test_a_table_downloads_as_csv_with_every_digit(page: Any, folders: list[Path]) -> None:
    box = page.locator(".table:has(caption span:text-is('AP of untouched'))")
    with page.expect_download() as download:
        box.locator(".csv").click()
    assert download.value.suggested_filename == "ap-of-untouched-languages-de-en-zh.csv"
    text = Path(download.value.path()).read_bytes().decode("utf-8")
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["queries"] for row in rows] == list(LANGUAGES)
    pairs = pd.DataFrame(json.loads((folders[0] / "scores.json").read_text())["pairs"]).set_index(["docs", "queries"])
    for row in rows:
        for docs, name in (("de", "de"), ("zh", "zh"), ("multi", "pool")):
            assert float(row[name]) == pairs.loc[(docs, row["queries"]), "AP"]


def test_no_text_of_a_csv_file_is_a_formula_and_numbers_stay_numbers(
    opened: Callable[[Path], Any], sweep: list[Path], tmp_path: Path
) -> None:
    texts = ["=1+1", "+a", "-b", "-1+1", "@sum", "\tx", "\rx", "-0.5", "a=b"]
    numbers = [-0.5, float("-inf"), -1e-9, 2.0, None, -3, Decimal("-0.70"), -1.5e300, 1]
    frame = pd.DataFrame({"=name": texts, "-number": pd.Series(numbers, dtype=object), "both": texts[:5] + numbers[5:]})

    class Plugin:
        @hookimpl
        def hybrid_ir_report_sections(self) -> Any:
            return [Section("mine", "Mine", 5, lambda data: data.table(frame, "Formulas"))]

    with installed(Plugin()):
        page = opened(write_report(sweep[:1], tmp_path / "report.html"))
    with page.expect_download() as download:
        page.locator("#mine .csv").click()
    text = Path(download.value.path()).read_bytes().decode("utf-8")
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == ["'=name", "'-number", "both"]
    # A carriage return in an attribute reaches the browser as a line feed.
    assert [row[0] for row in rows] == ["'=1+1", "'+a", "'-b", "'-1+1", "'@sum", "'\tx", "'\nx", "-0.5", "a=b"]
    assert [row[1] for row in rows] == ["-0.5", "-inf", "-1e-09", "2.0", "", "-3", "-0.70", "-1.5e+300", "1"]
    assert [row[2] for row in rows] == ["'=1+1", "'+a", "'-b", "'-1+1", "'@sum", "-3", "-0.70", "-1.5e+300", "1"]


def test_the_theme_follows_the_system_until_the_button_says_otherwise(page: Any) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = background()
    page.emulate_media(color_scheme="dark")
    dark = background()
    assert dark != light
    page.locator("#theme").click()
    assert (page.locator("#theme").text_content(), background()) == ("Theme: light", light)
    page.emulate_media(color_scheme="light")
    page.locator("#theme").click()
    assert (page.locator("#theme").text_content(), background()) == ("Theme: dark", dark)
    page.reload()
    assert background() == dark, "the choice is remembered"


# Every visible text with the colour behind it, both as the screen mixes them, as sRGB from 0 to 255.
CONTRASTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const mix = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb.map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!text || !element.checkVisibility() || element.closest("title, desc, script")) continue;
    const behind = [];
    for (let one = element; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
    const style = getComputedStyle(element);
    const below = mix(behind);
    const above = mix([...behind, element instanceof SVGElement ? style.fill : style.color]);
    const [high, low] = [luminance(above), luminance(below)].sort((a, b) => b - a);
    found.push([(high + 0.05) / (low + 0.05), text]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 500
    assert [(ratio, text) for ratio, text in found if ratio < 4.5] == []  # AA of the guidelines for web content


def test_the_contents_are_seen_whole(page: Any) -> None:
    for width in (1400, 1000, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator("nav ol").evaluate("list => list.scrollWidth <= list.clientWidth"), width


def test_nothing_overflows_a_phone(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    boxes = page.locator(".scroll, .sides")
    assert boxes.evaluate_all("found => found.some(box => box.scrollWidth > box.clientWidth)"), "wide tables scroll"
    assert boxes.evaluate_all("found => found.every(box => box.tabIndex === 0 && box.ariaLabel)"), (
        "with the keyboard too"
    )


def test_eleven_languages_are_readable_whole_at_1200_pixels(
    opened: Callable[[Path], Any], eleven_languages: list[Path], tmp_path: Path
) -> None:
    page = opened(write_report(eleven_languages, tmp_path / "report.html"))
    page.set_viewport_size({"width": 1200, "height": 900})
    boxes = page.locator("#languages .scroll")
    assert boxes.count() == 3
    assert boxes.locator("thead th").all_text_contents().count("pool") == 3
    for box in boxes.all():
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), box.get_attribute("aria-label")
        assert box.evaluate("box => box.getBoundingClientRect().right <= document.documentElement.clientWidth")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_it_prints(page: Any) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    page.set_viewport_size({"width": 690, "height": 975})  # A4 within its margins
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 690
    # Chromium prints a heading again on the next page, but no box within it.
    assert page.evaluate("getComputedStyle(document.querySelector('thead button')).display") == "contents"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_screen_readers_get_structure_and_words(page: Any) -> None:
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("table").count() > 5
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("thead th:not(:has(button))").count() == 0
    charts = page.locator("figure svg")
    assert charts.count() > 5
    described = """svgs => svgs.every(svg => svg.getAttribute("role") === "img"
        && svg.getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id).textContent))"""
    assert charts.evaluate_all(described)
    levels = [int(tag[1]) for tag in page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(one => one.tagName)")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_measures_of_language_bias_are_those_of_the_evaluation_and_say_how_to_read_them(
    page: Any, folders: list[Path]
) -> None:
    names = ["LanguageSkew@10", "LanguageDivergence@10", "FirstRank", "FirstRank(lang='other')", "WeakAlignment"]
    assert page.locator("#bias dt").all_text_contents() == names
    assert all(
        "0 is fair" in text or "lower is better" in text for text in page.locator("#bias dd").all_text_contents()
    )
    scores = json.loads((folders[0] / "scores.json").read_text())
    overall = page.locator("#bias table").first.locator("tbody tr").first.locator("td")
    assert [float(cell.get_attribute("data-value")) for cell in overall.all()] == [
        scores["settings"]["multi"][name] for name in names
    ]
    page.locator("#bias summary").press("Enter")
    assert page.locator("#bias figure").count() == len(names)
    german = next(pair for pair in scores["pairs"] if (pair["docs"], pair["queries"]) == ("multi", "de"))
    shown = column(page, "Language bias on the pool, by language of the query", 7)
    assert shown[0] == f"{german['WeakAlignment']:.4f}"
    assert len(shown) == len(folders) * len(LANGUAGES)


def test_a_measure_of_a_plugin_is_read_by_what_it_says_of_itself() -> None:
    class Depth(Measure):  # type: ignore[misc]
        NAME = __name__ = "Depth"
        SHORT_DESC = "How far down."
        HIGHER_IS_BETTER = False

    class Silent(Measure):  # type: ignore[misc]
        NAME = __name__ = "Silent"

    assert reading(Depth()) == "How far down; lower is better."
    assert reading(Silent()) == "higher is better."


def test_what_is_not_zero_shot_is_marked_everywhere(page: Any, folders: list[Path]) -> None:
    """In the head, the tables, the charts and the verdict; and a name is text, whatever it holds."""
    name = "cross & <b>seen"
    assert "trained on hybrid-demo: not zero-shot" in page.locator("header li").nth(3).text_content()
    assert page.locator("b").count() == 0
    shown = [text for text in page.locator("th, td, svg text, figcaption, h3").all_text_contents() if name in text]
    shown.remove(str(folders[3]))  # what is a path is none of it
    assert len(shown) > 10
    assert [text for text in shown if f"{name} *" not in text] == []
    sentences = [text for text in page.locator("#verdict li").all_text_contents() if name in text and "p <" in text]
    assert sentences
    assert all("not zero-shot" in text for text in sentences)


def test_a_table_shows_numbers_as_they_are_asked_for() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "value": [0.5, Decimal("0.70")], "p": [0.04, 1e-9]})
    text = table(frame, "Numbers", formats={"value": ".3f", "p": lambda p: "small" if p < 0.001 else f"{p:.2f}"})
    assert re.findall(r'<td class="number" data-value="(.*?)">(.*?)</td>', text) == [
        ("0.5", "0.500"), ("0.04", "0.04"), ("0.70", "0.70"), ("1e-09", "small")
    ]  # fmt: skip


def test_figures_of_one_measure_have_the_same_digits() -> None:
    frame = pd.DataFrame({"measure": ["AP", "RankDistance", "RankDistance"], "value": [0.5, 312.25, 7.1904]})
    cells = re.findall(r"<td[^>]*>\s*([^<]*?)\s*</td>", table(frame, "Numbers"))
    assert cells == ["0.5000", "312.2", "7.2"]
    beside = frame.assign(minutes=[120.0, 3.25, 4.5])  # another column decides nothing
    cells = re.findall(r"<td[^>]*>\s*([^<]*?)\s*</td>", table(beside, "Numbers"))
    assert cells == ["0.5000", "120.0", "312.2", "3.2500", "7.2", "4.5000"]


def test_figures_that_are_all_alike_have_one_colour() -> None:
    """As of one pair of languages alone."""
    text = table(
        pd.DataFrame({"queries": ["de"], "de": [0.5]}),
        "AP",
        shade=["de"],
        shading=Shading((0.5, 0.5)),
        default_format=".2f",
    )
    assert '<td class="number level" style="--shade:0.00" data-value="0.5">.50</td>' in text


def test_plots_and_the_main_table_come_as_files(made: Path) -> None:
    plots = made.parent / "plots"
    assert (plots / "table.tex").read_text().startswith("\\begin{table}")
    names = {path.stem for path in plots.glob("*.svg")}
    assert {"settings-multi-ap", "languages-0", "languages-1-difference", "landing-0", "rank-distance"} <= names
    assert names == {path.stem for path in plots.glob("*.png")}
    assert all((plots / f"{name}.png").read_bytes().startswith(b"\x89PNG") for name in names)


def test_positions_in_run_files_are_those_that_were_scored(folders: list[Path]) -> None:
    data = ReportData.load(folders[:1])
    landing, per_query = data.landings["untouched"], data.baseline.per_query
    positions = landing.relevant.sort_values("position").groupby("query_id")["position"]
    pooled = per_query[per_query["setting"] == "multi"].set_index("query_id")
    assert len(positions) == len(pooled) > 1000
    average = positions.apply(lambda found: np.mean(np.arange(1, len(found) + 1) / found.to_numpy()))
    assert average.to_dict() == pytest.approx(pooled["AP"].to_dict())
    assert (positions.max() - positions.min()).to_dict() == pooled["RankDistance"].to_dict()


def test_the_hardest_questions_stand_in_every_language_with_texts(page: Any, folders: list[Path]) -> None:
    first = page.locator("#hardest details").first
    wanted = first.locator(".sides").first.locator(".lang").all_text_contents()
    assert set(LANGUAGES) <= set(wanted)
    cards = first.locator(".sides").nth(1).locator("article")
    assert cards.locator(".asked .lang").all_text_contents() == list(LANGUAGES)
    assert cards.locator("ol li").count() == 3 * len(LANGUAGES)
    pooled = pd.concat([pd.read_parquet(folder / "per_query.parquet") for folder in folders[:2]])
    pooled = pooled[pooled["setting"] == "multi"]
    lowest = pooled.groupby(pooled["query_id"].str.rsplit("_", n=1).str[0])["AP"].mean().min()
    assert first.locator("summary .quiet").text_content() == f"AP {lowest:.3f}"


def test_without_run_files_it_says_how_to_get_them_and_a_sweep_has_curves(sweep: list[Path], tmp_path: Path) -> None:
    text = write_report(sweep, tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"--settings multi --runs --output {sweep[0]}-pool\nmv {sweep[0]}-pool/runs {sweep[0]}/" in text
    assert text.count("<figcaption>AP over alpha: one seed.") == 1


def test_run_files_of_other_queries_are_as_good_as_none(sweep: list[Path], tmp_path: Path) -> None:
    folder = shutil.copytree(sweep[0], tmp_path / "scores")
    (folder / "runs").mkdir()
    (folder / "runs" / "multi.de.trec").write_text("another Q0 de_1_0 1 0.5 test\n")
    data = ReportData.load([folder])
    assert data.landings == {}
    for section in (landing, hardest):
        assert f"mv {folder}-pool/runs/* {folder}/runs/" in section(data)


def test_runs_that_differ_in_more_than_alpha_share_no_curve(sweep: list[Path], tmp_path: Path) -> None:
    """A sweep says in what else; other evaluations do not, so two of one alpha and seed are refused by name."""
    runs = []
    for rate in (1e-5, 3e-5):
        for folder in sweep:
            run = tmp_path / f"alpha={folder.name},learning_rate={rate}"
            shutil.copytree(folder, run / "hybrid-demo")
            (run / "run.json").write_text(json.dumps({"learning_rate": rate, "alpha": 0.5, "seed": 1}))
            runs.append(run / "hybrid-demo")
    data = ReportData.load(runs)
    text = alpha(data)
    for rate in (1e-5, 3e-5):
        assert text.count(f"<figcaption>AP over alpha with learning rate {rate}: one seed.") == 1
    for run in runs:
        (run.parent / "run.json").unlink()
    anew = tuple(replace(system, runs=tuple(map(replace, system.runs))) for system in data.systems)
    text = alpha(replace(data, systems=anew))
    assert "AP over alpha" not in text
    assert "have the same alpha and seed, so they" in text
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as matplotlib's, where names leave no room for what they name
        assert data.systems[0].name == "alpha=cross,learning_rate=1e-05"
        assert settings(data)
        assert distance(data)


def test_one_evaluation_alone_has_a_report(folders: list[Path], tmp_path: Path) -> None:
    text = write_report(folders[2:3], tmp_path / "report.html", plots=tmp_path / "plots").read_text(encoding="utf-8")
    assert "One evaluation alone" in text
    assert 'id="provenance"' in text
    assert re.search(r"system( & AP .*?){3} & RankDistance", (tmp_path / "plots" / "table.tex").read_text())


def test_a_section_of_a_plugin_stands_among_the_others_and_a_broken_one_is_named(
    sweep: list[Path], tmp_path: Path
) -> None:
    def breaks(data: ReportData) -> str:
        raise RuntimeError("no licence")

    class Plugin:
        @hookimpl
        def hybrid_ir_report_sections(self) -> Any:
            return [
                Section(
                    "mine", "My own", 5, lambda data: data.table(pd.DataFrame({"n": [len(data.systems)]}), "Count")
                ),
                Section("broken", "Broken", 6, breaks),
                Section("silent", "Silent", 7, lambda data: None),  # type: ignore[arg-type, return-value]
                Section("bias", "Replaced", 40, lambda data: "<p>nothing</p>"),
            ]

    class Nonsense:
        @hookimpl
        def hybrid_ir_report_sections(self) -> Any:
            return ["mine"]

    plugins = [(Plugin(), "my-plugin"), (Nonsense(), "nonsense")]
    for plugin, name in plugins:
        manager().register(plugin, name=name)
    try:
        with pytest.warns(UserWarning, match="left out of|skipped") as caught:
            text = write_report(sweep, tmp_path / "report.html").read_text(encoding="utf-8")
    finally:
        for _, name in plugins:
            manager().unregister(name=name)
    assert {str(warning.message) for warning in caught} == {
        "section 'broken' is left out of the report: RuntimeError: no licence",
        "section 'silent' is left out of the report: it returned NoneType, not text",
        "plugin 'nonsense' is skipped in hybrid_ir_report_sections: it returns 'mine', which is no Section",
    }
    places = [text.index(f'<section id="{name}"') for name in ("verdict", "mine", "settings", "bias")]
    assert places == sorted(places)
    assert "Replaced" in text
    assert 'id="broken"' not in text


def test_the_section_of_the_documentation_works_as_it_stands_there(sweep: list[Path], tmp_path: Path) -> None:
    documented = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", documented, re.DOTALL) if "@hookimpl" in block)
    plugin = types.ModuleType("plugin")
    exec(code, plugin.__dict__)
    with installed(plugin):
        text = write_report(sweep, tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<section id="failures"' in text
    assert "Queries without a relevant document in the first ten" in text


def test_a_plugin_that_offers_a_section_waits_for_no_drawing_library() -> None:
    code = (
        "import sys; from hybrid_plugin import Section, hookimpl; import hybrid_plugin.report.builtin; "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_command_refuses_what_is_no_evaluation(tmp_path: Path) -> None:
    result = run_cli("report", tmp_path, tmp_path / "none", "--output", tmp_path / "report.html", check=2)
    assert "has no scores.json" in result.stderr
    assert not (tmp_path / "report.html").exists()
