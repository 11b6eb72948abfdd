"""A figure, or a difference of figures, and where its uncertainty comes from: clusters of questions, and runs.

A benchmark is a sample of clusters (paragraphs, facts, topics), and a system with several runs a sample of the runs
that its training could give. Both are random factors. A figure of a run is a macro average; its *influence* of a
cluster is what the cluster moves it by (the linearised ratio estimator of survey statistics: Lohr, Sampling: Design
and Analysis, chapters 4 and 5). The variance of an estimate over C clusters, of systems with R runs, is

    C / (C - 1) * sum of u_c^2  +  sum over systems of max(0, S_r - S_rc) / R

(where tasks have clusters of their own, as languages with topics of their own, C is that of each stratum, as in a
stratified sample). Here u_c is the influence of cluster c, S_r the variance of the figures of a system's runs, and
S_rc the part of that which comes from runs that differ by cluster, and is in the first term already. That is the
variance of Obuchowski and Rockette (Communications in Statistics 1995) for cases and readers, with clusters as cases
and runs as readers that each know one treatment (Hillis, Statistics in Medicine 2014).

Runs have few degrees of freedom; of several systems' they are Satterthwaite's (Biometrics Bulletin 1946). Those of an
estimate are between those of clusters and those of runs: 1 / degrees is their mean, weighted by their parts of the
variance, so that Student's t is about that of Cochran and Cox (Experimental Designs, 1950), the weighted mean of two
t. The squares of the parts, which are Satterthwaite's weights, would give too many of two or three runs.

Of one run a system there is no S_r: the estimate is about that run, on other clusters. With one run a system and one
question a cluster this is the paired t-test; where systems differ by their runs alone, Welch's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import stats

from hybrid_plugin.brief import brief

_BLOCK = 2**23  # numbers drawn at a time: bounds memory, changes no result


@dataclass(frozen=True)
class Estimate:
    """A linear statistic of the figures of some systems' runs; estimates can be added and subtracted.

    Parameters
    ----------
    values : system -> of each of its runs, float [runs]; the estimate is the sum over systems of their means.
    influence : system -> of each run and cluster, float [runs, clusters]; sums to 0 over clusters.
    sizes : of each cluster how many there are in its stratum, float [clusters]: the clusters that tasks link, all where
        one task asks in each; 0 of a cluster without values. Of several estimates together, that of the one with least.
    """

    values: Mapping[str, np.ndarray]
    influence: Mapping[str, np.ndarray]
    sizes: np.ndarray

    __repr__ = brief

    @cached_property
    def value(self) -> float:
        """The estimate."""
        return float(sum(values.mean() for values in self.values.values()))

    @cached_property
    def by_cluster(self) -> np.ndarray:
        """The influence of each cluster on the estimate, float [clusters]."""
        return np.asarray(sum(influence.mean(0) for influence in self.influence.values()))

    def __add__(self, other: Estimate) -> Estimate:
        return self._with(other, 1)

    def __sub__(self, other: Estimate) -> Estimate:
        return self._with(other, -1)

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(
            {system: factor * values for system, values in self.values.items()},
            {system: factor * influence for system, influence in self.influence.items()},
            self.sizes,
        )

    def _with(self, other: Estimate, sign: int) -> Estimate:
        def joined(mine: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {**mine, **{name: mine.get(name, 0) + sign * theirs[name] for name in theirs}}

        both = (self.sizes > 0) & (other.sizes > 0)
        return Estimate(
            joined(self.values, other.values),
            joined(self.influence, other.influence),
            np.where(both, np.minimum(self.sizes, other.sizes), np.maximum(self.sizes, other.sizes)),
        )

    @cached_property
    def cluster_variance(self) -> float:
        """What other clusters would change; NaN where a stratum has a single one."""
        return float(self.correction @ self.by_cluster**2)

    @cached_property
    def runs(self) -> dict[str, tuple[float, float]]:
        """Of each system with several runs S_r / R and S_rc / R: the variance of the mean of their figures, and the
        part of it that comes from runs that differ by cluster."""
        found = {}
        for system, values in self.values.items():
            runs, influence = len(values), self.influence[system]
            if runs > 1:
                apart = float(self.correction @ ((influence - influence.mean(0)) ** 2).sum(0)) / (runs - 1)
                found[system] = float(values.var(ddof=1)) / runs, apart / runs
        return found

    @property
    def variance(self) -> float:
        """That of the estimate, over other clusters and other runs."""
        return self.cluster_variance + sum(max(0.0, whole - apart) for whole, apart in self.runs.values())

    @cached_property
    def degrees(self) -> float:
        """Those of clusters and those of runs, the harmonic mean by what each has of the variance."""
        of_clusters = float(max(1, round((1 - 1 / self.sizes[self.sizes > 0]).sum())))  # clusters less strata
        varying = {system: parts for system, parts in self.runs.items() if parts[0] > parts[1]}
        if not varying:
            return of_clusters
        weight = sum(whole**2 / (len(self.values[system]) - 1) for system, (whole, _) in varying.items())
        of_runs = sum(whole for whole, _ in varying.values()) ** 2 / weight
        share = sum(whole - apart for whole, apart in varying.values()) / self.variance
        return 1 / ((1 - share) / of_clusters + share / of_runs)

    @cached_property
    def correction(self) -> np.ndarray:
        """Of each cluster, for the mean of its stratum, which is of the same clusters, float [clusters]."""
        alone = np.where(self.sizes == 1, np.nan, 0.0)
        return np.divide(self.sizes, self.sizes - 1, out=alone, where=self.sizes > 1)

    def t_test(self) -> float:
        """p of "the estimate is 0", two-sided; 1 where it is 0.

        Where p is too small for a float, the smallest normal one stands for it, 2.2e-308: p is never 0.
        """
        if self.value == 0 or np.isnan(self.variance):
            return 1.0
        if self.variance == 0:
            return float(np.finfo(float).tiny)
        p = 2 * stats.t.sf(abs(self.value) / np.sqrt(self.variance), self.degrees)
        return max(float(p), float(np.finfo(float).tiny))


def bootstrap(estimates: Sequence[Estimate], resamples: int, seed: int) -> np.ndarray:
    """What the estimates would be on other clusters and with other runs, float [resamples, estimates].

    Hierarchical: clusters are drawn with replacement, the same for all estimates. Runs are too few to be drawn from
    (of three, one mean in nine is that of a single run), so they get normal deviations with the variances that they
    have and the covariances between estimates (a wild bootstrap: Wu, Annals of Statistics 1986). The draws of an
    estimate have the variance :attr:`Estimate.variance`.

    Parameters
    ----------
    estimates : of the same clusters.
    """
    generator = np.random.default_rng(seed)
    influence = np.column_stack([one.by_cluster * np.sqrt(one.correction) for one in estimates])
    drawn = np.empty((resamples, len(estimates)))
    count = len(influence)
    step = max(1, _BLOCK // max(1, count))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = generator.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        often = np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count).astype(float)
        drawn[start : start + rows] = often @ influence
    numbers = {system: len(values) for one in estimates for system, values in one.values.items()}
    for system, runs in numbers.items():
        if runs > 1:
            deviations = np.column_stack([_deviations(one, system, runs) for one in estimates])
            drawn += generator.standard_normal((resamples, runs)) @ deviations
    return drawn + [one.value for one in estimates]


def _deviations(estimate: Estimate, system: str, runs: int) -> np.ndarray:
    """Of each run of a system, what its normal deviate moves the estimate by, float [runs]."""
    whole, apart = estimate.runs.get(system, (0.0, 0.0))
    if whole <= apart:
        return np.zeros(runs)
    values = estimate.values[system]
    return (values - values.mean()) * np.sqrt((whole - apart) / whole / (runs * (runs - 1)))


def interval(estimate: Estimate, drawn: np.ndarray, alpha: float) -> tuple[float, float]:
    """Between what 1 - alpha of the draws lie; NaN where nothing is known of the variance.

    Percentiles have the shape of the draws, which are narrower than Student's t where clusters or runs are few. They
    are stretched by that (after Hesterberg, The American Statistician 2015, who moves the percentiles instead).

    Parameters
    ----------
    drawn : float [resamples], of :func:`bootstrap`.
    """
    if np.isnan(estimate.variance):
        return np.nan, np.nan
    stretch = stats.t.ppf(1 - alpha / 2, estimate.degrees) / stats.norm.ppf(1 - alpha / 2)
    low, high = estimate.value + stretch * (np.quantile(drawn, [alpha / 2, 1 - alpha / 2]) - estimate.value)
    return float(low), float(high)


@dataclass(frozen=True)
class Row:
    """A row of a table of estimates, before its intervals are drawn.

    Parameters
    ----------
    about : what names it.
    estimates : by column. The interval of one that is alone stands in ``low`` and ``high``; of several, the first one's
        does, and those of the others under their names.
    others : further columns.
    """

    about: Mapping[str, Any]
    estimates: Mapping[str, Estimate]
    others: Mapping[str, Any]

    __repr__ = brief


def with_intervals(rows: Sequence[Row], resamples: int, seed: int, alpha: float) -> list[dict[str, Any]]:
    """Rows with their estimates and intervals, all drawn on the same clusters."""
    estimates = [estimate for row in rows for estimate in row.estimates.values()]
    if not estimates:
        return []
    drawn = iter(bootstrap(estimates, resamples, seed).T)
    found = []
    for row in rows:
        cells = {**row.about, **row.others}
        for number, (name, estimate) in enumerate(row.estimates.items()):
            before = f"{name}_" if number else ""
            low, high = interval(estimate, next(drawn), alpha)
            cells |= {name: estimate.value, f"{before}low": low, f"{before}high": high}
        found.append(cells)
    return found
