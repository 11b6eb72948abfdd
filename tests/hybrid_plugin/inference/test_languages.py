"""What pairs of languages say: against a plain computation with pandas, and intervals that cover."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.infer.design import Asked, Cells, Outcome
from hybrid_plugin.inference.infer.estimates import with_intervals
from hybrid_plugin.inference.infer.languages import direction_rows, gap_rows, language_rows
from hybrid_plugin.measures.direction import Direction
from tests.hybrid_plugin.inference.made_up import FAST, LANGUAGES, per_query, save

EASIER = {"de": 0.1, "en": 0.2, "zh": -0.1}  # by query language


def uneven(seed: int = 0) -> pd.DataFrame:
    """Values that differ by language; Chinese documents are not asked for in German."""
    rows = per_query(seed=seed).query("task != 'zh/de'").reset_index(drop=True)
    ease = rows["queries"].map(EASIER) + 0.05 * (rows["docs"] == "en")
    return rows.assign(
        AP=rows.AP + ease, RankDistance=(rows.RankDistance - 200 * ease).where(rows.setting == "multi", 0)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("languages") / "uneven", uneven())


def test_the_figure_of_a_language_is_the_mean_over_its_tasks_and_its_part_what_it_has_over_all(folder: Path) -> None:
    found = compare([folder], **FAST).languages
    tasks = uneven().groupby(["setting", "docs", "queries"])[["AP", "RankDistance"]].mean().reset_index()
    rows = dict(iter(found.groupby(["setting", "measure", "side"])))
    assert {*rows} == {
        ("mono", "AP", "queries"), ("cross", "AP", "queries"), ("cross", "AP", "documents"),
        ("multi", "AP", "queries"), ("multi", "RankDistance", "queries"),
    }  # fmt: skip
    for (setting, measure, side), own in rows.items():
        column = "docs" if side == "documents" else "queries"
        expected = tasks[tasks.setting == setting].groupby(column)[measure].mean()
        found = own.set_index("language")
        np.testing.assert_allclose(found["value"][list(LANGUAGES)], expected[list(LANGUAGES)])
        np.testing.assert_allclose(found["part"][list(LANGUAGES)], (expected - expected.mean())[list(LANGUAGES)])
        assert (found["low"] < found["value"]).all()
        assert (found["value"] < found["high"]).all()
        assert (found["part_low"] < found["part"]).all()
        assert (found["part"] < found["part_high"]).all()
        assert (found["part_high"] - found["part_low"] < found["high"] - found["low"]).all(), (
            "what is hard about a paragraph is so in all languages"
        )


def test_the_directions_of_a_language_are_over_the_same_other_languages(folder: Path) -> None:
    found = compare([folder], measures=["AP"], **FAST).directions.set_index("language")
    cross = uneven().query("setting == 'cross'").groupby(["docs", "queries"])["AP"].mean()
    pairs = {"de": ["en"], "en": ["de", "zh"], "zh": ["en"]}  # zh/de is not asked
    assert {*found.index} == {*pairs}
    for language, others in pairs.items():
        asked = np.mean([cross[other, language] for other in others])
        answered = np.mean([cross[language, other] for other in others])
        row = found.loc[language]
        assert [row["as_queries"], row["as_documents"], row["asymmetry"]] == pytest.approx(
            [asked, answered, asked - answered]
        )
        assert row["low"] < row["asymmetry"] < row["high"]


def test_a_gap_is_from_the_best_language_to_the_worst_whichever_way_the_measure_goes(folder: Path) -> None:
    found = compare([folder], **FAST)
    gaps = found.gaps.set_index(["setting", "measure", "side"])
    values = found.languages.set_index(["setting", "measure", "side", "language"])["value"].sort_index()
    pairs = uneven().query("setting == 'cross'").groupby("task")["AP"].mean()
    assert len(gaps) == 6
    for key, row in gaps.iterrows():
        own = pairs if key[2] == "pairs" else values[key]
        assert {row["best"], row["worst"]} == {own.idxmax(), own.idxmin()}
        assert row["gap"] == pytest.approx(own[row["best"]] - own[row["worst"]])
        assert row["low"] < row["gap"] < row["high"]
    assert gaps.loc["multi", "AP", "queries"]["gap"] > 0
    distance = gaps.loc["multi", "RankDistance", "queries"]
    assert (distance["best"], distance["worst"]) == ("en", "zh")
    assert distance["gap"] < 0, "of a measure of which less is better, the best has less"


def test_of_a_measure_with_a_target_the_best_language_is_the_nearest_to_it(tmp_path: Path) -> None:
    skew = "LanguageSkew@10"
    rows = per_query().query("setting == 'multi'")
    level = rows["queries"].map({"de": -0.3, "en": 0.02, "zh": 0.2})
    folder = save(tmp_path / "skewed", rows.assign(**{skew: level + (rows.AP - rows.AP.mean())}), (skew,))
    gap = compare([folder], measures=[skew], **FAST).gaps.iloc[0]
    assert (gap["best"], gap["worst"]) == ("en", "de")


def test_intervals_of_parts_directions_and_gaps_cover() -> None:
    """In 100 simulations of 30 clusters with two questions each, of three languages whose figures are known."""
    docs, queries = (np.array(side) for side in zip(*permutations(LANGUAGES, 2), strict=True))
    number = 60
    tasks, questions = np.repeat(np.arange(6), number), np.tile(np.arange(number), 6)
    names = np.array([f"{one}/{other}" for one, other in zip(docs, queries, strict=True)])
    asked = Asked("cross", names, docs, queries, tasks, questions, questions // 2)
    level = np.array([EASIER[language] for language in queries])
    truth = {"de": 0.1, "en": 0.2, "zh": -0.1}
    mean = sum(truth.values()) / 3
    generator = np.random.default_rng(3)
    covered = np.zeros(4, int)
    for simulation in range(100):
        own = generator.normal(0, 0.1, (1, 30))[:, asked.clusters] + generator.normal(0, 0.1, (1, number))[:, questions]
        # What a language finds hard about a paragraph is its own in part.
        by_language = generator.normal(0, 0.1, (3, 30))[pd.factorize(queries)[0][tasks], asked.clusters]
        values = {"a": level[tasks] + own + by_language + generator.normal(0, 0.1, (1, len(tasks)))}
        outcome = Outcome("AP", asked, values, values)
        cells = {"a": Cells.of("a", values["a"], asked)}
        rows = [*language_rows(outcome, cells), *direction_rows(outcome, cells), *gap_rows(outcome, cells, Direction())]
        found = with_intervals(rows, 300, simulation, 0.05)
        german = next(row for row in found if row.get("side") == "queries" and row.get("language") == "de")
        direction = next(row for row in found if "asymmetry" in row and row["language"] == "de")
        gap = next(row for row in found if "gap" in row and row["side"] == "queries")
        others = (truth["en"] + truth["zh"]) / 2  # what German documents are asked by
        covered += [
            german["low"] <= truth["de"] <= german["high"],
            german["part_low"] <= truth["de"] - mean <= german["part_high"],
            direction["low"] <= truth["de"] - others <= direction["high"],
            gap["low"] <= truth["en"] - truth["zh"] <= gap["high"],
        ]
    low, high = stats.binom.ppf([0.0005, 0.9995], 100, 0.95)
    assert (covered >= low).all(), covered
    assert (covered <= high).all(), covered
