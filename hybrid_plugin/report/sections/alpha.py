"""Figures over alpha."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.report.charts.curves import curves
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import better, form, headline
from hybrid_plugin.report.html import grid, render, slug
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.wording import fact

_VARIED = ("alpha", "seed", "strategy", "evaluate")  # settings of a sweep that make no other curve


def alpha(data: ReportData) -> str:
    shown: list[Markup] = []
    unclear = []
    for number, (of, points) in enumerate(_sweeps(data).items()):
        twice = _twice(points)
        if twice:
            unclear.append((points["system"].nunique(), *twice))
        else:
            shown += _charts(data, number, of, points)
    return render("alpha.html", charts=grid(shown) if shown else "", unclear=unclear) if shown or unclear else ""


def _sweeps(data: ReportData) -> dict[str, pd.DataFrame]:
    """Figures with ``alpha`` and ``seed`` of evaluations that differ in these alone, where there are three values of
    alpha or more, by what tells them from the others: base model, sources and, of a sweep, its other settings."""
    rows: list[dict[str, Any]] = []
    figures: list[dict[str, Any]] = []
    for system, run in ((one, run) for one in data.systems for run in one.runs):
        trained = run.scores.get("encoder_settings") or {}
        at = {"mono": 1.0, "cross": 0.0, "hybrid": trained.get("alpha")}.get(str(trained.get("strategy")))
        if at is not None:
            rows.append(
                {
                    "system": system.name,
                    "run": run.folder,
                    "rest": {"model": trained.get("base_model"), "source": run.scores.get("trained_on")}
                    | {key: value for key, value in run.sweep.items() if key not in _VARIED},
                    "alpha": float(at),
                    "seed": run.scores.get("seed"),
                    "seen": system.seen,
                }
            )
            figures += [
                {"run": run.folder, "setting": setting, "measure": measure, "value": value}
                for setting, values in Scores(run.per_query, system.measures).settings.items()
                for measure, value in values.items()
            ]
    if not rows:
        return {}
    settings = dict.fromkeys(key for row in rows for key in row["rest"])
    varied = [key for key in settings if len({str(row["rest"].get(key)) for row in rows}) > 1]
    for row in rows:
        told = ", ".join(f"{key.replace('_', ' ')} {fact(row['rest'].get(key)) or 'unset'}" for key in varied)
        row["rest"] = f" with {told}" if told else ""
    points = pd.DataFrame(rows).merge(pd.DataFrame(figures), on="run")
    groups = points.groupby("rest", sort=False)
    return {str(rest): group for rest, group in groups if group["alpha"].nunique() >= 3}


def _twice(points: pd.DataFrame) -> tuple[str, str] | None:
    """Two systems with one alpha and seed, where there are two."""
    for systems in points.groupby(["alpha", "seed"], dropna=False)["system"].unique():
        if len(systems) > 1:
            return str(systems[0]), str(systems[1])
    return None


def _charts(data: ReportData, number: int, of: str, points: pd.DataFrame) -> Iterator[Markup]:
    for measure in data.measures:
        settings = [setting for one, setting in headline(data) if one == measure]
        lines = points[(points["measure"] == measure) & points["setting"].isin(settings)]
        if len(lines):
            means = lines.groupby(["setting", "alpha"], sort=False)["value"].mean()
            printed = form(data, measure)
            spoken = "; ".join(f"{setting} at {at:g}: {value:{printed}}" for (setting, at), value in means.items())
            seen = " or ".join(filter(None, points["seen"].unique()))
            mark = f" Trained on {seen}, so not zero-shot." if seen else ""
            seeds = int(lines.groupby("alpha")["run"].nunique().max())
            drawn = f"mean and range of {seeds} seeds" if seeds > 1 else "one seed"
            yield data.chart(
                f"alpha-{number}-{slug(measure)}",
                curves(lines, f"{measure}, {better(data, measure)}"),
                f"{measure} over alpha{of}: {drawn}.{mark}",
                f"0 stands for cross-lingual batches alone, 1 for monolingual ones. {spoken}.",
            )


SECTION = Section("alpha", "Alpha", 60, alpha)
