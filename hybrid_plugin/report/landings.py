"""Where the relevant documents of a system land on the pool, from the run files of one of its runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_plugin.brief import brief
from hybrid_plugin.evaluation.original_ids import small_doc_ids, with_made_ids
from hybrid_plugin.evaluation.runs import run_path
from hybrid_plugin.evaluation.scores import RUNS
from hybrid_plugin.inference.load.evaluations import Evaluation
from hybrid_plugin.report.scored_runs import best_first, bounded_measures, check_scored
from hybrid_plugin.report.system import Run
from hybrid_plugin.report.texts import find_languages
from hybrid_plugin.retrieval.rankings import Grades
from hybrid_plugin.retrieval.runs.positions import rankings_of_run
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.task import Task
from hybrid_plugin.tasks.texts import queries

TOP = 3  # documents a query that a landing keeps to show
UNKNOWN = "unknown"  # the language of a document that is judged and that the collection lacks


@dataclass(frozen=True)
class Landing:
    """What the run files of an evaluation on the pool say.

    Parameters
    ----------
    run : the evaluation.
    relevant : a row a query and relevant document: ``task``, ``query_id``, ``doc_id``, ``queries`` and ``docs``
        (languages), ``position`` from 1, ``inf`` where the run does not hold the document.
    top : the first documents of each query: ``task``, ``query_id``, ``doc_id``, ``position``.
    depth : the length of the longest ranking.
    """

    run: Run
    relevant: pd.DataFrame
    top: pd.DataFrame
    depth: int

    __repr__ = brief


@dataclass(frozen=True)
class Pooled:
    """The tasks of a benchmark on a pool, as far as its texts need not be read.

    Parameters
    ----------
    grades : name of a task -> query id -> judged document -> grade.
    relevant : task and query id -> its relevant documents.
    languages : of queries, where each has its own: task and query id -> language.
    docs : of relevant documents: task and document id -> language.
    dropped : of each task, by query, the documents that are taken out of rankings.
    """

    tasks: Sequence[Task]
    grades: Mapping[str, Grades]
    relevant: Mapping[tuple[str, str], Sequence[str]]
    languages: Mapping[tuple[str, str], str | None]
    docs: Mapping[tuple[str, str], str]
    dropped: Mapping[str, Mapping[str, Collection[str]]]

    __repr__ = brief

    @classmethod
    def load(cls, tasks: Sequence[Task]) -> Pooled:
        """Read the judgements of some tasks, and the languages of what is judged."""
        grades: dict[str, Grades] = {}
        relevant: dict[tuple[str, str], Sequence[str]] = {}
        languages: dict[tuple[str, str], str | None] = {}
        dropped: dict[str, Mapping[str, Collection[str]]] = {}
        for task in tasks:
            judgements = Judgements.load(task)
            dropped[task.name] = judgements.dropped
            grades[task.name] = judgements.by_query
            relevant |= {(task.name, query_id): judgements.relevant(query_id) for query_id in judgements.by_query}
            if task.queries.lang is None:
                languages |= {(task.name, query.id): query.lang for query in queries(task)}
        wanted: dict[str, set[str]] = {}
        for (name, _), doc_ids in relevant.items():
            wanted.setdefault(name, set()).update(doc_ids)
        return cls(tasks, grades, relevant, languages, find_languages(tasks, wanted), dropped)


def has_runs(run: Run) -> bool:
    """Whether there are any run files that may be of an evaluation's rankings on the pool."""
    return bool(len(run.pooled)) and any(place.is_file() or any(place.glob("*.trec*")) for place in _places(run))


def run_files(run: Run, tasks: Sequence[Task]) -> dict[Task, Path]:
    """The run files of some tasks that an evaluation has: those of its folder, or those that were scored."""
    scored = {*run.pooled["task"]}
    found: dict[Task, Path] = {}
    for task in tasks:
        if task.name in scored:
            candidates = (place if place.is_file() else run_path(place, task) for place in _places(run))
            path = next(filter(None, candidates), None)
            if path is not None:
                found[task] = path
    return found


def _places(run: Run) -> list[Path]:
    scored = Path(run.scores.get("runs") or run.folder / RUNS)
    return [scored] if scored.is_file() else [run.folder / RUNS, scored / RUNS, scored]


def read_landing(run: Run, pooled: Pooled) -> Landing:
    """Read an evaluation's run files, one at a time, and keep the little that is shown of them.

    Raises
    ------
    UserError
        A run file is malformed, or not of the rankings that were scored; names the file, and the line or query.
    """
    files = run_files(run, pooled.tasks)
    measures = bounded_measures(run)
    scored = dict(iter(Evaluation.load(run.folder, [*map(str, measures)]).per_query.groupby("task")))
    shown = {*zip(run.pooled["task"], run.pooled["query_id"], strict=True)}
    positions: dict[tuple[str, str, str], int] = {}
    top: list[tuple[str, str, str, int]] = []
    depth = 0
    for path, tasks in ((path, [*tasks]) for path, tasks in groupby(files, key=files.__getitem__)):
        asking = [task.queries for task in tasks]
        found, _ = with_made_ids(read_run(path), path, tasks, asking, small_doc_ids)
        for task in tasks:
            rows = scored[task.name]
            if found.rankings.keys().isdisjoint(rows["query_id"]):
                continue
            kept = found.without(pooled.dropped[task.name])
            rankings = rankings_of_run(kept, [*rows["query_id"]], best_first(pooled.grades[task.name]))
            check_scored(path, run, measures, rows, rankings.ranks)
            for query_id, ranked in zip(rankings.query_ids, rankings.doc_ids, strict=True):
                if (task.name, query_id) not in shown:
                    continue
                depth = max(depth, len(ranked))
                top += [(task.name, query_id, doc_id, at) for at, doc_id in enumerate(ranked[:TOP], start=1)]
                wanted = set(pooled.relevant.get((task.name, query_id), ()))
                for at, doc_id in enumerate(ranked, start=1):
                    if doc_id in wanted:
                        positions[task.name, query_id, doc_id] = at
    covered = {name for name, *_ in top}
    relevant = [
        (
            *(row.task, row.query_id, doc_id),
            pooled.languages.get((row.task, row.query_id)) or row.queries,
            pooled.docs.get((row.task, doc_id), UNKNOWN),
            float(positions.get((row.task, row.query_id, doc_id), np.inf)),
        )
        for row in run.pooled.itertuples()
        if row.task in covered
        for doc_id in pooled.relevant.get((row.task, row.query_id), ())
    ]
    return Landing(
        run,
        pd.DataFrame(relevant, columns=["task", "query_id", "doc_id", "queries", "docs", "position"]),
        pd.DataFrame(top, columns=["task", "query_id", "doc_id", "position"]),
        depth,
    )
