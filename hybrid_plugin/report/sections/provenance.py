"""What was evaluated, and how."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.system import Run, System
from hybrid_plugin.report.table import table
from hybrid_plugin.report.wording import fact


def provenance(data: ReportData) -> str:
    columns = {system.label_of(run): _worded(_facts(run, system)) for system in data.systems for run in system.runs}
    frame = pd.DataFrame(columns).dropna(how="all").reset_index(names="what")
    method = pd.DataFrame(_worded(_labelled(data)).items(), columns=["what", "value"])
    return table(frame, "What was evaluated, and how") + data.table(method, "How the tests were made")


def _labelled(data: ReportData) -> dict[str, Any]:
    """How the tests were made, with systems as they are printed."""
    method, labels = data.comparison.method, data.labels
    lists = {
        name: [one | {"system": labels[one["system"]]} for one in method[name]]
        for name in ("undefined", "nothing_found")
    }
    return method | lists | {"runs": {labels[system]: count for system, count in method["runs"].items()}}


def _facts(run: Run, system: System) -> dict[str, Any]:
    scores = run.scores
    facts = {"folder": run.folder, "benchmark": scores.get("benchmark"), "zero-shot": system.zero_shot}
    facts |= {key: scores.get(key) for key in ("encoder", "runs", "trained_on", "seed", "depth", "runs_depth")}
    facts |= run.sweep | (scores.get("encoder_settings") or {})
    facts |= {f"version of {name}": found for name, found in (scores.get("versions") or {}).items()}
    return facts | {f"SHA-256 of {name}": digest[:16] for name, digest in run.checksums.items()}


def _worded(record: dict[str, Any]) -> dict[str, str | None]:
    return {key.replace("_", " "): fact(value) for key, value in record.items()}


SECTION = Section("provenance", "Provenance", 100, provenance)
