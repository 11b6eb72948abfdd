"""The figures that say something about a system at a glance."""

from __future__ import annotations

import pandas as pd

from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.system import NOT_ZERO_SHOT

HEADLINE = (("AP", "mono"), ("AP", "cross"), ("AP", "multi"), ("RankDistance", "multi"))
FORMS = {"AP": ".3f", "RankDistance": ".1f"}
BETTER = {"AP": "higher is better", "RankDistance": "lower is better"}


def headline(figures: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame with ``measure`` and ``setting`` that hold these figures."""
    return figures[[pair in HEADLINE for pair in zip(figures["measure"], figures["setting"], strict=True)]]


def main_table(data: ReportData) -> pd.DataFrame:
    """A row a system: its label, AP in the settings, and RankDistance on the pool, as far as they were scored."""
    figures = data.comparison.figures.set_index(["system", "measure", "setting"])["value"]
    known = [
        (measure, setting)
        for measure, setting in HEADLINE
        if any((system.name, measure, setting) in figures.index for system in data.systems)
    ]
    rows = [
        {"system": system.label}
        | {f"{measure} {setting}": figures.get((system.name, measure, setting)) for measure, setting in known}
        for system in data.systems
    ]
    return pd.DataFrame(rows)


def main_formats(table: pd.DataFrame) -> dict[str, str]:
    """How the figures of a main table are printed, by its columns, which are called after measure and setting."""
    return {name: FORMS[name.split()[0]] for name in table.columns[1:]}


def footnote(data: ReportData) -> str:
    """What the asterisk in a main table says, to stand after its note; empty where no system has one."""
    if all(system.label == system.name for system in data.systems):
        return ""
    return f" {NOT_ZERO_SHOT} trained on {data.benchmark}, so not zero-shot."
