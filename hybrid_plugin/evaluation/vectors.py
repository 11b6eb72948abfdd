"""Vectors to scores, and to run files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from datasets_ext import MULTI
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.scoring import parsed_measures, scores_of
from hybrid_plugin.measures.named import DEFAULT_MEASURES
from hybrid_plugin.measures.values import languages_needed
from hybrid_plugin.retrieval.exact import Pool, top
from hybrid_plugin.retrieval.positions import PositionCounter
from hybrid_plugin.retrieval.ranks import Ranks
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH, RunWriter, run_writer
from hybrid_plugin.tasks.benchmark import Pair
from hybrid_plugin.tasks.task import Task, run_name


def evaluate_vectors(
    task: Task,
    docs: Mapping[str, Vectors],
    queries: Mapping[str, Vectors],
    pairs: Sequence[Pair],
    *,
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int | None = None,
    run_folder: Path | None = None,
    runs_depth: int | None = DEFAULT_DEPTH,
    about: dict[str, Any] | None = None,
) -> Scores:
    """Score vectors in memory: one matrix product a query language serves all of its pairs.

    Parameters
    ----------
    docs, queries : unit vectors by language.
    measures : names as ir_measures has them.
    depth : score rankings of so many documents; None scores the full ranking.
    run_folder : where to write run files, if anywhere.
    runs_depth : documents a query in the run files; None writes all.
    about : the head of ``scores.json``.

    Raises
    ------
    UserError
        A measure is unknown, documents and queries are of different encoders, or a document id occurs twice.
    """
    parsed = parsed_measures(measures, task.benchmark, pairs)
    known = languages_needed(parsed, depth)
    pool = Pool.of_groups(docs)
    ranks: dict[Pair, Ranks] = {}
    for lang in dict.fromkeys(pair.queries for pair in pairs):
        own = {pair.docs: pair for pair in pairs if pair.queries == lang}
        relevant = task.relevant_of(Pair(MULTI, lang, "multi"))
        groups = [name for name in own if name != MULTI]
        counter = PositionCounter(pool, relevant, groups, MULTI in own, "" if known is None else lang, known or 0)
        with ExitStack() as stack:
            writers = _open_runs(stack, task, own.values(), run_folder)
            for rows, scores in pool.scores(queries[lang]):
                ids = [queries[lang].ids[row] for row in rows]
                counter.add(ids, scores)
                for pair, (writer, asked) in writers.items():
                    columns = pool.whole if pair.docs == MULTI else pool.members[pair.docs]
                    _write_runs(writer, pool, ids, scores, columns, asked, runs_depth)
        for name, pair in own.items():
            ranks[pair] = counter.ranks(None if name == MULTI else name)
    return scores_of({pair: ranks[pair].at_depth(depth) for pair in pairs}, parsed, about or {})


def _open_runs(
    stack: ExitStack, task: Task, pairs: Iterable[Pair], folder: Path | None
) -> dict[Pair, tuple[RunWriter, set[str]]]:
    """The run file of each pair, open as long as the stack, and the queries that it asks."""
    if folder is None:
        return {}
    return {
        pair: (stack.enter_context(run_writer(folder / run_name(pair))), set(task.relevant_of(pair))) for pair in pairs
    }


def _write_runs(
    writer: RunWriter,
    pool: Pool,
    ids: Sequence[str],
    scores: np.ndarray,
    columns: slice | np.ndarray,
    asked: set[str],
    depth: int | None,
) -> None:
    """Append the rankings, within some columns of the pool, of those of a block of queries that are asked."""
    chosen = [
        (query_id, row, top(row, columns, depth))
        for query_id, row in zip(ids, scores, strict=True)
        if query_id in asked
    ]
    if chosen:
        writer.add(
            [i for i, _, _ in chosen], [pool.ids[best] for _, _, best in chosen], [row[best] for _, row, best in chosen]
        )
