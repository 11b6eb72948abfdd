"""Which runs of a sweep are scored in the end: the best by validation of those that differ in what is chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, read_json
from hybrid_plugin.measures import direction, parse_measures
from hybrid_plugin.training.grid import Final, Run, place


@dataclass(frozen=True)
class Candidate:
    """Runs that differ in nothing but the seed.

    Parameters
    ----------
    values : of the keys that are chosen.
    figures : of each run, by its name; None where there is no validation, and no need of one.
    """

    values: Mapping[str, Any]
    runs: tuple[Run, ...]
    figures: Mapping[str, float] | None = None

    __repr__ = brief

    @property
    def mean(self) -> float | None:
        """Over the seeds."""
        return None if self.figures is None else fmean(self.figures.values())

    def as_json(self) -> dict[str, Any]:
        return {"values": dict(self.values), "mean": self.mean, "figures": self.figures}


@dataclass(frozen=True)
class Choice:
    """What was chosen among some candidates.

    Parameters
    ----------
    by : the measure.
    validation : the benchmark.
    """

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    by: str
    validation: str | None

    __repr__ = brief

    def as_json(self) -> dict[str, Any]:
        """What the log says of it."""
        return {
            "chosen": [run.name for run in self.chosen.runs],
            "by": self.by,
            "validation": self.validation,
            "candidates": [one.as_json() for one in self.candidates],
        }


def contests(runs: Sequence[Run], final: Final) -> list[list[Candidate]]:
    """The candidates of each choice, in the order of the runs.

    Raises
    ------
    UserError
        There is a choice, and the runs have not one validation.
    """
    groups: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        values = {key: run.settings.get(key) for key in final.among}
        group = groups.setdefault(_key(run.apart_from(final.among)), {})
        group.setdefault(_key(values), []).append(run)
    found = []
    for group in groups.values():
        found.append([Candidate(json.loads(values), tuple(seeds)) for values, seeds in group.items()])
        members = [run for one in found[-1] for run in one.runs]
        blind = next((run for run in members if run.validation is None), None)
        if len(found[-1]) > 1 and blind:
            raise UserError(f"the run '{blind.name}' is one to choose from, and lacks the key 'validate'")
        other = next((run for run in members if run.validation != members[0].validation), None)
        if other:
            raise UserError(f"the runs '{members[0].name}' and '{other.name}' have not the same validation")
    return found


def choose(runs: Sequence[Run], final: Final, output: Path) -> list[Choice]:
    """The best of each choice, by the scores of its validation in a sweep's output; the first of several that are best.

    Raises
    ------
    UserError
        The validation lacks the measure.
    """
    best = direction(parse_measures([final.by])[0])
    choices = []
    for candidates in contests(runs, final):
        validation = candidates[0].runs[0].validation
        if validation is not None:
            candidates = [
                replace(one, figures={run.name: _figure(run, validation, final.by, output) for run in one.runs})
                for one in candidates
            ]
        means = [one.mean for one in candidates]
        ranked = sorted(range(len(means)), key=lambda at: -best.sign * best.compared(means[at] or 0.0))
        choices.append(Choice(candidates[ranked[0]], tuple(candidates), final.by, validation))
    return choices


def _figure(run: Run, validation: str, measure: str, output: Path) -> float:
    """The mean over the settings of a validation."""
    path = output / "runs" / run.name / place(validation) / SCORES
    settings = read_json(path)["settings"]
    values = [figures[measure] for figures in settings.values() if figures.get(measure) is not None]
    if not values:
        known = ", ".join(dict.fromkeys(name for figures in settings.values() for name in figures))
        raise UserError(f"the final choice is by {measure}, and {path} has only {known}")
    return fmean(values)


def _key(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)
