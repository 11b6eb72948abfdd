"""Measures of which a certain value is best: what is nearer to it wins, whichever side it is on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.present.tables import comparison_tables
from tests.hybrid_plugin.inference.made_up import FAST, per_query, save

SKEW = "LanguageSkew(lang='other')@10"


def skewed(level: float, sides: bool = False) -> pd.DataFrame:
    """Values around a level, or with ``sides`` as far above the target as below it, question by question."""
    rows = per_query(seed=int(100 * level)).query("setting == 'multi'").reset_index(drop=True)
    side = np.where(rows["question"].str[-1].astype(int) % 2, 1, -1) if sides else 1
    return rows.assign(**{SKEW: level * side + np.random.default_rng(0).normal(0, 0.02, len(rows))})


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Of a biased baseline, a fair system, and one that is biased either way and fair on the average alone."""
    folder = tmp_path_factory.mktemp("targets")
    folders = [
        save(folder / "biased", skewed(0.3), (SKEW,)),
        save(folder / "fair", skewed(0.0), (SKEW,)),
        save(folder / "torn", skewed(0.3, sides=True), (SKEW,)),
    ]
    return compare(folders, all_pairs=True, **FAST)


def test_the_fair_system_wins_and_not_the_one_with_more(found: Comparison) -> None:
    tests = found.tests.set_index(["a", "b"])
    assert tests["winner"].to_dict() == {
        ("fair", "biased"): "fair", ("torn", "biased"): "", ("torn", "fair"): "fair",
    }  # fmt: skip
    assert tests.loc[("fair", "biased"), "wins"] == 60
    assert tests.loc[("torn", "fair"), "losses"] == 60
    assert tests.loc[("fair", "biased"), "languages_ahead"] == 3


def test_differences_are_of_mean_distances_and_figures_are_as_they_are(found: Comparison) -> None:
    values = {name: skewed(level, sides)[SKEW] for name, level, sides in (
        ("biased", 0.3, False), ("fair", 0.0, False), ("torn", 0.3, True),
    )}  # fmt: skip
    queries = skewed(0.0)["queries"]
    figures = found.figures.set_index("system")
    for name, own in values.items():
        assert figures.loc[name, "value"] == pytest.approx(own.groupby(queries).mean().mean())
        assert figures.loc[name, "compared"] == pytest.approx(own.abs().groupby(queries).mean().mean())
        assert figures.loc[name, "low"] < figures.loc[name, "value"] < figures.loc[name, "high"]
    assert abs(figures.loc["torn", "value"]) < 0.03, "fair on the average"
    for test in found.tests.itertuples():
        distances = figures.loc[[test.a, test.b], "compared"].tolist()
        assert [test.value_a, test.value_b, test.difference] == pytest.approx([*distances, distances[0] - distances[1]])


def test_the_verdict_says_that_it_is_about_distances(found: Comparison) -> None:
    test = found.tests.iloc[0]
    assert found.verdict[0] == (
        f"fair beats biased in the multilingual setting (mean distance of {SKEW} from 0 {test.difference:+.4f}, 95% CI "
        f"{test.low:.4f} to {test.high:.4f}, p < 0.001 after Holm over 3 tests, d = {test.d:.2f}; lower is better)."
    )
    assert test.difference < 0


def test_tables_point_to_the_target_and_mark_the_nearest(found: Comparison) -> None:
    assert found.best() == {("fair", "multi", SKEW)}
    head = next(line for line in found.latex.splitlines() if line.startswith("system"))
    assert head == rf"system & {SKEW} $\to0$ \\"
    bold = [line for line in found.latex.splitlines() if r"\textbf" in line]
    assert len(bold) == 1
    assert bold[0].startswith("fair & ")
    tables = list(comparison_tables(found))
    assert tables[0].columns == (f"{SKEW} multi →0",)
    assert tables[1].parts[0][0][0] == f"{SKEW} multi distance"
