"""The benchmarks that are there without a plugin."""

from __future__ import annotations

import ir_datasets

import datasets_ext
from datasets_ext import MULTI
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.tasks.benchmark import Benchmark


@hookimpl
def hybrid_ir_register_datasets() -> None:
    datasets_ext.register()


@hookimpl
def hybrid_ir_benchmarks() -> list[Benchmark]:
    """Every registered collection with the ids ``NAME``, ``NAME/multi`` and ``NAME/LANG/LANG``."""
    ids = [dataset_id.split("/") for dataset_id in ir_datasets.registry]
    languages: dict[str, list[str]] = {}
    for name, *rest in ids:
        if len(rest) == 2 and rest[0] == rest[1]:
            languages.setdefault(name, []).append(rest[0])
    pooled = {name for name, *rest in ids if rest == [MULTI]}
    return [Benchmark(name, tuple(sorted(languages[name]))) for name in sorted(pooled & languages.keys())]
