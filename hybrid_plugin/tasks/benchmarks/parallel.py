"""Every registered parallel collection: those published, hybrid-demo, and those of ``hybrid-ir datasets add``."""

from __future__ import annotations

from functools import lru_cache

from datasets_ext.parallel import ParallelCollection, registered_collections
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import apart, parallel
from hybrid_plugin.tasks.task import Task


def parallel_benchmarks() -> list[Benchmark]:
    """The benchmarks of all collections that ``datasets_ext`` has registered."""
    return [parallel_benchmark(one) for one in registered_collections()]


@lru_cache(maxsize=100)  # there are collections of hundreds of languages
def parallel_benchmark(collection: ParallelCollection) -> Benchmark:
    """The benchmark of a collection, of the tasks that its languages make."""
    return Benchmark(
        collection.name,
        _tasks(collection),
        tuple(collection.measures),
        description=collection.description,
        licence=collection.licence,
        language_groups={name: tuple(members) for name, members in collection.language_groups.items()},
    )


def _tasks(collection: ParallelCollection) -> tuple[Task, ...]:
    """The tasks of a collection; without those that it says make none."""
    if collection.apart:
        return apart(collection.name, {lang: collection.asked_of(lang) for lang in collection.languages})
    empty = {f"{docs}/{queries}" for docs, queries in collection.empty}
    tasks = parallel(
        collection.name,
        collection.languages,
        collection.asked_in,
        through=collection.through,
        answers_itself=collection.answers_itself,
    )
    return tuple(task for task in tasks if task.name not in empty)
