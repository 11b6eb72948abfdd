"""A cell: one system's values of one outcome, and what its averages would be on other questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybrid_plugin.inference.method import Method
from hybrid_plugin.inference.resampling import bootstrap


@dataclass(frozen=True)
class Cell:
    """One system's values of one outcome, with bootstrap samples of their means.

    Parameters
    ----------
    values : float [rows, tasks], NaN where there is none.
    questions : int [rows], the question of each row.
    drawn : the means of each task over questions drawn anew, float [samples, tasks].
    """

    values: np.ndarray
    questions: np.ndarray
    drawn: np.ndarray

    def of(self, tasks: np.ndarray) -> Cell:
        """The part of some tasks, bool [tasks]."""
        return Cell(self.values[:, tasks], self.questions, self.drawn[:, tasks])

    def average(self) -> float:
        """The macro average: the mean over tasks of their means over queries; NaN where there are no values."""
        return float(_mean(_mean(self.values, 0)))

    def drawn_averages(self) -> np.ndarray:
        """The macro averages of the bootstrap samples, float [samples]."""
        return _mean(self.drawn, 1)


def cells_of(values: Mapping[str, np.ndarray], questions: np.ndarray, method: Method) -> dict[str, Cell]:
    """The cells of several systems, all drawn on the same questions; both as an :class:`Outcome` has them."""
    drawn = bootstrap(list(values.values()), method.settings.bootstraps, method.settings.seed, questions=questions)
    return {system: Cell(values[system], questions, own) for system, own in zip(values, drawn, strict=True)}


def interval(averages: np.ndarray, alpha: float) -> dict[str, float]:
    """The ``low`` and ``high`` between which 1 - alpha of the samples lie, by quantiles; NaN where all samples are."""
    known = averages[~np.isnan(averages)]
    low, high = np.quantile(known, [alpha / 2, 1 - alpha / 2]) if known.size else (np.nan, np.nan)
    return {"low": float(low), "high": float(high)}


def _mean(values: np.ndarray, axis: int | None = None) -> Any:
    """The mean of what is not NaN; NaN where there is nothing."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis) / np.sum(~np.isnan(values), axis)
