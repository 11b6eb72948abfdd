"""One evaluation folder, read and checked: every query once, and the figures that its scores.json states."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.evaluation.scores import FIGURES, PER_QUERY, Scores
from hybrid_plugin.files import SCORES, read_json
from hybrid_plugin.outputs import file_checksum

QUERY = ["task", "query_id"]  # what tells rows of an evaluation apart
TASK = ["task", "setting", "docs", "queries"]
UNITS = ["question", "cluster", "article"]  # what rows share with others
RANKING = ["retrieved", "missed", "found"]  # what is known of each ranking; NaN where nobody counted


@dataclass(frozen=True)
class Evaluation:
    """An evaluation folder as it was read.

    Parameters
    ----------
    folder : where it lies.
    about : the head of its ``scores.json``: what was evaluated and how.
    measures : those that were read.
    per_query : a row a query and task: ``task``, ``setting``, ``docs`` and ``queries`` (languages), ``query_id``,
        ``question``, ``cluster`` (what questions share), ``article`` (what clusters share), ``retrieved``, ``missed``
        and ``found`` (the documents of the ranking, and the relevant ones that it lacks and holds), and a column a
        measure.
    told : whether the folder says the questions; version 0.1 wrote none.
    """

    folder: Path
    about: dict[str, Any]
    measures: tuple[str, ...]
    per_query: pd.DataFrame
    told: bool

    @classmethod
    def load(cls, folder: Path, measures: Sequence[str]) -> Evaluation:
        """Read a folder that :func:`hybrid_plugin.evaluate` wrote.

        Raises
        ------
        UserError
            It is no evaluation, is damaged, or lacks one of the measures; names the file.
        """
        stated = _stated(folder)
        path = folder / PER_QUERY
        rows, told = _rows(path, measures, _measures_of(stated))
        about = {key: value for key, value in stated.items() if key not in FIGURES}
        found = cls(folder, about, tuple(measures), rows, told)
        _check_figures(found.figures, stated["settings"], measures, path)
        return found

    @cached_property
    def figures(self) -> dict[str, dict[str, float]]:
        """Setting -> measure -> macro average."""
        return Scores(self.per_query, self.measures).settings

    def of(self, rows: pd.DataFrame) -> Evaluation:
        """The evaluation with some of its rows alone."""
        return replace(self, per_query=rows)

    def with_units_of(self, other: Evaluation) -> Evaluation:
        """The same evaluation with the questions and clusters that another has for its queries."""
        theirs = other.per_query.set_index(QUERY)[UNITS].reindex(pd.MultiIndex.from_frame(self.per_query[QUERY]))
        units = {name: np.where(theirs[name].isna(), self.per_query[name], theirs[name]) for name in UNITS}
        return replace(self, per_query=self.per_query.assign(**units))


def alike(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> bool:
    """Whether the rows of all say the same in some columns, in the same order."""
    said = [rows[columns].reset_index(drop=True) for rows in frames]
    return all(said[0].equals(other) for other in said[1:])


def in_words(row: Any) -> str:
    """What a row of ``per_query`` is about, for the sentences of errors."""
    return f"query '{row.query_id}' on {row.task} ({row.setting})"


def scored_measures(folder: Path) -> list[str]:
    """The measures of which a folder's ``scores.json`` has figures, in its order: the benchmark's official ones first.

    Raises
    ------
    UserError
        It is no evaluation; names the file.
    """
    return _measures_of(_stated(folder))


def scored_benchmark(folder: Path) -> str:
    """What a folder is an evaluation of.

    Raises
    ------
    UserError
        It is no evaluation; names the file.
    """
    return str(_stated(folder)["benchmark"])


def checksum(folder: Path) -> str:
    """SHA-256 of what an evaluation folder holds.

    Raises
    ------
    UserError
        It is no evaluation; names it.
    """
    files = [_file(folder, name) for name in (SCORES, PER_QUERY)]
    return f"sha256:{hashlib.sha256(''.join(map(file_checksum, files)).encode()).hexdigest()}"


def with_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Values per query with task, question, cluster and article, which version 0.1 did not write.

    Its benchmarks were parallel, its tasks pairs of languages. The question is the query id without its language where
    all ids end in it, else each query is one, and nothing was known of clusters.
    """
    if "task" in rows or not {"docs", "queries", "query_id"} <= {*rows}:
        return rows if "article" in rows or "cluster" not in rows else rows.assign(article=rows["cluster"])
    ids, suffixes = rows["query_id"].astype(str).tolist(), ("_" + rows["queries"].astype(str)).tolist()
    if all(query_id.endswith(suffix) for query_id, suffix in zip(ids, suffixes, strict=True)):
        ids = [query_id.removesuffix(suffix) for query_id, suffix in zip(ids, suffixes, strict=True)]
    task = rows["docs"].astype(str) + "/" + rows["queries"].astype(str)
    return rows.assign(task=task, question=ids, cluster=ids, article=ids)


def _stated(folder: Path) -> dict[str, Any]:
    """The contents of ``scores.json``, which are those of an evaluation."""
    path = _file(folder, SCORES)
    found = read_json(path)
    if isinstance(found, dict) and isinstance(found.get("benchmark"), str):
        figures = found.get("settings")
        if figures and isinstance(figures, dict) and all(isinstance(one, dict) for one in figures.values()):
            return found
    raise UserError(f"{path} lacks its benchmark or its figures; evaluate again")


def _measures_of(stated: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for figures in stated["settings"].values() for name in figures))


def _file(folder: Path, name: str) -> Path:
    """A file of an evaluation folder, which is there."""
    path = folder / name
    if path.is_file():
        return path
    if folder.is_file():
        raise UserError(f"{folder} is a file; name the folder that hybrid-ir evaluate wrote")
    if not folder.is_dir():
        beside = [one.parent.name for one in folder.parent.glob(f"*/{SCORES}")]
        raise UserError(f"there is no folder {folder}{did_you_mean(folder.name, beside)}")
    if name == SCORES:
        raise UserError(f"{folder} has no {SCORES}, so it is no folder that hybrid-ir evaluate wrote")
    raise UserError(f"{folder} has no {name}; evaluate again")


def _rows(path: Path, measures: Sequence[str], scored: Sequence[str]) -> tuple[pd.DataFrame, bool]:
    """The values per query, every query once, every value a finite number or NaN; and whether they say questions.

    Parameters
    ----------
    scored : the measures of which ``scores.json`` has figures.
    """
    wanted = {*TASK, "query_id", *UNITS, *RANKING, *measures}
    try:
        columns = parquet.read_schema(_file(path.parent, path.name)).names
        # Of a hundred measures few are compared, and they are read for each run.
        found = pd.read_parquet(path, columns=[name for name in columns if name in wanted])
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or "it is no whole Parquet file"
        raise UserError(f"{path} cannot be read: {reason}; evaluate again") from error
    rows = with_units(found.reset_index(drop=True))
    labels = [*TASK, "query_id", *UNITS]
    unscored = [name for name in measures if name not in rows and name not in scored]
    if unscored:
        raise UserError(
            f"{path.parent} was not scored with {', '.join(unscored)}, but with {', '.join(scored)}; evaluate it with "
            f"--measures {' '.join(unscored)}, or compare others"
        )
    needed = labels if "task" in rows else ["setting", "docs", "queries", "query_id"]
    missing = next((column for column in (*needed, *measures) if column not in rows), None)
    if missing is not None:
        raise UserError(f"{path} has no column '{missing}'; it has: {', '.join(columns)}")
    if rows[labels].isna().any(axis=None):
        raise UserError(f"{path} has a row without task, setting, languages, query id, question or cluster")
    rows = rows.astype(dict.fromkeys(labels, str)).assign(**{name: rows.get(name, np.nan) for name in RANKING})
    twice = rows.duplicated(QUERY)
    if twice.any():
        raise UserError(f"{path} has two rows of {in_words(rows[twice].iloc[0])}")
    for measure in (*measures, *RANKING):
        if not pd.api.types.is_numeric_dtype(rows[measure]) or np.isinf(rows[measure]).any():
            raise UserError(f"{path} holds a value of {measure} that is not a finite number")
    return rows, "task" in found


def _check_figures(
    found: Mapping[str, Mapping[str, float]],
    stated: Mapping[str, Mapping[str, Any]],
    measures: Sequence[str],
    path: Path,
) -> None:
    """Raise if the rows do not give the figures of ``scores.json``: a part of the folder is missing or of another."""
    for setting, measure in product(dict.fromkeys([*stated, *found]), measures):
        if setting not in found:
            raise UserError(f"{path} has no rows of the setting '{setting}', of which {SCORES} has figures")
        value, said = (figures.get(setting, {}).get(measure) for figures in (found, stated))
        ours, theirs = (x if isinstance(x, (int, float)) else np.nan for x in (value, said))
        if not np.isclose(ours, theirs, rtol=1e-9, atol=1e-9, equal_nan=True):
            raise UserError(f"{path} gives {measure} {value} in the setting '{setting}', but {SCORES} says {said}")
