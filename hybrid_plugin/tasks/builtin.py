"""The benchmarks that are there without a plugin."""

from __future__ import annotations

import datasets_ext
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.benchmarks import (
    beir,
    bright,
    clirmatrix,
    hc4,
    miracl,
    mmarco,
    mr_tydi,
    nano_beir,
    neuclir,
    wikiclir,
)
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmarks
from hybrid_plugin.tasks.suite import Suite
from hybrid_plugin.tasks.suites import SUITES


@hookimpl
def hybrid_ir_register_datasets() -> None:
    datasets_ext.register()


@hookimpl
def hybrid_ir_benchmarks() -> list[Benchmark]:
    multilingual = (clirmatrix, hc4, miracl, mmarco, mr_tydi, neuclir, wikiclir)
    published = [collection.BENCHMARK for collection in (*multilingual, beir, nano_beir)]
    return [*parallel_benchmarks(), *published, *bright.BENCHMARKS]


@hookimpl
def hybrid_ir_suites() -> tuple[Suite, ...]:
    return SUITES
