"""What the comparison says, in sentences and one table."""

from __future__ import annotations

import re

from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.design import design
from hybrid_plugin.report.headline import better, footnote, main_apart, main_best, main_formats, main_table
from hybrid_plugin.report.html import render
from hybrid_plugin.report.section import Section

_BEST = "Bold: the best of its column."
_SENTENCES = 16  # of the verdict, before the rest is folded away


def verdict(data: ReportData) -> str:
    frame, best = main_table(data), main_best(data)
    table = data.table(
        frame.assign(**{"zero-shot": [system.zero_shot for system in data.systems]}),
        f"{data.benchmark}: macro averages by setting",
        formats=main_formats(data),
        apart=main_apart(data),
        best=best,
        note=" ".join(_note(data, measure) for measure in data.measures) + f" {_BEST}" * bool(best) + footnote(data),
    )
    sentences = [_typeset(sentence) for sentence in data.comparison.verdict]
    shown = len(sentences) if len(sentences) <= _SENTENCES else _SENTENCES - 4
    return render(
        "verdict.html", sentences=sentences, shown=shown, alone=len(data.systems) == 1, table=table,
        design=design(data.comparison, data.labels),
    )  # fmt: skip


def _note(data: ReportData, measure: str) -> str:
    said = ", the distance between the same answer in different languages" if measure == "RankDistance" else ""
    return f"{measure}{said}: {better(data, measure)}."


def _typeset(sentence: str) -> str:
    """With true minus signs, and no line break in ``d = 0.5``."""
    return re.sub(r"(?<=[ (])-(?=\d)", "−", sentence).replace(" = ", "\u00a0=\u00a0")


SECTION = Section("verdict", "Verdict", 0, verdict)
