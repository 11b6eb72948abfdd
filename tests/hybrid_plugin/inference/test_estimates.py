"""The variance of figures and differences: against textbooks, scipy and statsmodels, and plain analyses of variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.api import OLS, MixedLM

from hybrid_plugin.inference.infer.chance import randomization_test
from hybrid_plugin.inference.infer.design import Asked, Cells, Outcome, Pair
from hybrid_plugin.inference.infer.estimates import Estimate, bootstrap, interval

# Grade points of the four persons (rows) of five suites (columns): Lohr, Sampling: Design and Analysis, example 5.2.
GRADES = np.array(
    [
        [3.08, 2.36, 2.00, 3.00, 2.68],
        [2.60, 3.04, 2.56, 2.88, 1.92],
        [3.44, 3.28, 2.52, 3.44, 3.28],
        [3.04, 2.68, 1.88, 3.64, 3.20],
    ]
)


def outcome_of(values: Mapping[str, Any], clusters: Any, tasks: Any = None) -> Outcome:
    """Values of each system, [queries] of one run or [runs, queries]; each query is a question."""
    clusters = np.asarray(clusters)
    tasks = np.zeros(len(clusters), int) if tasks is None else np.asarray(tasks)
    languages = np.array([f"l{number}" for number in range(tasks.max() + 1)])
    asked = Asked(
        "multi", languages, np.full(len(languages), "multi"), languages, tasks, np.arange(len(clusters)), clusters
    )
    runs = {system: np.atleast_2d(np.asarray(own, float)) for system, own in values.items()}
    return Outcome("AP", asked, runs, runs)


def difference(a: Any, b: Any, clusters: Any, tasks: Any = None) -> Estimate:
    pair = Pair.of(outcome_of({"a": a, "b": b}, clusters, tasks), "a", "b")
    return pair.a.average(pair.asked.every()) - pair.b.average(pair.asked.every())


def unequal_clusters(generator: np.random.Generator, number: int = 12) -> np.ndarray:
    return generator.permutation(np.repeat(np.arange(number), generator.integers(1, 9, number)))


def correlated(clusters: np.ndarray, generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Values [*shape, queries] that those of a cluster share in part."""
    own = generator.normal(0, 0.5, (*shape, clusters.max() + 1))
    return own[..., clusters] + generator.normal(0, 1, (*shape, len(clusters)))


def test_a_figure_of_a_cluster_sample_is_that_of_the_textbook() -> None:
    """The book's standard error, 0.164, has the correction for a population of 100 suites; benchmarks have none."""
    outcome = outcome_of({"students": GRADES.ravel()}, np.tile(np.arange(5), 4))
    figure = Cells.of("students", outcome.values["students"], outcome.asked).average(outcome.asked.every())
    assert GRADES.sum(0).var(ddof=1) == pytest.approx(2.256, abs=5e-4)
    assert figure.value == pytest.approx(2.826)
    assert np.sqrt(figure.variance) == pytest.approx(0.1679, abs=5e-5)
    assert np.sqrt(figure.variance * (1 - 5 / 100)) == pytest.approx(0.164, abs=5e-4)
    assert figure.degrees == 4


@pytest.mark.parametrize("seed", range(5))
def test_one_run_each_is_tested_as_statsmodels_tests_with_clusters(seed: int) -> None:
    generator = np.random.default_rng(seed)
    clusters = unequal_clusters(generator)
    a, b = correlated(clusters, generator, 2)
    fit = OLS(a - b, np.ones(len(a))).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    found = difference(a, b, clusters)
    assert (found.value, found.variance) == pytest.approx((fit.params[0], fit.bse[0] ** 2))
    assert found.t_test() == pytest.approx(fit.pvalues[0])


@pytest.mark.parametrize("seed", range(5))
def test_a_macro_average_of_unequal_tasks_has_the_variance_of_statsmodels_contrast(seed: int) -> None:
    """Statsmodels corrects for the coefficients, too: by (n - 1) / (n - tasks) of n queries."""
    generator = np.random.default_rng(seed)
    clusters = unequal_clusters(generator)
    tasks = np.repeat([0, 1, 2], [len(clusters), len(clusters), len(clusters) // 3])
    clusters = np.concatenate([clusters, clusters, generator.permutation(clusters)[: len(clusters) // 3]])
    a, b = correlated(clusters, generator, 2)
    fit = OLS(a - b, np.eye(3)[tasks]).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    macro = fit.t_test(np.full(3, 1 / 3))
    found = difference(a, b, clusters, tasks)
    assert found.value == pytest.approx(macro.effect[0])
    corrected = macro.sd[0, 0] ** 2 * (len(a) - 3) / (len(a) - 1)
    assert found.variance == pytest.approx(corrected)
    assert found.t_test() == pytest.approx(2 * stats.t.sf(abs(found.value) / np.sqrt(corrected), clusters.max()))


def test_where_each_question_is_a_cluster_it_is_the_paired_t_test() -> None:
    a, b = np.random.default_rng(0).normal([[0.1], [0.0]], 1, (2, 40))
    found, scipys = difference(a, b, np.arange(40)), stats.ttest_rel(a, b)
    assert found.value / np.sqrt(found.variance) == pytest.approx(scipys.statistic)
    assert (found.degrees, found.t_test()) == pytest.approx((scipys.df, scipys.pvalue))


@pytest.mark.parametrize("runs", [(3, 3), (2, 5), (4, 2)])
def test_where_systems_differ_by_their_runs_alone_it_is_welchs_test(runs: tuple[int, int]) -> None:
    generator = np.random.default_rng(sum(runs))
    a, b = (generator.normal(level, 0.1, number) for level, number in zip((0.6, 0.5), runs, strict=True))
    found = difference(a[:, None] + np.zeros(20), b[:, None] + np.zeros(20), np.arange(20) // 2)
    scipys = stats.ttest_ind(a, b, equal_var=False)
    assert found.value / np.sqrt(found.variance) == pytest.approx(scipys.statistic)
    assert (found.degrees, found.t_test()) == pytest.approx((scipys.df, scipys.pvalue))


def test_the_randomisation_test_of_clusters_is_scipys() -> None:
    generator = np.random.default_rng(2)
    clusters = unequal_clusters(generator, 9)
    tasks = np.arange(len(clusters)) % 2
    a, b = correlated(clusters, generator, 2)
    pair = Pair.of(outcome_of({"a": a + 0.4, "b": b}, clusters, tasks), "a", "b")
    totals = pair.totals(pair.asked.every())
    assert totals.sum() == pytest.approx(difference(a + 0.4, b, clusters, tasks).value)
    expected = stats.permutation_test((totals,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert randomization_test(totals[:, None])[0] == pytest.approx(expected.pvalue)


def test_the_bootstrap_is_scipys_where_each_question_is_a_cluster() -> None:
    values = np.random.default_rng(0).beta(0.5, 0.5, 300)
    outcome = outcome_of({"a": values}, np.arange(300))
    figure = Cells.of("a", outcome.values["a"], outcome.asked).average(outcome.asked.every())
    drawn = bootstrap([figure, figure, figure * 2], 4000, seed=0)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])
    np.testing.assert_allclose(drawn[:, 2], 2 * drawn[:, 0])
    assert drawn[:, 0].var() == pytest.approx(figure.variance, rel=0.1)
    scipys = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    assert np.quantile(drawn[:, 0], [0.025, 0.975]) == pytest.approx(list(scipys), abs=0.004)
    low, high = interval(figure, drawn[:, 0], 0.05)
    assert low < scipys.low < scipys.high < high, "stretched from the normal distribution to Student's t"


@pytest.mark.parametrize("runs", [(3, 1), (2, 5), (3, 3)])
def test_of_several_runs_the_variance_is_that_of_two_analyses_of_variance(runs: tuple[int, int]) -> None:
    """With clusters of one size: the mean square of run by cluster over clusters is what runs that differ by cluster
    give the variance of their figures."""
    generator = np.random.default_rng(sum(runs))
    clusters, size = 8, 4
    cluster = np.repeat(np.arange(clusters), size)
    common = correlated(cluster, generator)
    levels = [generator.normal(0, 0.6, (number, 1)) for number in runs]
    values = [common + level + correlated(cluster, generator, len(level)) for level in levels]
    found = difference(*values, cluster)
    means = [own.reshape(len(own), clusters, size).mean(2) for own in values]  # [runs, clusters]
    expected = (means[0].mean(0) - means[1].mean(0)).var(ddof=1) / clusters
    for own in means:
        if len(own) > 1:
            rest = own - own.mean(0) - own.mean(1, keepdims=True) + own.mean()
            by_cluster = (rest**2).sum() / ((len(own) - 1) * (clusters - 1)) / clusters
            expected += max(0, own.mean(1).var(ddof=1) - by_cluster) / len(own)
    assert found.variance == pytest.approx(expected)
    assert found.variance > found.cluster_variance
    assert min(runs) - 1 <= found.degrees <= clusters - 1 + sum(runs) - 2
    drawn = bootstrap([found], 20_000, seed=0)[:, 0]
    assert drawn.var() == pytest.approx(found.variance, rel=0.05)


def test_runs_that_are_all_equal_add_nothing() -> None:
    generator = np.random.default_rng(0)
    clusters = unequal_clusters(generator)
    a, b = correlated(clusters, generator, 2)
    one, several = difference(a, b, clusters), difference([a, a, a], [b, b], clusters)
    assert (several.variance, several.degrees) == pytest.approx((one.variance, one.degrees))
    assert several.t_test() == pytest.approx(one.t_test())


def test_of_a_query_without_a_value_in_one_run_none_is_taken() -> None:
    generator = np.random.default_rng(0)
    clusters = unequal_clusters(generator)
    a, b = correlated(clusters, generator, 3), correlated(clusters, generator, 2)
    holed = a.copy()
    holed[1, 4] = np.nan
    kept = np.arange(len(clusters)) != 4
    one, other = difference(holed, b, clusters), difference(a[:, kept], b[:, kept], clusters[kept])
    assert (one.value, one.variance, one.degrees) == pytest.approx((other.value, other.variance, other.degrees))


def test_one_cluster_shows_nothing_and_two_have_one_degree_of_freedom() -> None:
    a, b = np.random.default_rng(0).normal([[3.0], [0.0]], 0.1, (2, 6))
    for runs in (a, [a, a + 0.1, a - 0.1]):
        alone = difference(runs, b, np.zeros(6, int))
        assert alone.t_test() == 1
        assert np.isnan(interval(alone, bootstrap([alone], 10, 0)[:, 0], 0.05)).all()
    two = difference(a, b, np.repeat([0, 1], 3))
    expected = stats.ttest_1samp((a - b).reshape(2, 3).mean(1), 0)
    assert (two.degrees, two.t_test()) == pytest.approx((1, expected.pvalue))


def test_what_only_one_cluster_has_has_no_interval_and_the_rest_has() -> None:
    outcome = outcome_of({"a": [0.1, 0.5, 0.2, 0.4, 0.9, 0.8]}, [0, 0, 1, 2, 1, 1], [0, 0, 0, 0, 1, 1])
    cells = Cells.of("a", outcome.values["a"], outcome.asked)
    both, lonely = cells.average(np.array([True, True])), cells.average(np.array([False, True]))
    assert (both.value, lonely.value) == pytest.approx((0.575, 0.85))
    assert both.variance > 0
    assert np.isnan(lonely.variance)


def test_degrees_of_freedom_are_between_those_of_runs_and_of_clusters() -> None:
    """And the nearer to those of runs, the more of the variance comes from these."""
    generator = np.random.default_rng(5)
    cluster = np.repeat(np.arange(40), 3)
    common, levels = correlated(cluster, generator), np.array([[-1.0], [0.0], [1.0]])
    own = correlated(cluster, generator, 3)
    found = [difference(common + spread * levels + 0.1 * own, common, cluster) for spread in (0.0, 0.02, 0.1, 1, 100)]
    degrees = [one.degrees for one in found]
    assert degrees[0] == 39, "of runs that differ no more than clusters explain, those of clusters"
    assert degrees == sorted(degrees, reverse=True)
    assert degrees[-1] == pytest.approx(2, abs=0.01)


def test_differences_that_do_not_vary_have_a_p_that_is_never_0() -> None:
    nothing, sure = np.zeros(30), np.random.default_rng(0).normal(9, 1e-3, 2000)
    clusters = np.arange(30) // 3
    assert difference(nothing, nothing, clusters).t_test() == 1
    assert difference(nothing + 1, nothing, clusters).t_test() == np.finfo(float).tiny
    assert stats.ttest_1samp(sure, 0).pvalue == 0
    assert difference(sure, np.zeros(2000), np.arange(2000)).t_test() == np.finfo(float).tiny


def test_estimates_add_and_subtract_by_system() -> None:
    generator = np.random.default_rng(0)
    clusters = np.arange(20) // 2
    outcome = outcome_of({"a": generator.normal(0, 1, (3, 20))}, clusters, np.arange(20) % 2)
    cells = Cells.of("a", outcome.values["a"], outcome.asked)
    one, other = (cells.average(np.arange(2) == number) for number in range(2))
    assert ((one + other) * 0.5).value == pytest.approx(cells.average(np.ones(2, bool)).value)
    assert ((one + other) * 0.5).variance == pytest.approx(cells.average(np.ones(2, bool)).variance)
    assert (one - one).variance == 0


def test_tasks_with_topics_of_their_own_are_strata() -> None:
    """As a stratified sample (Lohr, chapter 3): the variance of a mean of means is that of these over their number."""
    generator = np.random.default_rng(5)
    sizes = (4, 7, 12)
    a, b = generator.normal(0, 1, (2, sum(sizes)))
    topics, tasks = np.arange(sum(sizes)), np.repeat(np.arange(3), sizes)
    found = difference(a, b, topics, tasks)
    apart = [(a - b)[tasks == task] for task in range(3)]
    assert found.value == pytest.approx(np.mean([one.mean() for one in apart]))
    assert found.variance == pytest.approx(sum(one.var(ddof=1) / len(one) for one in apart) / 9)
    assert found.degrees == sum(sizes) - 3
    drawn = bootstrap([found], 20_000, seed=0)[:, 0]
    assert drawn.var() == pytest.approx(found.variance, rel=0.05)


def test_of_a_stratum_with_one_cluster_nothing_is_known() -> None:
    generator = np.random.default_rng(5)
    a, b = generator.normal(0, 1, (2, 9))
    found = difference(a, b, [0, 1, 2, 3, 4, 5, 6, 7, 8], [0] * 8 + [1])
    assert np.isnan(found.variance)
    assert found.t_test() == 1
    linked = difference(a, b, [0, 1, 2, 3, 4, 5, 6, 7, 7], [0] * 8 + [1])
    assert np.isfinite(linked.variance)
    assert linked.degrees == 7


@pytest.mark.filterwarnings("ignore:The MLE may be on the boundary")
@pytest.mark.parametrize("seed", range(3))
def test_of_several_runs_the_standard_error_is_that_of_a_mixed_model(seed: int) -> None:
    """Statsmodels' restricted maximum likelihood with clusters and runs as crossed random factors, balanced."""
    generator = np.random.default_rng(seed)
    runs, clusters = 5, 30
    values = generator.normal(0, 0.1, (runs, 1)) + generator.normal(0, 0.2, (1, clusters))
    values = values + generator.normal(0.5, 0.1, (runs, clusters))
    outcome = outcome_of({"a": values}, np.arange(clusters))
    figure = Cells.of("a", outcome.values["a"], outcome.asked).average(outcome.asked.every())
    number = {"run": np.repeat(np.arange(runs), clusters), "cluster": np.tile(np.arange(clusters), runs)}
    rows = pd.DataFrame({"value": values.ravel(), **number, "group": 1})
    factors = {"run": "0 + C(run)", "cluster": "0 + C(cluster)"}
    model = MixedLM.from_formula("value ~ 1", rows, re_formula="0", vc_formula=factors, groups="group").fit(reml=True)
    assert figure.value == pytest.approx(model.params["Intercept"])
    assert np.sqrt(figure.variance) == pytest.approx(model.bse["Intercept"], rel=1e-3)
