"""Differences of two systems in one outcome: a row of a table, and each question's share in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybrid_plugin.inference.cells import Cell, cells_of, interval
from hybrid_plugin.inference.design import Outcome, shares
from hybrid_plugin.inference.method import Method


@dataclass(frozen=True)
class Difference:
    """What a system has over another, before it is tested.

    Parameters
    ----------
    row : the columns of ``Comparison.tests``, or of ``by_language``, up to ``high``.
    shares : of each question in the difference, float [questions], NaN for those not asked.
    """

    row: Mapping[str, Any]
    shares: np.ndarray

    @classmethod
    def of(cls, key: Mapping[str, str], a: Cell, b: Cell, alpha: float) -> Difference:
        """The difference of two cells with the same questions; ``key`` says of what."""
        mine, theirs = a.average(), b.average()
        samples = a.drawn_averages() - b.drawn_averages()
        row = {**key, "value_a": mine, "value_b": theirs, "difference": mine - theirs, **interval(samples, alpha)}
        return cls(row, shares(a.values, a.questions) - shares(b.values, b.questions))

    @property
    def systems(self) -> tuple[str, str]:
        """a and b."""
        return self.row["a"], self.row["b"]

    @property
    def known(self) -> bool:
        """Whether there is a query for which both systems have a value."""
        return not np.isnan(self.row["difference"])


def alike(a: Cell, b: Cell, method: Method) -> tuple[Cell, Cell]:
    """Two systems on the queries for which both have a value."""
    asked = ~np.isnan(a.values), ~np.isnan(b.values)
    if np.array_equal(*asked):
        return a, b
    both = [np.where(asked[0] & asked[1], cell.values, np.nan) for cell in (a, b)]
    mine, theirs = cells_of({"a": both[0], "b": both[1]}, a.questions, method).values()
    return mine, theirs


def by_language(outcome: Outcome, key: Mapping[str, str], a: Cell, b: Cell, alpha: float) -> Iterator[Difference]:
    """The difference in each query language apart."""
    for language in sorted(set(outcome.queries)):
        part = outcome.queries == language
        yield Difference.of({"language": language, **key}, a.of(part), b.of(part), alpha)
