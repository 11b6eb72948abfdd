"""Vectors to scores, and to run files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ir_measures import measures as irm

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.asked import Asked
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.scoring import Scoring, measures_of, nothing_found, wanted
from hybrid_plugin.files import StrPath
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.retrieval.positions import find_judged
from hybrid_plugin.retrieval.rank import Pool, check_distinct, judged_languages, rank
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH, RunWriter, run_writer
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Task, View, run_name

_WHOLE = 200_000  # documents of which a ranking is listed whole, for measures that take lists


@dataclass(frozen=True)
class RankingOptions:
    """How far down rankings are scored, and written."""

    depth: int | None = None
    """Score rankings of so many documents; None scores whole ones."""
    runs: StrPath | None = None
    """Write a run file a task into this folder."""
    runs_depth: int | None = DEFAULT_DEPTH
    """Documents a query in the run files; None writes all."""
    device: str | None = None
    """To score on, such as cuda; None for the CPU. The figures are the same."""

    __repr__ = brief


def evaluate_vectors(
    benchmark: Benchmark,
    docs: Mapping[View, Part],
    queries: Mapping[View, Vectors],
    measures: Sequence[irm.Measure] | None = None,
    options: RankingOptions | None = None,
    *,
    about: dict[str, Any] | None = None,
    progress: bool = False,
) -> Scores:
    """Score vectors, in memory or in files of any size, which are read a block at a time.

    Positions are exact in the whole ranking, however long, for every measure that :func:`has_ranks`; the others are
    left to ir_measures on the documents that they look at.

    Parameters
    ----------
    benchmark : whose tasks are scored, all of them.
    measures : by default those of :func:`measures_of`.
    docs, queries : by view, without prefix (``view.plain``); :func:`stored_vectors` reads them.
    about : the head of ``scores.json``.

    Raises
    ------
    UserError
        Documents and queries are of different encoders, a vector is not finite, a document id occurs twice in a pool,
        or a measure needs whole rankings of more documents than can be listed.
    """
    from tqdm.auto import tqdm

    options = options or RankingOptions()
    measures = measures_of(benchmark) if measures is None else measures
    scoring = Scoring(measures, options.depth)
    names = sorted({lang for part in docs.values() for lang in part.languages} | {*benchmark.languages})
    for pool in dict.fromkeys(task.docs for task in benchmark.tasks):
        check_distinct([(docs[view.plain], view.prefix) for view in pool])
    by_queries: dict[View, list[Task]] = {}
    for task in benchmark.tasks:
        by_queries.setdefault(task.queries, []).append(task)
    with tqdm(total=len(benchmark.tasks), desc="rank", unit="task", disable=not progress) as bar:
        for view, tasks in by_queries.items():
            first = Asked.load(tasks[0])
            asked = {first.task.name: first} | {task.name: Asked.load(task, first) for task in tasks[1:]}
            vectors = queries[view.plain]
            named = Vectors([view.prefix + text_id for text_id in vectors.ids], vectors.matrix)
            langs = [first.queries[one].lang if one in first.queries else None for one in named.ids]
            sizes = {task.name: sum(len(docs[one.plain]) for one in task.docs) for task in tasks}
            pools = {task.name: _pool(asked[task.name], measures, sizes[task.name], options) for task in tasks}
            depths: dict[str, int] = {}  # of what was ranked
            with ExitStack() as stack:
                writers = _open_runs(stack, tasks, options.runs)
                for name, rankings in rank(named, langs, docs, pools, names, device=options.device, progress=progress):
                    scoring.add(asked[name], rankings, sizes[name])
                    depths[name] = rankings.ranks.depth
                    if name in writers:
                        lists, scores = (
                            [one[: options.runs_depth] for one in found]
                            for found in (rankings.doc_ids, rankings.scores)
                        )
                        writers[name].add(rankings.query_ids, lists, scores)
            for name, one in asked.items():
                if one.missing:
                    rankings = nothing_found(one, _languages(one, docs), depths.get(name, 0))
                    scoring.add(one, rankings, sizes[name])
            bar.update(len(tasks))
    return scoring.scores(benchmark.tasks, about or {})


def _pool(asked: Asked, measures: Sequence[irm.Measure], size: int, options: RankingOptions) -> Pool:
    task = asked.task
    found = wanted(measures, task, options.depth, 0 if options.runs is None else options.runs_depth)
    if found.lists is None and size > _WHOLE:
        raise UserError(
            f"some of the measures {', '.join(map(str, measures))} need whole rankings of the {size:,} documents of "
            f"{task.name}; give a depth, such as {DEFAULT_DEPTH}, or measures with a cutoff"
        )
    known = {query_id: grades for query_id, grades in asked.judgements.by_query.items() if query_id in asked.queries}
    return Pool(task.docs, known, found, asked.judgements.dropped)


def _languages(asked: Asked, docs: Mapping[View, Part]) -> dict[str, str]:
    """The languages of what is judged for the queries that nobody asks."""
    grades = {query_id: asked.judgements.by_query[query_id] for query_id in asked.missing}
    parts = [(docs[view.plain], view.prefix) for view in asked.task.docs]
    judged = {doc_id for found in grades.values() for doc_id in found}
    return judged_languages(asked.task.docs, parts, find_judged(parts, grades), judged)


def _open_runs(stack: ExitStack, tasks: Sequence[Task], folder: StrPath | None) -> dict[str, RunWriter]:
    """The run file of each task, open as long as the stack."""
    if folder is None:
        return {}
    return {task.name: stack.enter_context(run_writer(Path(folder) / run_name(task))) for task in tasks}
