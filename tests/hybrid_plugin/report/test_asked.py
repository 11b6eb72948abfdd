"""What of the evaluations a report is asked for, and what it does where it has been asked before."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
import subprocess
import warnings
from pathlib import Path

import pandas as pd
import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.page import write_report
from hybrid_plugin.report.sections.alpha import alpha
from hybrid_plugin.report.sections.bias import bias
from hybrid_plugin.report.sections.differences import differences
from hybrid_plugin.report.sections.distance import distance
from hybrid_plugin.report.sections.hardest import hardest
from hybrid_plugin.report.sections.landing import landing
from hybrid_plugin.report.sections.languages import languages
from hybrid_plugin.report.sections.provenance import provenance
from hybrid_plugin.report.sections.settings import settings
from hybrid_plugin.report.sections.verdict import verdict
from tests.conftest import ROOT, run_cli

pytestmark = pytest.mark.xdist_group("report")  # one worker makes what they share

QUICK = ComparisonSettings(resamples=2000, bootstraps=50)


def values(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "per_query.parquet")


def test_every_section_keeps_to_the_settings_and_languages_asked_for(folders: list[Path], tmp_path: Path) -> None:
    given = [str(folder) for folder in folders[:2]]
    page = write_report(given, str(tmp_path / "report.html"), QUICK, settings=["multi"], languages=["de"])
    text = page.read_text(encoding="utf-8")
    scope = "settings multi; query languages de"
    assert f'<h1>hybrid-demo <span class="scope">({scope})</span></h1>' in text
    captions = re.findall(r"<caption>(.*?)</caption>", text)
    figures = [caption for caption in captions if "how" not in caption.lower()]
    assert len(figures) > 8
    assert [caption for caption in figures if scope not in caption] == []
    assert all(scope in title for title in re.findall(r"<figcaption>(.*?)</figcaption>", text))
    assert "AP mono" not in text
    asked = re.findall(r'<p class="asked text"><span class="lang">(\w+)</span>', text)
    assert set(asked) == {"de"}
    rows = values(folders[0])
    rows = rows[(rows["setting"] == "multi") & (rows["queries"] == "de")]
    main = text[text.index("macro averages by setting") :]
    (shown, *_) = re.findall(r'data-value="([^"]*)"', main[main.index("<td") :])
    assert float(shown) == pytest.approx(rows["AP"].mean(), abs=1e-12)
    data = ReportData.load(given, QUICK, settings=["multi"], languages=["de"])
    assert (data.settings, data.languages) == (("multi",), ("de",))
    assert {*data.landings["mono"].relevant["queries"]} == {"de"}
    assert [*data.systems[1].tasks["task"]] == ["multi/de"]


def test_measures_asked_for_are_the_only_ones(folders: list[Path]) -> None:
    data = ReportData.load(folders[:2], QUICK, measures=["nDCG@10", "WeakAlignment"])
    assert data.measures == ("nDCG@10",)
    assert distance(data) == ""
    assert "nDCG@10 of untouched" in languages(data)
    assert re.findall(r"<dt>(.*?)</dt>", bias(data)) == ["WeakAlignment"]
    assert "Differences has their tests" in bias(data)
    tests = differences(data).split("<details>")[0]
    assert re.findall(r'data-value="(WeakAlignment)"', tests) == ["WeakAlignment"]
    assert "WeakAlignment" not in settings(data)
    assert "nDCG@10 0." in hardest(data)


def test_the_runs_of_a_name_are_one_system(folders: list[Path], tmp_path: Path) -> None:
    named = {"seeds": folders[:2], "hybrid": [folders[2]]}
    data = ReportData.load(named, QUICK)
    pooled = pd.concat(map(values, folders[:2])).query("setting == 'multi'")
    mean = pooled.groupby("task")["AP"].mean().mean()
    assert data.systems[0].figures["multi"]["AP"] == pytest.approx(mean)
    figures = data.comparison.figures.set_index(["system", "setting", "measure"])
    assert figures.loc[("seeds", "multi", "AP"), "value"] == pytest.approx(mean)
    assert ">spread</button>" in settings(data)
    assert "seeds, run 1 of 2: where relevant documents stand" in landing(data)
    shown = hardest(data)
    assert "<h4>seeds, run 1 of 2</h4>" in shown
    said = provenance(data)
    assert [f"{folder}</td>" in said.replace("<wbr>", "") for folder in folders[:3]] == [True] * 3
    assert {"seeds, run 1 of 2", "seeds, run 2 of 2", "hybrid"} <= {
        re.sub("<.*?>", "", name) for name in re.findall(r'<button type="button">(.*?)</button>', said)
    }
    assert "runs" not in [path.name for path in folders[2].iterdir()]
    assert f"--output {folders[2]}-pool" in landing(data), "and only of the system that has none"
    assert f"--output {folders[1]}-pool" not in landing(data)


def test_the_runs_of_a_name_make_a_band_over_alpha(sweep: list[Path], tmp_path: Path) -> None:
    named = {}
    for folder in sweep:
        named[folder.name] = [folder, shutil.copytree(folder, tmp_path / folder.name)]
        scores = json.loads((tmp_path / folder.name / "scores.json").read_text()) | {"seed": 2}
        (tmp_path / folder.name / "scores.json").write_text(json.dumps(scores))
    assert "AP over alpha: mean and range of 2 seeds." in alpha(ReportData.load(named, QUICK))


def test_figures_that_cannot_be_compared_are_marked_and_not_subtracted(
    eleven_languages: list[Path], tmp_path: Path
) -> None:
    folders = [shutil.copytree(folder, tmp_path / folder.name) for folder in eleven_languages]
    scores = json.loads((folders[1] / "scores.json").read_text()) | {"depth": 100}
    (folders[1] / "scores.json").write_text(json.dumps(scores))
    data = ReportData.load(folders, QUICK)
    assert "hybrid minus untouched" not in languages(data)
    assert "hybrid − untouched" not in distance(data)
    assert "hybrid ‡" in distance(data)
    for text in (verdict(data), settings(data)):
        assert re.search(r'data-value="0\.\d+">0?\.\d+ ‡</td>', text)
        assert "‡ cannot be compared with the others; the verdict says why." in text
    assert "of hybrid cannot be compared with the others: its rankings are of 100 documents" in verdict(data)
    alike = ReportData.load(eleven_languages, QUICK)
    assert "‡" not in verdict(alike) + settings(alike) + distance(alike) + languages(alike)


def test_the_same_report_is_done_and_another_is_refused_unless_it_is_to_overwrite(
    sweep: list[Path], tmp_path: Path
) -> None:
    given = [shutil.copytree(folder, tmp_path / "first" / folder.name) for folder in sweep[:2]]
    page, plots = tmp_path / "report.html", tmp_path / "plots"
    write_report(given, page, QUICK)
    before = page.read_bytes()
    moved = [Path(shutil.copytree(folder, tmp_path / "copies" / folder.name)) for folder in given]
    with pytest.warns(AlreadyDone, match=re.escape(f"{page} is done already")):
        write_report(moved, page, QUICK)
    assert page.read_bytes() == before, "with the folders where they were"
    with pytest.raises(UserError, match=r"other settings \(alpha was 0.05, is 0.1\).*--overwrite"):
        write_report(given, page, QUICK, alpha=0.1)
    with pytest.raises(UserError, match=r"systems was cross hybrid, is hybrid cross"):
        write_report(given[::-1], page, QUICK)
    scores = given[0] / "scores.json"
    scores.write_text(scores.read_text() + "\n")
    with pytest.raises(UserError, match=r"evaluations cross was sha256:\w+, is sha256"):
        write_report(given, page, QUICK)
    assert page.read_bytes() == before
    write_report(given, page, QUICK, plots=plots, overwrite=True)
    assert (plots / "table.tex").exists()
    assert page.read_bytes() != before
    with pytest.raises(UserError, match=re.escape(f"{plots} holds a finished result of other settings")):
        write_report(given, tmp_path / "other.html", QUICK, plots=plots, alpha=0.1)
    mine = tmp_path / "mine.html"
    mine.write_text("<p>By hand")
    with pytest.raises(UserError, match=re.escape(f"{mine} exists and does not say how it was made")):
        write_report(given, mine, QUICK)


def test_run_files_that_come_later_make_another_report(folders: list[Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders[1], tmp_path / "scores", ignore=shutil.ignore_patterns("runs")))
    write_report([folder], tmp_path / "report.html", bootstraps=9)
    shutil.copytree(folders[1] / "runs", folder / "runs")
    with pytest.raises(UserError, match=r"run files scores multi.de.trec was not given, is sha256:"):
        write_report([folder], tmp_path / "report.html", bootstraps=9)


def test_the_commands_for_missing_run_files_work_as_they_stand(folders: list[Path], tmp_path: Path) -> None:
    """Where another evaluation has their first choice of a name, too, and others of its run files are there."""
    folder = Path(shutil.copytree(folders[2], tmp_path / "its scores"))
    (tmp_path / "its scores-pool").mkdir()  # and is left alone
    (folder / "runs").mkdir()
    (folder / "runs" / "de.de.trec").write_text("de_1_de Q0 de_1_0 1 0.5 test\n")
    page = write_report([folder], tmp_path / "report.html", bootstraps=9).read_text(encoding="utf-8")
    (commands,) = {*re.findall(r"<pre tabindex=\"0\"><code>(.*?)</code></pre>", page, re.DOTALL)}
    for line in html.unescape(commands).replace("\\\n", " ").splitlines():
        if line.startswith("hybrid-ir "):
            run_cli(*shlex.split(line)[1:])
        else:
            subprocess.run(line, shell=True, check=True, cwd=ROOT)
    data = ReportData.load([folder], QUICK)
    assert data.landings["its scores"].depth == 1000
    assert "These commands write what is missing" not in landing(data)
    assert [*(tmp_path / "its scores-pool").iterdir()] == []


def test_run_files_that_were_scored_and_are_gone_are_named(folders: list[Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders[2], tmp_path / "scores"))
    scores = json.loads((folder / "scores.json").read_text()) | {"encoder": None, "runs": "out/bm25.trec"}
    (folder / "scores.json").write_text(json.dumps(scores))
    text = landing(ReportData.load([folder], QUICK))
    assert "<code>out/bm25.trec</code>, are not there" in text
    assert "hybrid-ir evaluate" not in text


def test_the_command_takes_what_compare_takes(sweep: list[Path], tmp_path: Path) -> None:
    options = ["--settings", "mono,multi", "--languages", "de", "--measures", "AP", "--all-pairs", "--published"]
    quick = ["--resamples", "2000", "--bootstraps", "50", "--alpha", "0.1"]
    given = [f"a={sweep[0]}", f"a={sweep[1]}", f"b={sweep[2]}", "--output", tmp_path / "report.html"]
    run_cli("report", *given, *options, *quick)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "hybrid-demo (settings mono, multi; query languages de): a, b" in text
    assert "Figures with 90% confidence intervals" in text
    assert "is done already" in run_cli("report", *given, *options, *quick).stderr


def test_published_figures_are_asked_for_by_name(eleven_languages: list[Path], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = write_report(eleven_languages, tmp_path / "report.html", QUICK, published=True, languages=["de", "en"])
    assert "Published figures are of the whole benchmark and not tested" in page.read_text(encoding="utf-8")
