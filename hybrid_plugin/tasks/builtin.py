"""The benchmarks that are there without a plugin."""

from __future__ import annotations

import datasets_ext
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.benchmarks import clirmatrix, miracl, mmarco, neuclir
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmarks


@hookimpl
def hybrid_ir_register_datasets() -> None:
    datasets_ext.register()


@hookimpl
def hybrid_ir_benchmarks() -> list[Benchmark]:
    published = [collection.BENCHMARK for collection in (clirmatrix, miracl, mmarco, neuclir)]
    return [*parallel_benchmarks(), *published]
