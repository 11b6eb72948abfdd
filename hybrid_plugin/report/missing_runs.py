"""What to do about run files that are not there."""

from __future__ import annotations

import shlex

from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render
from hybrid_plugin.report.system import System
from hybrid_plugin.tasks.task import run_name


def missing_runs(data: ReportData) -> Markup:
    """The commands that write the run files on the pool that systems lack; empty where none lacks them.

    Or why run files would not help.
    """
    if data.known and not data.languages_known:
        return render("too_many.html", what="languages", documents=data.too_many)
    commands = []
    for system in data.systems:
        if system.name not in data.landings:
            pool = f"{system.folder}-pool"
            evaluate = ["hybrid-ir", "evaluate", data.called, *_ranker(system), "--settings", "multi", "--runs"]
            commands += [
                shlex.join([*evaluate, "--output", pool]),
                shlex.join(["mv", f"{pool}/runs", f"{system.folder}/"]),
            ]
    if not commands:
        return Markup("")
    others = [task for task in data.pool if task.name != f"{MULTI}/{task.queries_lang}"] if data.known else []
    return render(
        "missing_runs.html", commands=commands, run=run_name(others[0]) if others else "multi.{language}.trec"
    )


def _ranker(system: System) -> list[str]:
    """The options of `hybrid-ir evaluate` that name what was evaluated."""
    if "bm25" in system.scores:
        return ["--bm25"]
    settings = system.scores.get("encoder_settings") or {}
    options = ["--encoder", str(system.scores.get("encoder") or "M")]
    if settings.get("strategy") is None:  # no checkpoint that knows its own
        for name in ("query_prefix", "passage_prefix"):
            if settings.get(name):
                options += [f"--{name.replace('_', '-')}", settings[name].strip()]
    return options
