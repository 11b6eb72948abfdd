"""What chance explains of a difference: the randomisation test of clusters, effect size, and correction for a
family.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_BLOCK = 2**23  # numbers drawn at a time: bounds memory, changes no result


def randomization_test(differences: np.ndarray, resamples: int = 100_000, seed: int = 0) -> np.ndarray:
    """Paired randomisation (sign-flip) tests of "the sum of the differences is 0", two-sided.

    Under the null hypothesis the two systems are exchangeable on every cluster, so the sign of each difference is a
    fair coin (Fisher 1935; for retrieval Smucker, Allan and Carterette, CIKM 2007; of whole clusters Hemerik, Goeman
    and Finos, JRSS B 2020). All 2^n patterns are tried where they are no more than ``resamples``.

    This is ``scipy.stats.permutation_test(..., permutation_type="samples")`` of the mean, except that all tests share
    their coins, for each of which scipy would draw anew.

    Parameters
    ----------
    differences : float [clusters, tests].

    Returns
    -------
    p [tests]; sampled ones are (1 + as extreme) / (1 + resamples), which is never 0 (Phipson and Smyth 2010).
    """
    clusters, total = len(differences), differences.sum(0)
    observed = np.abs(total) - 1e-12 * np.abs(differences).sum(0)  # what is equal but for rounding is as extreme
    exact = 2**clusters <= resamples
    extreme = np.zeros(len(total), dtype=int)
    for flipped in _all_flips(clusters) if exact else _random_flips(clusters, resamples, seed):
        extreme += (np.abs(total - 2 * (flipped.astype(float) @ differences)) >= observed).sum(0)
    return extreme / 2**clusters if exact else (1 + extreme) / (1 + resamples)


def effect_size(differences: np.ndarray) -> float:
    """Cohen's d for paired samples, d_z: the mean difference over the standard deviation of the differences.

    Cohen 1988, p. 48; Lakens, Frontiers in Psychology 2013, equation 6. NaN where the differences do not vary.

    Parameters
    ----------
    differences : float [questions] without NaN.
    """
    spread = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / spread) if spread > 0 else float("nan")


def holm(p: np.ndarray) -> np.ndarray:
    """p adjusted for the family by Holm's step-down method (Holm, Scandinavian Journal of Statistics 1979)."""
    if not len(p):
        return p
    from statsmodels.stats.multitest import multipletests  # here, since it takes a second to import

    return multipletests(p, method="holm")[1]


def _all_flips(clusters: int) -> Iterator[np.ndarray]:
    yield np.arange(2**clusters)[:, None] >> np.arange(clusters) & 1


def _random_flips(clusters: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    step = max(1, _BLOCK // max(1, clusters))
    for start in range(0, resamples, step):
        yield generator.integers(0, 2, (min(step, resamples - start), clusters), dtype=np.int8)
