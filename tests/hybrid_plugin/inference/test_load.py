"""Evaluation folders that are read for a comparison: what they share is kept, what is damaged or another is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import FRAMES, Comparison
from hybrid_plugin.inference.load.published import published_figures
from hybrid_plugin.inference.present.tables import comparison_tables
from tests.conftest import run_cli
from tests.hybrid_plugin.inference.made_up import (
    FAST,
    MEASURES,
    per_query,
    rewrite,
    save,
    saved,
    truncate,
)


def as_version_01(folder: Path) -> Path:
    """What version 0.1 wrote of an evaluation: no tasks, questions, clusters or articles."""
    rewrite(lambda rows: rows.drop(columns=["task", "question", "cluster", "article"]))(folder)
    scores = json.loads((folder / "scores.json").read_text())
    del scores["tasks"]
    (folder / "scores.json").write_text(json.dumps(scores))
    return folder


def assert_same(one: Comparison, other: Comparison) -> None:
    for frame in FRAMES:
        pd.testing.assert_frame_equal(getattr(one, frame), getattr(other, frame))
    assert (one.verdict, one.latex) == (other.verdict, other.latex)


def damaged(change: Callable[[Path], object]) -> Callable[[Path], Path]:
    def make(tmp_path: Path) -> Path:
        folder = saved(tmp_path / "other", 0.1)
        change(folder)
        return folder

    return make


def resave(rows: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        save(folder, rows(per_query(0.1)))

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


def test_folders_of_version_01_have_the_clusters_that_others_say_or_each_question_is_one(three: list[Path]) -> None:
    new, by_question = compare(three, **FAST), compare(three, cluster="question", **FAST)
    as_version_01(three[1])
    assert_same(compare(three, **FAST), new)
    for folder in (three[0], three[2]):
        as_version_01(folder)
    old = compare(three, **FAST)
    for frame in FRAMES:
        pd.testing.assert_frame_equal(getattr(old, frame), getattr(by_question, frame))
    assert old.method["clusters"] == old.method["questions"] == 60
    assert (
        "Tests and intervals are over the 60 questions, each with all its languages. p is corrected for the number of "
        "tests, intervals are not."
    ) in old.verdict


def test_folders_without_articles_have_each_cluster_as_one(three: list[Path]) -> None:
    by_article, by_cluster = (compare(three, cluster=unit, **FAST) for unit in ("article", "cluster"))
    assert (by_article.method["clusters"], by_cluster.method["clusters"]) == (10, 30)
    for folder in three:
        rewrite(lambda rows: rows.drop(columns="article"))(folder)
    pd.testing.assert_frame_equal(compare(three, cluster="article", **FAST).tests, by_cluster.tests)


def test_folders_of_version_01_have_the_questions_that_others_say(tmp_path: Path) -> None:
    """Its own are guessed from query ids, which may end in anything."""
    for name, gain in (("base", 0.0), ("better", 0.1)):
        rows = per_query(gain, seed=int(100 * gain))
        rows["query_id"] = [f"{lang}-{number}" for lang, number in zip(rows.queries, rows.question, strict=True)]
        save(tmp_path / name, rows)
    new = compare([tmp_path / "base", tmp_path / "better"], **FAST)
    assert_same(compare([as_version_01(tmp_path / "base"), tmp_path / "better"], **FAST), new)


@pytest.mark.parametrize("unit", ["question", "cluster", "article"])
def test_folders_that_say_another_question_or_cluster_of_a_query_are_refused(
    three: list[Path], tmp_path: Path, unit: str
) -> None:
    rows = per_query(0.1)
    rows.loc[rows.query_id == "q003_zh", unit] = "another"
    Scores(rows, MEASURES, {"benchmark": "made-up", "depth": None}).save(tmp_path / "other")
    with pytest.raises(UserError, match=rf"say another {unit} of query 'q003_zh' on .*/zh \(.*\); evaluate both"):
        compare([three[0], tmp_path / "other"], **FAST)


def test_runs_that_are_not_of_one_system_are_refused(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"base and .*better differ in languages trained on, so they are not runs of one"
    ):
        compare({"one": [three[0], three[2]], "other": [three[1]]}, **FAST)
    with pytest.raises(UserError, match="base is given twice"):
        compare({"one": [three[0]], "other": [three[1], three[0]]}, **FAST)


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


def test_what_systems_share_is_compared_and_told_with_numbers(three: list[Path], tmp_path: Path) -> None:
    part = per_query(0.1, seed=6).query(
        "queries != 'de' and docs != 'zh' and not (setting == 'multi' and question < 'q010')"
    )
    save(tmp_path / "part", part)
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
    save(tmp_path / "seed", per_query(seed=3).query("setting == 'multi' and question < 'q050'"))
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
    for name in ("de", "en"):
        save(tmp_path / name, per_query().query("setting == 'mono' and docs == @name"))
    with pytest.raises(
        UserError, match="de and en share no query: de has 30 queries of de/de; en has 60 queries of en"
    ):
        compare([tmp_path / "de", tmp_path / "en"], **FAST)
    save(tmp_path / "more", per_query().query("setting != 'cross' and docs != 'de'"))
    save(tmp_path / "other", per_query(0.1).query("docs in ('de', 'multi')"))
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
    save(tmp_path / "mono", per_query().query("setting == 'mono'"))
    with pytest.raises(
        UserError, match=r"mono has nothing of what is asked for \(multi\); it has 150 queries of de/de, en"
    ):
        compare([three[0], tmp_path / "mono"], settings=["multi"], **FAST)


def test_the_scope_is_what_the_benchmark_has_more_than_the_evaluations(tmp_path: Path) -> None:
    """Here xquad-r, with eleven languages."""
    for name, rows in (
        ("mono", per_query().query("setting == 'mono'")),
        ("pairs", per_query().query("setting != 'multi'")),
        ("some", per_query().query("docs == 'de'")),
    ):
        save(tmp_path / name, rows, benchmark="xquad-r")
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


def test_all_measures_are_those_in_common_in_any_case(three: list[Path]) -> None:
    for word in ("all", "ALL"):
        assert {*compare(three[:2], measures=[word], **FAST).figures["measure"]} == {*MEASURES}, word


def test_measures_are_asked_for_in_any_case(three: list[Path]) -> None:
    asked = compare(three[:2], measures=["map", "rankdistance"], **FAST)
    assert list(asked.figures["measure"].unique()) == ["AP", "RankDistance"]
    assert published_figures("xquad-r", ["ap"]).equals(published_figures("xquad-r", ["AP"]))
    with pytest.raises(UserError, match="unknown measure 'nDGC@10'; did you mean 'nDCG@10'"):
        compare(three[:2], measures=["nDGC@10"], **FAST)


def test_by_default_what_all_were_scored_with_is_compared(three: list[Path], tmp_path: Path) -> None:
    assert list(compare(three, **FAST).figures["measure"].unique()) == ["AP", "RankDistance"]
    save(tmp_path / "other", per_query(0.1), ("R@1", "AP"))
    assert list(compare([three[0], tmp_path / "other"], **FAST).figures["measure"].unique()) == ["AP", "R@1"]
    assert list(compare([tmp_path / "other"], **FAST).figures["measure"].unique()) == ["R@1", "AP"]
    save(tmp_path / "third", per_query(0.1), ("R@1",))
    save(tmp_path / "fourth", per_query(0.1).drop(columns="R@1"), ("AP",))
    with pytest.raises(UserError, match="fourth was not scored with R@1, but with AP; evaluate"):
        compare([tmp_path / "third", tmp_path / "fourth"], **FAST)


def test_a_setting_that_no_system_has_in_all_its_runs_is_not_compared(tmp_path: Path) -> None:
    full, mono = per_query(), per_query().query("setting == 'mono'")
    systems = {
        "a": [save(tmp_path / "a0", full), save(tmp_path / "a1", mono)],
        "b": [save(tmp_path / "b0", mono), save(tmp_path / "b1", full)],
    }
    found = compare(systems, measures="AP", **FAST)
    assert {*found.figures["setting"]} == {"mono"}
    assert "Nothing in the multilingual setting is compared, where the systems share no query" in " ".join(
        found.verdict
    )
