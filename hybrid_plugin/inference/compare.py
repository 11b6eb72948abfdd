"""Evaluation folders to a comparison: what differs, by how much, and what chance explains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from ir_measures import measures as irm
from ir_measures.measures import SumAgg

from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.cells import cells_of
from hybrid_plugin.inference.comparability import incomparable
from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.design import outcomes, questions_of
from hybrid_plugin.inference.differences import Difference, alike, by_language
from hybrid_plugin.inference.family import family, with_languages
from hybrid_plugin.inference.figures import BY_TRAINING, figure_rows, training_rows
from hybrid_plugin.inference.latex import latex
from hybrid_plugin.inference.method import Method
from hybrid_plugin.inference.parts import narrowed, shared
from hybrid_plugin.inference.published import published_figures
from hybrid_plugin.inference.resampling import randomization_test
from hybrid_plugin.inference.scope import scope_of
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.inference.systems import (
    GivenFolders,
    System,
    as_folders,
    check_distinct,
    comparison_request,
    load_runs,
    measures_to_compare,
)
from hybrid_plugin.inference.verdict import verdict
from hybrid_plugin.measures.direction import higher_is_better
from hybrid_plugin.measures.named import parse_measures


def compare(
    folders: GivenFolders,
    asked: ComparisonSettings | None = None,
    **changes: Any,
) -> Comparison:
    """Compare evaluations of one benchmark.

    The unit of every test is the question, over all the languages that ask it (:mod:`hybrid_plugin.inference.design`).
    Systems are compared in the settings that both were scored in, and there on the tasks and queries that all of them
    share: figures, too, are of these. A measure that has one value everywhere in a setting, as RankDistance has within
    one language, is not tested there; a query on which a measure is not defined for one of two systems is left out of
    their test. Figures that say nothing beside each other, such as AP of rankings of different depths, are shown and
    not tested (:mod:`hybrid_plugin.inference.comparability`). The verdict says all of this with numbers.

    Parameters
    ----------
    folders : evaluation folders, as :func:`hybrid_plugin.evaluate` writes them; the first is the baseline. One alone
        gets its figures with intervals, and no tests. Or the folders of each system by its name: where they are
        several runs of one system, such as seeds, the system's value for a query is the mean of theirs. The intervals
        and tests are then about these runs on other questions; what other runs would give, ``spread`` hints at.
    asked, changes : what of them, and how; ``changes`` are fields of
        :class:`~hybrid_plugin.inference.ComparisonSettings` by name, such as ``measures=["AP", "nDCG@10"]``.

    Raises
    ------
    UserError
        A folder is no evaluation, is damaged, was given twice or was not scored with a measure, two of them differ in
        benchmark or share no query, or a setting or language is unknown; names it, and what there is.

    Examples
    --------
    >>> compare(["scores-untouched", "scores-hybrid"]).verdict        # doctest: +SKIP
    """
    folders = as_folders(folders)
    asked = replace(asked or ComparisonSettings(), **changes)
    check_distinct(folders)
    request = comparison_request(folders, asked)
    measures = {str(one): one for one in parse_measures(measures_to_compare(folders, asked.measures))}
    method = Method(
        {name: higher_is_better(measure) for name, measure in measures.items()},
        asked,
        frozenset(name for name, measure in measures.items() if isinstance(measure.aggregator(), SumAgg)),
    )
    runs = load_runs(folders, list(measures))
    part = shared(narrowed(runs, asked))
    systems = [System.of(name, some) for name, some in part.runs.items()]
    measured = _measure(systems, method, measures)
    _check_family(measured, systems, method)
    tests, languages = _test(measured, method)
    benchmark = systems[0].about["benchmark"]
    found = Comparison(
        benchmark=benchmark,
        scope=scope_of(runs, part),
        systems=tuple(system.name for system in systems),
        about={system.name: system.about for system in systems},
        figures=pd.DataFrame(measured.figures).dropna(subset="value", ignore_index=True),
        tests=with_languages(tests, languages, method),
        by_language=languages,
        by_training=pd.DataFrame(measured.by_training, columns=BY_TRAINING).dropna(subset="value", ignore_index=True),
        published=published_figures(benchmark if asked.published else "", list(measures)),
        incomparable=pd.DataFrame(measured.incomparable, columns=["system", "setting", "measure", "reason"]),
        verdict=(),
        latex="",
        method=method.record(
            questions=len(questions_of(systems)), tests=len(tests), undefined=measured.undefined, gaps=part.gaps
        ),
        request=request,
    )
    return replace(found, verdict=tuple(verdict(found, part.gaps)), latex=latex(found))


@dataclass
class _Measured:
    """What the values give before anything is tested: rows of figures, and differences in the order of the tests."""

    figures: list[dict[str, Any]] = field(default_factory=list)
    by_training: list[dict[str, Any]] = field(default_factory=list)
    undefined: list[dict[str, Any]] = field(default_factory=list)
    incomparable: list[dict[str, Any]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    by_language: list[Difference] = field(default_factory=list)


def _measure(systems: Sequence[System], method: Method, measures: Mapping[str, irm.Measure]) -> _Measured:
    """Figures and differences, outcome by outcome, so that the bootstrap samples of one are in memory at a time."""
    found = _Measured()
    pairs = method.pairs([system.name for system in systems])
    for outcome in outcomes(systems, method):
        cells = cells_of(outcome.values, outcome.questions, method)
        found.undefined.extend(outcome.undefined())
        found.figures.extend(figure_rows(outcome, cells, systems, method.settings.alpha))
        found.by_training.extend(training_rows(outcome, cells, systems, method.settings.alpha))
        if not outcome.varies:
            continue
        odd = incomparable(outcome, measures[outcome.measure], systems) if pairs else {}
        found.incomparable.extend({"system": name, **outcome.key, "reason": reason} for name, reason in odd.items())
        for a, b in pairs:
            if {a, b} <= cells.keys() - odd.keys():
                key = {"a": a, "b": b, **outcome.key}
                mine, theirs = alike(cells[a], cells[b], method)
                found.differences.append(Difference.of(key, mine, theirs, method.settings.alpha))
                found.by_language.extend(by_language(outcome, key, mine, theirs, method.settings.alpha))
    found.differences, found.by_language = (
        sorted((one for one in some if one.known), key=lambda one: pairs.index(one.systems))
        for some in (found.differences, found.by_language)
    )
    return found


def _check_family(measured: _Measured, systems: Sequence[System], method: Method) -> None:
    """Raise if nothing can be tested, or nothing be shown by so few sign flips."""
    tests = len(measured.differences)
    if len(systems) > 1 and not tests and not measured.incomparable:
        names = " and ".join(system.name for system in systems)
        raise UserError(f"no setting of {names} has values of {', '.join(method.better)} to compare")
    resamples, alpha = method.settings.resamples, method.settings.alpha
    if tests / (1 + resamples) > alpha:
        raise UserError(
            f"{resamples} sign flips cannot show a difference at {alpha:g} in {tests} tests; "
            f"{math.ceil(tests / alpha)} or more can"
        )


def _test(measured: _Measured, method: Method) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All differences, tested on the same sign flips: one family over all languages, and one by language."""
    everything = [*measured.differences, *measured.by_language]
    if everything:
        p = randomization_test(
            np.column_stack([one.shares for one in everything]), method.settings.resamples, method.settings.seed
        )
    else:
        p = np.empty(0)
    tests = len(measured.differences)
    return family(measured.differences, p[:tests], method), family(measured.by_language, p[tests:], method)
