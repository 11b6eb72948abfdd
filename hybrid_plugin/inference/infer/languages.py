"""What the pairs of languages say: each language's part, its two directions, and the worst gap.

In the cross-lingual setting a language is asked in and answered in; everywhere it has a figure as the language of
queries. The gap between the best and the worst is the largest disparity of group fairness (Ghosh, Genuit and Reagan,
"Characterizing Intersectional Group Fairness with Worst-Case Comparisons", 2021), of pairs of languages the worst
language gap of parallax-bench; the asymmetry of two directions is there the absolute difference of two pairs, and here
of a language over all others, with its sign. The interval of a gap is that of the two that are best and worst here: of
others it says nothing, and the gap of languages that are alike is above 0 by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from datasets_ext import MULTI
from hybrid_plugin.inference.infer.design import Cells, Outcome
from hybrid_plugin.inference.infer.estimates import Estimate, Row
from hybrid_plugin.measures.direction import Direction

LANGUAGES = [
    *("system", "setting", "measure", "side", "language"),
    *("value", "low", "high", "part", "part_low", "part_high"),
]
DIRECTIONS = ["system", "measure", "language", "as_queries", "as_documents", "asymmetry", "low", "high"]
GAPS = ["system", "setting", "measure", "side", "best", "worst", "gap", "low", "high"]


def language_rows(outcome: Outcome, cells: Mapping[str, Cells]) -> Iterator[Row]:
    """Rows of ``Comparison.languages``: the figure of each language, and its part: what it has over their mean."""
    for system, own in cells.items():
        for side, figures in _sides(outcome, own).items():
            mean = _mean(figures)
            for language, figure in figures.items():
                about = {"system": system, **outcome.key, "side": side, "language": language}
                yield Row(about, {"value": figure, "part": figure - mean}, {})


def direction_rows(outcome: Outcome, cells: Mapping[str, Cells]) -> Iterator[Row]:
    """Rows of ``Comparison.directions``: what a language has as that of the queries over what it has as that of the
    documents, over the pairs with the same other languages; in the cross-lingual setting."""
    if outcome.setting != "cross":
        return
    docs, queries = outcome.asked.docs, outcome.asked.queries
    for system, own in cells.items():
        for language in sorted({*docs} & {*queries}):
            others = {*docs[queries == language]} & {*queries[docs == language]} - {language}
            if others:
                asked = own.average((queries == language) & np.isin(docs, [*others]))
                answered = own.average((docs == language) & np.isin(queries, [*others]))
                about = {"system": system, "measure": outcome.measure, "language": language}
                values = {"as_queries": asked.value, "as_documents": answered.value}
                yield Row(about, {"asymmetry": asked - answered}, values)


def gap_rows(outcome: Outcome, cells: Mapping[str, Cells], direction: Direction) -> Iterator[Row]:
    """Rows of ``Comparison.gaps``: the best language, the worst one, and how far they are apart."""
    for system, own in cells.items():
        for side, figures in _sides(outcome, own).items():
            best, worst = _extremes({name: figure.value for name, figure in figures.items()}, direction)
            about = {"system": system, **outcome.key, "side": side, "best": best, "worst": worst}
            yield Row(about, {"gap": figures[best] - figures[worst]}, {})
        if outcome.setting == "cross":
            tasks = outcome.asked.names
            known = {name: value for name, value in zip(tasks, own.means.mean(0), strict=True) if np.isfinite(value)}
            if len(known) > 1:
                best, worst = _extremes(known, direction)
                gap = own.average(tasks == best) - own.average(tasks == worst)
                about = {"system": system, **outcome.key, "side": "pairs", "best": best, "worst": worst}
                yield Row(about, {"gap": gap}, {})


def _extremes(figures: Mapping[str, float], direction: Direction) -> tuple[str, str]:
    """The names of the best and the worst figure."""
    ranked = sorted(figures, key=lambda one: direction.sign * float(direction.compared(figures[one])))
    return ranked[-1], ranked[0]


def _sides(outcome: Outcome, cells: Cells) -> dict[str, dict[str, Estimate]]:
    """The figures of each language, as that of the queries, and where they are crossed as that of the documents; those
    sides that have two languages or more."""
    found = {}
    known = ~np.isnan(cells.means[0])
    sides = {"queries": outcome.asked.queries}
    if outcome.setting == "cross":
        sides["documents"] = outcome.asked.docs
    for side, of_task in sides.items():
        languages = sorted({*of_task[known]} - {MULTI})
        if len(languages) > 1:
            found[side] = {language: cells.average(of_task == language) for language in languages}
    return found


def _mean(figures: Mapping[str, Estimate]) -> Estimate:
    first, *others = figures.values()
    for other in others:
        first = first + other
    return first * (1 / len(figures))
