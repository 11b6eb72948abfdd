"""What differences say, once they are one number a question: the t-test, effect size, and correction for a family."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats


def t_test(differences: np.ndarray) -> float:
    """p of the paired t-test, two-sided, as ``scipy.stats.ttest_rel`` gives it; 1 where every difference is 0.

    Where p is too small for a float, the smallest normal one stands for it, 2.2e-308: p is never 0.

    Parameters
    ----------
    differences : float [questions] without NaN.
    """
    if len(differences) < 2 or not differences.any():
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # differences that hardly vary: p is near 0, as it should be
        return max(float(stats.ttest_1samp(differences, 0.0).pvalue), float(np.finfo(float).tiny))


def effect_size(differences: np.ndarray) -> float:
    """Cohen's d for paired samples, d_z: the mean difference over the standard deviation of the differences.

    Cohen 1988, p. 48; Lakens, Frontiers in Psychology 2013, equation 6. NaN where the differences do not vary.
    """
    spread = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / spread) if spread > 0 else float("nan")


def holm(p: np.ndarray) -> np.ndarray:
    """p adjusted for the family by Holm's step-down method (Holm, Scandinavian Journal of Statistics 1979)."""
    if not len(p):
        return p
    from statsmodels.stats.multitest import multipletests  # here, since it takes a second to import

    return multipletests(p, method="holm")[1]
