"""The values of any measure, from rankings and judgements: those of ir_measures, always."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from subprocess import CalledProcessError
from typing import Any, Protocol

import ir_measures
import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.errors import UserError, blame
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.cutting import at_depth
from hybrid_plugin.measures.standard import FROM_RANKS, WITHOUT_CUTOFF
from hybrid_plugin.retrieval.rankings import Rankings
from hybrid_plugin.retrieval.ranks import Ranks

_CANNOT = (ValueError, RuntimeError, TypeError)  # what ir_measures raises; a TypeError for AP(rel=0)
_QUERIES = 256  # handed to ir_measures at a time


class Judged(Protocol):
    """The judgements of a task: :class:`hybrid_plugin.tasks.Judgements`."""

    def of(self, query_ids: Sequence[str]) -> Sequence[Any]: ...


def values_of(measures: Sequence[irm.Measure], rankings: Rankings, judged: Judged) -> dict[irm.Measure, np.ndarray]:
    """Each measure's value for each query; those of ir_measures on the run and the judgements that these are.

    Parameters
    ----------
    measures : but for those across languages, which need the rankings of several queries (``measures/consistency.py``).
    rankings : that hold what the measures need, see :func:`needed`.

    Returns
    -------
    float64 [queries] of each measure; NaN where it is not defined for a query.

    Raises
    ------
    UserError
        No provider of ir_measures can compute a measure.
    """
    found = {measure: from_ranks(measure, rankings.ranks) for measure in measures if has_ranks(measure)}
    others = [measure for measure in measures if measure not in found]
    if others:
        found |= _by_ir_measures(others, rankings, judged)
    return {measure: found[measure] for measure in measures}


def has_ranks(measure: irm.Measure) -> bool:
    """Whether a measure is computed from ranks, which may be those in a whole ranking of any length.

    All others are left to ir_measures, on the documents that a ranking lists.
    """
    params = measure.params
    if params.get("rel", 1) < 1 or params.get("judged_only", False):
        return False
    if hasattr(measure, "from_ranks"):
        return "lang_mapping" not in params
    if measure.NAME in WITHOUT_CUTOFF and "cutoff" in params:
        return False
    return measure.NAME in FROM_RANKS and not params.keys() - {"cutoff", "rel", "judged_only"}


def from_ranks(measure: irm.Measure, ranks: Ranks) -> np.ndarray:
    """The values of a measure that :func:`has_ranks`, float64 [queries].

    Parameters
    ----------
    ranks : with the languages of the documents where the measure is of language bias.
    """
    if not pool_only(measure):  # which may look further down than languages are known
        ranks = replace(ranks, languages=None)
    graded = bool(getattr(measure, "GRADED", measure.NAME == "nDCG"))
    relevant = ranks if graded else ranks.at_least(measure.params.get("rel", 1))
    computes: Callable[[Ranks], np.ndarray] | None = getattr(measure, "from_ranks", None)
    if computes is not None:
        with blame(f"the measure {measure}", type(measure)):
            return computes(relevant)
    return FROM_RANKS[str(measure.NAME)](relevant, measure.params.get("cutoff"))


def _by_ir_measures(
    measures: Sequence[irm.Measure], rankings: Rankings, judged: Judged
) -> Mapping[irm.Measure, np.ndarray]:
    # NaN for a query to which ir_measures gives no value, such as Accuracy's where nothing can be told apart.
    result = {measure: np.full(len(rankings.query_ids), np.nan) for measure in measures}
    for start in range(0, len(rankings.query_ids), _QUERIES):
        row_of = {query_id: row for row, query_id in enumerate(rankings.query_ids[start : start + _QUERIES], start)}
        run = {
            query_id: dict(zip(rankings.doc_ids[row], rankings.scores[row].tolist(), strict=True))
            for query_id, row in row_of.items()
            if len(rankings.doc_ids[row])
        }
        records = judged.of(list(row_of))
        for measure in measures:
            # One at a time: asked for several at once, ir_measures may count NumRet among judged documents alone,
            # where another measure is of these.
            rows, listed, judgements = row_of, run, records
            if _takes_numbers(measure):
                rows = {str(row): row for row in row_of.values()}
                listed = {str(row_of[query_id]): docs for query_id, docs in run.items()}
                judgements = [one._replace(query_id=str(row_of[one.query_id])) for one in records]
            computes = evaluator(_with_depth(measure, rankings.ranks.depth), judgements)
            try:
                for metric in computes.iter_calc(listed):
                    result[measure][rows[metric.query_id]] = metric.value
            # Accuracy on rankings of one document, or a program of another that fails.
            except (ArithmeticError, LookupError, CalledProcessError) as error:
                raise UserError(f"ir_measures cannot compute {measure} on these rankings: {error}") from error
    return result


def _with_depth(measure: irm.Measure, depth: int) -> irm.Measure:
    """A measure that looks at the depth of rankings, of which ir_measures sees only those that it is given."""
    looks = at_depth(measure) and "cutoff" not in measure.params and depth
    return measure(cutoff=depth) if looks else measure


def _takes_numbers(measure: irm.Measure) -> bool:
    """Whether it is computed by a program, gdeval, that knows queries by numbers alone."""
    able = (one for one in ir_measures.DefaultPipeline.providers if one.is_available() and one.supports(measure))
    return next(able, None) is ir_measures.gdeval


def evaluator(measure: irm.Measure, records: Sequence[Any]) -> Any:
    """ir_measures' evaluator of a measure.

    Raises
    ------
    UserError
        No provider can compute it, or not with these parameters; says what to install where that helps.
    """
    try:
        return ir_measures.evaluator([measure], records)
    except _CANNOT as error:
        for extra in ({"rel": 1}, {"cutoff": 10}):  # RBP needs a grade, and ERR a cutoff
            if extra.keys() <= measure.SUPPORTED_PARAMS.keys() - measure.params.keys() and _can(measure(**extra)):
                raise UserError(f"ir_measures cannot compute {measure} as it is; write {measure(**extra)}") from error
        said = " ".join(str(error).split())  # it may list providers, one a line
        raise UserError(f"ir_measures cannot compute {measure}: {said}") from error


def _can(measure: irm.Measure) -> bool:
    """Whether ir_measures can compute a measure, or could with something that it says how to install."""
    try:
        ir_measures.evaluator([measure], [])
    except _CANNOT as error:
        return "install" in str(error)
    return True
