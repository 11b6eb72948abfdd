"""What a comparison found, to look at and to save."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin.files import whole_folder, write_json
from hybrid_plugin.spreadsheets import spreadsheet_safe

COMPARISON = "comparison.json"  # by which a saved comparison is known
TABLE = "table.tex"
FRAMES = ("figures", "tests", "by_language", "by_training", "published")


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; every frame is tidy, one row a figure or a test.

    Parameters
    ----------
    benchmark : what all systems were scored on.
    systems : a name each, in the order given; the first is the baseline.
    about : system -> the head of its ``scores.json``.
    figures : ``system``, ``setting``, ``measure``, ``value`` (the macro average of ``scores.json``), ``low``, ``high``,
        ``runs``, and ``spread``, the standard deviation over these.
    tests : ``a``, ``b``, ``setting``, ``measure``, ``value_a``, ``value_b`` (over the queries for which both have a
        value), ``difference`` (of a minus b), ``low``, ``high``, ``p_randomization``, ``p_t``,
        ``p_holm_randomization``, ``p_holm_t``, ``d`` (Cohen's d_z), ``wins``, ``ties``, ``losses`` (questions on which
        a is better, equal, worse), ``winner`` (by ``p_holm_randomization``; empty where no difference is shown), and
        ``languages_ahead``, ``languages_tied``, ``languages_behind``: the query languages in which the figure of a is
        better, equal, worse.
    by_language : the columns of ``tests`` up to ``winner`` for the queries of one ``language``.
    by_training : ``trained_on`` (languages), ``part`` (seen or unseen), ``languages``, ``system``, ``setting``,
        ``measure``, ``value``, ``low``, ``high``: figures over the query languages that a system was trained on, and
        over the others; a row for every system, so that the trained one has something to stand beside.
    published : as :func:`published_figures` gives it; empty unless asked for.
    verdict : sentences to quote.
    latex : the figures as a table for papers, for the package booktabs.
    method : how the tests were made.
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
    latex: str
    method: dict[str, Any]

    def contaminated(self, system: str) -> bool:
        """Whether the system was trained on the benchmark, so that its figures are not zero-shot."""
        return self.about[system].get("zero_shot") is False

    def label(self, system: str) -> str:
        """The system's name, marked where it was trained on the benchmark."""
        return f"{system} (trained on {self.benchmark}, not zero-shot)" if self.contaminated(system) else system

    def number(self, measure: str, value: float, sign: str = "") -> str:
        """A value of a measure as tables print it: four digits, or one where the measure goes beyond 1."""
        large = self.figures.loc[self.figures.measure == measure, "value"].abs().max() > 1
        return f"{value:{sign}.{1 if large else 4}f}"

    def level(self) -> str:
        """What the intervals cover, such as 95%."""
        return f"{100 * (1 - self.method['alpha']):g}%"

    def columns(self) -> list[tuple[str, str]]:
        """The settings and measures that tell systems apart, in the order of the figures: those that are tested, or of
        one system alone those that vary."""
        rows = self.tests if len(self.systems) > 1 else self.figures[self.figures.low < self.figures.high]
        tested = set(zip(rows.setting, rows.measure, strict=True))
        return [
            key for key in dict.fromkeys(zip(self.figures.setting, self.figures.measure, strict=True)) if key in tested
        ]

    def sources(self) -> list[str]:
        """Where the published figures come from, each with what to know of it."""
        return [
            f"{citation} ({note})"
            for citation, note in self.published[["citation", "note"]].drop_duplicates().to_numpy()
        ]

    def as_json(self) -> dict[str, Any]:
        """The contents of ``comparison.json``."""
        frames = {name: _records(getattr(self, name)) for name in FRAMES}
        return {
            "benchmark": self.benchmark, "systems": list(self.systems), "verdict": list(self.verdict),
            "method": self.method, **frames, "about": self.about,
        }  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write ``comparison.json``, each frame that has rows as a CSV file, and ``table.tex``, all or nothing.

        In the CSV files a name that a spreadsheet would run as a formula has a quote before it, see
        :func:`spreadsheet_safe`; ``comparison.json`` has it as it is.

        Raises
        ------
        UserError
            The folder holds something that is not a comparison.
        """
        with whole_folder(folder, COMPARISON) as staging:
            for name in FRAMES:
                frame = getattr(self, name)
                if len(frame):
                    spreadsheet_safe(frame).to_csv(staging / f"{name}.csv", index=False)
            (staging / TABLE).write_text(self.latex, encoding="utf-8")
            write_json(staging / COMPARISON, self.as_json())


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
