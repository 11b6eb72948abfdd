"""What a comparison found, to look at and to save."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.evaluation.seen import part_seen
from hybrid_plugin.files import StrPath, whole_folder, write_json
from hybrid_plugin.measures.direction import Direction
from hybrid_plugin.outputs import REQUEST, folder_is_done, say_done
from hybrid_plugin.spreadsheets import spreadsheet_safe

COMPARISON = "comparison.json"  # by which a saved comparison is known
TABLE = "table.tex"
_SHOWN = 4  # systems of a line
FRAMES = (
    *("figures", "tests", "by_language", "by_training", "languages", "directions", "gaps", "published", "incomparable"),
)


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; every frame is tidy, one row a figure or a test.

    Parameters
    ----------
    benchmark : what all systems were scored on.
    scope : which part of it is compared, such as "settings multi; query languages de, en"; empty for all of it.
    systems : a name each, in the order given; the first is the baseline.
    about : system -> the head of its ``scores.json``.
    figures : ``system``, ``setting``, ``measure``, ``value`` (the macro average over what all systems share, which is
        that of ``scores.json`` where this is all), ``low``, ``high``, ``compared`` (the value, or where a certain
        value is best the mean distance from it), ``runs``, and ``spread``, the standard deviation over these.
    tests : ``a``, ``b``, ``setting``, ``measure``, ``value_a``, ``value_b`` (over the queries for which both have a
        value; where a certain value of the measure is best, mean distances from it), ``difference`` (of a minus b),
        ``low``, ``high``, ``p_randomization`` (NaN where a system has several runs), ``p_t`` with its ``degrees`` of
        freedom, ``p`` (that of the randomisation test, or where a system has several runs of the t-test), ``p_holm``,
        ``d`` (Cohen's d_z), ``wins``, ``ties``, ``losses`` (questions on which a is better, equal, worse), ``winner``
        (by ``p_holm``; empty where no difference is shown), and ``languages_ahead``, ``languages_tied``,
        ``languages_behind``: the query languages in which the figure of a is better, equal, worse.
    by_language : the columns of ``tests`` up to ``winner`` for the queries of one ``language``.
    by_training : ``trained_on`` (languages), ``part`` (seen or unseen), ``languages``, ``system``, ``setting``,
        ``measure``, ``value``, ``low``, ``high``: figures over the query languages that a system was trained on, and
        over the others; a row for every system, so that the trained one has something to stand beside.
    languages : ``system``, ``setting``, ``measure``, ``side`` (queries or documents), ``language``, ``value``, ``low``,
        ``high``, and ``part``, ``part_low``, ``part_high``: what the language has over the mean of all.
    directions : ``system``, ``measure``, ``language``, ``as_queries``, ``as_documents``, ``asymmetry`` (the one minus
        the other), ``low``, ``high``: of the cross-lingual setting, over the same other languages.
    gaps : ``system``, ``setting``, ``measure``, ``side`` (queries, documents or pairs), ``best``, ``worst``
        (languages, or of pairs the tasks), ``gap``, ``low``, ``high``.
    incomparable : ``system``, ``setting``, ``measure``, ``reason``: figures that say nothing beside those of the other
        systems, so that they are neither tested nor called the best.
    published : as :func:`published_figures` gives it; empty unless asked for.
    verdict : sentences to quote.
    latex : the figures as a table for papers, for the package booktabs.
    method : how the tests were made.
    request : all that decided it: the checksums of the evaluations, and the settings.
    """

    benchmark: str
    scope: str
    systems: tuple[str, ...]
    about: dict[str, dict[str, Any]]
    figures: pd.DataFrame
    tests: pd.DataFrame
    by_language: pd.DataFrame
    by_training: pd.DataFrame
    languages: pd.DataFrame
    directions: pd.DataFrame
    gaps: pd.DataFrame
    published: pd.DataFrame
    incomparable: pd.DataFrame
    verdict: tuple[str, ...]
    latex: str
    method: dict[str, Any]
    request: dict[str, Any]

    @property
    def title(self) -> str:
        """The benchmark, with the scope where it is not the whole."""
        return f"{self.benchmark} ({self.scope})" if self.scope else self.benchmark

    def __repr__(self) -> str:
        names = ", ".join(self.systems[:_SHOWN]) + (" ..." if len(self.systems) > _SHOWN else "")
        return (
            f"Comparison of {names} on {self.benchmark}: {len(self.figures)} figures, {len(self.tests)} tests; "
            "look at verdict, figures, tests, by_language"
        )

    def contaminated(self, system: str) -> bool:
        """Whether the system was trained on the benchmark or another part of it: its figures are not zero-shot."""
        return self.about[system].get("zero_shot") is False

    def label(self, system: str) -> str:
        """The system's name, marked where it was trained on the benchmark."""
        seen = part_seen(self.about[system])
        return f"{system} (trained on {seen}, not zero-shot)" if seen else system

    def comparable(self, system: str, setting: str, measure: str) -> bool:
        """Whether the system's figure says something beside those of the others."""
        return (system, setting, measure) not in self._incomparable

    def best(self) -> set[tuple[str, str, str]]:
        """The system, setting and measure of each figure that is the best of several that can be compared."""
        found = set()
        for setting, measure in self.columns():
            rows = self.figures[(self.figures.setting == setting) & (self.figures.measure == measure)]
            rows = rows[[self.comparable(name, setting, measure) for name in rows["system"]]]
            if len(rows) > 1:
                goodness = self.direction(measure).sign * rows["compared"]
                of_best = rows.loc[np.isclose(goodness, goodness.max()), "system"]
                found |= {(name, setting, measure) for name in of_best}
        return found

    def direction(self, measure: str) -> Direction:
        """Which values of a measure are best."""
        return Direction.read(self.method["best"][measure])

    @cached_property
    def _incomparable(self) -> set[tuple[str, str, str]]:
        return set(self.incomparable[["system", "setting", "measure"]].itertuples(index=False, name=None))

    def number(self, measure: str, value: float, sign: str = "") -> str:
        """A value of a measure as tables print it: four digits, or one where the measure goes beyond 1."""
        large = self.figures.loc[self.figures.measure == measure, "value"].abs().max() > 1
        return f"{value:{sign}.{1 if large else 4}f}"

    @property
    def unit(self) -> str:
        """What was resampled: the cluster, article or question, ``none``; a question where each is a cluster by
        itself.
        """
        unit = str(self.method["cluster"])
        return "question" if unit == "cluster" and self.method["clusters"] == self.method["questions"] else unit

    def level(self) -> str:
        """What the intervals cover, such as 95%."""
        return f"{100 * (1 - self.method['alpha']):g}%"

    def columns(self) -> list[tuple[str, str]]:
        """The settings and measures that tell systems apart, in the order of the figures: those that are tested or
        would be if they could be compared, or of one system alone those that vary."""
        alone = len(self.systems) == 1
        rows = [self.figures[self.figures.low < self.figures.high]] if alone else [self.tests, self.incomparable]
        known = {key for frame in rows for key in zip(frame.setting, frame.measure, strict=True)}
        return [
            key for key in dict.fromkeys(zip(self.figures.setting, self.figures.measure, strict=True)) if key in known
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
            "benchmark": self.benchmark, "scope": self.scope, "systems": list(self.systems),
            "verdict": list(self.verdict), "method": self.method, **frames, "about": self.about, REQUEST: self.request,
        }  # fmt: skip

    def save(self, folder: StrPath, *, overwrite: bool = False) -> None:
        """Write ``comparison.json``, each frame that has rows as a CSV file, and ``table.tex``, all or nothing.

        In the CSV files a name that a spreadsheet would run as a formula has a quote before it, see
        :func:`spreadsheet_safe`; ``comparison.json`` has it as it is.

        Parameters
        ----------
        overwrite : replace another comparison; the same one is there already.

        Raises
        ------
        UserError
            The folder holds another comparison, or something that is none.
        """
        folder = Path(folder)
        if folder_is_done(folder, COMPARISON, self.request, overwrite):
            say_done(folder)
            return
        with whole_folder(folder, COMPARISON) as staging:
            for name in FRAMES:
                frame = getattr(self, name)
                if len(frame):
                    spreadsheet_safe(frame).to_csv(staging / f"{name}.csv", index=False)
            (staging / TABLE).write_text(self.latex, encoding="utf-8")
            write_json(staging / COMPARISON, self.as_json())


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")
