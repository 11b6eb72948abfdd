"""Systems to all that can be said of them: figures, differences, and what chance explains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from ir_measures import measures as irm

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.infer.comparability import incomparable
from hybrid_plugin.inference.infer.design import Cells, Outcome, number_of, outcomes
from hybrid_plugin.inference.infer.estimates import Row, with_intervals
from hybrid_plugin.inference.infer.figures import BY_TRAINING, FIGURES, figure_rows, training_rows
from hybrid_plugin.inference.infer.languages import (
    DIRECTIONS,
    GAPS,
    LANGUAGES,
    direction_rows,
    gap_rows,
    language_rows,
)
from hybrid_plugin.inference.infer.method import Method
from hybrid_plugin.inference.infer.tests import (
    BY_LANGUAGE,
    TESTS,
    Difference,
    differences,
    family,
    randomized,
    with_languages,
)
from hybrid_plugin.inference.load.systems import System

INCOMPARABLE = ["system", "setting", "measure", "reason"]
_TABLES = {
    "figures": FIGURES, "by_training": BY_TRAINING, "languages": LANGUAGES, "directions": DIRECTIONS, "gaps": GAPS,
    "tests": TESTS, "by_language": BY_LANGUAGE,
}  # fmt: skip


@dataclass(frozen=True)
class Inferred:
    """What was inferred.

    Parameters
    ----------
    frames : of :class:`hybrid_plugin.inference.Comparison`, by name.
    clusters, questions : how many there are. Of one cluster alone no intervals are known, and no difference is shown.
    undefined, nothing_found : as :meth:`Method.record` takes them.
    """

    frames: Mapping[str, pd.DataFrame]
    clusters: int
    questions: int
    undefined: Sequence[Mapping[str, Any]]
    nothing_found: Sequence[Mapping[str, Any]]

    __repr__ = brief


@dataclass
class _Found:
    """What the outcomes give, one after the other, so that the draws of one are in memory at a time."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in _TABLES})
    differences: dict[str, list[Difference]] = field(default_factory=lambda: {"tests": [], "by_language": []})
    undefined: list[dict[str, Any]] = field(default_factory=list)
    incomparable: list[dict[str, Any]] = field(default_factory=list)


def infer(systems: Sequence[System], method: Method, measures: Mapping[str, irm.Measure]) -> Inferred:
    """Figures with intervals, and of several systems their differences with tests.

    Parameters
    ----------
    measures : by the names that the method has.

    Raises
    ------
    UserError
        Nothing can be compared, or so few sign flips can show nothing.
    """
    found = _Found()
    pairs = method.pairs([system.name for system in systems])
    for outcome in outcomes(systems, method):
        _measure(found, outcome, systems, pairs, method, measures[outcome.measure])
    _check_family(found, systems, method)
    frames = {name: pd.DataFrame(found.rows[name], columns=columns) for name, columns in _TABLES.items()}
    for name in ("figures", "by_training"):
        frames[name] = frames[name].dropna(subset="value", ignore_index=True)
    frames["incomparable"] = pd.DataFrame(found.incomparable, columns=INCOMPARABLE)
    for name, some in found.differences.items():
        order = sorted(range(len(some)), key=lambda i: pairs.index(some[i].systems))  # by pair, then as they came
        ordered = [some[i] for i in order]
        frames[name] = family(
            ordered, frames[name].iloc[order].reset_index(drop=True), randomized(ordered, method), method
        )
    frames["tests"] = with_languages(frames["tests"], frames["by_language"], method)
    clusters, questions = (number_of(systems, column) for column in (method.unit, "question"))
    return Inferred(frames, clusters, questions, found.undefined, list(_nothing_found(systems)))


def _measure(
    found: _Found,
    outcome: Outcome,
    systems: Sequence[System],
    pairs: Sequence[tuple[str, str]],
    method: Method,
    measure: irm.Measure,
) -> None:
    cells = {name: Cells.of(name, values, outcome.asked) for name, values in outcome.values.items()}
    cells = {name: own for name, own in cells.items() if not np.isnan(own.means).all()}
    found.undefined.extend(outcome.undefined())
    rows: dict[str, list[Row]] = {
        "figures": [*figure_rows(outcome, cells)],
        "by_training": [*training_rows(outcome, cells, systems)],
    }
    scored = [system for system in systems if system.name in cells]
    if outcome.varies and any(system.says(outcome.setting, outcome.measure) for system in scored):
        rows["languages"] = [*language_rows(outcome, cells)]
        rows["directions"] = [*direction_rows(outcome, cells)]
        rows["gaps"] = [*gap_rows(outcome, cells, method.directions[outcome.measure])]
        odd = incomparable(outcome.setting, measure, scored) if pairs else {}
        found.incomparable += [{"system": name, **outcome.key, "reason": reason} for name, reason in odd.items()]
        for a, b in pairs:
            if {a, b} <= cells.keys() - odd.keys():
                over_all, by_language = differences(outcome, a, b)
                for name, tested in (("tests", over_all), ("by_language", by_language)):
                    found.differences[name] += tested
                    rows.setdefault(name, []).extend(one.row for one in tested)
    everything = [row for some in rows.values() for row in some]
    settings = method.settings
    drawn = iter(with_intervals(everything, settings.bootstraps, settings.seed, settings.alpha))
    for name, some in rows.items():
        found.rows[name] += [next(drawn) for _ in some]


def _nothing_found(systems: Sequence[System]) -> list[dict[str, Any]]:
    """By system and setting, of how many queries the rankings hold no relevant document; where there are any."""
    found = []
    for system in systems:
        for setting in system.settings:
            queries = system.nothing_found(setting)
            if queries > 0:
                found.append({"system": system.name, "setting": setting, "queries": queries})
    return found


def _check_family(found: _Found, systems: Sequence[System], method: Method) -> None:
    """Raise if nothing can be tested, or nothing be shown by so few sign flips."""
    tests = len(found.differences["tests"])
    if len(systems) > 1 and not tests and not found.incomparable:
        names = " and ".join(system.name for system in systems)
        raise UserError(f"no setting of {names} has values of {', '.join(method.directions)} to compare")
    resamples, alpha = method.settings.resamples, method.settings.alpha
    if tests / (1 + resamples) > alpha and not all(one.several_runs for one in found.differences["tests"]):
        raise UserError(
            f"{resamples} sign flips cannot show a difference at {alpha:g} in {tests} tests; "
            f"{math.ceil(tests / alpha)} or more can"
        )
