"""Evaluations as one HTML page to read, print and share, and as plots and a table for a paper.

A plugin needs no more than this: :class:`Section`, and the :class:`~hybrid_plugin.report.data.ReportData` it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybrid_plugin.plugins import hookimpl

if TYPE_CHECKING:
    from hybrid_plugin.report.data import ReportData


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    name : its anchor in the page; a section of a plugin replaces the built-in one of the same name.
    title : its heading and its entry in the table of contents.
    order : sections stand in ascending order; the built-in ones have 0 (the verdict), 10, 20, ... and 100 (provenance).
    render : the evaluations -> HTML without a heading of its own, in which ``<h3>`` is the highest. An empty text means
        that the section has nothing to say about these evaluations and leaves it out.
    """

    name: str
    title: str
    order: float
    render: Callable[[ReportData], str]

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and isinstance(self.title, str) and isinstance(self.order, (int, float))):
            raise TypeError(f"a section takes two texts, a number and a function, not {self}")


@hookimpl
def hybrid_ir_report_sections() -> list[Section]:
    from hybrid_plugin.report import sections  # with its drawing library, which nothing but a report should wait for

    return [
        Section("verdict", "Verdict", 0, sections.verdict),
        Section("settings", "Settings", 10, sections.settings),
        Section("languages", "Language by language", 20, sections.languages),
        Section("landing", "Landing on the pool", 30, sections.landing),
        Section("distance", "Rank distance", 40, sections.distance),
        Section("bias", "Language bias", 50, sections.bias),
        Section("alpha", "Alpha", 60, sections.alpha),
        Section("hardest", "Hardest questions", 70, sections.hardest),
        Section("provenance", "Provenance", 100, sections.provenance),
    ]
