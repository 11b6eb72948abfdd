"""What commands print: scores, comparisons and sweeps as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from hybrid_plugin.evaluation.scores import Scores
    from hybrid_plugin.inference.tables import TextTable
    from hybrid_plugin.tasks.listing import Listed

_HEADLINE = (("AP", "mono"), ("AP", "cross"), ("AP", "multi"), ("RankDistance", "multi"))


def print_scores(scores: Scores) -> None:
    """A row a measure, a column a setting."""
    trained = scores.about.get("zero_shot") is False
    title = f"{scores.about['benchmark']}{' (trained on it: not zero-shot)' if trained else ''}"
    rows = [(measure, *(_figure(found, measure) for found in scores.settings.values())) for measure in scores.measures]
    _print(["measure"], [*scores.settings], [rows], title=title, width=100)


def print_benchmarks(listed: Iterable[Listed]) -> None:
    """A row a benchmark; blank is what nobody knows without reading its data."""
    rows = [
        (
            one.benchmark.name,
            " ".join(one.benchmark.languages),
            " ".join(one.benchmark.settings),
            one.benchmark.licence,
            one.here,
            str(len(one.benchmark.tasks)),
            "" if one.documents is None else f"{one.documents:,}",
        )
        for one in listed
    ]
    _print(["benchmark", "languages", "settings", "licence", "data"], ["tasks", "documents"], [rows], width=130)


def print_text_table(table: TextTable) -> None:
    """A table of :mod:`hybrid_plugin.inference.tables`."""
    _print(table.heads, table.columns, table.parts, title=table.title, width=130)
    for note in table.notes:
        print(note)


def print_strategies(results: Mapping[str, Scores]) -> None:
    """The headline of each strategy of the quickstart."""
    rows = [(name, *_headline(scores.settings)) for name, scores in results.items()]
    _print(["strategy"], [" ".join(column) for column in _HEADLINE], [rows], right=False, width=80)


def print_sweep(table: pd.DataFrame) -> None:
    """The headline of each run and benchmark of a sweep."""
    groups = table.set_index("setting").groupby(["run", "benchmark"], sort=False)
    rows = [(*names, *_headline(found.to_dict(orient="index"))) for names, found in groups]
    _print(["run", "benchmark"], [" ".join(column) for column in _HEADLINE], [rows], right=False, width=120)
    if not all(any(row[2:]) for row in rows):
        print("Benchmarks with other official measures have their figures in sweep.csv.")


def _headline(settings: Mapping[Any, Mapping[str, float]]) -> list[str]:
    return [_figure(settings.get(setting, {}), measure) for measure, setting in _HEADLINE]


def _figure(values: Mapping[str, float], measure: str) -> str:
    if measure not in values:
        return ""
    return f"{values[measure]:.1f}" if measure.startswith(("RankDistance", "FirstRank")) else f"{values[measure]:.4f}"


def _print(
    heads: Sequence[str],
    columns: Sequence[str],
    parts: Iterable[Iterable[Sequence[str]]],
    *,
    title: str | None = None,
    right: bool = True,
    width: int,
) -> None:
    """Print a table at least so wide, with a line between its parts; nothing is cut, since cut names look alike."""
    table = Table(title=title, title_justify="left")
    for name in heads:
        table.add_column(name, overflow="fold")
    for name in columns:
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for rows in parts:
        for row in rows:
            table.add_row(*row)
        table.add_section()
    Console(width=max(width, Console().width), markup=False).print(table)  # names may hold brackets
