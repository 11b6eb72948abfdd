"""The values of any measure, from ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.errors import UserError
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.standard import FROM_RANKS
from hybrid_plugin.retrieval.ranks import Ranks


def from_ranks(measure: irm.Measure, ranks: Ranks) -> np.ndarray:
    """A measure's value for each query, from the positions of its relevant documents.

    Relevance is binary here. The values are those of ir_measures on the run that has these positions.

    Parameters
    ----------
    ranks : with the languages of the documents where the measure is of language bias, see :func:`languages_needed`.

    Returns
    -------
    float64 [queries]; NaN where the measure is not defined for a query.

    Raises
    ------
    UserError
        The measure needs more than positions and languages.
    """
    computes: Callable[[Ranks], np.ndarray] | None = getattr(measure, "from_ranks", None)
    if computes is not None and not measure.params.keys() & {"rel", "lang_mapping"}:
        return computes(ranks)
    if measure.NAME in FROM_RANKS and not measure.params.keys() - {"cutoff"}:
        return FROM_RANKS[measure.NAME](ranks, measure.params.get("cutoff"))
    known = {*FROM_RANKS, *(name for name, other in irm.registry.items() if hasattr(other, "from_ranks"))}
    raise UserError(f"{measure} cannot be computed from positions; known: {', '.join(sorted(known))}, with @k")


def languages_needed(measures: Sequence[irm.Measure], depth: int | None = None) -> int | None:
    """Of how many first documents the measures want to know the languages; None if no measure asks for languages.

    Parameters
    ----------
    depth : the ranks will be cut there.
    """
    if not any(map(pool_only, measures)):
        return None
    return max(depth or 0, *(measure.params.get("cutoff", 0) for measure in measures))
