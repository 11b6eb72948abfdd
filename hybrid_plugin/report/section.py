"""A part of the report, built-in or a plugin's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybrid_plugin.brief import brief

if TYPE_CHECKING:  # it brings a drawing library, and a plugin that offers a section is loaded with every command
    from hybrid_plugin.report.data import ReportData


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    name : its anchor in the page; a section of a plugin replaces the built-in one of the same name.
    title : its heading and its entry in the table of contents.
    order : sections stand in ascending order; the built-in ones have multiples of 5, from 0 (the verdict) to 100
        (provenance).
    render : the evaluations -> HTML without a heading of its own, in which ``<h3>`` is the highest. An empty text means
        that the section has nothing to say about these evaluations and leaves it out.
    """

    name: str
    title: str
    order: float
    render: Callable[[ReportData], str]

    __repr__ = brief

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and isinstance(self.title, str) and isinstance(self.order, (int, float))):
            raise TypeError(f"a section takes two texts, a number and a function, not {self}")
