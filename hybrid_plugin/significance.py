"""Tests of significance on per-query values, with the question as the unit.

A parallel benchmark asks one question in many languages and against many document languages. These values rise and
fall together, so counting them as independent would find differences where there are none. The unit here is the
question: its *share* in the macro average (:func:`shares`) is one number, and what is tested, resampled and counted
are questions. The mean of the shares is the macro average itself, whether or not every language has every question.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

_BLOCK = 2**23  # numbers drawn at a time: bounds memory, changes no result


def shares(values: np.ndarray) -> np.ndarray:
    """What each question contributes to the macro average: shares whose mean is that average.

    With n questions and m pairs of languages, of which pair p asks n_p of the questions, question q contributes
    n / m * sum over its pairs of value(q, p) / n_p. Where every pair asks every question, that is the question's mean.

    Parameters
    ----------
    values : float [questions, pairs], NaN where a pair does not ask a question.

    Returns
    -------
    float [questions], NaN for those that no pair asks.
    """
    asked = ~np.isnan(values)
    of_pair, of_question = asked.sum(0), asked.any(1)
    weights = of_question.sum() / max(1, np.count_nonzero(of_pair)) / np.maximum(1, of_pair)
    return np.where(of_question, np.nan_to_num(values) @ weights, np.nan)


def randomization_test(differences: np.ndarray, resamples: int = 100_000, seed: int = 0) -> np.ndarray:
    """Paired randomisation (sign-flip) tests of "the mean difference is 0", two-sided.

    Under the null hypothesis the two systems are exchangeable on every question, so the sign of each difference is a
    fair coin (Fisher 1935; for retrieval Smucker, Allan and Carterette, CIKM 2007). This is
    ``scipy.stats.permutation_test(..., permutation_type="samples")`` of the mean, except that all tests share their
    coins: one matrix product serves dozens of tests, for each of which scipy would draw anew. All 2^n patterns are
    tried where they are no more than ``resamples``.

    Parameters
    ----------
    differences : float [questions, tests], NaN where a test lacks the question.

    Returns
    -------
    p [tests]; sampled ones are (1 + as extreme) / (1 + resamples), which is never 0 (Phipson and Smyth 2010).
    """
    values = np.nan_to_num(differences)
    questions, total = len(values), values.sum(0)
    observed = np.abs(total) - 1e-12 * np.abs(values).sum(0)  # what is equal but for rounding is as extreme
    exact = 2**questions <= resamples
    extreme = np.zeros(len(total), dtype=int)
    for flipped in _all_flips(questions) if exact else _random_flips(questions, resamples, seed):
        extreme += (np.abs(total - 2 * (flipped.astype(float) @ values)) >= observed).sum(0)
    return extreme / 2**questions if exact else (1 + extreme) / (1 + resamples)


def _all_flips(questions: int) -> Iterator[np.ndarray]:
    yield np.arange(2**questions)[:, None] >> np.arange(questions) & 1


def _random_flips(questions: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    for rows in _blocks(questions, resamples):
        yield generator.integers(0, 2, (rows, questions), dtype=np.int8)


def _blocks(questions: int, resamples: int) -> Iterator[int]:
    step = max(1, _BLOCK // max(1, questions))
    for start in range(0, resamples, step):
        yield min(step, resamples - start)


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
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def bootstrap(values: Sequence[np.ndarray], resamples: int = 5_000, seed: int = 0) -> list[np.ndarray]:
    """Means of each pair over questions drawn with replacement, the same draws for every system.

    Parameters
    ----------
    values : a system each, float [questions, pairs], NaN where a pair does not ask a question.

    Returns
    -------
    A system each, float [resamples, pairs], NaN where a draw holds no question of the pair.
    """
    generator = np.random.default_rng(seed)
    questions = len(values[0])
    drawn: list[list[np.ndarray]] = [[] for _ in values]
    for rows in _blocks(questions, resamples):
        picks = generator.integers(0, questions, (rows, questions)) + questions * np.arange(rows)[:, None]
        counts = np.bincount(picks.ravel(), minlength=rows * questions).reshape(rows, questions).astype(float)
        for system, found in zip(values, drawn, strict=True):
            asked = ~np.isnan(system)
            with np.errstate(invalid="ignore"):
                found.append(counts @ np.nan_to_num(system) / (questions if asked.all() else counts @ asked))
    return [np.concatenate(found) for found in drawn]
