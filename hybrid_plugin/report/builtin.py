"""The sections that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.report.section import Section


@hookimpl
def hybrid_ir_report_sections() -> list[Section]:
    # Imported when they are asked for: they bring a drawing library, which nothing but a report should wait for.
    from hybrid_plugin.report.sections import (
        alpha,
        bias,
        consistency,
        differences,
        distance,
        hardest,
        landing,
        languages,
        parts,
        provenance,
        settings,
        verdict,
    )

    return [
        verdict.SECTION,
        settings.SECTION,
        differences.SECTION,
        languages.SECTION,
        parts.SECTION,
        landing.SECTION,
        distance.SECTION,
        bias.SECTION,
        consistency.SECTION,
        alpha.SECTION,
        hardest.SECTION,
        provenance.SECTION,
    ]
