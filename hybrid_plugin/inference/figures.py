"""Figures with their intervals: over all query languages, and over those that a system was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from hybrid_plugin.inference.cells import Cell, interval
from hybrid_plugin.inference.design import Outcome
from hybrid_plugin.inference.systems import System

BY_TRAINING = ["trained_on", "part", "languages", "system", "setting", "measure", "value", "low", "high"]


def figure_rows(
    outcome: Outcome, cells: Mapping[str, Cell], systems: Sequence[System], alpha: float
) -> Iterator[dict[str, Any]]:
    """Rows of ``Comparison.figures``: a figure of every system that was scored in the setting."""
    for system in systems:
        if system.name in cells:
            figure = _figure(cells[system.name], alpha)
            yield {"system": system.name, **outcome.key, **figure, **system.spread(outcome.setting, outcome.measure)}


def training_rows(
    outcome: Outcome, cells: Mapping[str, Cell], systems: Sequence[System], alpha: float
) -> Iterator[dict[str, Any]]:
    """Rows of ``Comparison.by_training``: every system over the query languages of one's training, and the others."""
    trained = dict.fromkeys(system.languages_trained_on for system in systems if system.languages_trained_on)
    for languages, seen in product(trained, (True, False)):
        part = np.isin(outcome.queries, languages) == seen
        if not part.any():
            continue
        of_part = {
            "trained_on": " ".join(languages),
            "part": "seen" if seen else "unseen",
            "languages": " ".join(sorted(set(outcome.queries[part]))),
        }
        for system, cell in cells.items():
            yield {**of_part, "system": system, **outcome.key, **_figure(cell.of(part), alpha)}


def _figure(cell: Cell, alpha: float) -> dict[str, float]:
    return {"value": cell.average(), **interval(cell.drawn_averages(), alpha)}
