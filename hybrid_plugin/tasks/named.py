"""Names to benchmarks and ir_datasets entries."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

import ir_datasets

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import named, offers, pick
from hybrid_plugin.tasks.benchmark import Benchmark, Pair


@cache
def register_datasets() -> None:
    """Make the collections of all plugins known to ir_datasets, once."""
    for _ in offers("hybrid_ir_register_datasets"):
        pass


def benchmarks() -> dict[str, Benchmark]:
    """All benchmarks, by name."""
    register_datasets()
    return named("hybrid_ir_benchmarks")


def load_benchmark(name: str) -> Benchmark:
    """The benchmark of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    register_datasets()
    benchmark: Benchmark = pick("hybrid_ir_benchmarks", name, "benchmark")
    return benchmark


def load_pair(dataset_id: str) -> tuple[Benchmark, Pair | None]:
    """A benchmark by its name, or a benchmark and one of its pairs by an id such as ``xquad-r/de/en``.

    Raises
    ------
    UserError
        No plugin offers the benchmark, or it has no such pair.
    """
    name, *pair = dataset_id.rsplit("/", 2)
    if len(pair) < 2 or dataset_id in benchmarks():
        return load_benchmark(dataset_id), None
    benchmark = load_benchmark(name)
    return benchmark, benchmark.pair(*pair)


def load_dataset(dataset_id: str) -> Any:
    """An ir_datasets entry, ours or anyone's.

    Raises
    ------
    UserError
        No such id; names the nearest ones.
    """
    register_datasets()
    try:
        return ir_datasets.load(dataset_id)
    except KeyError:
        near = difflib.get_close_matches(dataset_id, list(ir_datasets.registry), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; see: hybrid-ir datasets list"
        raise UserError(f"unknown ir_datasets id '{dataset_id}'{hint}") from None
