"""Candidates that another model takes for answers are no negatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hybrid_plugin.tasks.texts import Text
from hybrid_plugin.training.scoring.scorer import Scorer


@dataclass
class Judge:
    """Leaves out what a model scores above what answers the query, minus a margin.

    With an encoder that is the guide of GISTEmbed (Solatorio 2024, arXiv 2402.16829), whose margins are those of
    sentence-transformers' ``CachedGISTEmbedLoss``.

    Parameters
    ----------
    margin : below the answer's score, or if ``relative`` the share of it that is taken off.
    left_out : so many candidates so far.
    """

    scorer: Scorer
    margin: float = 0
    relative: bool = False
    left_out: int = field(default=0, init=False)

    def limits(self, queries: Sequence[Text], answers: Sequence[Sequence[Text]]) -> np.ndarray:
        """The score above which a candidate of each query is left out, float32 [queries].

        Parameters
        ----------
        answers : of each query, at least one; the best of them counts.
        """
        owners = np.repeat(np.arange(len(queries)), [len(some) for some in answers])
        scores = self.scorer.scores([queries[i] for i in owners.tolist()], [one for some in answers for one in some])
        best = np.full(len(queries), -np.inf, np.float32)
        np.maximum.at(best, owners, scores)
        return best * np.float32(1 - self.margin) if self.relative else best - np.float32(self.margin)

    def keeps(self, queries: Sequence[Text], candidates: Sequence[Text], limits: np.ndarray) -> np.ndarray:
        """Whether each pair of a query and a candidate is no answer, bool [pairs]."""
        kept: np.ndarray = self.scorer.scores(queries, candidates) <= limits
        self.left_out += int((~kept).sum())
        return kept


def choose(
    candidates: Sequence[np.ndarray],
    wanted: int,
    judges: Sequence[Judge],
    query: Callable[[int], Text],
    answers: Callable[[int], list[Text]],
    passage: Callable[[int], Text],
) -> np.ndarray:
    """The first candidates of each query that all judges keep, -1 where there are no more, int32 [queries, wanted].

    A few at a time are judged, until there are enough.

    Parameters
    ----------
    candidates : numbers of passages of each query, from the best down.
    query, answers : of each query by its place; asked only where there is somebody to judge.
    passage : by its number.
    """
    result = np.full((len(candidates), wanted), -1, np.int32)
    counts = np.zeros(len(candidates), np.int64)
    pending = [i for i, some in enumerate(candidates) if len(some)]
    asked = {i: query(i) for i in pending} if judges else {}
    known = [answers(i) for i in asked]
    limits = [dict(zip(asked, judge.limits([*asked.values()], known), strict=True)) for judge in judges]
    start = 0
    while pending:
        pairs = [(i, int(number)) for i in pending for number in candidates[i][start : start + wanted]]
        for judge, limit in zip(judges, limits, strict=True):
            kept = judge.keeps(
                [asked[i] for i, _ in pairs],
                [passage(number) for _, number in pairs],
                np.array([limit[i] for i, _ in pairs], np.float32),
            )
            pairs = [pair for pair, one in zip(pairs, kept, strict=True) if one]
        for i, number in pairs:
            if counts[i] < wanted:
                result[i, counts[i]] = number
                counts[i] += 1
        start += wanted
        pending = [i for i in pending if counts[i] < wanted and start < len(candidates[i])]
    return result
