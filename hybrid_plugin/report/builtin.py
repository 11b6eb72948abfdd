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
        distance,
        hardest,
        landing,
        languages,
        provenance,
        settings,
        verdict,
    )

    return [
        verdict.SECTION,
        settings.SECTION,
        languages.SECTION,
        landing.SECTION,
        distance.SECTION,
        bias.SECTION,
        alpha.SECTION,
        hardest.SECTION,
        provenance.SECTION,
    ]
