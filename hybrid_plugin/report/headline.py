"""The figures that say something about a system at a glance."""

from __future__ import annotations

import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.system import NOT_ZERO_SHOT
from hybrid_plugin.tasks.benchmark import SETTINGS

_POOL_ONLY = ("RankDistance",)  # that says little elsewhere


def headline(data: ReportData) -> list[tuple[str, str]]:
    """The measures and settings of these figures, as far as any system was scored with them."""
    known = set(zip(data.comparison.figures["measure"], data.comparison.figures["setting"], strict=True))
    found = [(measure, setting) for measure in data.measures for setting in SETTINGS if (measure, setting) in known]
    telling = [(measure, setting) for measure, setting in found if setting == MULTI or measure not in _POOL_ONLY]
    return telling or found


def headline_rows(data: ReportData, figures: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame with ``measure`` and ``setting`` that hold the figures of the headline."""
    wanted = headline(data)
    return figures[[pair in wanted for pair in zip(figures["measure"], figures["setting"], strict=True)]]


def form(data: ReportData, measure: str) -> str:
    """How figures of a measure are printed: with three digits, or one where the measure goes beyond 1."""
    values = data.comparison.figures
    return ".1f" if values.loc[values["measure"] == measure, "value"].abs().max() > 1 else ".3f"


def digits(data: ReportData, measure: str) -> str:
    """Likewise where there is little room: with two digits, or none."""
    return {".1f": ".0f", ".3f": ".2f"}[form(data, measure)]


def better(data: ReportData, measure: str) -> str:
    """A measure's direction in words."""
    return str(data.direction(measure))


def main_table(data: ReportData) -> pd.DataFrame:
    """A row a system: its label, and the figures of the headline."""
    figures = data.comparison.figures.set_index(["system", "measure", "setting"])["value"]
    rows = [
        {"system": system.label}
        | {f"{measure} {setting}": figures.get((system.name, measure, setting)) for measure, setting in headline(data)}
        for system in data.systems
    ]
    return pd.DataFrame(rows)


def main_apart(data: ReportData) -> list[tuple[int, str]]:
    """The row and column of a main table's figures that cannot be compared with the others of their column."""
    return [
        (row, f"{measure} {setting}")
        for row, system in enumerate(data.systems)
        for measure, setting in headline(data)
        if not data.comparison.comparable(system.name, setting, measure)
    ]


def main_best(data: ReportData) -> list[tuple[int, str]]:
    """The row and column of a main table's best figures."""
    best = data.comparison.best()
    return [
        (row, f"{measure} {setting}")
        for row, system in enumerate(data.systems)
        for measure, setting in headline(data)
        if (system.name, setting, measure) in best
    ]


def main_formats(data: ReportData) -> dict[str, str]:
    """How the figures of a main table are printed, by its columns, which are called after measure and setting."""
    return {f"{measure} {setting}": form(data, measure) for measure, setting in headline(data)}


def footnote(data: ReportData) -> str:
    """What the asterisk in a main table says, to stand after its note; empty where no system has one."""
    seen = dict.fromkeys(system.seen for system in data.systems if system.seen)
    return f" {NOT_ZERO_SHOT} trained on {' or '.join(seen)}, so not zero-shot." if seen else ""
