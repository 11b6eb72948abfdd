"""What is inferred: figures of evaluations, their differences, and tests of what can be compared alone."""

from __future__ import annotations

import csv
import json
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
from hybrid_plugin.inference.comparison import FRAMES
from hybrid_plugin.inference.present.tables import comparison_tables
from hybrid_plugin.tasks.named import load_benchmark
from tests.hybrid_plugin.inference.made_up import (
    FAST,
    MEASURES,
    per_query,
    rewrite,
    save,
    saved,
)
from tests.hybrid_plugin.news import write_news


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
    assert found.method["runs"] == {"base": 3, "better": 2}
    assert found.tests["p_randomization"].isna().all(), "runs cannot be swapped with those of another system"
    np.testing.assert_array_equal(found.tests["p"], found.tests["p_t"])
    alone = compare([base[0], better[0]], **FAST)
    assert alone.figures["spread"].isna().all()
    np.testing.assert_array_equal(alone.tests["p"], alone.tests["p_randomization"])
    np.testing.assert_array_equal(alone.tests["degrees"], 29)
    assert (found.tests["d"].abs() > alone.tests["d"].abs()).all(), "a mean of runs has less noise"


def test_swapping_two_systems_negates_the_difference_and_keeps_p(three: list[Path]) -> None:
    one, other = (compare(folders, **FAST).tests for folders in (three[:2], three[1::-1]))
    for column in ("difference", "d"):
        np.testing.assert_allclose(one[column], -other[column])
    for column in ("p_randomization", "p_t", "p", "p_holm", "degrees", "ties"):
        np.testing.assert_allclose(one[column], other[column])
    np.testing.assert_array_equal(one["wins"], other["losses"])
    np.testing.assert_allclose(one["low"], -other["high"])


def test_the_order_of_the_rows_changes_nothing(three: list[Path], tmp_path: Path) -> None:
    shuffled = [
        save(tmp_path / "shuffled" / name, per_query(seed=seed).sample(frac=1, random_state=seed + 1))
        for name, seed in (("base", 0), ("equal", 5))
    ]
    one, other = compare(three[:2], **FAST), compare(shuffled, **FAST)
    for frame in FRAMES:
        pd.testing.assert_frame_equal(getattr(one, frame), getattr(other, frame))


def test_holms_family_is_all_tests_and_by_language_one_of_its_own(three: list[Path]) -> None:
    found = compare(three, all_pairs=True, measures=MEASURES, **FAST)
    assert len(found.tests) == found.method["tests"] == 21
    assert len(found.by_language) == 63
    for rows in (found.tests, found.by_language):
        ordered = rows.sort_values("p", kind="stable")
        stepped = ordered["p"] * np.arange(len(rows), 0, -1)
        np.testing.assert_allclose(ordered["p_holm"], stepped.cummax().clip(upper=1))


def test_of_a_language_that_only_one_paragraph_has_no_interval_is_known(tmp_path: Path) -> None:
    folders = [
        save(tmp_path / name, per_query(gain, seed=number).query("queries != 'zh' or cluster == 'p03'"))
        for number, (name, gain) in enumerate((("base", 0.0), ("better", 0.1)))
    ]
    found = compare(folders, settings="multi", measures="AP", **FAST)
    chinese = found.by_language.set_index("language").loc["zh"]
    assert np.isnan(chinese["low"])
    assert chinese["winner"] == ""
    assert chinese["p"] == 1
    assert found.by_language.set_index("language").loc["en", "winner"] == "better"
    languages = found.languages.set_index(["system", "language"])
    assert np.isnan(languages.loc[("base", "zh"), "low"])
    assert languages.loc[("base", "en"), "low"] < languages.loc[("base", "en"), "value"]
    with_chinese = found.gaps[(found.gaps["best"] == "zh") | (found.gaps["worst"] == "zh")]
    assert with_chinese["low"].isna().all(), "nor of what it has over another"
    assert len(with_chinese)


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
    said = "cannot be compared with the others: its rankings are of 1000 documents, those of base full, and"
    sentences = [
        f"AP (mono, cross, multi) of short {said} cutting lowers AP: that of short looks worse than it is; "
        "--depth 1000 evaluates both alike.",
        f"RankDistance (multi) of short {said} cutting may lower or raise RankDistance; --depth 1000 evaluates "
        "both alike.",
    ]
    for sentence in sentences:
        assert sentence in found.verdict
        assert found.latex.count(f"$^\\ddagger$: {sentence}") == 1
    line = next(line for line in found.latex.splitlines() if line.startswith("short"))
    assert line.count(r"\textbf{") == 3, "those of R@1"
    assert line.count(r"\rlap{$^\ddagger$}") == 4
    tables = list(comparison_tables(found))
    assert {f"‡ {sentence}" for sentence in sentences} <= {*tables[0].notes}
    shown = dict(zip(tables[0].columns, tables[0].parts[0][2][1:], strict=True))
    assert {name for name, cell in shown.items() if "‡" in cell} == {
        "AP mono ↑",
        "AP cross ↑",
        "AP multi ↑",
        "RankDistance multi ↓",
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
        save(tmp_path / name, rows.assign(**{measure: rows.AP}), (measure,), depth=own)
    found = compare([tmp_path / "base", tmp_path / "other"], **FAST)
    assert (len(found.tests), len(found.incomparable)) == ((1, 0) if tested else (0, 1))


def test_rankings_that_are_of_one_length_are_of_one_depth(tmp_path: Path) -> None:
    """As where a collection has fewer documents than were asked for."""
    for name, depth in (("base", None), ("other", 1000)):
        save(tmp_path / name, per_query().assign(retrieved=48, missed=0), depth=depth)
    assert len(compare([tmp_path / "base", tmp_path / "other"], **FAST).incomparable) == 0


def test_the_distance_counts_what_rankings_do_not_find_and_the_verdict_says_of_how_many(tmp_path: Path) -> None:
    """Its value is then the largest of the depth, so a system that finds less is not better for it."""
    for name, gain, every in (("base", 0.0, 1000), ("bm25", 0.3, 3)):
        rows = per_query(gain)
        lost = rows.index % every == 0
        counted = {"retrieved": 1000, "missed": np.where(lost, 3, 0), "found": np.where(lost, 0, 3)}
        far = rows.RankDistance.mask(lost & (rows.setting == "multi"), 1000)
        save(tmp_path / name, rows.assign(**counted, RankDistance=far, FirstRank=far), (*MEASURES, "FirstRank"))
    found = compare([tmp_path / "base", tmp_path / "bm25"], measures=["AP", "RankDistance", "FirstRank"], **FAST)
    assert found.tests.query("setting == 'multi'").set_index("measure")["winner"].to_dict() == {
        "AP": "bm25", "RankDistance": "base", "FirstRank": "base",
    }  # fmt: skip
    queries = int(lost[rows.setting == "multi"].sum())
    assert (
        f"The rankings of bm25 hold no relevant document for {queries} queries in the multilingual setting; "
        "RankDistance and FirstRank give these the worst value of their depth."
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
    easier = rows.assign(RankDistance=rows.RankDistance.mask(lost), found=1, missed=0)
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
    """Folders of earlier versions do not count what rankings hold, and left out what they did not find."""
    rows = per_query(0.1, seed=6)
    lost = (rows.setting == "multi") & rows.AP.lt(rows.AP.quantile(0.3))
    base = saved(tmp_path / "base")
    save(tmp_path / "picky", rows.assign(RankDistance=rows.RankDistance.mask(lost)))
    found = compare([base, tmp_path / "picky"], **FAST)
    assert "RankDistance" not in set(found.tests["measure"])
    assert (
        f"RankDistance (multi) of picky cannot be compared with the others: an earlier version left out {lost.sum()} "
        "of its 150 queries, for which it found nothing; evaluate it again."
    ) in found.verdict
    assert not any("leave these out" in sentence for sentence in found.verdict)


def test_too_few_sign_flips_to_show_anything_are_refused(three: list[Path]) -> None:
    with pytest.raises(UserError, match=r"100 sign flips cannot show a difference at 0\.05 in 8 tests; 160 or"):
        compare(three, resamples=100)
    with pytest.raises(UserError, match=r"alpha is 2; a level of significance is above 0 and below 1"):
        compare(three, alpha=2)


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
        rows = per_query(gain, seed=int(100 * gain)).query("setting == 'multi'")
        save(tmp_path / name, rows.assign(task="multi/multi", queries="multi"))
        folders.append(tmp_path / name)
        even = rows.query("question < 'q030'")  # in all three languages
        save(tmp_path / "even" / name, even.assign(task="multi/multi", queries="multi"))
        means = even.groupby("question", as_index=False)[[*MEASURES]].mean()
        labels = {"task": "multi/multi", "docs": "multi", "queries": "multi", "setting": "multi"}
        units = even.groupby("question", as_index=False)[["cluster", "article"]].first()
        save(tmp_path / "one" / name, means.merge(units).assign(query_id=means["question"], **labels))
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
        save(tmp_path / name, rows.assign(NumRet=found * 1.0), ("NumRet", "AP"))
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


def test_a_distance_between_single_answers_is_not_compared(tmp_path: Path) -> None:
    """Of a query with one answer RankDistance is 0, or the depth where it is not found: that is no distance."""
    folders = []
    for name, every in (("dense", 1000), ("sparse", 10)):
        rows = per_query().query("setting == 'mono'")
        lost = np.arange(len(rows)) % every == 0
        counted = {"found": np.where(lost, 0.0, 1.0), "missed": np.where(lost, 1.0, 0.0), "retrieved": 100}
        folders.append(save(tmp_path / name, rows.assign(**counted, RankDistance=np.where(lost, 100.0, 0.0))))
    found = compare(folders, **FAST)
    assert {*found.tests["measure"]} == {"AP"}
    assert {*found.figures["measure"]} == {"AP", "RankDistance"}
