"""What a report shows of a comparison: its design, differences, parts of languages and consistency between them."""

from __future__ import annotations

import json
import re
import warnings
from itertools import permutations
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.legend import Legend

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.measures.direction import Direction
from hybrid_plugin.report.charts.bars import bars
from hybrid_plugin.report.charts.forest import forest
from hybrid_plugin.report.charts.palette import PALETTE
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.design import design
from hybrid_plugin.report.named import sections
from hybrid_plugin.report.sections.bias import bias
from hybrid_plugin.report.sections.consistency import consistency
from hybrid_plugin.report.sections.differences import differences
from hybrid_plugin.report.sections.languages import languages
from hybrid_plugin.report.sections.parts import parts
from hybrid_plugin.report.sections.verdict import verdict
from hybrid_plugin.report.shading import Shading
from hybrid_plugin.report.table import table
from hybrid_plugin.tasks.named import load_benchmark
from tests.hybrid_plugin.report.conftest import LANGUAGES

pytestmark = pytest.mark.xdist_group("report")  # one worker makes what they share

QUICK = ComparisonSettings(resamples=2000, bootstraps=50)
LOWER, ZERO = Direction(-np.inf), Direction(0.0)


@pytest.fixture(scope="module")
def without_ap(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Evaluations of two encoders with measures of several kinds, and neither AP nor RankDistance."""
    home = tmp_path_factory.mktemp("without AP")
    for pooling in ("mean", "cls"):
        evaluate(
            load_benchmark("hybrid-demo"), Encoder.load(tiny, pooling=pooling), home / pooling, languages=LANGUAGES,
            measures=("nDCG@10", "MRC@5", "LanguageSkew@10"),
        )  # fmt: skip
    return [home / "mean", home / "cls"]


def words(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def heads(page: str) -> list[str]:
    """The heads of tables, with what screen readers say of them."""
    return [
        re.sub("<.*?>", "", text).replace("\xa0", " ")
        for text in re.findall(r"<button type=\"button\">(.*?)</button>", page)
    ]


def bold(page: str) -> list[float]:
    return [float(value) for value in re.findall(r'data-value="([^"]*)"><strong>', page)]


def test_the_design_is_shown(folders: list[Path]) -> None:
    data = ReportData.load({"seeds": folders[:2], "one": [folders[2]]}, QUICK)
    said = dict(design(data.comparison, data.labels))
    method = data.comparison.method
    assert (
        said["Resampled"]
        == f"{method['clusters']} clusters with {method['questions']} questions in all their languages"
    )
    assert said["Runs"] == "2 of seeds, 1 of one"
    assert "t-test" in said["Test"]
    assert said["Tests"].startswith(f"{len(data.comparison.tests)}, p corrected by Holm")
    shown = words(verdict(data))
    assert all(f"{name} {text}" in shown for name, text in said.items())
    alone = ReportData.load(folders[:1], QUICK, cluster="none")
    said = dict(design(alone.comparison, alone.labels))
    assert said.keys() == {"Resampled", "Runs", "Intervals"}, "nothing is tested"
    assert said["Resampled"].endswith("queries, each by itself")
    questions = ReportData.load(folders[:2], QUICK, cluster="question")
    assert dict(design(questions.comparison, questions.labels))["Resampled"] == (
        f"{method['questions']} questions, each in all its languages"
    )


def test_differences_have_intervals_around_a_line_at_zero(folders: list[Path]) -> None:
    data = ReportData.load(folders[:3], QUICK)
    page = differences(data)
    tests = data.comparison.tests
    for measure, name in (("AP", "differences-ap"), ("RankDistance", "differences-rankdistance")):
        (axes,) = data.figures[name].axes
        own = tests[tests["measure"] == measure]
        drawn = [line for line in axes.lines if len(line.get_xdata()) == 1]
        found = {
            (round(float(line.get_xdata()[0]), 9), to_hex(line.get_markerfacecolor()) != PALETTE["paper"])
            for line in drawn
        }
        assert found == {(round(row.difference, 9), row.winner != "") for row in own.itertuples()}, (
            "filled if significant"
        )
        assert any(list(line.get_xdata()) == [0, 0] for line in axes.lines)
    sides = ["← untouched better", "other better →"]
    assert data.figures["differences-ap"].axes[0].get_xlabel().split("\n")[0].split("\xa0" * 4) == sides
    turned = data.figures["differences-rankdistance"].axes[0].get_xlabel()
    assert turned.split("\n")[0].split("\xa0" * 4) == ["← other better", "untouched better →"], "lower is better"
    assert 'data-value="mono"' in page
    by_language = page[page.index("<details>") :]
    # A chart a pair of systems, of AP in each setting and of RankDistance on the pool.
    assert by_language.count("<figure") == 2 * 4
    rows = data.comparison.by_language
    assert re.findall(r'<th scope="row" data-value="(..)">', by_language) == [*rows["language"]]
    assert differences(ReportData.load(folders[:1], QUICK)) == ""


def test_each_language_has_its_part_its_directions_and_the_gap(folders: list[Path]) -> None:
    data = ReportData.load(folders[:2], QUICK)
    page = parts(data)
    comparison = data.comparison
    for frame, column in (
        (comparison.languages, "part"),
        (comparison.directions, "asymmetry"),
        (comparison.gaps, "gap"),
    ):
        assert len(frame)
        assert [value for value in frame[column] if f'data-value="{float(value)!r}"' not in page] == []
    drawn = ("part-ap-mono-queries", "part-ap-cross-queries", "part-ap-cross-documents", "asymmetry-ap")
    assert {*drawn} <= {*data.figures}
    names = [text.get_text() for text in data.figures["part-ap-mono-queries"].axes[0].get_yticklabels()]
    assert names == list(LANGUAGES)
    assert parts(ReportData.load(folders[:2], QUICK, languages=["de"], settings=["multi"])) == ""


def test_how_alike_two_query_languages_are_is_the_mean_over_their_questions(without_ap: list[Path]) -> None:
    scores = json.loads((without_ap[0] / "scores.json").read_text())
    rows = pd.read_parquet(without_ap[0] / "per_query.parquet")
    assert scores["between_languages"].keys() == {"MRC@5"}
    between = scores["between_languages"]["MRC@5"]
    assert between.keys() == {"cross", "multi"}
    for one, other in permutations(LANGUAGES, 2):
        assert between["multi"][one][other] == between["multi"][other][one]
    # All ask the same, so a language's mean over its queries is that over the other languages; and of two languages
    # that ask a third one's documents, the value of a query is that of its pair.
    for lang in LANGUAGES:
        asked = rows[(rows["setting"] == "multi") & (rows["queries"] == lang)]
        assert mean(between["multi"][lang].values()) == pytest.approx(asked["MRC@5"].mean())
        one, other = (name for name in LANGUAGES if name != lang)
        asked = rows[(rows["docs"] == lang) & (rows["queries"] == one)]
        assert between["cross"][one][other] == pytest.approx(asked["MRC@5"].mean())
    assert "between_languages" not in json.loads(json.dumps(Scores.load(without_ap[0]).about))
    assert Scores.load(without_ap[0]).as_json()["between_languages"] == scores["between_languages"]


def test_consistency_is_a_heat_map_where_it_was_scored(without_ap: list[Path], folders: list[Path]) -> None:
    data = ReportData.load({"seeds": without_ap}, QUICK)
    page = consistency(data)
    between = [json.loads((folder / "scores.json").read_text())["between_languages"]["MRC@5"] for folder in without_ap]
    shown = page[page.index("MRC@5 multi of seeds") :]
    first = re.search(r'class="number level".*?data-value="([^"]*)"', shown)
    assert float(first[1]) == pytest.approx(mean(one["multi"]["de"]["en"] for one in between)), (
        "of several runs the mean"
    )
    assert "The rank correlation of the first 5 documents" in page
    assert {"consistency-mrc-5-cross-0", "consistency-mrc-5-multi-0"} <= data.figures.keys()
    assert "have a section that does" not in languages(data)
    narrow = consistency(ReportData.load(without_ap, QUICK, languages=["de", "en"]))
    assert "zh" not in re.findall(r'data-value="(\w+)"', narrow)
    assert "of all questions that were scored" in words(narrow)
    none = ReportData.load(folders[:1], QUICK)
    assert consistency(none) == ""
    assert "<code>MRC@10</code>" in languages(none), "and says how to get it"


def test_evaluations_without_ap_have_their_first_measure_in_its_place(without_ap: list[Path]) -> None:
    data = ReportData.load(without_ap, QUICK)
    page = {section.name: section.render(data) for section in sections()}
    assert [name for name, body in page.items() if not body] == ["distance", "alpha"]
    assert "nDCG@10 of mean" in page["languages"]
    assert heads(page["verdict"])[1] == "nDCG@10 mono ↑, higher is better"
    assert "settings-mono-ndcg-10" in data.figures


def test_a_measure_with_a_target_is_best_near_it(without_ap: list[Path], tiny: Path, tmp_path: Path) -> None:
    """And evaluations with nothing but measures of language bias have a report."""
    folders = [tmp_path / pooling for pooling in ("mean", "cls")]
    for folder in folders:
        encoder = Encoder.load(tiny, pooling=folder.name)
        evaluate(load_benchmark("hybrid-demo"), encoder, folder, languages=("de", "zh"), measures=("LanguageSkew@10",))
    data = ReportData.load(folders, QUICK)
    assert all(isinstance(section.render(data), str) for section in sections())
    assert data.measure == "LanguageSkew@10"
    page = verdict(data)
    assert "LanguageSkew@10 multi →0, nearest to 0 is best" in heads(page)
    figures = data.comparison.figures.set_index("system")
    assert bold(page) == [figures.loc[figures["compared"].idxmin(), "value"]]
    assert bold(bias(data)) == pytest.approx(bold(page))
    assert "mean distance from 0 of LanguageSkew@10" in languages(data)
    assert "differences are of mean distances from it" in differences(data)
    unit = data.figures["differences-languageskew-10"].axes[0].get_xlabel()
    assert unit.replace("\n", " ").endswith("difference of mean distance of LanguageSkew@10 from 0")


def test_heads_and_measures_say_which_way_they_go() -> None:
    frame = pd.DataFrame(
        {"measure": ["AP", "LanguageSkew"], "AP": [0.5, 0.25], "RankDistance": [3.0, 4.0], "other": [1, 2]}
    )
    known = {"AP": Direction(), "RankDistance": LOWER, "LanguageSkew": ZERO}
    page = table(frame, "Figures", directions=known, best=[(1, "RankDistance")], row_headers=0)
    assert heads(page)[:4] == ["measure", "AP ↑, higher is better", "RankDistance ↓, lower is better", "other"]
    assert re.findall(r'<th scope="col".*?data-value="(.*?)"', page) == [*frame.columns], "CSV files have names alone"
    assert 'data-value="LanguageSkew">' in page
    assert "nearest to 0 is best</span></td>" in page
    assert bold(page) == [4.0]


def test_the_better_a_figure_the_stronger_its_colour() -> None:
    assert Shading((0.0, 0.5)).strength(np.array([0.0, 0.25, 0.5])).tolist() == [0, 0.5, 1]
    assert Shading((10.0, 20.0), LOWER).strength(np.array([10.0, 15.0, 20.0, 99.0])).tolist() == [1, 0.5, 0, 0]
    assert Shading((-0.5, 0.25), ZERO).strength(np.array([-0.5, 0.0, 0.25])).tolist() == [0, 1, 0.5]
    assert Shading((0.5, 1.0), ZERO).strength(np.array([0.5, 1.0])).tolist() == [1, 0]
    assert Shading(0.5).strength(np.array([-0.5, 0.25])).tolist() == [-1, 0.5]
    assert Shading(0.5, LOWER).strength(np.array([-0.5, 0.25])).tolist() == [1, -0.5]
    page = table(
        pd.DataFrame({"a": [-2.0]}),
        "Less",
        shade=["a"],
        shading=Shading(4.0, LOWER),
        default_format=".1f",
        row_headers=0,
    )
    assert 'class="number gain" style="--shade:0.50"' in page


@pytest.mark.parametrize("name", ["mono", "strategy=hybrid,learning_rate=1e-05," * 4])
def test_charts_have_room_for_what_is_negative_unknown_or_long(name: str) -> None:
    nothing = [np.nan, np.nan]
    figures = pd.DataFrame(
        {"row": [f"{name} 1", f"{name} 2"], "series": "", "value": [-0.5, 0.0], "low": nothing, "high": nothing,
         "shown": [True, False], "place": [0, 9]}
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = [
            forest(figures, "difference of AP", (f"{name} better", "other better")),
            forest(figures.assign(series=figures["row"]), "difference of AP"),
            bars(figures.assign(label=figures["row"]), "MRC@10", ".3f", -0.1),
        ]
        for figure in drawn:
            figure.draw_without_rendering()
            (axes,) = figure.axes
            texts = [axes.xaxis.label, *axes.texts, *axes.get_yticklabels(), *figure.findobj(Legend)]
            boxes = [text.get_window_extent() for text in texts]
            assert min(box.x0 for box in boxes) >= -1
            assert max(box.x1 for box in boxes) <= figure.bbox.x1 + 1
