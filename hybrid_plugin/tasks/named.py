"""Names to benchmarks and ir_datasets entries."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Any

import ir_datasets

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import named, offers
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.own import read_benchmark
from hybrid_plugin.tasks.reading import reading


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
    """A benchmark, or some of its tasks, by what people write.

    Parameters
    ----------
    name : such as ``xquad-r``; with a task or the beginning of several after it, ``xquad-r/de/en`` or ``miracl/sw``,
        the benchmark with these alone; in either form also the path of a YAML file, see
        :func:`hybrid_plugin.tasks.read_benchmark`.

    Raises
    ------
    UserError
        No plugin offers it and there is no such file, or it has no such tasks; names what there is.
    """
    known = benchmarks()
    parts = name.rstrip("/").split("/")
    for length in range(len(parts), 0, -1):
        start, rest = "/".join(parts[:length]), "/".join(parts[length:])
        benchmark = known.get(start)
        if benchmark is None and start.endswith((".yaml", ".yml")):
            benchmark = read_benchmark(Path(start))
            _check_ids(start, benchmark)
        if benchmark is not None:
            return benchmark.only(tasks=[rest] if rest else ())
    raise UserError(f"unknown benchmark '{name}'; known: {', '.join(sorted(known))}, or a YAML file")


def _check_ids(path: str, benchmark: Benchmark) -> None:
    """Refuse what is not an ir_datasets id by its beginning: as a rule the name of a file that is not there."""
    known = {dataset_id.split("/")[0] for dataset_id in ir_datasets.registry}
    for task in benchmark.tasks:
        for dataset_id in sorted(task.dataset_ids):
            if dataset_id.split("/")[0] not in known:
                raise UserError(f"{path}: the task '{task.name}' names '{dataset_id}': no file and no ir_datasets id")


def is_dataset(name: str) -> bool:
    """Whether a name is an ir_datasets id."""
    register_datasets()
    try:
        with reading(name, KeyError):
            ir_datasets.load(name)
    except KeyError:
        return False
    return True


def load_dataset(dataset_id: str) -> Any:
    """An ir_datasets entry, ours or anyone's.

    Raises
    ------
    UserError
        No such id; names the nearest ones. Or what it needs cannot be downloaded.
    """
    register_datasets()
    try:
        with reading(dataset_id, KeyError):  # of some ids the registry fetches a list of files
            return ir_datasets.load(dataset_id)
    except KeyError:
        near = difflib.get_close_matches(dataset_id, list(ir_datasets.registry), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; see: hybrid-ir datasets list"
        raise UserError(f"unknown ir_datasets id '{dataset_id}'{hint}") from None
