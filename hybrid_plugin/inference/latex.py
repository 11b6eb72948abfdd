"""A comparison as a LaTeX table for papers: what to print where; ``table.tex`` says how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

import jinja2

from hybrid_plugin.inference.comparison import TABLE, Comparison
from hybrid_plugin.inference.verdict import not_compared

_Column = tuple[str, str]  # setting, measure

_ESCAPED = {ord(letter): rf"\{letter}" for letter in "&%$#_{}"} | {
    ord("\\"): r"\textbackslash{}", ord("~"): r"\textasciitilde{}", ord("^"): r"\textasciicircum{}",
}  # fmt: skip


class _Figure(NamedTuple):
    """A figure as it is printed, and what is marked of it."""

    text: str
    best: bool = False
    differs: bool = False
    apart: bool = False  # not to be compared


class _Row(NamedTuple):
    """The figures of a system, one a column."""

    name: str
    figures: list[_Figure]
    taught: bool = False  # on the benchmark


class _Span(NamedTuple):
    """The columns of a setting, counted as LaTeX does, the system's name being 1."""

    name: str
    first: int
    last: int


def latex(found: Comparison) -> str:
    """The figures as a LaTeX table for papers; it wants the package booktabs."""
    columns = found.columns()
    better = found.method["higher_is_better"]
    template = _environment().get_template(TABLE)
    return template.render(
        title=found.title,
        baseline=found.systems[0],
        method=found.method,
        settings=_spans(columns),
        measures=[measure for _, measure in columns],
        lower_is_better=list(dict.fromkeys(measure for _, measure in columns if not better[measure])),
        systems=_systems(found, columns),
        any_best=bool(found.best()),
        not_compared=list(not_compared(found)),
        published=_published(found, columns),
        whole=not found.scope,
        sources=found.sources(),
    )


@cache
def _environment() -> jinja2.Environment:
    """Templates with marks that mean nothing in LaTeX, where braces and % mean a lot."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hybrid_plugin.inference", ""),
        autoescape=False,  # for HTML; LaTeX has its filter
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"latex": _escaped, "one_line": _one_line}
    return environment


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _systems(found: Comparison, columns: Iterable[_Column]) -> list[_Row]:
    """The systems compared, their best figures and their differences from the baseline marked."""
    best = found.best()
    shown = found.tests[(found.tests["b"] == found.systems[0]) & (found.tests["winner"] != "")]
    differs = set(zip(shown["a"], shown["setting"], shown["measure"], strict=True))
    figures: dict[str, dict[_Column, _Figure]] = {system: {} for system in found.systems}
    for row in found.figures.itertuples():
        key = (row.system, row.setting, row.measure)
        text = found.number(row.measure, row.value)
        figures[row.system][key[1:]] = _Figure(text, key in best, key in differs, not found.comparable(*key))
    return [_Row(system, _line(own, columns), found.contaminated(system)) for system, own in figures.items()]


def _published(found: Comparison, columns: Iterable[_Column]) -> list[_Row]:
    """What others published, with the digits that they gave."""
    figures: dict[str, dict[_Column, _Figure]] = {}
    for row in found.published.itertuples():
        figures.setdefault(row.system, {})[row.setting, row.measure] = _Figure(f"{row.value:.{row.digits}f}")
    return [_Row(system, _line(own, columns)) for system, own in figures.items()]


def _line(figures: Mapping[_Column, _Figure], columns: Iterable[_Column]) -> list[_Figure]:
    return [figures.get(column, _Figure("--")) for column in columns]


def _spans(columns: Iterable[_Column]) -> list[_Span]:
    spans, last = [], 1
    for setting, several in groupby(columns, key=lambda column: column[0]):
        first, last = last + 1, last + len(list(several))
        spans.append(_Span(setting, first, last))
    return spans
