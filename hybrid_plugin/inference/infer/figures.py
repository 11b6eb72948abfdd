"""Figures: over all query languages, and over those that a system was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from hybrid_plugin.inference.infer.design import Cells, Outcome
from hybrid_plugin.inference.infer.estimates import Row
from hybrid_plugin.inference.load.systems import System

FIGURES = ["system", "setting", "measure", "value", "low", "high", "compared", "runs", "spread"]
BY_TRAINING = ["trained_on", "part", "languages", "system", "setting", "measure", "value", "low", "high"]


def figure_rows(outcome: Outcome, cells: Mapping[str, Cells]) -> Iterator[Row]:
    """Rows of ``Comparison.figures``: a figure of every system that was scored in the setting."""
    every = outcome.asked.every()
    for system, own in cells.items():
        figure = own.average(every)
        runs = figure.values[system]
        compared = figure
        if outcome.compared is not outcome.values:
            compared = Cells.of(system, outcome.compared[system], outcome.asked).average(every)
        about = {
            "compared": compared.value,
            "runs": len(runs),
            "spread": float(runs.std(ddof=1)) if len(runs) > 1 else np.nan,
        }
        yield Row({"system": system, **outcome.key}, {"value": figure}, about)


def training_rows(outcome: Outcome, cells: Mapping[str, Cells], systems: Sequence[System]) -> Iterator[Row]:
    """Rows of ``Comparison.by_training``: every system over the query languages of one's training, and the others."""
    trained = dict.fromkeys(system.languages_trained_on for system in systems if system.languages_trained_on)
    queries = outcome.asked.queries
    for languages, seen in product(trained, (True, False)):
        part = np.isin(queries, languages) == seen
        if not part.any():
            continue
        of_part: dict[str, Any] = {
            "trained_on": " ".join(languages),
            "part": "seen" if seen else "unseen",
            "languages": " ".join(sorted(set(queries[part]))),
        }
        for system, own in cells.items():
            yield Row({**of_part, "system": system, **outcome.key}, {"value": own.average(part)}, {})
