"""Which figures say nothing beside those of other systems, and why.

They are shown with their reason, and neither tested nor called the best.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ir_measures import measures as irm

from hybrid_plugin.inference.design import Outcome
from hybrid_plugin.inference.systems import System

_WITHOUT_RANKING = ("NumQ", "NumRel")  # measures of judgements alone
_DISTANCE, _FIRST = "RankDistance", "FirstRank"  # for which what is not found stands just below the last document
_FEW = 0.05  # the share of queries of which a value may be a bound and no value


def incomparable(outcome: Outcome, measure: irm.Measure, systems: Sequence[System]) -> dict[str, str]:
    """The systems whose figures of an outcome cannot be compared with the others', each with the reason.

    Parameters
    ----------
    systems : all; those without values are passed over.
    """
    scored = [system for system in systems if system.name in outcome.values]
    return {**_lacking(outcome, measure, scored), **_of_other_depth(outcome, measure, scored)}


def _of_other_depth(outcome: Outcome, measure: irm.Measure, systems: Sequence[System]) -> dict[str, str]:
    """Rankings that were cut elsewhere than most, above the cutoff of the measure if it has one.

    Where as many are cut elsewhere, the first system counts.
    """
    if measure.NAME in _WITHOUT_RANKING:
        return {}
    cutoff = measure.params.get("cutoff", math.inf)
    looks = {system.name: min(system.about.get("depth") or math.inf, cutoff) for system in systems}
    usual = max(counts := Counter(looks.values()), key=counts.__getitem__)
    like = next(system for system in systems if looks[system.name] == usual)
    found = {}
    for system in systems:
        if looks[system.name] != usual and not _as_long(system, like, outcome.setting):
            depths = [one.about.get("depth") for one in (system, like)]
            said, others = (f"of {depth} documents" if depth else "full" for depth in depths)
            least = min(depth for depth in depths if depth)
            found[system.name] = (
                f"its rankings are {said}, those of {like.name} {others}; --depth {least} evaluates both alike"
            )
    return found


def _as_long(system: System, other: System, setting: str) -> bool:
    """Whether all rankings of two systems are known to be of one length, as where a collection has few documents."""
    one, two = (found.rankings(setting)["retrieved"] for found in (system, other))
    return bool(one.notna().all()) and one.equals(two)


def _lacking(outcome: Outcome, measure: irm.Measure, systems: Sequence[System]) -> dict[str, str]:
    """Rankings that lack relevant documents, for measures whose values are then mere bounds.

    The distance between the relevant documents that a ranking holds is no distance between all, however long it is; the
    place of the first is unknown where a ranking ends before those of the others do.
    """
    if measure.NAME not in (_DISTANCE, _FIRST):
        return {}
    rows = {system.name: system.rankings(outcome.setting) for system in systems}
    ends = math.inf if measure.NAME == _DISTANCE else max(own["retrieved"].max() for own in rows.values())
    ends = min(ends, measure.params.get("cutoff", math.inf))
    unknown = {gap["system"]: gap["queries"] for gap in outcome.undefined()}
    found = {}
    for name, own in rows.items():
        if own["missed"].isna().all():
            lacking, said = unknown.get(name, 0), "hold none of the relevant documents"
        else:
            lacking, said = int(((own["missed"] > 0) & (own["retrieved"] < ends)).sum()), "lack relevant documents"
        if lacking > _FEW * len(own):
            found[name] = f"its rankings {said} of {lacking} of {len(own)} queries, whose places are not known"
    return found
