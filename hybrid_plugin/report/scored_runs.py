"""Whether a run file holds the rankings that were scored: by its values, so folders of any version can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from ir_measures import measures as irm

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import RUNS
from hybrid_plugin.inference.load.evaluations import scored_measures
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.measures.rank_distance import RankDistance
from hybrid_plugin.measures.standard import FROM_RANKS
from hybrid_plugin.measures.values import from_ranks, has_ranks
from hybrid_plugin.report.system import Run
from hybrid_plugin.retrieval.rankings import Grades
from hybrid_plugin.retrieval.ranks import Ranks

_EXACT = 1e-6  # values of the same rankings differ by less
_FAR = 10**12  # documents, more than any collection has


def best_first(grades: Grades) -> Grades:
    """Judgements in the order in which the best ranking has them."""
    return {
        query_id: dict(sorted(judged.items(), key=lambda item: item[1], reverse=True))
        for query_id, judged in grades.items()
    }


def check_scored(path: Path, run: Run, measures: Sequence[irm.Measure], rows: pd.DataFrame, ranks: Ranks) -> None:
    """Refuse a run file whose rankings are not those that an evaluation has scored.

    A run file may be cut where the scores are of more documents. Its values are then bounds: the relevant documents
    that it lacks may follow at once, or at the very end.

    Parameters
    ----------
    measures : of :func:`bounded_measures`.
    rows : the values of a task, as they were scored.
    ranks : those in the run file, of the queries of the rows, :func:`best_first`.

    Raises
    ------
    UserError
        A query has other values; names it.
    """
    depth = run.scores.get("depth")
    cut = ranks.at_depth(min(depth, ranks.depth) if depth else None)  # of a folder that of its deepest task
    # A ranking that ends before the others, or where the scored ones were cut, has no more documents.
    goes_on = (cut.retrieved == cut.retrieved.max()) & (cut.retrieved < (depth or _FAR))
    for measure in measures:
        values = rows[str(measure)].to_numpy(float)
        possible = np.stack([from_ranks(measure, one) for one in _whole(cut, goes_on)])
        low, high = possible.min(0), possible.max(0)
        fits = (values >= low - _EXACT) & (values <= high + _EXACT)
        fits |= np.isnan(low) & (goes_on | np.isnan(values))
        fits |= np.isnan(values) & ~np.isfinite(cut.positions).any(1)  # as earlier versions had it, of RankDistance
        if not fits.all():
            at = int(np.flatnonzero(~fits)[0])
            there = f"{low[at]:.6g}" if np.isclose(low[at], high[at]) else f"from {low[at]:.6g} to {high[at]:.6g}"
            again = " with --runs, or take the folder away" if path.parent == run.folder / RUNS else ""
            raise UserError(
                f"{path} is not of the rankings that were scored in {run.folder}: query '{ranks.query_ids[at]}' has "
                f"{measure} {there} there and {values[at]:.6g} in the scores; evaluate again{again}"
            )


def bounded_measures(run: Run) -> list[irm.Measure]:
    """The measures that an evaluation was scored with and whose bounds are known where rankings go on."""
    scored = parse_measures(scored_measures(run.folder))
    return [one for one in scored if has_ranks(one) and one.NAME in (*FROM_RANKS, RankDistance.NAME)]


def _whole(ranks: Ranks, goes_on: np.ndarray) -> Iterator[Ranks]:
    """What some rankings may be that go on: nothing more, all that is missing at once, or at the very end."""
    missing = np.isinf(ranks.positions) & goes_on[:, None]
    yield ranks
    yield replace(
        ranks,
        positions=np.where(missing, ranks.retrieved[:, None] + missing.cumsum(1), ranks.positions),
        retrieved=ranks.retrieved + missing.sum(1),
    )
    yield replace(
        ranks, retrieved=np.where(goes_on, _FAR, ranks.retrieved), depth=_FAR if goes_on.any() else ranks.depth
    )
