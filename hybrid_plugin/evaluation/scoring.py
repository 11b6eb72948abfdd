"""Rankings of tasks and measures to scores: the one place where figures come about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from ir_measures import measures as irm

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.across import AcrossLanguages
from hybrid_plugin.evaluation.asked import Asked
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.measures.base import across_languages, pool_only
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
    measures = _with_values(measures, benchmark)
    for measure in measures:
        if not has_ranks(measure):
            evaluator(measure, [])  # complain before the minutes that rankings may take
    return measures


def _with_values(measures: list[irm.Measure], benchmark: Benchmark) -> list[irm.Measure]:
    """The measures that have a value in some task."""
    asked = Counter((task.setting, task.docs) for task in benchmark.tasks)
    several = [task for task in benchmark.tasks if asked[task.setting, task.docs] > 1 or task.queries.lang is None]
    left = [
        measure
        for measure in measures
        if any(says(measure, task) for task in (several if across_languages(measure) else benchmark.tasks))
    ]
    if not left:
        names = ", ".join(map(str, measures))
        if all(map(across_languages, measures)):
            raise UserError(
                f"{names} compare what a question finds in several languages: score some that ask the same documents, "
                "in the settings 'cross' or 'multi'"
            )
        raise UserError(f"{names} compare languages on the pool: score the setting 'multi'")
    return left


def says(measure: irm.Measure, task: Task) -> bool:
    """Whether a measure may have a value for a task."""
    if across_languages(measure):  # within a language nobody else asks
        return task.setting != "mono"
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
        self._across = AcrossLanguages([measure for measure in measures if across_languages(measure)])
        self._frames: dict[str, list[pd.DataFrame]] = {}

    def add(self, asked: Asked, rankings: Rankings, size: int | None = None) -> None:
        """Score the rankings of some queries of a task.

        Parameters
        ----------
        size : the documents that the task ranks, if known: no ranking reaches further down.
        """
        task = asked.task
        cut = rankings if self._depth is None else rankings.at_depth(min(self._depth, size or self._depth))
        own = [measure for measure in self._measures if says(measure, task)]
        values = values_of([one for one in own if not across_languages(one)], cut, asked.judgements)
        shared = asked.shared(cut.query_ids)
        relevant = cut.ranks.at_least(1).positions
        to_its_end = self._depth is not None or any("cutoff" not in one.params for one in own)
        columns: dict[str, Any] = {
            "task": task.name,
            "docs": task.docs_lang,
            "queries": task.queries_lang,
            "setting": task.setting,
            "query_id": cut.query_ids,
            "question": [one.question for one in shared],
            "cluster": [one.cluster for one in shared],
            "article": [one.article for one in shared],
            "retrieved": cut.ranks.retrieved,
            "found": np.isfinite(relevant).sum(1, float) if to_its_end else np.nan,
            "missed": np.isinf(relevant).sum(1, float) if to_its_end else np.nan,
        }
        columns |= {str(measure): values.get(measure, np.nan) for measure in self._measures}
        frame = pd.DataFrame(columns)
        self._frames.setdefault(task.name, []).append(frame)
        if any(map(across_languages, own)):
            self._across.add(task, cut.doc_ids, [one.lang for one in shared], frame)

    def scores(self, tasks: Iterable[Task], about: dict[str, Any]) -> Scores:
        """The scores of some tasks, in their order.

        Parameters
        ----------
        about : the head of ``scores.json``.
        """
        between = self._across.fill()
        frames = [frame for task in tasks for frame in self._frames.get(task.name, [])]
        return Scores(pd.concat(frames, ignore_index=True), tuple(map(str, self._measures)), about, between)


def nothing_found(asked: Asked, doc_langs: Mapping[str, str], depth: int) -> Rankings:
    """The rankings of the queries that are judged and not asked.

    Parameters
    ----------
    doc_langs : of the judged documents.
    depth : how far down the rankings of the others reach.
    """
    lang, lists = asked.task.queries.lang, [np.empty(0, object) for _ in asked.missing]
    known = LanguageMap(doc_langs, dict.fromkeys(asked.missing, lang) if lang else {}, 0)
    ranks = ranks_of_lists(asked.missing, lists, asked.judgements.by_query, [0] * len(lists), known, depth)
    return Rankings(tuple(asked.missing), lists, [np.empty(0, np.float32) for _ in lists], ranks)
