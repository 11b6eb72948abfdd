"""Comparisons: their figures are those of the evaluations, their verdicts can be quoted, damage is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.published import published_figures
from hybrid_plugin.inference.tables import comparison_tables
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.named import load_benchmark
from tests.conftest import SHARED, run_cli
from tests.hybrid_plugin.cli.test_cli import refused
from tests.hybrid_plugin.news import write_news

LANGUAGES = ("de", "en", "zh")
MEASURES = ("AP", "R@1", "RankDistance")
FAST: dict[str, Any] = {"resamples": 4000, "bootstraps": 400}


def per_query(gain: float = 0.0, questions: int = 60, seed: int = 0) -> pd.DataFrame:
    """Values of a system in all three settings; ``gain`` is what it has over the system without. German lacks some."""
    generator = np.random.default_rng(seed)
    ease = np.random.default_rng(1).uniform(0.3, 0.6, questions)
    rows = []
    for docs in (*LANGUAGES, "multi"):
        for queries in LANGUAGES:
            for number in range(questions if queries != "de" else questions // 2):
                setting = "multi" if docs == "multi" else "mono" if docs == queries else "cross"
                value = float(np.clip(ease[number] + gain + generator.normal(0, 0.05), 0, 1))
                far = round(200 * (1 - value)) if setting == "multi" else 0
                told = (f"{docs}/{queries}", docs, queries, setting, f"q{number:03}_{queries}", f"q{number:03}", "c")
                rows.append((*told, value, float(value > 0.5), float(far)))
    labels = ["task", "docs", "queries", "setting", "query_id", "question", "cluster"]
    return pd.DataFrame(rows, columns=[*labels, *MEASURES])


def saved(folder: Path, gain: float = 0.0, seed: int = 0, **about: Any) -> Path:
    head = {"benchmark": "made-up", "encoder": "m", "zero_shot": True, "depth": None, **about}
    Scores(per_query(gain, seed=seed), MEASURES, head).save(folder)
    return folder


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """A baseline, its equal, and a better system that was trained on German and Chinese."""
    return [
        saved(tmp_path / "base"),
        saved(tmp_path / "equal", seed=5),
        saved(tmp_path / "better", gain=0.1, seed=6, languages_trained_on=["de", "zh"]),
    ]


def test_all_measures_are_those_in_common_in_any_case(three: list[Path]) -> None:
    for word in ("all", "ALL"):
        assert {*compare(three[:2], measures=[word], **FAST).figures["measure"]} == {*MEASURES}, word


def test_measures_are_asked_for_in_any_case(three: list[Path]) -> None:
    asked = compare(three[:2], measures=["map", "rankdistance"], **FAST)
    assert list(asked.figures["measure"].unique()) == ["AP", "RankDistance"]
    assert published_figures("xquad-r", ["ap"]).equals(published_figures("xquad-r", ["AP"]))
    with pytest.raises(UserError, match="unknown measure 'nDGC@10'; did you mean 'nDCG@10'"):
        compare(three[:2], measures=["nDGC@10"], **FAST)


def test_figures_are_those_of_the_evaluations(three: list[Path]) -> None:
    found = compare(three, measures=MEASURES, **FAST)
    assert found.systems == ("base", "equal", "better")
    for folder in three:
        written = json.loads((folder / "scores.json").read_text())["settings"]
        rows = found.figures[found.figures["system"] == folder.name]
        assert len(rows) == 9
        for row in rows.itertuples():
            assert row.value == pytest.approx(written[row.setting][row.measure], abs=1e-9)
            assert row.low <= row.value <= row.high


def test_a_difference_is_that_of_the_figures_and_the_mean_over_questions(three: list[Path]) -> None:
    found = compare(three, **FAST)
    figures = found.figures.set_index(["system", "setting", "measure"])["value"]
    for test in found.tests.itertuples():
        assert test.b == "base"
        difference = figures[test.a, test.setting, test.measure] - figures[test.b, test.setting, test.measure]
        assert test.difference == pytest.approx(difference, abs=1e-9)
        assert test.low < test.difference < test.high
        assert test.wins + test.ties + test.losses == 60
        assert test.languages_ahead + test.languages_tied + test.languages_behind == 3
    german = found.by_language.query("language == 'de' and setting == 'mono'")
    assert (german.wins + german.ties + german.losses == 30).all()


def test_the_verdict_says_who_is_better_and_where_nothing_is_shown(three: list[Path]) -> None:
    found = compare(three, **FAST)
    assert len(found.tests) == 8, "RankDistance is 0 within one language, and is tested on the pool alone"
    texts = {(t.a, t.setting, t.measure): s for t, s in zip(found.tests.itertuples(), found.verdict, strict=True)}
    for key, text in texts.items():
        assert text.startswith("better beats base in" if key[0] == "better" else "No difference shown between equal")
        assert "after Holm over 8 tests" in text
    assert "in the multilingual setting (RankDistance -" in texts["better", "multi", "RankDistance"]
    assert "lower is better" in texts["better", "multi", "RankDistance"]
    assert "(AP +0." in texts["better", "cross", "AP"]
    assert (found.tests.query("a == 'better'")[["wins"]] > 45).all(axis=None), "fewer positions apart is a win"
    flipped = compare([three[2], three[0]], **FAST)
    assert all(text.startswith("better beats base") for text in flipped.verdict)


def test_several_runs_of_a_system_are_compared_by_their_mean(tmp_path: Path) -> None:
    base = [saved(tmp_path / f"base{seed}", seed=seed) for seed in range(3)]
    better = [saved(tmp_path / f"better{seed}", gain=0.1, seed=10 + seed) for seed in range(2)]
    found = compare({"base": base, "better": better}, **FAST)
    multi = found.figures.query("setting == 'multi' and measure == 'AP'").set_index("system")
    for system, folders in (("base", base), ("better", better)):
        written = [json.loads((folder / "scores.json").read_text())["settings"]["multi"]["AP"] for folder in folders]
        row = multi.loc[system]
        assert (row["value"], row["spread"]) == pytest.approx((np.mean(written), np.std(written, ddof=1)))
        assert row["runs"] == len(folders)
    assert found.verdict[0].startswith("better beats base in")
    assert (
        "better is the mean of 2 runs; intervals and tests are over questions, not over further runs." in found.verdict
    )
    alone = compare([base[0], better[0]], **FAST)
    assert alone.figures["spread"].isna().all()
    assert (found.tests["d"].abs() > alone.tests["d"].abs()).all(), "a mean of runs has less noise"


def test_runs_of_one_system_are_told_on_the_command_line(tmp_path: Path) -> None:
    runs: dict[str, list[Path]] = {}
    for name, gain in (("cross", 0.0), ("mono", 0.1)):
        runs[name] = [saved(tmp_path / f"alpha={gain},seed={seed}", gain, int(100 * gain) + seed) for seed in range(2)]
    named = [f"{name}={folder}" for name, folders in runs.items() for folder in folders]
    printed = run_cli("compare", *named, "--resamples", 4000).stdout
    assert "mono beats cross in the monolingual setting" in printed
    assert "± standard deviation over runs" in printed
    printed = run_cli("compare", runs["cross"][0], runs["mono"][0], "--resamples", 4000).stdout
    assert "alpha=0.1,seed=0 beats alpha=0.0,seed=0" in printed, "a folder's name may hold an equals sign"
    assert "folders of two systems or more" in refused("compare", *named[:2])


def test_runs_that_are_not_of_one_system_are_refused(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"base and .*better differ in languages trained on, so they are not runs of one"
    ):
        compare({"one": [three[0], three[2]], "other": [three[1]]}, **FAST)
    with pytest.raises(UserError, match="base is given twice"):
        compare({"one": [three[0]], "other": [three[1], three[0]]}, **FAST)


def test_swapping_two_systems_negates_the_difference_and_keeps_p(three: list[Path]) -> None:
    one, other = (compare(folders, **FAST).tests for folders in (three[:2], three[1::-1]))
    for column in ("difference", "d"):
        np.testing.assert_allclose(one[column], -other[column])
    for column in ("p_randomization", "p_t", "p_holm_randomization", "p_holm_t", "ties"):
        np.testing.assert_allclose(one[column], other[column])
    np.testing.assert_array_equal(one["wins"], other["losses"])
    np.testing.assert_allclose(one["low"], -other["high"])


def test_the_order_of_the_rows_changes_nothing(three: list[Path], tmp_path: Path) -> None:
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    shuffled = per_query(seed=5).sample(frac=1, random_state=0)
    Scores(shuffled, MEASURES, head).save(tmp_path / "shuffled" / "equal")
    one, other = compare(three[:2], **FAST), compare([three[0], tmp_path / "shuffled" / "equal"], **FAST)
    for frame in ("figures", "tests", "by_language"):
        pd.testing.assert_frame_equal(getattr(one, frame), getattr(other, frame))


def test_every_two_systems_are_tested_when_asked_for(three: list[Path]) -> None:
    found = compare(three, measures=["AP"], all_pairs=True, **FAST)
    assert list(dict.fromkeys(zip(found.tests.a, found.tests.b, strict=True))) == [
        ("equal", "base"), ("better", "base"), ("better", "equal"),
    ]  # fmt: skip
    assert len(found.tests) == found.method["tests"] == 9
    assert ", 99.9% CI " in compare(three[:2], alpha=0.001, resamples=9000, bootstraps=400).verdict[0]


def test_seen_and_unseen_query_languages_are_apart(three: list[Path]) -> None:
    found = compare(three, **FAST)
    assert set(zip(found.by_training.trained_on, found.by_training.part, found.by_training.languages, strict=True)) == {
        ("de zh", "seen", "de zh"), ("de zh", "unseen", "en"),
    }  # fmt: skip
    row = found.by_training.query("part == 'unseen' and system == 'better' and setting == 'cross' and measure == 'AP'")
    pairs = json.loads((three[2] / "scores.json").read_text())["pairs"]
    values = [pair["AP"] for pair in pairs if pair["setting"] == "cross" and pair["queries"] == "en"]
    assert row["value"].item() == pytest.approx(np.mean(values), abs=1e-9)


def test_evaluate_records_the_languages_of_the_training(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    encoder.record = {"sources": [{"name": "mine", "languages": ["de", "en"]}], "languages": ["de", "en"]}
    evaluate(load_benchmark("hybrid-demo"), encoder, tmp_path / "a", languages=["de", "zh"])
    evaluate(load_benchmark("hybrid-demo"), Encoder.load(tiny), tmp_path / "b", languages=["de", "zh"])
    found = compare([tmp_path / "a", tmp_path / "b"], **FAST)
    assert set(found.by_training["part"] + " " + found.by_training["languages"]) == {"seen de", "unseen zh"}
    assert (found.tests["winner"] == "").all(), "one encoder is no better than itself"
    assert (found.tests["p_randomization"] == 1).all()


def test_what_was_trained_on_the_benchmark_is_marked(tmp_path: Path) -> None:
    folders = [
        saved(tmp_path / "base", zero_shot=None),
        saved(tmp_path / "taught", 0.1, zero_shot=False, trained_on=["made-up"]),
    ]
    found = compare(folders, **FAST)
    assert "taught (trained on made-up, not zero-shot) beats base" in found.verdict[0]
    assert found.verdict[-1] == "What base was trained on is not recorded, so whether it is zero-shot is not known."
    found.save(tmp_path / "out")
    assert r"taught$^\ast$ &" in (tmp_path / "out" / "table.tex").read_text()


def test_systems_are_named_by_what_tells_their_folders_apart(tmp_path: Path) -> None:
    folders = [saved(tmp_path / "mono" / "scores"), saved(tmp_path / "hybrid" / "scores", 0.1)]
    assert compare(folders, **FAST).systems == ("mono", "hybrid"), "what both have in common tells nothing"
    folders.append(saved(tmp_path / "second" / "hybrid", 0.1))
    assert compare(folders, **FAST).systems == ("mono/scores", "hybrid/scores", "second/hybrid")


def test_a_way_up_from_a_link_leads_where_the_file_system_says(tmp_path: Path) -> None:
    folders = [saved(tmp_path / "here" / "scores"), saved(tmp_path / "there" / "scores", 0.1)]
    (tmp_path / "there" / "run").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there" / "run")
    assert compare([folders[0], tmp_path / "here" / "link" / ".." / "scores"], **FAST).systems == ("here", "there")


def test_figures_of_rankings_of_different_depth_are_shown_and_neither_tested_nor_bold(
    three: list[Path], tmp_path: Path
) -> None:
    assert len(compare(three, **FAST).incomparable) == 0
    short = saved(tmp_path / "short", gain=0.3, seed=6, depth=1000)
    found = compare([*three[:2], short], measures=MEASURES, **FAST)
    odd = found.incomparable
    assert [*zip(odd.system, odd.setting, odd.measure, strict=True)] == [
        ("short", "mono", "AP"), ("short", "cross", "AP"), ("short", "multi", "AP"), ("short", "multi", "RankDistance"),
    ]  # fmt: skip
    assert list(found.tests.query("a == 'short'")["measure"]) == ["R@1"] * 3, "the first document is the same"
    assert len(found.tests.query("a == 'equal'")) == 7
    sentence = (
        "AP (mono, cross, multi) and RankDistance (multi) of short cannot be compared with the others: its rankings "
        "are of 1000 documents, those of base full; --depth 1000 evaluates both alike."
    )
    assert sentence in found.verdict
    assert found.latex.count(f"$^\\ddagger$: {sentence}") == 1
    line = next(line for line in found.latex.splitlines() if line.startswith("short"))
    assert line.count(r"\textbf{") == 3, "those of R@1"
    assert line.count(r"\rlap{$^\ddagger$}") == 4
    tables = list(comparison_tables(found))
    assert f"‡ {sentence}" in tables[0].notes
    shown = dict(zip(tables[0].columns, tables[0].parts[0][2][1:], strict=True))
    assert {name for name, cell in shown.items() if "‡" in cell} == {
        "AP mono",
        "AP cross",
        "AP multi",
        "RankDistance multi",
    }
    most = compare([short, *three[:2]], all_pairs=True, **FAST)
    assert {*most.incomparable["system"]} == {"short"}, "the odd one is the one of another depth than most"
    assert list(zip(most.tests.a, most.tests.b, strict=True)) == [("equal", "base")] * 4
    assert not most.tests["winner"].any()


def test_two_systems_of_different_depth_have_figures_and_no_tests(tmp_path: Path) -> None:
    folders = [saved(tmp_path / "base"), saved(tmp_path / "short", gain=0.1, depth=100)]
    found = compare(folders, **FAST)
    assert len(found.tests) == 0
    assert len(found.figures) == 12
    assert [key for key in found.columns() if key[1] == "AP"] == [("mono", "AP"), ("cross", "AP"), ("multi", "AP")]
    assert r"\textbf" not in found.latex
    assert "Bold" not in found.latex
    found.save(tmp_path / "out")
    with (tmp_path / "out" / "incomparable.csv").open() as file:
        assert {row["system"] for row in csv.DictReader(file)} == {"short"}


@pytest.mark.parametrize(
    ("measure", "depth", "tested"),
    [("R@100", 100, True), ("R@100", 99, False), ("R@100", None, True), ("nDCG", 100, False), ("NumRel", 5, True)],
)
def test_a_cutoff_above_both_depths_makes_figures_comparable(
    tmp_path: Path, measure: str, depth: int | None, tested: bool
) -> None:
    for name, gain, own in (("base", 0.0, 1000), ("other", 0.1, depth)):
        rows = per_query(gain).query("setting == 'multi'").rename(columns={"R@1": measure})
        head = {"benchmark": "made-up", "zero_shot": True, "depth": own}
        Scores(rows.assign(**{measure: rows.AP}), (measure,), head).save(tmp_path / name)
    found = compare([tmp_path / "base", tmp_path / "other"], **FAST)
    assert (len(found.tests), len(found.incomparable)) == ((1, 0) if tested else (0, 1))


def test_rankings_that_are_of_one_length_are_of_one_depth(tmp_path: Path) -> None:
    """As where a collection has fewer documents than were asked for."""
    for name, depth in (("base", None), ("other", 1000)):
        head = {"benchmark": "made-up", "zero_shot": True, "depth": depth}
        Scores(per_query().assign(retrieved=48, missed=0), MEASURES, head).save(tmp_path / name)
    assert len(compare([tmp_path / "base", tmp_path / "other"], **FAST).incomparable) == 0


@pytest.mark.parametrize(("every", "comparable"), [(1000, True), (30, True), (3, False)])
def test_the_distance_in_rankings_that_lack_relevant_documents_is_neither_tested_nor_bold(
    tmp_path: Path, every: int, comparable: bool
) -> None:
    head = {"benchmark": "made-up", "zero_shot": True, "depth": 1000}
    for name, gain in (("base", 0.0), ("bm25", 0.3)):
        rows = per_query(gain)
        lost = (rows.index % every == 0) & (name == "bm25")
        rows = rows.assign(FirstRank=rows.RankDistance, retrieved=np.where(lost, 3, 1000), missed=np.where(lost, 2, 0))
        Scores(rows, (*MEASURES, "FirstRank"), head).save(tmp_path / name)
    found = compare([tmp_path / "base", tmp_path / "bm25"], measures=["AP", "RankDistance", "FirstRank"], **FAST)
    tested = {*zip(found.tests.setting, found.tests.measure, strict=True)}
    assert (("multi", "RankDistance") in tested) == (("multi", "FirstRank") in tested) == comparable
    assert ("multi", "AP") in tested, "what is not found counts against AP"
    best = {one for one in found.best() if one[2] != "AP"}
    assert best == ({("bm25", "multi", "RankDistance"), ("bm25", "multi", "FirstRank")} if comparable else set())
    if not comparable:
        lacking = int(lost[rows.setting == "multi"].sum())
        assert (
            "RankDistance (multi) and FirstRank (multi) of bm25 cannot be compared with the others: its rankings lack "
            f"relevant documents of {lacking} of 150 queries, whose places are not known."
        ) in found.verdict


def test_evaluate_counts_what_rankings_hold_so_that_a_run_that_retrieves_little_is_known(
    tiny: Path, tmp_path: Path
) -> None:
    benchmark, encoder = load_benchmark("hybrid-demo"), Encoder.load(tiny)
    options: dict[str, Any] = {"settings": ["multi"], "measures": ["AP", "RankDistance", "R@1"]}
    scores = evaluate(benchmark, encoder, tmp_path / "full", runs=True, runs_depth=3, **options)
    whole = scores.per_query["retrieved"].unique()
    assert len(whole) == 1
    assert (scores.per_query["missed"] == 0).all()
    little = evaluate_runs(benchmark, tmp_path / "full", tmp_path / "little", **options).per_query
    assert (little["retrieved"] == 3).all()
    assert (little["missed"] > 0).any()
    assert ((little["missed"] > 0) | little["RankDistance"].notna()).all()
    found = compare([tmp_path / "full", tmp_path / "little"], measures=options["measures"], **FAST)
    assert list(found.tests["measure"]) == ["R@1"]
    assert list(found.incomparable["measure"]) == ["AP", "RankDistance"]
    first = evaluate(benchmark, encoder, settings=["multi"], measures=["R@1"]).per_query
    assert first["missed"].isna().all(), "nobody looked beyond the first document"
    assert (first["retrieved"] == whole[0]).all()


def test_queries_for_which_one_system_has_no_value_are_left_out_for_both_and_counted(tmp_path: Path) -> None:
    rows = per_query(0.1, seed=6)
    lost = (rows.setting == "multi") & rows.AP.lt(rows.AP.quantile(0.04))
    easier = rows.assign(RankDistance=rows.RankDistance.mask(lost))
    base = saved(tmp_path / "base")
    Scores(easier, MEASURES, {"benchmark": "made-up", "zero_shot": True, "depth": None}).save(tmp_path / "picky")
    found = compare([base, tmp_path / "picky"], **FAST)
    test = found.tests.query("measure == 'RankDistance'").iloc[0]
    both = per_query().merge(easier, on=["docs", "queries", "setting", "query_id"]).query("setting == 'multi'")
    both = both.dropna(subset=["RankDistance_x", "RankDistance_y"])
    means = both.groupby("queries")[["RankDistance_x", "RankDistance_y"]].mean().mean()
    assert [test.value_b, test.value_a] == pytest.approx(means.tolist())
    assert test.difference == pytest.approx(means.iloc[1] - means.iloc[0])
    assert test.low < test.difference < test.high
    assert test.wins + test.ties + test.losses == both.query_id.str.slice(0, 4).nunique()
    sentence = f"RankDistance has no value for {lost.sum()} queries of picky in the multilingual setting; the tests"
    assert sum(line.startswith(sentence) for line in found.verdict) == 1
    figures = found.figures.set_index(["system", "setting", "measure"])["value"]
    assert figures["base", "multi", "RankDistance"] > test.value_b, "its own figure is over all of its queries"


def test_a_setting_that_one_system_lacks_is_not_tested(three: list[Path], tmp_path: Path) -> None:
    rows = per_query(0.1, seed=6).query("setting == 'mono'")
    Scores(rows, MEASURES, {"benchmark": "made-up", "zero_shot": None, "depth": None}).save(tmp_path / "bm25")
    found = compare([three[0], tmp_path / "bm25", three[2]], **FAST)
    assert list(found.tests.query("a == 'bm25'")["setting"]) == ["mono"]
    assert len(found.tests.query("a == 'better'")) == 4
    found.save(tmp_path / "out")
    assert "bm25 & " in (table := (tmp_path / "out" / "table.tex").read_text())
    assert next(line for line in table.splitlines() if line.startswith("bm25")).count("--") == 3


def test_measures_that_are_not_defined_everywhere_are_compared_where_they_are(three: list[Path]) -> None:
    for folder in three[:2]:
        rows = pd.read_parquet(folder / "per_query.parquet")
        rows.loc[(rows.setting != "multi") | (rows.queries == "en"), "RankDistance"] = np.nan
        rows.loc[rows.query_id == "q007_zh", "RankDistance"] = np.nan
        written = json.loads((folder / "scores.json").read_text())
        for figures in written["settings"].values():
            del figures["RankDistance"]
        distance = rows.query("setting == 'multi'").groupby("queries")["RankDistance"].mean().mean()
        written["settings"]["multi"]["RankDistance"] = distance
        (folder / "scores.json").write_text(json.dumps(written))
        rows.to_parquet(folder / "per_query.parquet")
    found = compare(three[:2], measures=["RankDistance"], **FAST)
    assert list(found.figures["setting"]) == ["multi", "multi"]
    assert found.figures["value"][1] == distance
    assert len(found.tests) == 1
    assert list(found.by_language["language"]) == ["de", "zh"]
    Scores(per_query().query("setting == 'mono'"), MEASURES, {"benchmark": "made-up", "depth": None}).save(three[0])
    with pytest.raises(UserError, match="has values of RankDistance to compare"):
        compare([three[0], three[2]], measures=["RankDistance"], **FAST)


def test_a_measure_without_values_for_many_queries_of_one_system_is_not_tested(tmp_path: Path) -> None:
    """Folders of earlier versions do not count what rankings hold."""
    rows = per_query(0.1, seed=6)
    lost = (rows.setting == "multi") & rows.AP.lt(rows.AP.quantile(0.3))
    base = saved(tmp_path / "base")
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    Scores(rows.assign(RankDistance=rows.RankDistance.mask(lost)), MEASURES, head).save(tmp_path / "picky")
    found = compare([base, tmp_path / "picky"], **FAST)
    assert "RankDistance" not in set(found.tests["measure"])
    assert found.incomparable["reason"].item() == (
        f"its rankings hold none of the relevant documents of {lost.sum()} of 150 queries, whose places are not known"
    )
    assert not any("leave these out" in sentence for sentence in found.verdict)


def test_what_systems_share_is_compared_and_told_with_numbers(three: list[Path], tmp_path: Path) -> None:
    part = per_query(0.1, seed=6).query(
        "queries != 'de' and docs != 'zh' and not (setting == 'multi' and question < 'q010')"
    )
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    Scores(part, MEASURES, head).save(tmp_path / "part")
    found = compare([three[0], tmp_path / "part"], **FAST)
    whole = per_query().merge(part[["task", "query_id"]])
    expected = Scores(whole, MEASURES).settings
    figures = found.figures.set_index(["system", "setting", "measure"])["value"]
    for (setting, measure), value in figures["base"].items():
        assert value == pytest.approx(expected[setting][measure], abs=1e-12), "the macro average over the shared part"
    own = json.loads((tmp_path / "part" / "scores.json").read_text())["settings"]
    for (setting, measure), value in figures["part"].items():
        assert value == pytest.approx(own[setting][measure], abs=1e-12)
    for test in found.tests.itertuples():
        assert test.difference == pytest.approx(test.value_a - test.value_b)
        assert test.value_b == pytest.approx(figures["base", test.setting, test.measure])
    assert found.scope == "tasks de/en, de/zh, en/en, en/zh, multi/en, multi/zh; queries in common"
    assert found.verdict[0] == f"This compares a part of made-up: {found.scope}."
    assert (
        "All figures in the multilingual setting are over the 100 queries of multi/en, multi/zh that the systems share "
        "there, of 150 queries of multi/de, multi/en, multi/zh in base; 100 queries of multi/en, multi/zh in part."
    ) in found.verdict
    assert found.method["averages"] == "over the queries that all systems share"
    shared = {gap["setting"]: gap for gap in found.method["shared"]}
    assert shared["multi"]["of"] == {"base": 150, "part": 100}
    assert (shared["multi"]["queries"], shared["multi"]["tasks"]) == (100, ["multi/en", "multi/zh"])
    assert f"Macro averages on made-up ({found.scope})." in found.latex
    assert next(comparison_tables(found)).title.startswith(f"made-up ({found.scope}), with 95%")
    assert found.as_json()["scope"] == found.scope
    alone = compare([three[0]], **FAST)
    assert (alone.scope, alone.method["averages"]) == ("", "over all queries")


def test_runs_of_one_system_are_compared_on_what_they_share(three: list[Path], tmp_path: Path) -> None:
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    Scores(per_query(seed=3).query("setting == 'multi' and question < 'q050'"), MEASURES, head).save(tmp_path / "seed")
    found = compare({"base": [three[0], tmp_path / "seed"], "other": [three[1]]}, **FAST)
    assert set(found.tests["setting"]) == {"multi"}
    figures = found.figures.query("system == 'base'")
    assert (figures["runs"] == 2).all()
    rows = [per_query(seed=seed).query("setting == 'multi' and question < 'q050'") for seed in (0, 3)]
    ap = [Scores(one, MEASURES).settings["multi"]["AP"] for one in rows]
    row = figures.query("measure == 'AP'").iloc[0]
    assert (row["value"], row["spread"]) == pytest.approx((np.mean(ap), np.std(ap, ddof=1)))
    assert found.scope == "settings multi; queries in common"
    assert "base has no figures in the monolingual setting." in found.verdict


def test_systems_that_share_nothing_are_refused_by_name(three: list[Path], tmp_path: Path) -> None:
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    for name in ("de", "en"):
        Scores(per_query().query("setting == 'mono' and docs == @name"), MEASURES, head).save(tmp_path / name)
    with pytest.raises(
        UserError, match="de and en share no query: de has 30 queries of de/de; en has 60 queries of en"
    ):
        compare([tmp_path / "de", tmp_path / "en"], **FAST)
    Scores(per_query().query("setting != 'cross' and docs != 'de'"), MEASURES, head).save(tmp_path / "more")
    Scores(per_query(0.1).query("docs in ('de', 'multi')"), MEASURES, head).save(tmp_path / "other")
    found = compare([tmp_path / "more", tmp_path / "other"], **FAST)
    assert set(found.tests["setting"]) == {"multi"}
    assert found.scope == "settings multi"
    assert (
        "Nothing in the monolingual setting is compared, where the systems share no query: 120 queries of en/en, zh/zh "
        "in more; 30 queries of de/de in other."
    ) in found.verdict


def test_settings_and_query_languages_narrow_a_comparison(three: list[Path], tmp_path: Path) -> None:
    found = compare(three, settings="multi", languages=["en", "zh"], **FAST)
    assert found.scope == "settings multi; query languages en, zh"
    rows = per_query().query("setting == 'multi' and queries != 'de'")
    expected = Scores(rows, MEASURES).settings["multi"]["AP"]
    assert found.figures.query("system == 'base' and measure == 'AP'")["value"].item() == pytest.approx(expected)
    assert set(found.by_language["language"]) == {"en", "zh"}
    assert found.method["shared"] == [], "all have what is asked for"
    assert compare(three, languages=["de"], **FAST).scope == "query languages de"
    printed = run_cli("compare", *three, "--settings", "mono,multi", "--languages", "zh", "--resamples", 4000).stdout
    assert "made-up (settings mono, multi; query languages zh), with 95% intervals" in " ".join(printed.split())
    for options, sentence in (
        ({"settings": ["pool"]}, "the evaluations have no setting 'pool'; they have: mono, cross, multi"),
        ({"languages": ["fr"]}, "the evaluations have no query language 'fr'; they have: de, en, zh"),
    ):
        with pytest.raises(UserError, match=sentence):
            compare(three, **options, **FAST)
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    Scores(per_query().query("setting == 'mono'"), MEASURES, head).save(tmp_path / "mono")
    with pytest.raises(
        UserError, match=r"mono has nothing of what is asked for \(multi\); it has 150 queries of de/de, en"
    ):
        compare([three[0], tmp_path / "mono"], settings=["multi"], **FAST)


def test_the_scope_is_what_the_benchmark_has_more_than_the_evaluations(tmp_path: Path) -> None:
    """Here xquad-r, with eleven languages."""
    head = {"benchmark": "xquad-r", "zero_shot": True, "depth": None}
    for name, rows in (
        ("mono", per_query().query("setting == 'mono'")),
        ("pairs", per_query().query("setting != 'multi'")),
        ("some", per_query().query("docs == 'de'")),
    ):
        Scores(rows, MEASURES, head).save(tmp_path / name)
    found = {name: compare([tmp_path / name], **FAST).scope for name in ("mono", "pairs", "some")}
    assert found == {
        "mono": "settings mono; query languages de, en, zh",
        "pairs": "settings mono, cross; languages de, en, zh",
        "some": "tasks de/de, de/en, de/zh",
    }


def test_the_scope_of_a_benchmark_that_is_not_known_is_what_evaluations_say(tmp_path: Path) -> None:
    folders = [saved(tmp_path / name, scope={"languages": ["de", "en", "zh"]}) for name in ("base", "other")]
    assert compare(folders, **FAST).scope == "languages de, en, zh"
    assert compare(folders, settings=["multi"], **FAST).scope == "languages de, en, zh; settings multi"
    folders.append(saved(tmp_path / "whole", scope={}))
    assert compare(folders, **FAST).scope == ""


def test_published_figures_beside_a_part_are_said_to_be_of_the_whole(tmp_path: Path) -> None:
    folders = [saved(tmp_path / name, benchmark="xquad-r") for name in ("base", "other")]
    found = compare(folders, published=True, **FAST)
    assert "Published figures are of the whole benchmark." in next(comparison_tables(found)).notes
    assert "as published, not tested, of the whole benchmark." in found.latex


def test_too_few_sign_flips_to_show_anything_are_refused(three: list[Path]) -> None:
    with pytest.raises(UserError, match=r"100 sign flips cannot show a difference at 0\.05 in 8 tests; 160 or"):
        compare(three, resamples=100)
    with pytest.raises(UserError, match=r"alpha is 2; a level of significance is above 0 and below 1"):
        compare(three, alpha=2)


def test_published_figures_are_those_of_the_record_and_are_never_tested(three: list[Path]) -> None:
    rows = published_figures("xquad-r").set_index(["system", "setting", "measure"])["value"]
    assert rows["LaBSE, hybrid batches (Elmahdy et al. 2024)", "multi", "RankDistance"] == 221.1
    assert rows["mBERT, X-Y (Roy et al. 2020)", "multi", "AP"] == 0.66
    assert len(published_figures("made-up")) == len(compare(three, published=True, **FAST).published) == 0
    reference = SHARED / "reference" / "published_results.json"
    if not reference.is_file():
        pytest.skip(f"needs {reference}")
    record = json.loads(reference.read_text())
    names = {"xlm-r": "XLM-R", "labse": "LaBSE"}
    for benchmark in ("xquad-r", "mlqa-r"):
        rows = published_figures(benchmark).set_index(["system", "setting", "measure"])["value"]
        expected = {}
        for model, strategies in record["hybrid_batch_training"]["map"][benchmark].items():
            for strategy, figures in strategies.items():
                name = f"{names[model]}, {strategy} batches (Elmahdy et al. 2024)"
                expected |= {(name, setting, "AP"): value for setting, value in figures.items()}
                distance = record["hybrid_batch_training"]["rank_distance"][benchmark][model][strategy]["mean"]
                expected[name, "multi", "RankDistance"] = distance
        for name, value in record["lareqa"]["map"][benchmark].items():
            expected[f"mBERT, {name} (Roy et al. 2020)", "multi", "AP"] = value
        assert rows.to_dict() == expected


def test_the_command_prints_what_the_function_found(three: list[Path], tmp_path: Path) -> None:
    found = compare(three, measures=["AP", "R@1"], resamples=4000)
    command = ("compare", *three, "--measures", "AP", "R@1", "--resamples", 4000)
    printed = run_cli(*command).stdout
    assert printed.endswith("\n".join(found.verdict) + "\n")
    for expected in ("95% intervals", "seen: de zh", "better minus base by query language", "R@1 mono"):
        assert expected in printed
    quiet = run_cli(*command, "--output", tmp_path / "out").stdout
    assert quiet.splitlines() == [*found.verdict, str(tmp_path / "out" / "comparison.json")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "by_language.csv", "by_training.csv", "comparison.json", "figures.csv", "table.tex", "tests.csv",
    ]  # fmt: skip
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert written["verdict"] == list(found.verdict)
    assert written["about"]["better"]["languages_trained_on"] == ["de", "zh"]
    with (tmp_path / "out" / "tests.csv").open() as file:
        assert [float(row["p_t"]) for row in csv.DictReader(file)] == pytest.approx(list(found.tests["p_t"]))
    assert [row["p_t"] for row in written["tests"]] == pytest.approx(list(found.tests["p_t"]))


def test_the_same_comparison_again_is_done_and_another_is_refused(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("compare", *three[:2], "--measures", "AP", "--resamples", 4000, "--output", out)
    first = run_cli(*command).stdout
    stamp = (out / "comparison.json").stat().st_mtime_ns
    again = run_cli(*command)
    assert again.stdout == first
    assert f"{out} is done already" in again.stderr
    with pytest.warns(AlreadyDone):
        compare(three[:2], measures=["AP"], resamples=4000).save(out)
    assert (out / "comparison.json").stat().st_mtime_ns == stamp
    assert "(seed was 0, is 1); choose another output, or replace it with --overwrite" in refused(*command, "--seed", 1)
    swapped = compare(three[1::-1], measures=["AP"], resamples=4000)
    with pytest.raises(UserError, match=r"other settings \(systems was base equal, is equal base\)"):
        swapped.save(out)
    swapped.save(out, overwrite=True)
    assert json.loads((out / "comparison.json").read_text())["systems"] == ["equal", "base"]
    saved(three[1], gain=0.2)
    with pytest.raises(UserError, match=r"\(evaluations equal was sha256:.*, is sha256:"):
        compare(three[1::-1], measures=["AP"], resamples=4000).save(out)


def test_the_latex_table_marks_the_best_and_explains_its_marks(tmp_path: Path) -> None:
    folders = [saved(tmp_path / "a_b", benchmark="xquad-r"), saved(tmp_path / "100%", 0.1, seed=6, benchmark="xquad-r")]
    compare(folders, published=True, **FAST).save(tmp_path / "out")
    table = (tmp_path / "out" / "table.tex").read_text()
    assert r" & \multicolumn{1}{c}{mono} & \multicolumn{1}{c}{cross} & \multicolumn{2}{c}{multi} \\" in table
    assert r"\cmidrule(lr){2-2}\cmidrule(lr){3-3}\cmidrule(lr){4-5}" in table
    assert r"system & AP & AP & AP & RankDistance \\" in table
    best = next(line for line in table.splitlines() if line.startswith(r"100\%"))
    assert best.count(r"\textbf{") == best.count(r"$^\dagger$") == 4
    assert r"a\_b & 0." in table
    assert r"$^\dagger$: differs from a\_b (paired randomisation test over 60 questions" in table
    assert "Lower is better: RankDistance." in table
    assert "XLM-R, cross batches (Elmahdy et al. 2024) & 0.755 & 0.700 & 0.593 & 295.4" in table


def test_the_latex_table_shows_names_as_they_are(tmp_path: Path) -> None:
    names = ("a~b^c", "{x}#$&\\", "@dagger")
    folders = [saved(tmp_path / name, 0.1 * number) for number, name in enumerate(names)]
    table = compare(folders, **FAST).latex
    printed = (r"a\textasciitilde{}b\textasciicircum{}c", r"\{x\}\#\$\&\textbackslash{}", "@dagger")
    for name in printed:
        assert any(line.startswith(f"{name} & ") for line in table.splitlines())
    assert f"differs from {printed[0]} (" in table


def test_the_csv_files_hold_no_formulas(tmp_path: Path) -> None:
    names = ("=1+1", "-lr", "+x", "@y", "\tz")
    folders = [saved(tmp_path / name, -0.1 * (number == 1), seed=number) for number, name in enumerate(names)]
    found = compare(folders, **FAST)
    found.save(tmp_path / "out")
    with (tmp_path / "out" / "tests.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["b"] for row in rows} == {"'=1+1"}
    assert list(dict.fromkeys(row["a"] for row in rows)) == [f"'{name}" for name in names[1:]]
    assert {row["winner"] for row in rows} >= {"'=1+1", ""}
    assert [float(row["difference"]) for row in rows] == list(found.tests["difference"]), "numbers stay as they are"
    assert any(row["difference"].startswith("-") for row in rows)
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert written["systems"] == list(names)


def damaged(change: Callable[[Path], object]) -> Callable[[Path], Path]:
    def make(tmp_path: Path) -> Path:
        folder = saved(tmp_path / "other", 0.1)
        change(folder)
        return folder

    return make


def truncate(folder: Path) -> None:
    path = folder / "per_query.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rewrite(rows: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        rows(pd.read_parquet(folder / "per_query.parquet")).to_parquet(folder / "per_query.parquet", index=False)

    return change


def resave(rows: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
        Scores(rows(per_query(0.1)), MEASURES, head).save(folder)

    return change


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path / "basis", "there is no folder"),
        (lambda path: path / "basis", "basis; did you mean 'base'?"),
        (lambda path: path / "x", "x has no scores.json, so it is no folder that hybrid-ir evaluate wrote"),
        (lambda path: path / "base" / "scores.json", "scores.json is a file; name the folder"),
        (damaged(lambda folder: (folder / "scores.json").write_text('{"benchmark":')), "is not valid JSON"),
        (damaged(lambda folder: (folder / "scores.json").write_text("[]")), "lacks its benchmark or its figures"),
        (
            damaged(lambda folder: (folder / "per_query.parquet").unlink()),
            "other has no per_query.parquet; evaluate again",
        ),
        (damaged(truncate), "per_query.parquet cannot be read: it is no whole Parquet file; evaluate again"),
        (damaged(lambda folder: (folder / "per_query.parquet").write_bytes(b"")), "per_query.parquet cannot be read"),
        (damaged(rewrite(lambda rows: rows.drop(columns="AP"))), "has no column 'AP'; it has: task, docs"),
        (damaged(rewrite(lambda rows: rows.drop(columns="docs"))), "has no column 'docs'"),
        (damaged(rewrite(lambda rows: rows.astype({"AP": str}))), "a value of AP that is not a finite number"),
        (damaged(rewrite(lambda rows: rows.replace({"AP": {rows.AP[3]: np.inf}}))), "not a finite number"),
        (damaged(rewrite(lambda rows: pd.concat([rows, rows[:1]]))), "two rows of query 'q000_de' on de/de (mono)"),
        (damaged(rewrite(lambda rows: rows.query("setting != 'multi'"))), "has no rows of the setting 'multi'"),
        (damaged(rewrite(lambda rows: rows[5:])), "in the setting 'mono', but scores.json says"),
        (damaged(resave(lambda rows: rows[:0])), "lacks its benchmark or its figures"),
        (lambda path: saved(path / "other", benchmark="xquad-r"), "base is an evaluation of made-up, "),
        (lambda path: path / "x" / ".." / "base", "is given twice"),
    ],
)
def test_folders_that_cannot_be_compared_are_refused(
    make: Callable[[Path], Path], sentence: str, tmp_path: Path
) -> None:
    base = saved(tmp_path / "base")
    (tmp_path / "x").mkdir()
    with pytest.raises(UserError) as refusal:
        compare([base, make(tmp_path)], **FAST)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_command_refuses_in_one_sentence_and_writes_nothing(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "folders of two systems or more" in refused("compare", three[0], "--output", out, writes=out)
    assert "base was not scored with P@5, but with AP, R@1, RankDistance; evaluate it with --measures P@5" in refused(
        "compare", *three, "--measures", "P@5", "AP", "--output", out, writes=out
    )
    truncate(three[1])
    assert "cannot be read" in refused("compare", *three, "--output", out, writes=out)
    assert "is not ours to replace" in refused("compare", three[0], three[2], "--output", three[1].parent)


def as_version_01(folder: Path) -> Path:
    """What version 0.1 wrote of an evaluation: no tasks, questions or clusters."""
    path = folder / "per_query.parquet"
    pd.read_parquet(path).drop(columns=["task", "question", "cluster"]).to_parquet(path, index=False)
    scores = json.loads((folder / "scores.json").read_text())
    del scores["tasks"]
    (folder / "scores.json").write_text(json.dumps(scores))
    return folder


def assert_same(one: Comparison, other: Comparison) -> None:
    for frame in ("figures", "tests", "by_language", "by_training"):
        pd.testing.assert_frame_equal(getattr(one, frame), getattr(other, frame))
    assert (one.verdict, one.latex) == (other.verdict, other.latex)


def test_folders_of_version_01_are_compared_as_they_were(three: list[Path]) -> None:
    new = compare(three, **FAST)
    as_version_01(three[1])
    assert_same(compare(three, **FAST), new)
    for folder in (three[0], three[2]):
        as_version_01(folder)
    assert_same(compare(three, **FAST), new)


def test_folders_of_version_01_have_the_questions_that_others_say(tmp_path: Path) -> None:
    """Its own are guessed from query ids, which may end in anything."""
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    for name, gain in (("base", 0.0), ("better", 0.1)):
        rows = per_query(gain, seed=int(100 * gain))
        rows["query_id"] = [f"{lang}-{number}" for lang, number in zip(rows.queries, rows.question, strict=True)]
        Scores(rows, MEASURES, head).save(tmp_path / name)
    new = compare([tmp_path / "base", tmp_path / "better"], **FAST)
    assert_same(compare([as_version_01(tmp_path / "base"), tmp_path / "better"], **FAST), new)


@pytest.mark.parametrize("unit", ["question", "cluster"])
def test_folders_that_say_another_question_or_cluster_of_a_query_are_refused(
    three: list[Path], tmp_path: Path, unit: str
) -> None:
    rows = per_query(0.1)
    rows.loc[rows.query_id == "q003_zh", unit] = "another"
    Scores(rows, MEASURES, {"benchmark": "made-up", "depth": None}).save(tmp_path / "other")
    with pytest.raises(UserError, match=rf"say another {unit} of query 'q003_zh' on .*/zh \(.*\); evaluate both"):
        compare([three[0], tmp_path / "other"], **FAST)


def test_tasks_of_the_same_languages_are_apart(tmp_path: Path) -> None:
    """As those of two years, whose topics may have the same numbers."""
    folders = []
    for name, gain in (("base", 0.0), ("better", 0.1)):
        years = [per_query(gain, seed=seed).query("queries == 'en'") for seed in (0, 1)]
        both = [rows.assign(task=f"202{number}/" + rows["task"]) for number, rows in enumerate(years, start=2)]
        rows = pd.concat([both[0], both[1].query("question < 'q020'")], ignore_index=True)
        Scores(rows, MEASURES, {"benchmark": "made-up", "zero_shot": True, "depth": None}).save(tmp_path / name)
        folders.append(tmp_path / name)
    found = compare(folders, **FAST)
    for folder in folders:
        written = json.loads((folder / "scores.json").read_text())
        assert len(written["tasks"]) == 8
        for row in found.figures.query("system == @folder.name").itertuples():
            assert row.value == pytest.approx(written["settings"][row.setting][row.measure], abs=1e-9)
    assert list(found.by_language["language"].unique()) == ["en"]
    assert (found.tests["wins"] + found.tests["ties"] + found.tests["losses"] == 60).all()


def test_a_question_in_several_queries_of_a_task_is_one_unit(tmp_path: Path) -> None:
    """As where the queries of a task are of several languages; some questions are in fewer than others."""
    folders, single = [], []
    for name, gain in (("base", 0.0), ("better", 0.1)):
        head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
        rows = per_query(gain, seed=int(100 * gain)).query("setting == 'multi'")
        Scores(rows.assign(task="multi/multi", queries="multi"), MEASURES, head).save(tmp_path / name)
        folders.append(tmp_path / name)
        even = rows.query("question < 'q030'")  # in all three languages
        Scores(even.assign(task="multi/multi", queries="multi"), MEASURES, head).save(tmp_path / "even" / name)
        means = even.groupby("question", as_index=False)[[*MEASURES]].mean()
        labels = {"task": "multi/multi", "docs": "multi", "queries": "multi", "setting": "multi", "cluster": "c"}
        Scores(means.assign(query_id=means["question"], **labels), MEASURES, head).save(tmp_path / "one" / name)
        single.append(tmp_path / "one" / name)
    found = compare(folders, **FAST)
    for row in found.figures.itertuples():
        written = json.loads((tmp_path / row.system / "scores.json").read_text())["settings"]
        assert row.value == pytest.approx(written["multi"][row.measure], abs=1e-9)
    assert found.method["questions"] == 60
    assert (found.tests["wins"] + found.tests["ties"] + found.tests["losses"] == 60).all()
    several, one = compare([tmp_path / "even" / name for name in ("base", "better")], **FAST), compare(single, **FAST)
    for frame in ("figures", "tests"):
        pd.testing.assert_frame_equal(getattr(several, frame), getattr(one, frame))


def test_a_measure_that_is_summed_is_compared_as_the_sum_that_it_is(tmp_path: Path) -> None:
    for name, gain in (("base", 0), ("more", 5)):
        rows = per_query()
        found = np.random.default_rng(gain).integers(10, 20, len(rows)) + gain
        head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
        Scores(rows.assign(NumRet=found * 1.0), ("NumRet", "AP"), head).save(tmp_path / name)
    result = compare([tmp_path / "base", tmp_path / "more"], **FAST)
    assert list(result.figures["measure"].unique()) == ["NumRet", "AP"], (
        "what was scored, where that is not the default"
    )
    for row in result.figures.itertuples():
        written = json.loads((tmp_path / row.system / "scores.json").read_text())["settings"]
        assert row.value == pytest.approx(written[row.setting][row.measure], rel=1e-12)
        assert row.low <= row.value <= row.high
    assert result.figures["value"].max() > 500
    rewrite(lambda rows: rows.assign(NumRet=rows.NumRet + (rows.query_id == "q001_en")))(tmp_path / "more")
    with pytest.raises(UserError, match=r"gives NumRet .* in the setting 'mono', but scores\.json says"):
        compare([tmp_path / "base", tmp_path / "more"], **FAST)


def test_by_default_what_all_were_scored_with_is_compared(three: list[Path], tmp_path: Path) -> None:
    assert list(compare(three, **FAST).figures["measure"].unique()) == ["AP", "RankDistance"]
    head = {"benchmark": "made-up", "zero_shot": True, "depth": None}
    Scores(per_query(0.1), ("R@1", "AP"), head).save(tmp_path / "other")
    assert list(compare([three[0], tmp_path / "other"], **FAST).figures["measure"].unique()) == ["AP", "R@1"]
    assert list(compare([tmp_path / "other"], **FAST).figures["measure"].unique()) == ["R@1", "AP"]
    Scores(per_query(0.1), ("R@1",), head).save(tmp_path / "third")
    Scores(per_query(0.1).drop(columns="R@1"), ("AP",), head).save(tmp_path / "fourth")
    with pytest.raises(UserError, match="fourth was not scored with R@1, but with AP; evaluate"):
        compare([tmp_path / "third", tmp_path / "fourth"], **FAST)


def test_evaluations_of_what_is_not_parallel_are_compared(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark(str(write_news(tmp_path)))
    folders = []
    for pooling in ("mean", "cls"):
        folders.append(tmp_path / pooling)
        evaluate(benchmark, Encoder.load(tiny, pooling=pooling), folders[-1])
    found = compare(folders, **FAST)
    assert list(found.figures["measure"].unique()) == ["nDCG@5", "AP"]
    for row in found.figures.itertuples():
        written = json.loads((tmp_path / row.system / "scores.json").read_text())["settings"]
        assert row.value == pytest.approx(written[row.setting][row.measure], abs=1e-9)
    assert found.method["questions"] == 8
