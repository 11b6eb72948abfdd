"""One evaluation folder, read and checked: every query once, and the figures that its scores.json states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import PER_QUERY, Scores
from hybrid_plugin.files import SCORES, read_json

QUERY = ["setting", "docs", "queries", "query_id"]  # what tells rows of an evaluation apart
_FIGURES = ("settings", "queries_undefined", "pairs")  # in scores.json; the rest is its head


@dataclass(frozen=True)
class Evaluation:
    """An evaluation folder as it was read.

    Parameters
    ----------
    folder : where it lies.
    about : the head of its ``scores.json``: what was evaluated and how.
    figures : setting -> measure -> macro average.
    per_query : a row a query and pair of languages: ``setting``, ``docs``, ``queries``, ``query_id``, a column a
        measure, and ``question``, the unit of the tests.
    """

    folder: Path
    about: dict[str, Any]
    figures: dict[str, dict[str, float]]
    per_query: pd.DataFrame

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
        rows = _rows(path, measures)
        figures = Scores(rows, tuple(measures)).settings
        _check_figures(figures, stated["settings"], measures, path)
        about = {key: value for key, value in stated.items() if key not in _FIGURES}
        return cls(folder, about, figures, rows.assign(question=_questions(rows)))


def in_words(row: Any) -> str:
    """What a row of ``per_query`` is about, for the sentences of errors."""
    return f"query '{row.query_id}' on {row.docs}/{row.queries} ({row.setting})"


def _stated(folder: Path) -> dict[str, Any]:
    """The contents of ``scores.json``, which are those of an evaluation."""
    path = folder / SCORES
    if not path.is_file():
        raise UserError(f"{folder} has no {SCORES}, so it is no folder that hybrid-ir evaluate wrote")
    found = read_json(path)
    if isinstance(found, dict) and isinstance(found.get("benchmark"), str):
        figures = found.get("settings")
        if figures and isinstance(figures, dict) and all(isinstance(one, dict) for one in figures.values()):
            return found
    raise UserError(f"{path} lacks its benchmark or its figures; evaluate again")


def _rows(path: Path, measures: Sequence[str]) -> pd.DataFrame:
    """The values per query, every query once, every value a finite number or NaN."""
    if not path.is_file():
        raise UserError(f"{path.parent} has no {path.name}; evaluate again")
    try:
        rows = pd.read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or "it is no whole Parquet file"
        raise UserError(f"{path} cannot be read: {reason}; evaluate again") from error
    missing = next((column for column in (*QUERY, *measures) if column not in rows), None)
    if missing is not None:
        raise UserError(f"{path} has no column '{missing}'; it has: {', '.join(map(str, rows.columns))}")
    if rows[QUERY].isna().any(axis=None):
        raise UserError(f"{path} has a row without setting, languages or query id")
    rows = rows.astype(dict.fromkeys(QUERY, str))
    twice = rows.duplicated(QUERY)
    if twice.any():
        raise UserError(f"{path} has two rows of {in_words(rows[twice].iloc[0])}")
    for measure in measures:
        if not pd.api.types.is_numeric_dtype(rows[measure]) or np.isinf(rows[measure]).any():
            raise UserError(f"{path} holds a value of {measure} that is not a finite number")
    return rows


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


def _questions(rows: pd.DataFrame) -> list[str]:
    """The question of each row: query ids without their language where all end in it, else each query is one."""
    ids, suffixes = rows["query_id"].tolist(), ("_" + rows["queries"]).tolist()
    if all(query_id.endswith(suffix) for query_id, suffix in zip(ids, suffixes, strict=True)):
        return [query_id.removesuffix(suffix) for query_id, suffix in zip(ids, suffixes, strict=True)]
    return ids
