"""Which value of a measure is best: the highest, the lowest, or the nearest to a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.brief import brief

_HIGHER, _LOWER = "higher", "lower"


@dataclass(frozen=True)
class Direction:
    """Which value of a measure is best.

    Parameters
    ----------
    best : infinite where higher is better, minus infinite where lower is, else the target, such as 0 of a skew.
    """

    best: float = np.inf

    __repr__ = brief

    @classmethod
    def read(cls, record: str | float) -> Direction:
        """What :attr:`record` gave."""
        return cls({_HIGHER: np.inf, _LOWER: -np.inf}[record] if isinstance(record, str) else record)

    @property
    def record(self) -> str | float:
        """As JSON has it: ``higher``, ``lower``, or the target."""
        return self.best if self.has_target else _HIGHER if self.best > 0 else _LOWER

    @property
    def has_target(self) -> bool:
        """Whether there is a value that is better than those above it and those below it."""
        return bool(np.isfinite(self.best))

    @property
    def sign(self) -> int:
        """1 where more of :meth:`compared` is better, -1 where less is."""
        return 1 if self.best == np.inf else -1

    def compared(self, values: Any) -> Any:
        """What systems are compared by: the values, or where there is a target their distances from it."""
        return np.abs(values - self.best) if self.has_target else values

    @property
    def arrow(self) -> str:
        """As heads of tables have it."""
        return f"→{self.best:g}" if self.has_target else "↑" if self.best > 0 else "↓"

    def __str__(self) -> str:
        return f"nearest to {self.best:g} is best" if self.has_target else f"{self.record} is better"


def direction(measure: irm.Measure) -> Direction:
    """A measure's direction, by what its class declares.

    ``TARGET`` is the value that is best, where there is one; else ``HIGHER_IS_BETTER`` says, which only those need that
    are lower-better: the measures of ir_measures declare neither and are higher-better.
    """
    target = getattr(measure, "TARGET", None)
    if target is not None:
        return Direction(float(target))
    return Direction(np.inf if getattr(measure, "HIGHER_IS_BETTER", True) else -np.inf)


def higher_is_better(measure: irm.Measure) -> bool:
    """Whether higher is better; not so where lower is, nor where a target is."""
    return direction(measure).best == np.inf
