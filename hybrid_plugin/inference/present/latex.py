"""A comparison as a LaTeX table for papers: what to print where; ``table.tex`` says how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from string import ascii_lowercase
from typing import NamedTuple

import jinja2

from hybrid_plugin.inference.comparison import TABLE, Comparison
from hybrid_plugin.inference.present.verdict import not_compared
from hybrid_plugin.measures.direction import Direction

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
    source: str = ""  # the letter of the one that published them


class _Span(NamedTuple):
    """The columns of a setting, counted as LaTeX does, the system's name being 1."""

    name: str
    first: int
    last: int


def latex(found: Comparison) -> str:
    """The figures as a LaTeX table for papers, as wide as a column at most; it wants the packages booktabs and
    adjustbox.
    """
    columns = found.columns()
    template = _environment().get_template(TABLE)
    return template.render(
        title=found.title,
        baseline=found.systems[0],
        method=found.method,
        settings=_spans(columns),
        measures=[(measure, _arrow(found.direction(measure))) for _, measure in columns],
        test=_test(found),
        systems=_systems(found, columns),
        any_best=bool(found.best()),
        not_compared=list(not_compared(found)),
        published=_published(found, columns),
        whole=not found.scope,
        sources=list(zip(ascii_lowercase, found.sources(), strict=False)),
    )


@cache
def _environment() -> jinja2.Environment:
    """Templates with marks that mean nothing in LaTeX, where braces and % mean a lot."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hybrid_plugin.inference.present", ""),
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


def _test(found: Comparison) -> str:
    """What was tested, and how."""
    unit = {"none": "querie"}.get(found.method["cluster"], found.method["cluster"])
    several = found.tests.loc[found.tests["b"] == found.systems[0], "p_randomization"].isna()
    of_one = f"paired randomisation test over {found.method['clusters']} {unit}s"
    of_several = f"t-test, {unit}s and runs random"
    return of_one if not several.any() else of_several if several.all() else f"{of_one}, of several runs {of_several}"


def _arrow(direction: Direction) -> str:
    """A direction as a formula."""
    if direction.has_target:
        return rf"$\to{direction.best:g}$"
    return r"$\uparrow$" if direction.sign > 0 else r"$\downarrow$"


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
    figures: dict[tuple[str, str], dict[_Column, _Figure]] = {}
    citations = list(dict.fromkeys(found.published["citation"]))
    for row in found.published.itertuples():
        key = (row.model, ascii_lowercase[citations.index(row.citation)])
        figures.setdefault(key, {})[row.setting, row.measure] = _Figure(f"{row.value:.{row.digits}f}")
    return [_Row(model, _line(own, columns), source=letter) for (model, letter), own in figures.items()]


def _line(figures: Mapping[_Column, _Figure], columns: Iterable[_Column]) -> list[_Figure]:
    return [figures.get(column, _Figure("--")) for column in columns]


def _spans(columns: Iterable[_Column]) -> list[_Span]:
    spans, last = [], 1
    for setting, several in groupby(columns, key=lambda column: column[0]):
        first, last = last + 1, last + len(list(several))
        spans.append(_Span(setting, first, last))
    return spans
