"""What chance explains: randomisation tests, effect sizes and Holm's correction against scipy and textbooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from hybrid_plugin.inference.infer.chance import effect_size, holm, randomization_test
from hybrid_plugin.inference.infer.design import Asked, Outcome, Pair
from tests.hybrid_plugin.inference.test_estimates import difference

# Extra hours of sleep of ten patients under two drugs: Student, The probable error of a mean, Biometrika 6 (1908).
SLEEP_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SLEEP_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
# Darwin's cross- and self-fertilised maize, in eighths of an inch: Fisher, The Design of Experiments (1935), table 3.
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48])

differences = arrays(float, st.tuples(st.integers(2, 9), st.integers(1, 4)), elements=st.integers(-3, 3).map(float))


def of_scipy(column: np.ndarray, **options: Any) -> float:
    def mean(values: np.ndarray, axis: int) -> np.ndarray:
        return np.mean(values, axis=axis)

    return float(stats.permutation_test((column,), mean, permutation_type="samples", vectorized=True, **options).pvalue)


def pair_of(values: np.ndarray) -> Pair:
    """A system with values [questions, tasks], NaN where a task lacks a question, beside one with 0 everywhere."""
    questions, tasks = values.shape
    number = np.repeat(np.arange(questions), tasks)
    asked = Asked(
        "multi",
        np.arange(tasks),
        np.full(tasks, "multi"),
        np.arange(tasks),
        np.tile(np.arange(tasks), questions),
        number,
        number,
    )
    runs = {"a": values.ravel()[None], "b": np.zeros((1, values.size))}
    return Pair.of(Outcome("AP", asked, runs, runs), "a", "b")


def test_students_sleep_data_give_the_published_t_test() -> None:
    found = difference(SLEEP_1, SLEEP_2, np.arange(10))
    assert found.t_test() == pytest.approx(0.00283, abs=5e-6)
    assert effect_size(SLEEP_1 - SLEEP_2) * np.sqrt(10) == pytest.approx(-4.0621, abs=5e-5)  # t is d_z * sqrt(n)


def test_darwins_maize_gives_fishers_randomisation_test() -> None:
    """Fisher counts 863 of the 2^15 sign patterns with a sum as great as the one observed (section 21)."""
    assert randomization_test(MAIZE[:, None])[0] == 2 * 863 / 2**15


@given(differences)
@settings(max_examples=60, deadline=None)
def test_small_randomisation_tests_are_those_of_scipy(values: np.ndarray) -> None:
    found = randomization_test(values)
    assert found == pytest.approx([of_scipy(column) for column in values.T])
    with_absent = np.vstack([values, np.zeros(values.shape[1])])
    assert randomization_test(with_absent) == pytest.approx(found), "a cluster that is absent changes nothing"


def test_sampled_randomisation_tests_are_near_those_of_scipy() -> None:
    values = np.random.default_rng(0).normal([0.0, 0.1, 0.2], 1, (200, 3))
    expected = [of_scipy(column, n_resamples=20_000, rng=1) for column in values.T]
    assert randomization_test(values, 20_000) == pytest.approx(expected, abs=0.015)
    assert randomization_test(values + 9, 999)[0] == 1 / 1000, "p is never 0"


def test_holms_correction_gives_a_hand_worked_example() -> None:
    # In order 0.005 0.01 0.03 0.04, times 4 3 2 1 = 0.02 0.03 0.06 0.04, and never below the one before.
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.5, 0.9])), [1.0, 1.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_correction_keeps_the_order_and_lies_between_none_and_bonferroni(p: list[float]) -> None:
    raw = np.array(p)
    adjusted = holm(raw)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, raw * len(raw))).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()


@given(
    arrays(float, st.tuples(st.integers(1, 8), st.integers(1, 6)), elements=st.floats(0, 1)),
    st.randoms(use_true_random=False),
)
def test_the_mean_of_the_shares_is_the_macro_average_whatever_is_missing(values: np.ndarray, random: Any) -> None:
    for row in range(len(values)):
        for column in range(1, values.shape[1]):
            if random.random() < 0.4:
                values[row, column] = np.nan
    pair = pair_of(values)
    every = pair.asked.every()
    macro = np.mean([column[~np.isnan(column)].mean() for column in values.T if not np.isnan(column).all()])
    assert np.nanmean(pair.shares(every)) == pytest.approx(macro)
    assert pair.totals(every).sum() == pytest.approx(macro)
    assert pair.a.average(every).value == pytest.approx(macro)


def test_where_nothing_is_missing_a_share_is_the_questions_mean() -> None:
    pair = pair_of(np.array([[0.2, 0.4], [0.6, 1.0]]))
    np.testing.assert_allclose(pair.shares(pair.asked.every()), [0.3, 0.8])
    gone = pair_of(np.array([[0.2, 0.4], [np.nan, np.nan]]))
    np.testing.assert_array_equal(np.isnan(gone.shares(gone.asked.every())), [False, True])


def simulated_nulls(simulations: int, questions: int, pairs: int) -> np.ndarray:
    """Per-query differences of systems that do not differ [simulations, questions, pairs]: a question's are alike."""
    generator = np.random.default_rng(20_240_811)
    own = generator.normal(0, 1, (simulations, questions, 1))
    return own + generator.normal(0, 0.5, (simulations, questions, pairs))


@pytest.mark.parametrize("lacking", [False, True])
def test_false_positives_come_at_the_nominal_rate_with_the_question_as_the_unit(lacking: bool) -> None:
    """Also where a language with a third of the questions weighs as much as the others."""
    nulls = simulated_nulls(simulations=300, questions=60, pairs=6)
    if lacking:
        nulls[:, 20:, 0] = nulls[:, :40, 1] = np.nan
    pairs = [pair_of(values) for values in nulls]
    every = pairs[0].asked.every()
    low, high = stats.binom.ppf([0.0005, 0.9995], 300, 0.05)
    totals = np.column_stack([pair.totals(every) for pair in pairs])
    assert low <= (randomization_test(totals, 4000) <= 0.05).sum() <= high
    assert low <= sum((pair.a.average(every) - pair.b.average(every)).t_test() <= 0.05 for pair in pairs) <= high
    by_query = sum(stats.ttest_1samp(values.ravel(), 0, nan_policy="omit").pvalue <= 0.05 for values in nulls)
    assert by_query > 3 * high, "counting every query as independent finds differences where there are none"


def test_differences_that_do_not_vary_have_a_p_and_no_effect_size() -> None:
    assert randomization_test(np.zeros((5, 1)))[0] == 1.0
    assert np.isnan(effect_size(np.zeros(5)))
