"""Whole sentences of verdicts, each read for what it claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.present.tables import comparison_tables
from tests.hybrid_plugin.inference.made_up import FAST, MEASURES, per_query, save

BY_CLUSTER = (
    "Tests and intervals are over 30 clusters of the 60 questions, each with all its questions and languages. p is "
    "corrected for the number of tests, intervals are not."
)
ONE_RUN = (
    "compared as the one run that there is: what another training with another seed would give is not in the intervals."
)
FULL_AND_SHORT = "its rankings are of 100 documents, those of base full, and"
SAY_DEPTH = "--depth 100 evaluates both alike."


def pool(gain: float = 0.0, seed: int = 0) -> pd.DataFrame:
    return per_query(gain, seed=seed).query("setting == 'multi'")


def runs(folder: Path, name: str, number: int, gain: float = 0.0) -> list[Path]:
    """Runs with values on the pool alone, of levels that differ by chance."""
    levels = np.random.default_rng(number).normal(gain, 0.01, number)
    return [save(folder / f"{name}{seed}", pool(level, 10 * number + seed)) for seed, level in enumerate(levels)]


def of_the_test(found: Comparison) -> str:
    """The sentence of the only test, of AP, that its numbers support."""
    (test,) = found.tests.itertuples()
    p = "p < 0.001" if test.p_holm < 0.001 else f"p = {test.p_holm:.3f}"
    said = f"AP {test.difference:+.4f}, 95% CI {test.low:.4f} to {test.high:.4f}, {p} after Holm over 1 test"
    shown = test.p_holm <= 0.05
    systems = f"{test.a} beats {test.b}" if shown else f"No difference shown between {test.a} and {test.b}"
    return f"{systems} in the multilingual setting ({said}, d = {test.d:.2f})."


@pytest.mark.parametrize("gain", [0.1, 0.0])
def test_of_one_run_against_one_run(tmp_path: Path, gain: float) -> None:
    found = compare([save(tmp_path / "base", pool()), save(tmp_path / "other", pool(gain, 5))], measures="AP", **FAST)
    assert found.verdict == (of_the_test(found), BY_CLUSTER, f"base and other are each {ONE_RUN}")
    assert found.verdict[0].startswith("other beats base" if gain else "No difference shown between other and base")


def test_of_three_seeds_against_three_seeds(tmp_path: Path) -> None:
    systems = {"base": runs(tmp_path, "base", 3), "other": runs(tmp_path / "b", "other", 3, 0.1)}
    found = compare(systems, measures="AP", **FAST)
    assert found.verdict == (
        of_the_test(found),
        BY_CLUSTER,
        "For base (3 runs) and other (3 runs) they are over other runs as well: what is said is about the training, "
        "not about these runs alone.",
    )


def test_of_three_seeds_against_one_run_and_of_two(tmp_path: Path) -> None:
    base, one = save(tmp_path / "single", pool()), runs(tmp_path, "three", 3, 0.1)
    found = compare({"base": [base], "other": one}, measures="AP", **FAST)
    assert found.verdict == (
        of_the_test(found),
        BY_CLUSTER,
        "For other (3 runs) they are over other runs as well: what is said is about the training, not about these runs "
        "alone.",
        f"base is {ONE_RUN}",
    )
    rough = compare({"base": [base], "other": one[:2]}, measures="AP", **FAST).verdict[2]
    assert rough == (
        "For other (2 runs) they are over other runs as well: what is said is about the training, not about these runs "
        "alone. Of two runs they are rough."
    )


def test_what_a_lower_measure_says(tmp_path: Path) -> None:
    folders = [save(tmp_path / "base", pool()), save(tmp_path / "other", pool(0.1, 5))]
    found = compare(folders, measures="RankDistance", **FAST)
    (test,) = found.tests.itertuples()
    assert found.verdict[0] == (
        f"other beats base in the multilingual setting (RankDistance {test.difference:+.1f}, 95% CI {test.low:.1f} to "
        f"{test.high:.1f}, p < 0.001 after Holm over 1 test, d = {test.d:.2f}; lower is better)."
    )
    assert test.difference < 0
    turned = compare(folders[::-1], measures="RankDistance", **FAST)
    assert turned.verdict[0] == found.verdict[0], "the better one stands first, whichever is the baseline"


def cut(rows: pd.DataFrame, lost: Any) -> pd.DataFrame:
    """With the rankings counted: of some queries nothing was found."""
    return rows.assign(retrieved=100, found=np.where(lost, 0, 3), missed=np.where(lost, 3, 0))


def test_of_different_depths_where_each_query_finds_something(tmp_path: Path) -> None:
    """The answers that are beyond the depth count as if they stood just below it, so the distance can but be less."""
    base, short = save(tmp_path / "base", pool()), save(tmp_path / "short", cut(pool(0.1), False), depth=100)
    assert compare([base, short], measures=MEASURES, **FAST).verdict[-2:] == (
        f"AP (multi) of short cannot be compared with the others: {FULL_AND_SHORT} cutting lowers AP: that of short "
        f"looks worse than it is; {SAY_DEPTH}",
        f"RankDistance (multi) of short cannot be compared with the others: {FULL_AND_SHORT} cutting lowers "
        f"RankDistance: that of short looks better than it is; {SAY_DEPTH}",
    )
    tested = compare([base, short], measures=MEASURES, **FAST).tests
    assert list(tested["measure"]) == ["R@1"], "both are as deep as that"


def test_of_different_depths_where_some_queries_find_nothing(tmp_path: Path) -> None:
    """Whose distance counts as that of the depth, and is less or more than the one that they have."""
    rows = pool(0.1)
    lost = np.arange(len(rows)) % 10 == 0
    base, short = save(tmp_path / "base", pool()), save(tmp_path / "short", cut(rows, lost), depth=100)
    assert compare([base, short], measures="RankDistance", **FAST).verdict == (
        f"RankDistance (multi) of short cannot be compared with the others: {FULL_AND_SHORT} cutting may lower or "
        f"raise RankDistance; {SAY_DEPTH}",
        "The rankings of short hold no relevant document for 15 queries in the multilingual setting; RankDistance "
        "gives these the worst value of their depth.",
    )


def test_the_shorter_rankings_are_named_whichever_the_odd_ones_are(tmp_path: Path) -> None:
    short = [save(tmp_path / name, pool(seed=number), depth=100) for number, name in enumerate(("base", "other"))]
    full = save(tmp_path / "full", pool(0.1, 5))
    assert (
        "AP (multi) of full cannot be compared with the others: its rankings are full, those of base of 100 documents, "
        "and cutting lowers AP: that of base looks worse than it is; --depth 100 evaluates both alike."
    ) in compare([*short, full], measures="AP", **FAST).verdict


@pytest.mark.parametrize(
    ("cluster", "sentence"),
    [
        ("cluster", BY_CLUSTER),
        (
            "article",
            "Tests and intervals are over 10 articles of the 60 questions, each with all its questions and languages. "
            "p is corrected for the number of tests, intervals are not.",
        ),
        (
            "question",
            "Tests and intervals are over the 60 questions, each with all its languages. p is corrected for the number "
            "of tests, intervals are not.",
        ),
        (
            "none",
            "Tests and intervals are over 150 queries as if they were independent, which those of one question are "
            "not. p is corrected for the number of tests, intervals are not.",
        ),
    ],
)
def test_it_says_what_was_resampled(tmp_path: Path, cluster: str, sentence: str) -> None:
    folders = [save(tmp_path / "base", pool()), save(tmp_path / "other", pool(0.1, 5))]
    # Where each query is by itself, each language has queries of its own, which is a stratum.
    found = compare(folders, measures="AP", cluster=cluster, **FAST)
    assert found.verdict[1] == sentence
    assert found.tests["degrees"].item() == {"cluster": 29, "article": 9, "question": 59, "none": 147}[cluster]


def test_of_one_cluster_the_questions_are_resampled_and_of_few_it_is_rough(tmp_path: Path) -> None:
    alone, few = ([], [])
    for name, gain in (("base", 0.0), ("other", 0.1)):
        rows = pool(gain, int(10 * gain))
        alone.append(save(tmp_path / "alone" / name, rows.assign(cluster="c", article="c")))
        few.append(
            save(
                tmp_path / "few" / name,
                rows.assign(cluster=rows["question"].str[-1], article="c").query("cluster < '6'"),
            )
        )
    assert compare(alone, measures="AP", **FAST).verdict[1] == (
        "All questions are of one cluster, of which nothing can be said for others. Tests and intervals are over the "
        "60 questions, each with all its languages. p is corrected for the number of tests, intervals are not."
    )
    assert compare(few, measures="AP", **FAST).verdict[1] == (
        "Tests and intervals are over 6 clusters of the 36 questions, each with all its questions and languages; of so "
        "few they are rough. p is corrected for the number of tests, intervals are not."
    )


def test_of_one_question_nothing_is_shown(tmp_path: Path) -> None:
    one = [
        save(tmp_path / name, pool(gain).query("question == 'q003'")) for name, gain in (("base", 0.0), ("other", 0.3))
    ]
    found = compare(one, measures="AP", **FAST)
    assert found.tests["winner"].item() == ""
    assert found.tests[["low", "high"]].isna().all(axis=None)
    printed = [cell for table in comparison_tables(found) for part in table.parts for row in part for cell in row]
    assert any("no interval known" in cell for cell in printed)
    assert not any("nan" in cell for cell in printed if "to" in cell)
    assert found.verdict[0] == (
        "No difference shown between other and base in the multilingual setting "
        f"(AP {found.tests.difference[0]:+.4f}, no interval known, p = 1.000 after Holm over 1 test)."
    )
