"""The result of an evaluation: per query, per task, per setting."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin.files import SCORES, whole_file, write_json

PER_QUERY = "per_query.parquet"  # beside scores.json
RUNS = "runs"  # the folder of run files beside them
_SUMS = ("NumQ", "NumRel", "NumRet")  # measures that ir_measures adds up over queries


@dataclass(frozen=True)
class Scores:
    """The result of an evaluation.

    Parameters
    ----------
    per_query : one row a query and task: ``task``, ``docs`` and ``queries`` (languages, ``multi`` for a pool),
        ``setting``, ``query_id``, ``question`` (the same in every language), ``cluster`` (what questions share), and a
        column a measure, with NaN where the measure is not defined (those of language bias in the settings mono and
        cross, RankDistance where nothing relevant is found).
    about : what was evaluated and how: the head of ``scores.json``.
    """

    per_query: pd.DataFrame
    measures: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> pd.DataFrame:
        """Each measure over the queries of each task, as ir_measures aggregates it, with ``queries_scored``."""
        groups = self.per_query.groupby(["task", "docs", "queries", "setting"], sort=False)
        figures = groups[list(self.measures)].mean()
        for measure in self.measures:
            if measure.split("(")[0] in _SUMS:
                figures[measure] = groups[measure].sum()
        figures.insert(0, "queries_scored", groups.size())
        return figures.reset_index()

    @property
    def pairs(self) -> pd.DataFrame:
        """The figures of the tasks without their names."""
        return self.tasks.drop(columns="task")

    @property
    def settings(self) -> dict[str, dict[str, float]]:
        """Macro averages over the tasks of a setting.

        In a parallel collection these are languages (mono, multi) or ordered pairs of languages (cross).
        """
        means = self.tasks.groupby("setting", sort=False)[list(self.measures)].mean()
        return {str(setting): _defined(row.to_dict()) for setting, row in means.iterrows()}

    @property
    def undefined(self) -> dict[str, dict[str, int]]:
        """By setting, of the measures that have a figure there: over how many queries it is not, having no value."""
        counts = self.per_query[list(self.measures)].isna().groupby(self.per_query["setting"], sort=False).sum()
        found = {
            setting: {name: int(counts.loc[setting, name]) for name in figures if counts.loc[setting, name]}
            for setting, figures in self.settings.items()
        }
        return {setting: numbers for setting, numbers in found.items() if numbers}

    def as_json(self) -> dict[str, Any]:
        """The contents of ``scores.json``; ``pairs``, the tasks without their names, goes with version 0.3."""
        tasks = [_defined(task) for task in self.tasks.to_dict(orient="records")]
        pairs = [{name: value for name, value in task.items() if name != "task"} for task in tasks]
        head = {**self.about, "settings": self.settings, "queries_undefined": self.undefined}
        return {**head, "tasks": tasks, "pairs": pairs}

    def save(self, folder: Path) -> None:
        """Write ``scores.json`` and ``per_query.parquet``."""
        with whole_file(folder / PER_QUERY, "wb") as file:
            self.per_query.to_parquet(file, index=False)
        write_json(folder / SCORES, self.as_json())


def _defined(values: dict[Any, Any]) -> dict[str, Any]:
    """Those that are not NaN."""
    return {str(name): value for name, value in values.items() if not pd.isna(value)}
