"""Evaluations of several systems on one benchmark, compared: what differs, by how much, and what chance explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; every frame is tidy, one row a figure or a test.

    Parameters
    ----------
    benchmark : what all systems were scored on.
    systems : a name each, in the order given; the first is the baseline.
    about : system -> the head of its ``scores.json``.
    figures : ``system``, ``setting``, ``measure``, ``value`` (the macro average of ``scores.json``), ``low``, ``high``.
    tests : ``a``, ``b``, ``setting``, ``measure``, ``value_a``, ``value_b``, ``difference`` (of a minus b), ``low``,
        ``high``, ``p_randomization``, ``p_t``, ``p_holm_randomization``, ``p_holm_t``, ``d``, ``wins``, ``ties``,
        ``losses`` (questions on which a is better, equal, worse), ``winner`` (empty where no difference is shown),
        ``languages_ahead``, ``languages``.
    by_language : the same columns for the queries of one ``language``, without the last two.
    by_training : ``trained_on`` (languages), ``part`` (seen or unseen), ``system``, ``setting``, ``measure``, ``value``,
        ``low``, ``high``: the figures over the query languages that a system was trained on, and over the others.
    published : ``system``, ``setting``, ``measure``, ``value``, ``source``, ``note``; empty unless asked for.
    verdict : sentences to quote.
    method : how the tests were made: unit, seed, resamples, alpha, number of tests.
    """

    benchmark: str
    systems: tuple[str, ...]
    about: dict[str, dict[str, Any]]
    figures: pd.DataFrame
    tests: pd.DataFrame
    by_language: pd.DataFrame
    by_training: pd.DataFrame
    published: pd.DataFrame
    verdict: tuple[str, ...]
    method: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write ``comparison.json``, a CSV file a frame and ``table.tex``, all or nothing."""
        raise NotImplementedError


def compare(
    folders: Sequence[Path],
    *,
    measures: Sequence[str] = ("AP", "RankDistance"),
    all_pairs: bool = False,
    published: bool = False,
    seed: int = 0,
    resamples: int = 100_000,
    bootstraps: int = 10_000,
    alpha: float = 0.05,
) -> Comparison:
    """Compare evaluations of one benchmark, each with the first or (``all_pairs``) each with each."""
    raise NotImplementedError
