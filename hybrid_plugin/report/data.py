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
    def runs(self) -> dict[str, Path]:
        """Run files on the pool by query language: of the folder, or those that were scored."""
        places = [self.folder / RUNS]
        if self.scores.get("runs"):
            scored = Path(self.scores["runs"])
            places += [scored / RUNS, scored]
        found: dict[str, Path] = {}
        for place in places:
            for path in sorted([*place.glob(f"{MULTI}.*.trec"), *place.glob(f"{MULTI}.*.trec.gz")]):
                found.setdefault(path.name.split(".")[1], path)
        return found


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
        return {system.name: _landing(system.runs, self.task) for system in self.systems if system.runs}

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


def _landing(runs: dict[str, Path], task: Task) -> Landing:
    """Read run files, a query language at a time, and keep the little that is shown of them."""
    languages = {doc.id: lang for lang, docs in task.docs.items() for doc in docs}
    relevant, top, depth = [], [], 0
    for lang, path in runs.items():
        ranked = _ranked(read_run(path))
        depth = max(depth, int(ranked["position"].max()))
        top.append(ranked[ranked["position"] <= TOP])
        asked = [query.id for query in task.queries.get(lang, []) if query.id in task.relevant]
        wanted = pd.DataFrame(
            [(query_id, doc_id, languages[doc_id]) for query_id in asked for doc_id in task.relevant[query_id]],
            columns=["query_id", "doc_id", "docs"],
        )
        found = wanted.merge(ranked, how="left", on=["query_id", "doc_id"]).assign(queries=lang)
        relevant.append(found.fillna({"position": np.inf}))
    return Landing(pd.concat(relevant, ignore_index=True), pd.concat(top, ignore_index=True), depth)


def _ranked(run: pd.DataFrame) -> pd.DataFrame:
    """A run with the ``position`` of each document, in trec_eval's order: score, then document id, both descending."""
    queries, _ = pd.factorize(run["query_id"])
    docs, _ = pd.factorize(run["doc_id"], sort=True)
    order = np.lexsort((-docs, -run["score"].to_numpy(), queries))
    ranked = run[["query_id", "doc_id"]].iloc[order].reset_index(drop=True)
    return ranked.assign(position=ranked.groupby("query_id", sort=False).cumcount() + 1)
