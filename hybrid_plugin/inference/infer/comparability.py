"""Which figures say nothing beside those of other systems, and why.

They are shown with their reason, and neither tested nor called the best.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.inference.load.systems import System
from hybrid_plugin.measures.cutting import at_depth, effect_of_cut
from hybrid_plugin.measures.direction import direction

_WITHOUT_RANKING = ("NumQ", "NumRel")  # measures of judgements alone


def incomparable(setting: str, measure: irm.Measure, systems: Sequence[System]) -> dict[str, str]:
    """The systems whose figures cannot be compared with the others', each with the reason.

    Parameters
    ----------
    systems : those that were scored in the setting.
    """
    return {**_left_out(setting, measure, systems), **_of_other_depth(setting, measure, systems)}


def _left_out(setting: str, measure: irm.Measure, systems: Sequence[System]) -> dict[str, str]:
    """Distances of version 0.1, which left queries out for which nothing was found."""
    if not at_depth(measure):
        return {}
    known = {system.name: ~np.isnan(system.values(setting, str(measure))).any(0) for system in systems}
    anywhere = np.any(list(known.values()), axis=0)
    found = {}
    for system in systems:
        lacking = int((anywhere & ~known[system.name]).sum())
        if lacking and not system.counted(setting):
            found[system.name] = (
                f"an earlier version left out {lacking} of its {len(anywhere)} queries, for which it found nothing; "
                "evaluate it again"
            )
    return found


def _of_other_depth(setting: str, measure: irm.Measure, systems: Sequence[System]) -> dict[str, str]:
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
        if looks[system.name] != usual and not _as_long(system, like, setting):
            depths = [one.about.get("depth") for one in (system, like)]
            said, others = (f"of {depth} documents" if depth else "full" for depth in depths)
            least = min(depth for depth in depths if depth)
            shorter = min((system, like), key=lambda one: looks[one.name])
            found[system.name] = (
                f"its rankings are {said}, those of {like.name} {others}{_effect(setting, measure, shorter)}; "
                f"--depth {least} evaluates both alike"
            )
    return found


def _effect(setting: str, measure: irm.Measure, shorter: System) -> str:
    """What cutting does to the measure, as the middle of a sentence."""
    each_found = measure.params.get("rel", 1) == 1 and shorter.nothing_found(setting) == 0
    effect, towards = effect_of_cut(measure, each_found=each_found), direction(measure)
    if not effect:
        return f", and cutting may lower or raise {measure}"
    if towards.has_target:
        return f", and cutting {effect} {measure}"
    better = (effect == "raises") == (towards.sign > 0)
    return (
        f", and cutting {effect} {measure}: that of {shorter.name} looks {'better' if better else 'worse'} than it is"
    )


def _as_long(system: System, other: System, setting: str) -> bool:
    """Whether all rankings of two systems are known to be of one length, as where a collection has few documents."""
    one, two = (found.length(setting).to_numpy(float) for found in (system, other))
    return bool((one == two).all())
