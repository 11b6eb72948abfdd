"""Rankings of tasks and measures to scores: the one place where figures come about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from ir_measures import measures as irm

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.asked import Asked
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import DEFAULT_MEASURES, means_all, parse_measures
from hybrid_plugin.measures.values import evaluator, has_ranks, values_of
from hybrid_plugin.retrieval.rank import Wanted
from hybrid_plugin.retrieval.rankings import LanguageMap, Rankings, ranks_of_lists
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Task


def measures_of(benchmark: Benchmark, asked: EvaluationSettings | None = None) -> list[irm.Measure]:
    """The measures that are asked for and have a value in some task; the benchmark's official ones come first.

    Raises
    ------
    UserError
        A name is unknown, ir_measures cannot compute it, or none of the measures has a value for any of the tasks.
    """
    names = (asked and asked.measures) or benchmark.measures or DEFAULT_MEASURES
    official = [str(measure) for measure in parse_measures(benchmark.measures, benchmark.languages)]
    measures = parse_measures(names, benchmark.languages)
    if means_all(names):
        measures = parse_measures([*official, *map(str, measures)], benchmark.languages)
    measures.sort(key=lambda one: official.index(str(one)) if str(one) in official else len(official))
    if all(task.setting != "multi" for task in benchmark.tasks):
        left = [measure for measure in measures if not pool_only(measure)]
        if not left:
            raise UserError(f"{', '.join(map(str, measures))} compare languages on the pool: score the setting 'multi'")
        measures = left
    for measure in measures:
        if not has_ranks(measure):
            evaluator(measure, [])  # complain before the minutes that rankings may take
    return measures


def says(measure: irm.Measure, task: Task) -> bool:
    """Whether a measure has a value for a task."""
    return task.setting == "multi" or not pool_only(measure)


def wanted(measures: Sequence[irm.Measure], task: Task, depth: int | None, written: int | None = 0) -> Wanted:
    """What some measures want of the rankings of a task.

    Parameters
    ----------
    depth : score rankings of so many documents; None for whole ones.
    written : documents a query in run files; None for all, 0 where none are written.
    """
    own = [measure for measure in measures if says(measure, task)]
    listed = [measure for measure in own if not has_ranks(measure)]
    bias = [measure for measure in own if pool_only(measure)]
    languages = max([depth or 0, *(one.params.get("cutoff", 0) for one in bias)]) if bias else None
    if depth is not None:
        return Wanted(None if written is None else max(depth, written), False, languages)
    whole = any(has_ranks(one) and "cutoff" not in one.params for one in own)
    cutoffs = [one.params.get("cutoff") for one in own if one in listed or not whole]
    known = [length for length in (written, languages or 0, *cutoffs) if length is not None]
    return Wanted(max(known) if len(known) == len(cutoffs) + 2 else None, whole, languages)


class Scoring:
    """Collects the values of rankings, block by block, into scores."""

    def __init__(self, measures: Sequence[irm.Measure], depth: int | None = None):
        self._measures, self._depth = measures, depth
        self._frames: dict[str, list[pd.DataFrame]] = {}

    def add(self, asked: Asked, rankings: Rankings) -> None:
        """Score the rankings of some queries of a task."""
        task = asked.task
        cut = rankings if self._depth is None else rankings.at_depth(self._depth)
        own = [measure for measure in self._measures if says(measure, task)]
        values = values_of(own, cut, asked.judgements)
        shared = asked.shared(cut.query_ids)
        to_its_end = self._depth is not None or any("cutoff" not in one.params for one in own)
        columns: dict[str, Any] = {
            "task": task.name,
            "docs": task.docs_lang,
            "queries": task.queries_lang,
            "setting": task.setting,
            "query_id": cut.query_ids,
            "question": [one.question for one in shared],
            "cluster": [one.cluster for one in shared],
            "retrieved": cut.ranks.retrieved,
            "missed": np.isinf(cut.ranks.at_least(1).positions).sum(1, float) if to_its_end else np.nan,
        }
        columns |= {str(measure): values.get(measure, np.nan) for measure in self._measures}
        self._frames.setdefault(task.name, []).append(pd.DataFrame(columns))

    def scores(self, tasks: Iterable[Task], about: dict[str, Any]) -> Scores:
        """The scores of some tasks, in their order.

        Parameters
        ----------
        about : the head of ``scores.json``.
        """
        frames = [frame for task in tasks for frame in self._frames.get(task.name, [])]
        return Scores(pd.concat(frames, ignore_index=True), tuple(map(str, self._measures)), about)


def nothing_found(asked: Asked, doc_langs: Mapping[str, str]) -> Rankings:
    """The rankings of the queries that are judged and not asked.

    Parameters
    ----------
    doc_langs : of the judged documents.
    """
    lang, lists = asked.task.queries.lang, [np.empty(0, object) for _ in asked.missing]
    known = LanguageMap(doc_langs, dict.fromkeys(asked.missing, lang) if lang else {}, 0)
    ranks = ranks_of_lists(asked.missing, lists, asked.judgements.by_query, [0] * len(lists), known)
    return Rankings(tuple(asked.missing), lists, [np.empty(0, np.float32) for _ in lists], ranks)
