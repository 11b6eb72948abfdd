"""The judgements of a task, with their grades, as ir_measures reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.reading import read_records
from hybrid_plugin.tasks.task import Task


@dataclass(frozen=True)
class Judgements:
    """The qrels of a task.

    Parameters
    ----------
    records : ir_datasets' (or ir_measures') qrels, in the order of the files and with whatever they repeat.
    dropped : query id -> the documents that are taken out of its ranking, of the queries that have any.
    """

    records: Sequence[Any]
    dropped: Mapping[str, Collection[str]] = field(default_factory=dict)

    __repr__ = brief

    @classmethod
    def load(cls, task: Task) -> Judgements:
        """Read the judgements of a task.

        Raises
        ------
        UserError
            An id is unknown, or nothing is judged.
        """
        records: list[Any] = []
        for part in task.qrels:
            dataset = load_dataset(part.dataset_id)
            if not dataset.has("qrels"):
                raise UserError(f"'{part.dataset_id}' has no qrels, which the task '{task.name}' needs")
            # Of bright's long documents ir_datasets 0.6.3 itself gives the judgements of the short ones, since its
            # queries answer for them; whoever handles the judgements has the right ones.
            handler = dataset.qrels_handler() if hasattr(dataset, "qrels_handler") else dataset
            for record in read_records(part.dataset_id, handler.qrels_iter):
                records.append(record._replace(doc_id=part.prefix + record.doc_id) if part.prefix else record)
        if not records:
            raise UserError(
                f"the task '{task.name}' has no judgements in {', '.join(one.dataset_id for one in task.qrels)}"
            )
        kept = [one for one in records if one.relevance >= 0] if task.dropped == "negative" else records
        return cls(kept, _dropped(task, records))

    @cached_property
    def by_query(self) -> dict[str, dict[str, int]]:
        """Query id -> document id -> grade; of a repeated line the last counts, as in ir_measures."""
        found: dict[str, dict[str, int]] = {}
        for record in self.records:
            found.setdefault(record.query_id, {})[record.doc_id] = record.relevance
        return found

    @cached_property
    def _records_of(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for record in self.records:
            found.setdefault(record.query_id, []).append(record)
        return found

    def of(self, query_ids: Iterable[str]) -> list[Any]:
        """The records of some queries, as they were read."""
        return [record for query_id in query_ids for record in self._records_of.get(query_id, ())]

    def relevant(self, query_id: str) -> list[str]:
        """The documents that answer a query: those of grade 1 and above."""
        return [doc_id for doc_id, grade in self.by_query.get(query_id, {}).items() if grade > 0]


def _dropped(task: Task, records: Sequence[Any]) -> dict[str, Collection[str]]:
    found: dict[str, set[str]] = {}
    if task.dropped == "negative":
        for record in records:
            if record.relevance < 0:
                found.setdefault(record.query_id, set()).add(record.doc_id)
    elif task.dropped == "same-id":
        for query_id in {record.query_id for record in records}:
            original = query_id.removeprefix(task.queries.prefix)
            found[query_id] = {view.prefix + original for view in task.docs}
    return {**found}
