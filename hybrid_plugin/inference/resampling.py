"""Chance, by resampling questions: the randomisation test and the bootstrap.

Questions are the unit (:mod:`hybrid_plugin.inference.design` says why). Both draw once for all that is compared, and
one matrix product then serves dozens of tests or intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

_BLOCK = 2**23  # numbers drawn at a time: bounds memory, changes no result


def randomization_test(differences: np.ndarray, resamples: int = 100_000, seed: int = 0) -> np.ndarray:
    """Paired randomisation (sign-flip) tests of "the mean difference is 0", two-sided.

    Under the null hypothesis the two systems are exchangeable on every question, so the sign of each difference is a
    fair coin (Fisher 1935; for retrieval Smucker, Allan and Carterette, CIKM 2007). All 2^n patterns are tried where
    they are no more than ``resamples``.

    This is ``scipy.stats.permutation_test(..., permutation_type="samples")`` of the mean, except that all tests share
    their coins, for each of which scipy would draw anew.

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


def bootstrap(
    values: Sequence[np.ndarray], resamples: int = 5_000, seed: int = 0, *, questions: np.ndarray | None = None
) -> list[np.ndarray]:
    """Means of each task over questions drawn with replacement, the same draws for every system.

    Quantiles of these are the intervals of ``scipy.stats.bootstrap(..., paired=True, method="percentile")``, which
    copies every value for every draw. Here a draw is how often each question is in it, so that one matrix product
    gives the means of all tasks, many times as fast.

    Parameters
    ----------
    values : a system each, float [rows, tasks], NaN where a task does not ask a question.
    questions : int [rows], the question of each row; by default each row is one.

    Returns
    -------
    A system each, float [resamples, tasks], NaN where a draw holds no question of the task.
    """
    generator = np.random.default_rng(seed)
    of_row = np.arange(len(values[0])) if questions is None else questions
    count = len(np.unique(of_row))
    once = count == len(of_row)
    drawn: list[list[np.ndarray]] = [[] for _ in values]
    for rows in _blocks(count, resamples):
        picks = generator.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        counts = np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count).astype(float)
        if not once:
            counts = counts[:, of_row]
        for system, found in zip(values, drawn, strict=True):
            asked = ~np.isnan(system)
            with np.errstate(invalid="ignore"):
                found.append(counts @ np.nan_to_num(system) / (count if once and asked.all() else counts @ asked))
    return [np.concatenate(found) for found in drawn]


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
