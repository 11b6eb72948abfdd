"""What to do about run files that are not there."""

from __future__ import annotations

import shlex
from pathlib import Path

from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.encoding.transforms.fitted import FILE as TRANSFORM
from hybrid_plugin.evaluation.scores import RUNS
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render
from hybrid_plugin.report.system import Run
from hybrid_plugin.tasks.task import run_name

_OPTIONS = ("pooling", "query_prefix", "passage_prefix", "max_length", "precision")  # with which rankings are the same


def missing_runs(data: ReportData) -> Markup:
    """The commands that write the run files on the pool that systems lack; empty where none lacks them.

    Or why run files would not help.
    """
    if data.known and not data.languages_known:
        return render("too_many.html", what="languages", documents=data.too_many)
    commands, gone = [], []
    for run in (system.runs[0] for system in data.systems if system.name not in data.landings):
        if run.scores.get("runs"):
            gone.append(run.scores["runs"])
            continue
        runs, pool = run.folder / RUNS, _new(run.folder)
        evaluate = ["hybrid-ir", "evaluate", data.called, *_ranker(run), "--settings", "multi", "--runs"]
        commands.append(shlex.join([*evaluate, "--output", str(pool)]))
        if runs.exists():
            commands.append(f"mv {shlex.quote(str(pool / RUNS))}/* {shlex.quote(str(runs))}/")
        else:
            commands.append(shlex.join(["mv", str(pool / RUNS), f"{run.folder}/"]))
    if not commands and not gone:
        return Markup("")
    others = [task for task in data.pool if task.name != f"{MULTI}/{task.queries_lang}"] if data.known else []
    return render(
        "missing_runs.html", commands=commands, gone=gone,
        run=run_name(others[0]) if others else "multi.{language}.trec",
    )  # fmt: skip


def _new(folder: Path) -> Path:
    """A folder beside another that is not there yet, so that nothing in it is done already."""
    names = (f"{folder}-pool{number}" for number in ("", *(f"-{number}" for number in range(2, 100))))
    return next(path for path in map(Path, names) if not path.exists())


def _ranker(run: Run) -> list[str]:
    """The options of `hybrid-ir evaluate` that name what was evaluated."""
    if "bm25" in run.scores:
        return ["--bm25"]
    settings = run.scores.get("encoder_settings") or {}
    options = ["--encoder", str(run.scores.get("encoder") or "M")]
    for name in _OPTIONS:
        if settings.get(name) is not None:
            options += [f"--{name.replace('_', '-')}", str(settings[name]).strip()]
    if settings.get("transform") and not Path(options[1], TRANSFORM).exists():
        options += ["--transform", TRANSFORM]
    return options
