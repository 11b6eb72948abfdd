"""The systems of a comparison: each has a name and one evaluation or several, and all were asked the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import Scores, without_answer
from hybrid_plugin.files import StrPath
from hybrid_plugin.inference.load.evaluations import (
    QUERY,
    UNITS,
    Evaluation,
    alike,
    checksum,
    in_words,
    scored_measures,
)  # fmt: skip
from hybrid_plugin.inference.settings import DEFAULT_MEASURES, ComparisonSettings
from hybrid_plugin.measures.named import means_all, parse_measures
from hybrid_plugin.settings import flatten

Folders = Sequence[Path] | Mapping[str, Sequence[Path]]  # one a system, or of each system by its name
GivenFolders = Sequence[StrPath] | Mapping[str, Sequence[StrPath]]  # as public functions take them


def as_folders(given: GivenFolders) -> Folders:
    """Folders as paths, whatever they were given as."""
    if isinstance(given, Mapping):
        return {name: [Path(one) for one in some] for name, some in given.items()}
    return [Path(one) for one in given]


@dataclass(frozen=True)
class System:
    """A system with its runs.

    Parameters
    ----------
    runs : the evaluations of its runs, such as seeds, which have the same queries in the same order.
    about : the head of the first one's ``scores.json``, and where there are several their folders, ``runs``.
    """

    name: str
    runs: Sequence[Evaluation]
    about: dict[str, Any]

    __repr__ = brief

    @classmethod
    def of(cls, name: str, runs: Sequence[Evaluation]) -> System:
        """The system of some runs.

        Raises
        ------
        UserError
            The runs differ in more than chance: in their training or in the depth of their rankings.
        """
        first = runs[0]
        if len(runs) == 1:
            return cls(name, runs, first.about)
        for key, run in product(("zero_shot", "languages_trained_on", "depth"), runs):
            if run.about.get(key) != first.about.get(key):
                raise UserError(
                    f"{first.folder} and {run.folder} differ in {key.replace('_', ' ')}, so they are not runs of one "
                    f"system, '{name}'"
                )
        return cls(name, runs, first.about | {"runs": [str(run.folder) for run in runs]})

    @property
    def settings(self) -> list[str]:
        """The settings that it was scored in."""
        return [*self._by_setting]

    @property
    def languages_trained_on(self) -> tuple[str, ...]:
        """The languages of its training, where they are recorded."""
        return tuple(self.about.get("languages_trained_on") or ())

    def rows(self, setting: str) -> pd.DataFrame:
        """What it was asked in a setting: ``per_query`` of its first run."""
        return self._by_setting[setting][0]

    def values(self, setting: str, measure: str) -> np.ndarray:
        """The values of a measure in a setting, float [runs, queries], NaN where it is not defined."""
        return np.stack([rows[measure].to_numpy(float) for rows in self._by_setting[setting]])

    def says(self, setting: str, measure: str) -> bool:
        """Whether its figure says anything, see :meth:`Scores.says`."""
        return any(Scores(rows, (measure,)).says(measure, setting) for rows in self._by_setting[setting])

    def counted(self, setting: str) -> bool:
        """Whether all its runs say how many relevant documents rankings hold; version 0.1 did not."""
        return not any(rows["found"].isna().all() for rows in self._by_setting[setting])

    def nothing_found(self, setting: str) -> float:
        """Of how many queries the rankings hold no relevant document, the mean over runs; NaN where nobody counted."""
        counts = [
            np.nan if rows["found"].isna().all() else float(without_answer(rows).sum())
            for rows in self._by_setting[setting]
        ]
        return float(np.mean(counts))

    def length(self, setting: str) -> pd.Series:
        """How many documents each ranking of its first run has, NaN where nobody counted."""
        return self.rows(setting)["retrieved"]

    @cached_property
    def _by_setting(self) -> dict[str, list[pd.DataFrame]]:
        found: dict[str, list[pd.DataFrame]] = {}
        for run in self.runs:
            for setting, rows in run.per_query.groupby("setting", sort=False):
                found.setdefault(str(setting), []).append(rows)
        return found


def load_runs(folders: Folders, measures: Sequence[str], also: Sequence[str] = ()) -> dict[str, list[Evaluation]]:
    """Read the evaluation folders of several systems.

    Parameters
    ----------
    folders : of each system by its name, or one a system, which is then called after it.
    also : further measures, of each folder those that it was scored with.

    Raises
    ------
    UserError
        A folder is no evaluation or is damaged, or two of them differ in benchmark; names the folder.
    """

    def load(folder: Path) -> Evaluation:
        scored = scored_measures(folder) if also else ()
        return Evaluation.load(folder, list(dict.fromkeys([*measures, *(name for name in also if name in scored)])))

    runs = {name: [*map(load, some)] for name, some in by_name(folders).items()}
    everything = [run for some in runs.values() for run in some]
    _check_alike(everything)
    told = next((run for run in everything if run.told), None)
    if told is not None:  # what version 0.1 wrote has the questions that the others say
        runs = {name: [run if run.told else run.with_units_of(told) for run in some] for name, some in runs.items()}
    return runs


def comparison_request(folders: Folders, asked: ComparisonSettings) -> dict[str, Any]:
    """All that decides a comparison, as JSON: what the folders hold, and the settings.

    Raises
    ------
    UserError
        A folder is no evaluation, or a measure is unknown; names it.
    """
    named = by_name(folders)
    measures = [str(measure) for measure in parse_measures(asked.measures)]
    evaluations = {name: " ".join(map(checksum, some)) for name, some in named.items()}
    return {"systems": [*named], "evaluations": evaluations, **flatten(asked), "measures": measures}


def by_name(folders: Folders) -> Mapping[str, Sequence[Path]]:
    """The folders of each system; one that is given alone is called by the shortest end of its path that tells."""
    return folders if isinstance(folders, Mapping) else {name: [one] for name, one in _names(folders).items()}


def _all(folders: Folders) -> list[Path]:
    return [one for some in folders.values() for one in some] if isinstance(folders, Mapping) else list(folders)


def _names(folders: Sequence[Path]) -> dict[str, Path]:
    """Different folders by the shortest ends of their paths that tell them apart, without an end common to all."""
    # As typed, since links are there to name things; but what .. is of a link, the file system alone knows.
    paths = [(folder.resolve() if ".." in folder.parts else folder.absolute()).parts for folder in folders]
    while len(folders) > 1 and len({path[-1] for path in paths}) == 1:
        paths = [path[:-1] for path in paths]
    found: dict[str, Path] = {}
    length = 0
    while len(found) < len(folders):
        length += 1
        found = {"/".join(path[-length:]): folder for path, folder in zip(paths, folders, strict=True)}
    return found


def measures_to_compare(folders: Folders, asked: Sequence[str] = ()) -> list[str]:
    """Those that are asked for, ``all`` being those that all evaluations were scored with.

    By default AP and RankDistance where all evaluations were scored with both; else all.

    Raises
    ------
    UserError
        A folder is no evaluation; names the file.
    """
    if asked and not means_all(asked):
        return [*asked]
    scored = [scored_measures(folder) for folder in _all(folders)]
    common = [name for name in scored[0] if all(name in others for others in scored)]
    if asked:
        return [*common, *(name for name in asked if not means_all([name]))]
    # Without any in common, the folder that lacks the baseline's is named where it is read.
    return [*DEFAULT_MEASURES] if {*DEFAULT_MEASURES} <= {*common} else common or scored[0]


def check_distinct(folders: Folders) -> None:
    """Refuse a folder that is given twice.

    Raises
    ------
    UserError
        Names the folder.
    """
    given = _all(folders)
    places = [folder.resolve() for folder in given]
    twice = next((folder for i, folder in enumerate(given) if places[i] in places[:i]), None)
    if twice is not None:
        raise UserError(f"{twice} is given twice; a comparison takes different evaluation folders")


def _check_alike(runs: Sequence[Evaluation]) -> None:
    """Raise unless all were scored on one benchmark and say the same of the queries that they share."""
    first = runs[0]
    for other in runs[1:]:
        if other.about["benchmark"] != first.about["benchmark"]:
            raise UserError(
                f"{first.folder} is an evaluation of {first.about['benchmark']}, {other.folder} one of "
                f"{other.about['benchmark']}; a comparison takes one benchmark"
            )
    known: dict[str, Evaluation] = {}
    for run in runs:
        for setting, rows in run.per_query.groupby("setting"):
            other = known.setdefault(str(setting), run)
            if other is run:
                continue
            theirs = other.per_query[other.per_query["setting"] == setting]
            if not alike([rows, theirs], [*QUERY, *UNITS]):
                _check_units(run, other, rows.merge(theirs, on=QUERY, suffixes=("", "_other")))


def _check_units(run: Evaluation, other: Evaluation, both: pd.DataFrame) -> None:
    """Raise if two evaluations say another question or cluster of one query."""
    for unit in UNITS:
        odd = both[both[unit] != both[f"{unit}_other"]]
        if run.told and other.told and len(odd):
            raise UserError(
                f"{run.folder} and {other.folder} say another {unit} of {in_words(odd.iloc[0])}; evaluate both with "
                "one version of the benchmark"
            )


def named_systems(given: Sequence[str]) -> list[Path] | dict[str, list[Path]]:
    """Folders as people write them: plain, or by system where some are ``NAME=DIR``; a path may hold ``=``, too.

    Returns
    -------
    What :func:`compare` takes.
    """
    found: dict[str, list[Path]] = {}
    for one in given:
        name, _, folder = one.partition("=")
        named = folder and "/" not in name and not Path(one).exists()
        found.setdefault(name if named else one, []).append(Path(folder if named else one))
    return found if any(folders != [Path(name)] for name, folders in found.items()) else [Path(one) for one in given]
