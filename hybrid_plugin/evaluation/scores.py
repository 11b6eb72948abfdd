"""The result of an evaluation: per query, per pair of languages, per setting."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin.files import SCORES, whole_file, write_json

PER_QUERY = "per_query.parquet"  # beside scores.json
RUNS = "runs"  # the folder of run files beside them


@dataclass(frozen=True)
class Scores:
    """The result of an evaluation.

    Parameters
    ----------
    per_query : one row a query and pair: ``docs``, ``queries``, ``setting``, ``query_id`` and a column a measure, with
        NaN where the measure is not defined (those of language bias in the settings mono and cross, RankDistance where
        nothing relevant is found).
    about : what was evaluated and how: the head of ``scores.json``.
    """

    per_query: pd.DataFrame
    measures: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def pairs(self) -> pd.DataFrame:
        """Means over the queries of each pair of languages, with ``queries_scored``."""
        groups = self.per_query.groupby(["docs", "queries", "setting"], sort=False)
        means = groups[list(self.measures)].mean()
        means.insert(0, "queries_scored", groups.size())
        return means.reset_index()

    @property
    def settings(self) -> dict[str, dict[str, float]]:
        """Macro averages: over languages in mono and multi, over ordered pairs of languages in cross."""
        means = self.pairs.groupby("setting", sort=False)[list(self.measures)].mean()
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
        """The contents of ``scores.json``."""
        pairs = [_defined(pair) for pair in self.pairs.to_dict(orient="records")]
        return {**self.about, "settings": self.settings, "queries_undefined": self.undefined, "pairs": pairs}

    def save(self, folder: Path) -> None:
        """Write ``scores.json`` and ``per_query.parquet``."""
        with whole_file(folder / PER_QUERY, "wb") as file:
            self.per_query.to_parquet(file, index=False)
        write_json(folder / SCORES, self.as_json())


def _defined(values: dict[Any, Any]) -> dict[str, Any]:
    """Those that are not NaN."""
    return {str(name): value for name, value in values.items() if not pd.isna(value)}
