"""A comparison as tables of text, for terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.present.verdict import not_compared

_TEST = ("difference", "p", "p Holm", "d", "better/equal/worse on questions", "in languages")
NOT_COMPARED = "‡"
_Row = tuple[str, ...]


@dataclass(frozen=True)
class TextTable:
    """A table whose cells are text, perhaps in lines.

    Parameters
    ----------
    heads : the first columns, which name the row.
    columns : the others.
    parts : groups of rows with a line between them.
    notes : sentences below.
    """

    title: str
    heads: _Row
    columns: _Row
    parts: tuple[tuple[_Row, ...], ...]
    notes: _Row = ()


def comparison_tables(found: Comparison) -> Iterator[TextTable]:
    """Figures with intervals, languages seen and unseen in training, tests, differences by language, and gaps."""
    columns = found.columns()
    names = tuple(f"{measure} {setting} {found.direction(measure).arrow}" for setting, measure in columns)

    def rows(frame: pd.DataFrame, heads: Callable[[Any], _Row], text: Callable[[Any], str]) -> tuple[_Row, ...]:
        """A row a head, with a cell a setting and measure."""
        cells: dict[_Row, dict[tuple[str, str], str]] = {}
        for row in frame.itertuples():
            cells.setdefault(heads(row), {})[row.setting, row.measure] = text(row)
        return tuple((*head, *(row.get(column, "") for column in columns)) for head, row in cells.items())

    def with_interval(row: Any, column: str = "value", sign: str = "", mark: str = "") -> str:
        return f"{found.number(row.measure, getattr(row, column), sign)}{mark}\n{_interval(found, row, sign)}"

    def marked(row: Any) -> str:
        return with_interval(row, mark="" if found.comparable(row.system, row.setting, row.measure) else NOT_COMPARED)

    def with_spread(row: Any) -> str:
        return marked(row) + (f"\n± {found.number(row.measure, row.spread)}" if row.runs > 1 else "")

    spread = ", ± standard deviation over runs" if (found.figures["runs"] > 1).any() else ""
    yield TextTable(
        f"{found.title}, with {found.level()} intervals{spread}",
        ("system",),
        names,
        (
            rows(found.figures, lambda row: (found.label(row.system),), with_spread),
            rows(found.published, lambda row: (row.system,), lambda row: f"{row.value:.{row.digits}f}"),
        ),
        (
            *(f"{NOT_COMPARED} {sentence}" for sentence in not_compared(found)),
            *(f"published: {source}" for source in found.sources()),
            *(["Published figures are of the whole benchmark."] if found.scope and len(found.published) else []),
        ),
    )
    for languages, trained in found.by_training.groupby("trained_on", sort=False):
        parts = (part for _, part in trained.groupby("part", sort=False))
        yield TextTable(
            f"query languages seen and unseen in training on {languages}",
            ("languages", "system"),
            names,
            tuple(
                rows(part, lambda row: (f"{row.part}: {row.languages}", found.label(row.system)), marked)
                for part in parts
            ),
        )
    for (a, b), tests in found.tests.groupby(["a", "b"], sort=False):
        tested = tuple(
            (
                f"{row.measure} {row.setting}" + (" distance" if found.direction(row.measure).has_target else ""),
                with_interval(row, "difference", "+"),
                *map(_probability, (row.p, row.p_holm)),
                f"{row.d:.2f}",
                f"{row.wins}/{row.ties}/{row.losses}",
                f"{row.languages_ahead}/{row.languages_tied}/{row.languages_behind}",
            )
            for row in tests.itertuples()
        )
        yield TextTable(f"{a} minus {b}", ("measure",), _TEST, (tested,))
    for (a, b), differences in found.by_language.groupby(["a", "b"], sort=False):
        yield TextTable(
            f"{a} minus {b} by query language, * significant",
            ("queries",),
            names,
            (rows(differences, lambda row: (row.language,), lambda row: _differs(found, row)),),
        )
    if len(found.gaps):
        yield TextTable(
            "the languages farthest apart",
            ("system",),
            names,
            (rows(found.gaps, lambda row: (f"{found.label(row.system)}, {row.side}",), lambda row: _gap(found, row)),),
        )


def _gap(found: Comparison, row: Any) -> str:
    return f"{row.best} {row.worst} {found.number(row.measure, row.gap, '+')}\n{_interval(found, row)}"


def _interval(found: Comparison, row: Any, sign: str = "") -> str:
    low, high = (found.number(row.measure, value, sign) for value in (row.low, row.high))
    return "no interval known" if np.isnan(row.low) else f"{low} to {high}"


def _differs(found: Comparison, row: Any) -> str:
    return found.number(row.measure, row.difference, "+") + ("*" if row.winner else " ")


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
