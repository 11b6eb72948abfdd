"""How strong the colour of a figure is among others: the better, the stronger, whichever way its measure goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.measures.direction import Direction

HIGHER = Direction()


@dataclass(frozen=True)
class Shading:
    """The strength of colours.

    Parameters
    ----------
    span : the lowest and the highest value; or of differences one number: zero is pale, and what is so far above or
        below is strong.
    towards : which values are best; differences for the better have another colour than those for the worse.
    """

    span: tuple[float, float] | float = (0.0, 1.0)
    towards: Direction = HIGHER

    __repr__ = brief

    @property
    def signed(self) -> bool:
        """Whether it is of differences."""
        return not isinstance(self.span, tuple)

    def strength(self, values: Any) -> Any:
        """From 0, the worst value, to 1, the best; of differences from -1 to 1."""
        if not isinstance(self.span, tuple):
            return np.clip(self.towards.sign * values / self.span, -1.0, 1.0)
        ends = [self.towards.compared(end) for end in self.span]
        if self.span[0] <= self.towards.best <= self.span[1]:  # a target among the values
            ends.append(0.0)
        worst, best = (min(ends), max(ends))[:: self.towards.sign]
        return np.clip((self.towards.compared(values) - worst) / ((best - worst) or 1.0), 0.0, 1.0)
