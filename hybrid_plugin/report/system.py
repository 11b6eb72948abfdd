"""One evaluation folder, as the report reads it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import PER_QUERY
from hybrid_plugin.files import SCORES, SWEEP_RUN, read_json
from hybrid_plugin.inference.evaluations import with_units

NOT_ZERO_SHOT = "*"


@dataclass(frozen=True)
class System:
    """One evaluation folder.

    Parameters
    ----------
    name : as the comparison calls it.
    folder : where it lies.
    scores : the contents of ``scores.json``.
    per_query : the contents of ``per_query.parquet``, see :class:`~hybrid_plugin.evaluation.Scores`.
    """

    name: str
    folder: Path
    scores: dict[str, Any]
    per_query: pd.DataFrame

    @classmethod
    def load(cls, name: str, folder: Path) -> System:
        """Read an evaluation folder.

        Raises
        ------
        UserError
            Its figures by task are missing; names the file.
        """
        scores = read_json(folder / SCORES)
        if not scores.get("tasks") and not scores.get("pairs"):
            raise UserError(f"{folder / SCORES} holds no figures by task; evaluate again")
        return cls(name, folder, scores, with_units(pd.read_parquet(folder / PER_QUERY)))

    @property
    def label(self) -> str:
        """The name to print: with an asterisk where the system was trained on the benchmark."""
        return f"{self.name} {NOT_ZERO_SHOT}" if self.scores.get("zero_shot") is False else self.name

    @property
    def zero_shot(self) -> str:
        """yes, no, or unknown (run files do not say what made them)."""
        return {True: "yes", False: f"no {NOT_ZERO_SHOT}"}.get(self.scores.get("zero_shot"), "unknown")  # type: ignore[arg-type]

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """Figures by task: ``task``, ``docs`` and ``queries`` (languages), ``setting``, ``queries_scored`` and a column
        a measure."""
        if self.scores.get("tasks"):
            return pd.DataFrame(self.scores["tasks"])
        pairs = pd.DataFrame(self.scores["pairs"])  # of version 0.1, whose tasks were pairs of languages
        return pairs.assign(task=pairs["docs"] + "/" + pairs["queries"])

    @property
    def pairs(self) -> pd.DataFrame:
        """The figures of the tasks without their names."""
        return self.tasks.drop(columns="task")

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """The rows of ``per_query`` on the pool."""
        return self.per_query[self.per_query["setting"] == MULTI]

    @cached_property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of the files that the report was made from, by their names."""
        return {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in (SCORES, PER_QUERY)}

    @cached_property
    def sweep(self) -> dict[str, Any]:
        """The settings of the run of `hybrid-ir sweep` that the folder belongs to, if it belongs to one."""
        path = self.folder.absolute().parent / SWEEP_RUN
        return read_json(path) if path.is_file() else {}
