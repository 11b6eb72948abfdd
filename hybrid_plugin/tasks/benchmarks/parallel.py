"""Every registered parallel collection: those published, hybrid-demo, and those of ``hybrid-ir datasets add``."""

from __future__ import annotations

from datasets_ext.parallel import ParallelCollection, registered_collections
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import parallel
from hybrid_plugin.tasks.task import Task


def parallel_benchmarks() -> list[Benchmark]:
    """The benchmarks of all collections that ``datasets_ext`` has registered."""
    return [
        Benchmark(one.name, _tasks(one), tuple(one.measures), description=one.description, licence=one.licence)
        for one in registered_collections()
    ]


def _tasks(collection: ParallelCollection) -> tuple[Task, ...]:
    """The tasks of a collection; without those that are known to have no queries."""
    empty = {f"{docs}/{queries}" for docs, queries in collection.empty}
    tasks = parallel(
        collection.name,
        collection.languages,
        collection.asked_in,
        through=collection.through,
        answers_itself=collection.answers_itself,
    )
    return tuple(task for task in tasks if task.name not in empty)
