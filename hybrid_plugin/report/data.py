"""What a report is about: the systems, their scores, their comparison, and their rankings where run files hold them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from datasets_ext import MULTI
from hybrid_plugin.benchmarks import SETTINGS, load_benchmark
from hybrid_plugin.comparison import Comparison, compare
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import PER_QUERY, RUNS, SCORES, Task
from hybrid_plugin.files import read_json
from hybrid_plugin.report import html
from hybrid_plugin.runs import read_run

NOT_ZERO_SHOT = "*"
RUN = "run.json"  # which `hybrid-ir sweep` writes beside the evaluation folders of a run
TOP = 3  # documents a query that a landing keeps to show


@dataclass(frozen=True)
class Landing:
    """What the run files of one system on the pool say.

    Parameters
    ----------
    relevant : a row a query and relevant document: ``query_id``, ``doc_id``, ``queries`` and ``docs`` (languages),
        ``position`` from 1, ``inf`` where the run does not hold the document.
    top : the first documents of each query: ``query_id``, ``doc_id``, ``position``.
    depth : the length of the longest ranking.
    """

    relevant: pd.DataFrame
    top: pd.DataFrame
    depth: int


@dataclass(frozen=True)
class System:
    """One evaluation folder.

    Parameters
    ----------
    name : as the comparison calls it.
    folder : where it lies.
    scores : the contents of ``scores.json``.
    per_query : the contents of ``per_query.parquet``.
    """

    name: str
    folder: Path
    scores: dict[str, Any]
    per_query: pd.DataFrame

    @property
    def label(self) -> str:
        """The name to print: with an asterisk where the system was trained on the benchmark."""
        return f"{self.name} {NOT_ZERO_SHOT}" if self.scores.get("zero_shot") is False else self.name

    @property
    def zero_shot(self) -> str:
        """yes, no, or unknown (run files do not say what made them)."""
        return {True: "yes", False: f"no {NOT_ZERO_SHOT}"}.get(self.scores.get("zero_shot"), "unknown")  # type: ignore[arg-type]

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Means by pair of languages: ``docs``, ``queries``, ``setting``, ``queries_scored`` and a column a measure."""
        return pd.DataFrame(self.scores["pairs"])

    @cached_property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of the files that the report was made from, by their names."""
        return {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in (SCORES, PER_QUERY)}

    @cached_property
    def sweep(self) -> dict[str, Any]:
        """The settings of the run of `hybrid-ir sweep` that the folder belongs to, if it belongs to one."""
        path = self.folder.absolute().parent / RUN
        return read_json(path) if path.is_file() else {}

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """The rows of ``per_query`` on the pool."""
        return self.per_query[self.per_query["setting"] == MULTI]

    @cached_property
    def runs(self) -> list[Path]:
        """Run files on the pool: those of the folder, or those that were scored."""
        scored = Path(self.scores.get("runs") or self.folder / RUNS)
        if scored.is_file():
            return [scored] if len(self.pooled) else []
        found: dict[str, Path] = {}
        for place in (self.folder / RUNS, scored / RUNS, scored):
            for path in sorted([*place.glob(f"{MULTI}.*.trec"), *place.glob(f"{MULTI}.*.trec.gz")]):
                found.setdefault(path.name.removesuffix(".gz"), path)
        return list(found.values())


@dataclass(frozen=True)
class ReportData:
    """What a section of a report draws from, and what it draws with.

    Parameters
    ----------
    systems : the evaluations, in the order given; the first is the baseline.
    comparison : figures with confidence intervals, tests, and the verdict.
    figures : every chart so far, by name, for ``--plots``.
    """

    systems: tuple[System, ...]
    comparison: Comparison
    figures: dict[str, Figure] = field(default_factory=dict)

    @classmethod
    def load(cls, folders: Sequence[Path], *, published: bool = False) -> ReportData:
        """Read and compare evaluation folders.

        Raises
        ------
        UserError
            A folder is no evaluation, or they are of different benchmarks; names it.
        """
        comparison = compare(folders, published=published)
        systems = []
        for name, folder in zip(comparison.systems, folders, strict=True):
            scores = read_json(folder / SCORES)
            if not scores.get("pairs"):
                raise UserError(f"{folder / SCORES} holds no figures by pair of languages; evaluate again")
            systems.append(System(name, folder, scores, pd.read_parquet(folder / PER_QUERY)))
        return cls(tuple(systems), comparison)

    @property
    def baseline(self) -> System:
        return self.systems[0]

    @property
    def benchmark(self) -> str:
        """The ir_datasets id that all systems were scored on."""
        return self.comparison.benchmark

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the queries that were scored."""
        return tuple(
            dict.fromkeys(lang for system in self.systems for lang in sorted(system.pairs["queries"].unique()))
        )

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The settings that any system was scored in."""
        return tuple(name for name in SETTINGS if any(name in system.scores["settings"] for system in self.systems))

    @cached_property
    def task(self) -> Task:
        """Texts and relevance of the benchmark, through ir_datasets.

        Raises
        ------
        UserError
            The benchmark is not known here.
        """
        return Task.load(load_benchmark(self.benchmark))

    @cached_property
    def landings(self) -> dict[str, Landing]:
        """By name, the systems that have run files on the pool.

        Raises
        ------
        UserError
            A run file is malformed; names the file and line.
        """
        return {system.name: _landing(system, self.task) for system in self.systems if system.runs}

    def table(self, frame: pd.DataFrame, caption: str, **options: Any) -> Markup:
        """A table that sorts, scrolls in its own box and downloads as CSV; :func:`hybrid_plugin.report.html.table`."""
        return html.table(frame, caption, **options)

    def chart(self, name: str, figure: Figure, title: str, description: str) -> Markup:
        """A matplotlib figure as SVG in the colours of the page, kept under its name for ``--plots``.

        Parameters
        ----------
        name : of its files, and unique in the report.
        title, description : what screen readers say; the title is also printed below the chart.
        """
        self.figures[name] = figure
        return html.chart(name, figure, title, description)


def _landing(system: System, task: Task) -> Landing:
    """Read run files, one at a time, and keep the little that is shown of them."""
    languages = {doc.id: lang for lang, docs in task.docs.items() for doc in docs}
    asked = dict(zip(system.pooled["query_id"], system.pooled["queries"], strict=True))
    positions: dict[tuple[str, str], int] = {}
    top: list[tuple[str, str, int]] = []
    depth = 0
    for path in system.runs:
        run = read_run(path)
        row_of = {doc_id: row for row, doc_id in enumerate(run.doc_ids)}
        order = np.argsort(np.argsort(run.doc_ids))
        for query_id in run.rankings.keys() & asked.keys():
            docs, scores = run.rankings[query_id]
            ranked = docs[np.lexsort((-order[docs], -scores))]  # as trec_eval ranks
            depth = max(depth, len(ranked))
            top += [(query_id, run.doc_ids[row], place) for place, row in enumerate(ranked[:TOP], start=1)]
            for doc_id in task.relevant[query_id]:
                place = np.flatnonzero(ranked == row_of.get(doc_id, -1))
                if len(place):
                    positions[query_id, doc_id] = int(place[0]) + 1
    covered = {asked[query_id] for query_id, _, _ in top}
    relevant = [
        (query_id, doc_id, lang, languages[doc_id], float(positions.get((query_id, doc_id), np.inf)))
        for query_id, lang in asked.items()
        if lang in covered
        for doc_id in task.relevant[query_id]
    ]
    return Landing(
        pd.DataFrame(relevant, columns=["query_id", "doc_id", "queries", "docs", "position"]),
        pd.DataFrame(top, columns=["query_id", "doc_id", "position"]),
        depth,
    )
