"""The sections that plugins offer, the built-in ones among them."""

from __future__ import annotations

from hybrid_plugin.plugins import named
from hybrid_plugin.report.section import Section


def sections() -> list[Section]:
    """All sections, in the order in which they stand in the report."""
    return sorted(named("hybrid_ir_report_sections").values(), key=lambda section: section.order)
