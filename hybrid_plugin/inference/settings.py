"""How systems are compared."""

from __future__ import annotations

from dataclasses import dataclass

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown

DEFAULT_MEASURES = ("AP", "RankDistance")
# What is resampled together -> the column of an evaluation that says it.
UNITS = {"cluster": "cluster", "article": "article", "question": "question", "none": "query_id"}


@dataclass(frozen=True)
class ComparisonSettings:
    """What of the evaluations of several systems is compared, and how.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    measures: tuple[str, ...] = ()
    """As ir_measures names them; by default AP and RankDistance, or where these were not scored, all that were."""
    settings: tuple[str, ...] = ()
    """Only these: mono, cross, multi."""
    languages: tuple[str, ...] = ()
    """Only queries in these languages."""
    all_pairs: bool = False
    """Test every two systems, not only each with the first, the baseline."""
    published: bool = False
    """Also show the figures published for other models, with their sources."""
    cluster: str = "cluster"
    """What is resampled together: cluster (a paragraph or fact, what the benchmark says), article (what clusters
    share), question (in all its languages), or none (each query by itself)."""
    alpha: float = 0.05
    """Level of significance, after Holm's correction over all tests; intervals cover 1 - alpha."""
    resamples: int = 100_000
    """Sign flips of the randomisation tests."""
    bootstraps: int = 5_000
    """Samples of the bootstrap intervals."""
    seed: int = 0
    """Of sign flips and bootstrap."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name in ("measures", "settings", "languages"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        if self.cluster not in UNITS:
            raise UserError(unknown("cluster", self.cluster, [*UNITS]))
        if not 0 < self.alpha < 1:
            raise UserError(f"alpha is {self.alpha}; a level of significance is above 0 and below 1")
        for name, least in (("resamples", 1), ("bootstraps", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise UserError(f"{name} is {getattr(self, name)}; it must be {least} or above")
