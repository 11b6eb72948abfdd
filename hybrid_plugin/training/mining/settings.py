"""Which passages are hard negatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown
from hybrid_plugin.training.sources.row import NegativeLanguages


@dataclass(frozen=True)
class MiningSettings:
    """Which passages are hard negatives.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    languages: NegativeLanguages = "query"
    """The negatives' languages: the query's, the others, or both."""
    negatives: int = 4
    """At most so many for each query, in each of these languages: the highest ranked."""
    depth: int = 100
    """Look no further down a ranking of the passages of a language."""
    max_share: float | None = None
    """Leave out what scores above this share of the positive's score, which is likely an answer that nobody judged
    (TopK-PercPos of NV-Retriever, arXiv 2407.15831, which uses 0.95). The positive is the best one in the negative's
    language or, where the row has none there, in any."""
    corpus: str | None = None
    """Look for negatives also among all documents of an ir_datasets id or a benchmark, in the languages that are looked
    in."""
    guide_margin: float = 0
    """Leave out what the guide scores above the positive's score minus so much. The positive is found as for
    --max-share."""
    guide_margin_strategy: Literal["absolute", "relative"] = "absolute"
    """Whether --guide-margin is a difference of scores, or a share of the positive's score."""
    judge_margin: float = 0
    """Leave out what the judge scores above the positive's score minus so much."""

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.languages not in get_args(NegativeLanguages):
            raise unknown("mining languages", self.languages, get_args(NegativeLanguages))
        if self.negatives < 1 or self.depth < self.negatives:
            raise UserError(
                f"negatives is {self.negatives} and depth is {self.depth}; there must be at least 1 negative, and the "
                "depth must not be below their number"
            )
        if self.guide_margin_strategy not in ("absolute", "relative"):
            raise unknown("guide margin strategy", self.guide_margin_strategy, ("absolute", "relative"))
        if self.max_share is not None and not self.max_share > 0:
            raise UserError(f"the share of the positive's score is {self.max_share}; it must be above 0")
