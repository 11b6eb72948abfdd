"""What is compared: the queries that are asked for, and of these the ones that all systems share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.load.evaluations import QUERY, TASK, Evaluation, alike
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.tasks.benchmark import SETTINGS

Runs = Mapping[str, Sequence[Evaluation]]  # by system
_ASKED = [*TASK, "query_id"]  # what rows say of a query
_NAMED = 4  # tasks that a sentence names one by one


@dataclass(frozen=True)
class Part:
    """Some queries of some tasks, as sentences tell of them."""

    queries: int
    tasks: tuple[str, ...]
    languages: tuple[str, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Part:
        """That of rows with ``task`` and ``queries``."""
        return cls(len(rows), tuple(rows["task"].unique()), tuple(sorted(rows["queries"].unique())))

    def __str__(self) -> str:
        if len(self.tasks) > _NAMED:
            return f"{self.queries} queries of {len(self.tasks)} tasks (query languages {', '.join(self.languages)})"
        return f"{self.queries} queries of {', '.join(self.tasks)}"


@dataclass(frozen=True)
class Gap:
    """A setting in which evaluations were not asked the same.

    Parameters
    ----------
    shared : what all of them have, and is compared; no queries where they share none.
    of : what each has by itself: by system, or by folder where a system has several.
    fewer : whether one has further queries of the shared tasks.
    """

    setting: str
    shared: Part
    of: Mapping[str, Part]
    fewer: bool

    def record(self) -> dict[str, Any]:
        """As ``comparison.json`` has it."""
        own = {name: part.queries for name, part in self.of.items()}
        return {"setting": self.setting, "tasks": list(self.shared.tasks), "queries": self.shared.queries, "of": own}


@dataclass(frozen=True)
class Shared:
    """What evaluations have in common.

    Parameters
    ----------
    runs : each with these queries alone, all in one order.
    gaps : the settings in which one has more.
    """

    runs: Runs
    gaps: tuple[Gap, ...]


def narrowed(runs: Runs, asked: ComparisonSettings) -> Runs:
    """The queries in the settings and languages that are asked for.

    Raises
    ------
    UserError
        No evaluation has one of them, or an evaluation has none of them; names what there is.
    """
    wanted = {"setting": asked.settings, "queries": asked.languages}
    for column, names in wanted.items():
        everything = [run for some in runs.values() for run in some]
        known = sorted({name for run in everything for name in run.per_query[column].unique()}, key=_order)
        for name in names:
            if name not in known:
                what = "setting" if column == "setting" else "query language"
                raise UserError(f"the evaluations have no {what} '{name}'; they have: {', '.join(known)}")

    def part(run: Evaluation) -> Evaluation:
        rows = run.per_query
        for column, names in wanted.items():
            rows = rows[rows[column].isin(names)] if names else rows
        if not len(rows):
            said = " ".join((*asked.settings, *asked.languages))
            raise UserError(f"{run.folder} has nothing of what is asked for ({said}); it has {_told([run.per_query])}")
        return run.of(rows)

    return {name: [part(run) for run in some] for name, some in runs.items()}


def shared(runs: Runs) -> Shared:
    """The queries that all systems share in each setting that they have; of a system, all runs must have it.

    Raises
    ------
    UserError
        No two systems share any.
    """
    everything = [run for some in runs.values() for run in some]
    if alike([run.per_query for run in everything], _ASKED):  # as they are, so that nothing is copied
        return Shared(runs, ())
    kept: dict[Path, list[pd.DataFrame]] = {run.folder: [] for run in everything}
    gaps, compared = [], False
    for setting in dict.fromkeys(name for run in everything for name in run.per_query["setting"].unique()):
        rows = {run.folder: run.per_query[run.per_query["setting"] == setting] for run in everything}
        systems = [name for name, some in runs.items() if all(len(rows[run.folder]) for run in some)]
        having = [run.folder for name in systems for run in runs[name]]
        common = _in_common([rows[folder] for folder in having])
        number = len(common[0]) if common else 0
        compared = compared or (number > 0 and len(systems) >= min(2, len(runs)))
        for folder, own in zip(having, common, strict=True):
            kept[folder].append(own)
        of = {_label(name, run, runs): rows[run.folder] for name, some in runs.items() for run in some}
        if any(0 < len(own) != number for own in of.values()):
            part = Part.of(common[0] if common else everything[0].per_query[:0])
            fewer = any(rows[folder]["task"].isin(part.tasks).sum() > part.queries for folder in having)
            gaps.append(Gap(setting, part, {label: Part.of(own) for label, own in of.items() if len(own)}, fewer))
    if not compared:
        parts = (f"{name} has {_told(run.per_query for run in some)}" for name, some in runs.items())
        raise UserError(f"{' and '.join(runs)} share no query: {'; '.join(parts)}")
    return Shared(
        {name: [run.of(pd.concat(kept[run.folder])) for run in some] for name, some in runs.items()}, tuple(gaps)
    )


def _in_common(frames: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Of each frame the queries that all have, in one order."""
    if alike(frames, _ASKED):
        return list(frames)
    asked = [pd.MultiIndex.from_frame(rows[_ASKED]) for rows in frames]
    common = asked[0]
    for index in asked[1:]:
        common = common[common.isin(index)]
    return [rows.iloc[index.get_indexer(common)] for rows, index in zip(frames, asked, strict=True)]


def _label(name: str, run: Evaluation, runs: Runs) -> str:
    return name if len(runs[name]) == 1 else str(run.folder)


def _told(frames: Iterable[pd.DataFrame]) -> str:
    return str(Part.of(pd.concat(frames).drop_duplicates(QUERY)))


def _order(name: str) -> tuple[int, str]:
    """Settings in their order, then by name."""
    return SETTINGS.index(name) if name in SETTINGS else len(SETTINGS), name
