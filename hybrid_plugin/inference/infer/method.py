"""How a comparison is made: which way its measures go, what is resampled, and what a reader must know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.inference.load.parts import Gap
from hybrid_plugin.inference.settings import UNITS, ComparisonSettings
from hybrid_plugin.measures.direction import Direction


@dataclass(frozen=True)
class Method:
    """Settings, and the directions of the measures that they name.

    Parameters
    ----------
    directions : measure -> its direction, in the order of the tables.
    summed : the measures whose figures are sums over queries, such as NumRet.
    """

    directions: Mapping[str, Direction]
    settings: ComparisonSettings
    summed: frozenset[str] = frozenset()

    __repr__ = brief

    @property
    def unit(self) -> str:
        """The column of an evaluation that says what is resampled together."""
        return UNITS[self.settings.cluster]

    def pairs(self, systems: Sequence[str]) -> list[tuple[str, str]]:
        """Which systems are tested, each with one given before it: (a, b), the difference being a minus b."""
        return [(a, b) for b, a in combinations(systems, 2) if self.settings.all_pairs or b == systems[0]]

    def record(
        self,
        *,
        questions: int,
        clusters: int,
        runs: Mapping[str, int],
        tests: int,
        undefined: Sequence[Mapping[str, Any]],
        nothing_found: Sequence[Mapping[str, Any]],
        gaps: Sequence[Gap],
    ) -> dict[str, Any]:
        """What a reader must know of how the tests were made: ``Comparison.method``.

        Parameters
        ----------
        runs : of each system.
        undefined : which systems have queries without a value of a measure that others have, and how many.
        nothing_found : by system and setting, how many rankings hold no relevant document.
        gaps : where systems were not asked the same, so that the averages are over what they share.
        """
        return {
            "cluster": self.settings.cluster,
            "clusters": clusters,
            "questions": questions,
            "runs": dict(runs),
            "test": {
                "one run each": "paired randomisation over clusters",
                "several runs": "t-test, clusters and runs random, degrees of freedom between those of both",
            },
            "intervals": "bootstrap over clusters, and over runs where there are several",
            "tests": tests,
            "correction": "Holm",
            "alpha": self.settings.alpha,
            "randomization_resamples": self.settings.resamples,
            "bootstrap_resamples": self.settings.bootstraps,
            "seed": self.settings.seed,
            "effect_size": "Cohen's d_z of questions",
            "best": {measure: direction.record for measure, direction in self.directions.items()},
            "undefined": list(undefined),
            "nothing_found": list(nothing_found),
            "averages": "over the queries that all systems share" if gaps else "over all queries",
            "shared": [gap.record() for gap in gaps],
        }
