"""What commands print: tables that fit the terminal, plain columns for a pipe, or JSON."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from hybrid_plugin.settings import flatten

if TYPE_CHECKING:
    import pandas as pd

    from hybrid_plugin.evaluation.scores import Scores
    from hybrid_plugin.evaluation.suite import SuiteScores
    from hybrid_plugin.inference.present.tables import TextTable
    from hybrid_plugin.tasks.listing import Listed
    from hybrid_plugin.tasks.suite import Suite
    from hybrid_plugin.tasks.suite_listing import ListedPart
    from hybrid_plugin.training.prospect import Prospect

_HEADLINE = (("AP", "mono"), ("AP", "cross"), ("AP", "multi"), ("RankDistance", "multi"))
_NUMBER = re.compile(r"[-+<±]?\s?[\d.]")  # what it begins with
_NARROWED = ("settings", "languages", "tasks", "measures")  # of a part of a suite
_HEADS = 34  # the width that the names of a row have together at least, if they are that long
_CELL = 18  # likewise a cell


def print_scores(scores: Scores) -> None:
    """A row a measure, a column a setting."""
    from hybrid_plugin.evaluation.seen import part_seen  # with ir_datasets, which help texts should not wait for

    seen = part_seen(scores.about)
    scope = f", {scores.scope}" if scores.scope else ""
    title = f"{scores.about['benchmark']}{scope}{f' (trained on {seen}: not zero-shot)' if seen else ''}"
    settings = {
        name: {key: figures[key] for key in figures if scores.says(key, name)}
        for name, figures in scores.settings.items()
    }
    rows = [(measure, *(_figure(found, measure) for found in settings.values())) for measure in scores.measures]
    _print(["measure"], [*scores.settings], [rows], title=title)
    groups = [
        (group, setting, *(_figure(figures, measure) for measure in scores.measures))
        for group, found in scores.groups.items()
        for setting, figures in found.items()
    ]
    if groups:
        _print(["group"], ["setting", *scores.measures], [groups])


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
    _print(["benchmark"], ["languages", "settings", "licence", "data", "tasks", "documents"], [rows])


def print_statistics(found: Mapping[str, Any]) -> None:
    """A row a view of documents or queries, then a row a setting."""
    views = [
        [
            (
                name,
                of["language"] or "",
                f"{of['texts']:,}",
                f"{of['characters']['median']:,.0f}",
                f"{of['characters']['max']:,}",
                f"{of['empty']:,}",
                f"{of['repeated']:,}",
            )
            for name, of in found[side].items()
        ]
        for side in ("documents", "queries")
    ]
    heads = ["language", "texts", "characters (median)", "(longest)", "empty", "repeated"]
    _print(["documents, queries"], heads, views)
    rows = []
    for setting in dict.fromkeys(task["setting"] for task in found["tasks"].values()):
        tasks = [task for task in found["tasks"].values() if task["setting"] == setting]
        queries = sum(task["queries"] for task in tasks)
        relevant = sum(task["queries"] * task["relevant"]["mean"] for task in tasks) / max(queries, 1)
        most = max(task["relevant"]["max"] for task in tasks)
        grades = Counter[str]()
        for task in tasks:
            grades.update(task["grades"])
        judged = ", ".join(f"{grades[grade]:,} of {grade}" for grade in sorted(grades, key=int))
        rows.append((setting, f"{len(tasks):,}", f"{queries:,}", f"{relevant:.2f}", f"{most:,}", judged))
    _print(["setting"], ["tasks", "queries", "relevant (mean)", "(most)", "judgements by grade"], [rows])


def print_suites(found: Iterable[tuple[Suite, Sequence[ListedPart]]]) -> None:
    """A row a suite; where nobody knows the documents of some benchmarks, a plus after those of the others."""
    rows = []
    for suite, parts in found:
        counts = [one.listed.documents if one.listed else None for one in parts]
        here = sum(one.here == "here" for one in parts)
        size = f"{sum(filter(None, counts)):,}{'+' if None in counts else ''}"
        rows.append((suite.name, suite.description, f"{here} of {len(parts)}", size))
    _print(["suite"], ["what it is", "here", "documents"], [rows])


def print_suite(suite: Suite, parts: Iterable[ListedPart]) -> None:
    """A row a benchmark, and what of it the suite scores."""
    rows = []
    for one in parts:
        narrowed = [f"{key} {' '.join(getattr(one.part, key))}" for key in _NARROWED if getattr(one.part, key)]
        known = one.listed
        count = None if known is None else known.documents
        settings = "" if known is None else " ".join(known.benchmark.settings)
        rows.append((one.part.name, settings, "; ".join(narrowed), one.here, "" if count is None else f"{count:,}"))
    _print(["benchmark"], ["settings", "narrowed to", "data", "documents"], [rows], title=suite.description or None)


def print_suite_scores(scores: SuiteScores, download: str) -> None:
    """A row a benchmark with its figure in each setting, and how to get what is missing.

    Parameters
    ----------
    download : the command that scores the suite and downloads what it lacks.
    """
    settings = ("mono", "cross", "multi")
    rows = [
        (
            one.name,
            one.measure or "",
            *(_figure(one.settings.get(setting, {}), one.measure or "") for setting in settings),
            one.state,
        )
        for one in scores.outcomes
    ]
    _print(["benchmark"], ["measure", *settings, "state"], [rows], title=scores.suite)
    for one in scores.outcomes:
        if one.message:
            files = f"; from files: {one.command}" if one.command else ""
            print(f"{one.name} ({one.state}): {one.message}{files}")
    missing = [one.name for one in scores.outcomes if one.download]
    if missing:
        print(f"to download {', '.join(missing)}: {download}")


def print_figures(title: str, figures: Mapping[str, float]) -> None:
    """A row a measure."""
    _print(["measure"], ["value"], [[(measure, _figure(figures, measure)) for measure in figures]], title=title)


def print_descriptions(kind: str, described: Mapping[str, str]) -> None:
    """Names, of some kind, and what each is in a line."""
    _print([kind], ["what it is"], [[*described.items()]])


def print_text_table(table: TextTable) -> None:
    """A table of :mod:`hybrid_plugin.inference.present.tables`."""
    _print(table.heads, table.columns, table.parts, title=table.title, notes=table.notes)


def print_strategies(results: Mapping[str, Scores]) -> None:
    """The headline of each strategy of the quickstart."""
    rows = [(name, *_headline(scores.settings)) for name, scores in results.items()]
    _print(["strategy"], [" ".join(column) for column in _HEADLINE], [rows])


def print_sweep(table: pd.DataFrame) -> None:
    """The headline of each run and benchmark of a sweep, and which runs were chosen."""
    groups = table.set_index("setting").groupby(["run", "benchmark"], sort=False)
    rows = [(*names, *_headline(found.to_dict(orient="index"))) for names, found in groups]
    elsewhere = "Benchmarks with other official measures have their figures in sweep.csv."
    notes = [] if all(any(row[2:]) for row in rows) else [elsewhere]
    if "chosen" in table:
        notes += [f"chosen: {name}" for name in table.loc[table["chosen"], "run"].unique()]
    _print(["run", "benchmark"], [" ".join(column) for column in _HEADLINE], [rows], notes=notes)


def print_options(settings: Iterable[Any]) -> None:
    """The values of settings by their keys; none where nothing was asked for."""
    values = {key: value for one in settings for key, value in flatten(one).items()}
    rows = [(key, _in_words(value)) for key, value in values.items() if value not in (None, "", False, (), {})]
    _print(["option"], ["value"], [rows])


def _in_words(value: Any) -> str:
    """A value of an option as somebody would type it."""
    if isinstance(value, dict):
        return " ".join(f"{key}={one}" for key, one in value.items())
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def print_prospects(sources: Sequence[Prospect], shares: Sequence[float], validation: Sequence[Prospect]) -> None:
    """What a run will read, each source with its share of the batches, if known, and how to get what is missing."""
    rows = [
        (one.name, "?" if one.rows is None else f"{one.rows:,}", share, " ".join(one.languages), one.state)
        for one, share in [
            *zip(sources, [f"{share:.4f}" for share in shares] or ["?"] * len(sources), strict=True),
            *((one, "validation") for one in validation),
        ]
    ]
    _print(["source"], ["rows", "share", "languages", "data"], [rows])
    for one in (*sources, *validation):
        if one.state == "missing":
            print(f"{one.name} is missing: {one.get}")


def print_plan(table: pd.DataFrame) -> None:
    """The runs of a sweep, what of each is done, how many are scored in the end, and about how long the rest takes."""
    rows = [
        (one.run, one.done, _duration(one.seconds))
        if isinstance(one.run, str)
        else (f"in the end: {one.end}, {one.chosen:.0f} of these", "", _duration(one.seconds))
        for one in table.itertuples()
    ]
    seconds = table["seconds"]
    unknown = f", and {seconds.isna().sum()} of unknown time" if seconds.isna().any() else ""
    count = table["run"].notna().sum()
    _print(["run"], ["done", "time"], [rows], notes=[f"{count} runs: about {_duration(seconds.sum())}{unknown}"])


def _duration(seconds: float) -> str:
    """Such as 2:05 h, 12 min or 40 s; a question mark where nobody knows."""
    if seconds != seconds:
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60}:{minutes % 60:02} h"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame for JSON, without the cells that are empty."""
    return [row[row.notna()].to_dict() for _, row in frame.astype(object).iterrows()]


@contextlib.contextmanager
def only_json(asked: bool) -> Iterator[None]:
    """While a command works: what it and its libraries print goes to stderr, if stdout is for JSON alone."""
    if not asked:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)  # Java, for one, knows nothing of sys.stdout
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


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
    notes: Sequence[str] = (),
) -> None:
    """Print a table for who reads it: in a terminal, with lines and as wide as that; elsewhere for grep and awk.

    Parameters
    ----------
    heads : the first columns, which name the row.
    columns : the others.
    parts : groups of rows, with a line between them in a terminal.
    notes : sentences below.
    """
    names, tables = [*heads, *columns], [[*rows] for rows in parts]
    if sys.stdout.isatty():
        if title is not None:
            print(title)
        _print_boxes(len(heads), names, tables)
        for note in notes:
            print(note)
    else:
        if title is not None:
            print(f"# {title}")
        _print_columns([names, *(row for rows in tables for row in rows)])
        for note in notes:
            print(f"# {note}")


def _print_columns(rows: Iterable[Sequence[str]]) -> None:
    """A row a line, with two blanks or more between its cells and none within; an empty cell is a dash."""
    cells = [[" ".join(cell.split()) or "-" for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def _print_boxes(heads: int, names: Sequence[str], parts: Sequence[Sequence[Sequence[str]]]) -> None:
    """A table, or several below each other that repeat the heads, as wide as the terminal; nothing is cut."""
    width, height = shutil.get_terminal_size()  # rich takes a terminal without colours for 80 columns wide
    console = Console(width=width, height=height, markup=False, highlight=False)  # names may hold brackets
    columns = [
        _Column.of(name, [row[place] for rows in parts for row in rows], _HEADS // heads if place < heads else _CELL)
        for place, name in enumerate(names)
    ]
    for places in _blocks(heads, [column.least for column in columns], width):
        table = Table()
        for place, wide in zip(places, _widths([columns[one] for one in places], width), strict=True):
            side: Any = "right" if columns[place].numbers else "left"
            table.add_column(names[place], width=wide, justify=side, overflow="fold")
        for rows in parts:
            for row in rows:
                table.add_row(*(row[place] for place in places))
            table.add_section()
        console.print(table)


@dataclass(frozen=True)
class _Column:
    """A column's width where nothing is folded, and the least that it can do with, which is so much at most."""

    numbers: bool
    natural: int
    least: int

    @classmethod
    def of(cls, name: str, cells: Sequence[str], most: int) -> _Column:
        numbers = all(_NUMBER.match(cell) for cell in cells if cell)
        lines = [line for cell in cells for line in cell.split("\n")]
        words = lines if numbers else [word for cell in cells for word in cell.split()]  # numbers are not folded
        longest = max(map(cell_len, [*words, *name.split()]), default=0)
        return cls(numbers, max(map(cell_len, [*lines, name])), min(longest, most))


def _room(widths: Iterable[int]) -> int:
    """What columns of these widths take with the lines and blanks between them."""
    return sum(width + 3 for width in widths) + 1


def _blocks(heads: int, least: Sequence[int], width: int) -> Iterator[list[int]]:
    """The columns that fit beside each other, each time with the heads before them."""
    block = [*range(heads)]
    for place in range(heads, len(least)):
        if len(block) > heads and _room(least[one] for one in (*block, place)) > width:
            yield block
            block = [*range(heads)]
        block.append(place)
    yield block


def _widths(columns: Sequence[_Column], width: int) -> list[int]:
    """The widths of columns beside each other, where the widest gives first."""
    widths = [column.natural for column in columns]
    while _room(widths) > width:
        wide = [place for place, column in enumerate(columns) if widths[place] > column.least]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths
