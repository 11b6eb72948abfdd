"""The result of an evaluation: per query, per task, per setting."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.files import SCORES, StrPath, read_json, whole_file, write_json

FIGURES = (  # in scores.json; the rest is its head
    *("settings", "groups", "queries_undefined", "queries_nothing_found"),
    *("between_languages", "tasks", "pairs"),
)
PER_QUERY = "per_query.parquet"  # beside scores.json
RUNS = "runs"  # the folder of run files beside them
PARTS = (PER_QUERY, RUNS)  # what an evaluation folder may hold beside scores.json
_SHOWN = 4  # measures of a line
_RANKINGS = (  # columns
    *("task", "docs", "queries", "setting", "query_id", "question", "cluster", "article"),
    *("retrieved", "found", "missed"),
)
_SUMS = ("NumQ", "NumRel", "NumRet")  # measures that ir_measures adds up over queries


@dataclass(frozen=True)
class Scores:
    """The result of an evaluation.

    Parameters
    ----------
    per_query : one row a query and task: ``task``, ``docs`` and ``queries`` (languages, ``multi`` for a pool),
        ``setting``, ``query_id``, ``question`` (the same in every language), ``cluster`` (what questions share),
        ``article`` (what clusters share), ``retrieved`` (the documents of the ranking), ``found`` and ``missed`` (the
        relevant ones that it holds, and lacks; NaN where it was not followed to its end), and a column a measure, with
        NaN where the measure is not defined (those of language bias in the settings mono and cross).
    about : what was evaluated and how: the head of ``scores.json``.
    between_languages : how alike the rankings are that a question gets in two query languages, by the measures that
        compare these: measure -> setting -> query language -> another -> mean.
    """

    per_query: pd.DataFrame
    measures: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)
    between_languages: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        left_out = len(self.measures) - _SHOWN
        more = f"\n{left_out} other measures: print(scores.settings)" if left_out > 0 else ""
        return f"{self._title()}\n{self._table().iloc[:, :_SHOWN].to_string(float_format='{:.4f}'.format)}{more}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title())}</p>{self._table().to_html(float_format='{:.4f}'.format)}"

    def _title(self) -> str:
        return f"Scores of {self.about.get('encoder')} on {self.about.get('benchmark')}; tasks: {len(self.tasks)}"

    def _table(self) -> pd.DataFrame:
        return pd.DataFrame.from_dict(self.settings, orient="index", columns=[*self.measures])

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
    def groups(self) -> dict[str, dict[str, dict[str, float]]]:
        """By group and setting: macro averages of the groups that a benchmark names, as far as they were scored whole.

        Of a group of tasks the mean over its members, each of them the mean over the tasks that its name begins; of a
        group of languages the mean over the tasks of which queries and documents are in them, or the documents a pool.
        """
        tasks, found = self.tasks, {}
        members = self.about.get("members") or {}
        for group, starts in members.get("tasks", {}).items():
            owner = pd.Series(pd.NA, tasks.index, object)
            for start in starts:
                owner[f"{start}/" == (tasks["task"] + "/").str[: len(start) + 1]] = start
            figures = tasks.groupby(["setting", owner], sort=False)[list(self.measures)].mean()
            found[group] = figures.groupby("setting", sort=False).mean()
        for group, languages in members.get("languages", {}).items():
            own = tasks[tasks["docs"].isin([MULTI, *languages]) & tasks["queries"].isin(languages)]
            found[group] = own.groupby("setting", sort=False)[list(self.measures)].mean()
        return {
            group: {str(setting): _defined(row.to_dict()) for setting, row in means.iterrows()}
            for group, means in found.items()
            if len(means)
        }

    @property
    def undefined(self) -> dict[str, dict[str, int]]:
        """By setting, of the measures that have a figure there: over how many queries it is not, having no value."""
        counts = self.per_query[list(self.measures)].isna().groupby(self.per_query["setting"], sort=False).sum()
        found = {
            setting: {name: int(counts.loc[setting, name]) for name in figures if counts.loc[setting, name]}
            for setting, figures in self.settings.items()
        }
        return {setting: numbers for setting, numbers in found.items() if numbers}

    @property
    def nothing_found(self) -> dict[str, int]:
        """By setting: how many queries have relevant documents of which the ranking holds none, where there are any."""
        rows = self.per_query
        if "found" not in rows:  # of an earlier version
            return {}
        counts = without_answer(rows).groupby(rows["setting"], sort=False).sum()
        return {str(setting): int(number) for setting, number in counts.items() if number}

    @property
    def scope(self) -> str:
        """Which part of the benchmark was scored, such as "settings multi; languages de, en"; empty for all of it."""
        parts = self.about.get("scope") or {}
        return "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items())

    def says(self, measure: str, setting: str) -> bool:
        """Whether a figure says anything: the distance between the relevant documents does not where each query has
        one."""
        if not measure.startswith("RankDistance"):
            return True
        rows = self.per_query[self.per_query["setting"] == setting]
        relevant = rows["found"] + rows["missed"] if "found" in rows else pd.Series(np.nan, rows.index)
        return bool((rows.loc[relevant != 1, measure] > 0).any())

    def as_json(self) -> dict[str, Any]:
        """The contents of ``scores.json``; ``pairs``, the tasks without their names, goes with version 0.3."""
        tasks = [_defined(task) for task in self.tasks.to_dict(orient="records")]
        pairs = [{name: value for name, value in task.items() if name != "task"} for task in tasks]
        groups = {"groups": self.groups} if "members" in self.about else {}
        head = {**self.about, "settings": self.settings, **groups, "queries_undefined": self.undefined}
        head["queries_nothing_found"] = self.nothing_found
        if self.between_languages:
            head["between_languages"] = self.between_languages
        return {**head, "tasks": tasks, "pairs": pairs}

    @classmethod
    def load(cls, folder: StrPath) -> Scores:
        """Read what :meth:`save` wrote."""
        folder = Path(folder)
        rows = pd.read_parquet(folder / PER_QUERY)
        found = read_json(folder / SCORES)
        about = {key: value for key, value in found.items() if key not in FIGURES}
        measures = tuple(name for name in map(str, rows.columns) if name not in _RANKINGS)
        return cls(rows, measures, about, found.get("between_languages", {}))

    def save(self, folder: StrPath) -> None:
        """Write ``scores.json`` and ``per_query.parquet``."""
        folder = Path(folder)
        with whole_file(folder / PER_QUERY, "wb") as file:
            self.per_query.to_parquet(file, index=False)
        write_json(folder / SCORES, self.as_json())


def without_answer(rows: pd.DataFrame) -> pd.Series:
    """Of which queries with relevant documents the ranking holds none, bool [rows]; of rows with ``found``."""
    return (rows["found"] == 0) & (rows["missed"] > 0)


def _defined(values: dict[Any, Any]) -> dict[str, Any]:
    """Those that are not NaN."""
    return {str(name): value for name, value in values.items() if not pd.isna(value)}
