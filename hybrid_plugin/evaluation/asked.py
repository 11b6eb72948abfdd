"""What a task asks, read once: its judgements, and what its queries share with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ir_measures import measures as irm

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checked import check_judgements
from hybrid_plugin.tasks.checksum import collection_checksum
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.task import Task as Task  # once to be had from this wing
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import alone, queries


class Shared(NamedTuple):
    """What a query is besides its text."""

    lang: str | None
    question: str
    cluster: str
    article: str


@dataclass(frozen=True)
class Asked:
    """A task with its judgements.

    Parameters
    ----------
    queries : all that its view has, by id; the judged ones are scored.
    """

    task: Task
    judgements: Judgements
    queries: dict[str, Shared]

    __repr__ = brief

    @classmethod
    def load(cls, task: Task, like: Asked | None = None) -> Asked:
        """Read a task's judgements and queries, and no document.

        Parameters
        ----------
        like : a task that was read already; its queries are not read again if they are the same.

        Raises
        ------
        UserError
            A query id occurs twice, or an id of the task is unknown.
        """
        if like is not None and _asks(like.task) == _asks(task):
            return cls._checked(task, like.queries)
        found: dict[str, Shared] = {}
        for query in queries(task):
            if query.id in found:
                raise UserError(f"the query id '{query.id}' occurs twice in '{task.queries.dataset_id}'")
            found[query.id] = Shared(query.lang, query.question, query.cluster, query.article)
        return cls._checked(task, found)

    @classmethod
    def _checked(cls, task: Task, found: dict[str, Shared]) -> Asked:
        judgements = Judgements.load(task)
        check_judgements(task, judgements, found)
        return cls(task, judgements, found)

    @cached_property
    def missing(self) -> list[str]:
        """The judged queries that nobody asks; as for ir_measures, they have found nothing."""
        return [query_id for query_id in self.judgements.by_query if query_id not in self.queries]

    def shared(self, query_ids: Sequence[str]) -> list[Shared]:
        """Of some queries; of one that nobody asks, what is known of it."""
        lang = self.task.queries.lang
        place = self.task.collection or lang
        return [self.queries.get(one) or Shared(lang, *[alone(place, one)] * 3) for one in query_ids]


def named(benchmark: Benchmark) -> dict[str, Any]:
    """How ``scores.json`` names a benchmark: by its name, and by its file where that is how it can be read again.

    With its groups, under ``members``: who they are.
    """
    file = {"benchmark_file": benchmark.file} if benchmark.file else {}
    members = {"members": benchmark.whole_groups} if benchmark.whole_groups else {}
    return {"benchmark": benchmark.name, **file, **members}


def request_of(
    benchmark: Benchmark, measures: Sequence[irm.Measure], *, docs: bool = True, **others: Any
) -> dict[str, Any]:
    """All that decides the scores of a benchmark's tasks, as JSON.

    Parameters
    ----------
    docs : whether documents matter.
    others : what is scored, and how far down.
    """
    return {
        "benchmark": benchmark.name,
        "scope": benchmark.scope,
        "measures": sorted(map(str, measures)),
        **others,
        "collection": collection_checksum(benchmark, docs=docs),
    }


def _asks(task: Task) -> tuple[View, str | None, str | None, str | None, str | None]:
    return task.queries, task.question, task.cluster, task.article, task.collection


def chosen(benchmark: Benchmark, asked: EvaluationSettings) -> Benchmark:
    """The part of a benchmark that is asked for.

    Raises
    ------
    UserError
        A setting, language or task is unknown.
    """
    return benchmark.only(settings=asked.settings, languages=asked.languages, tasks=asked.tasks)
