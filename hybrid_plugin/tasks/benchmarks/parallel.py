"""Every registered parallel collection: xquad-r, mlqa-r, hybrid-demo, and those of ``hybrid-ir datasets add``."""

from __future__ import annotations

from datasets_ext.parallel import registered_collections
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import parallel


def parallel_benchmarks() -> list[Benchmark]:
    """The benchmarks of all collections that ``datasets_ext`` has registered."""
    return [
        Benchmark(collection.name, parallel(collection.name, collection.languages), licence=collection.licence)
        for collection in registered_collections()
    ]
