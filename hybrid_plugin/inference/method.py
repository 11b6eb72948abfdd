"""How a comparison is made: which way its measures go, what is tested with what, and what a reader must know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hybrid_plugin.inference.parts import Gap
from hybrid_plugin.inference.settings import ComparisonSettings


@dataclass(frozen=True)
class Method:
    """Settings, and the directions of the measures that they name.

    Parameters
    ----------
    better : measure -> whether higher is better, in the order of the tables.
    summed : the measures whose figures are sums over queries, such as NumRet.
    """

    better: Mapping[str, bool]
    settings: ComparisonSettings
    summed: frozenset[str] = frozenset()

    def pairs(self, systems: Sequence[str]) -> list[tuple[str, str]]:
        """Which systems are tested, each with one given before it: (a, b), the difference being a minus b."""
        return [(a, b) for b, a in combinations(systems, 2) if self.settings.all_pairs or b == systems[0]]

    def record(
        self, *, questions: int, tests: int, undefined: Sequence[Mapping[str, Any]], gaps: Sequence[Gap]
    ) -> dict[str, Any]:
        """What a reader must know of how the tests were made: ``Comparison.method``.

        Parameters
        ----------
        undefined : which systems have queries without a value of a measure that others have, and how many.
        gaps : where systems were not asked the same, so that the averages are over what they share.
        """
        return {
            "unit": "question",
            "questions": questions,
            "tests": tests,
            "correction": "Holm",
            "alpha": self.settings.alpha,
            "randomization_resamples": self.settings.resamples,
            "bootstrap_resamples": self.settings.bootstraps,
            "seed": self.settings.seed,
            "effect_size": "Cohen's d_z",
            "higher_is_better": dict(self.better),
            "undefined": list(undefined),
            "averages": "over the queries that all systems share" if gaps else "over all queries",
            "shared": [gap.record() for gap in gaps],
        }
