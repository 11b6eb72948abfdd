"""What to say of an id in a run that its task does not have: where it is, if anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import ir_datasets

from datasets_ext import CollectionError
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.runs.reader import line_of
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checksum import is_small
from hybrid_plugin.tasks.ids import query_ids
from hybrid_plugin.tasks.named import all_benchmarks
from hybrid_plugin.tasks.task import Task, View
from hybrid_plugin.tasks.texts import document_ids


def strange_document(
    path: Path, doc_id: str, task: Task, benchmark: Benchmark, doc_ids: Callable[[View], Collection[str] | None]
) -> UserError:
    """The error that a document of a run is none of its task's."""
    places = [view.dataset_id for view in benchmark.whole.doc_views if doc_id in (doc_ids(view) or ())]
    places = places or [*_elsewhere(doc_id, "docs", benchmark)]
    said = f"it is in {' and '.join(places)}" if places else f"where they are called such as '{_first(task, doc_ids)}'"
    return UserError(
        f"{_line(path, 2, doc_id)}: '{doc_id}' is not among the documents of {benchmark.address(task)}, {said}"
    )


def strange_query(path: Path, query_id: str, task: Task, benchmark: Benchmark) -> UserError:
    """The error that a query of a run is none of its task's."""
    where, whose = _line(path, 0, query_id), benchmark.address(task)
    place = place_of_query(query_id, benchmark)
    if place:
        return UserError(f"{where}: '{query_id}' is a query of {place}, not of {whose}")
    example = next(iter(sorted(query_ids(task.queries))), "")
    return UserError(
        f"{where}: '{query_id}' is not among the queries of {whose}, where they are called such as '{example}'"
    )


def place_of_query(query_id: str, benchmark: Benchmark) -> str:
    """The ir_datasets id that has a query, of a benchmark or else of another one whose data is here; empty if none."""
    here = (view.dataset_id for view in benchmark.whole.query_views if query_id in query_ids(view))
    return next(chain(here, _elsewhere(query_id, "queries", benchmark)), "")


def _elsewhere(text_id: str, side: str, benchmark: Benchmark) -> Iterator[str]:
    """The ir_datasets ids of all other benchmarks that have a text, as far as they are at hand and small."""
    known = set(ir_datasets.registry)  # asked for any other id, it downloads a list of files
    others = (other for name, other in sorted(all_benchmarks().items()) if name != benchmark.name)
    views_of, ids_of = {"docs": ("doc_views", document_ids), "queries": ("query_views", query_ids)}[side]
    for view in (view for other in others for view in getattr(other, views_of)):
        with suppress(UserError, CollectionError):  # what is damaged does not have it
            if view.dataset_id in known and is_small(view.dataset_id, "docs") and text_id in ids_of(view):
                yield view.dataset_id


def _first(task: Task, doc_ids: Callable[[View], Collection[str] | None]) -> str:
    return next((doc_id for view in task.docs for doc_id in doc_ids(view) or ()), "")


def _line(path: Path, column: int, text_id: str) -> str:
    return f"{path} line {line_of(path, column, text_id)}"
