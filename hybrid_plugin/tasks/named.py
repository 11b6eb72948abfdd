"""Names to benchmarks and ir_datasets entries."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import ir_datasets

import datasets_ext
from hybrid_plugin.errors import UserError, did_you_mean, unknown
from hybrid_plugin.files import StrPath
from hybrid_plugin.plugins import named, offers
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.own import read_benchmark
from hybrid_plugin.tasks.reading import reading
from hybrid_plugin.tasks.suite import Suite, read_suite

_LISTED = 20  # ids in a message


@cache
def register_datasets() -> None:
    """Make the collections of all plugins known to ir_datasets, once."""
    for _ in offers("hybrid_ir_register_datasets"):
        pass


def id_of(name: str) -> str:
    """An ir_datasets id by what people write: ``mlqa-r:validation`` is ``mlqa-r-validation``; anything else is itself.

    The collections of all plugins are known from here on, and a data set of the Hugging Face hub that is named.
    """
    register_datasets()
    if datasets_ext.is_hub(name):
        with reading(name):
            datasets_ext.register_hub(name)
    collection, _, part = name.partition(":")
    joined = f"{collection}-{part}"
    return joined if part and joined.split("/")[0] in ir_datasets.registry else name


def all_benchmarks() -> dict[str, Benchmark]:
    """All benchmarks, by name."""
    register_datasets()
    return named("hybrid_ir_benchmarks")


def load_benchmark(name: StrPath) -> Benchmark:
    """A benchmark, or some of its tasks, by what people write.

    Parameters
    ----------
    name : such as ``xquad-r``; with a task or the beginning of several after it, ``xquad-r/de/en`` or ``miracl/sw``,
        the benchmark with these alone; in either form also the path of a YAML file, see
        :func:`hybrid_plugin.tasks.read_benchmark`. ``mlqa-r:validation`` is ``mlqa-r-validation``.

    Raises
    ------
    UserError
        No plugin offers it and there is no such file, or it has no such tasks; names what there is.
    """
    name = id_of(os.fspath(name))
    known = all_benchmarks()
    parts = name.rstrip("/").split("/")
    for length in range(len(parts), 0, -1):
        start, rest = "/".join(parts[:length]), "/".join(parts[length:])
        benchmark = known.get(start)
        if benchmark is None and start.endswith((".yaml", ".yml")):
            benchmark = read_benchmark(Path(start))
            _check_ids(start, benchmark)
        if benchmark is not None:
            return benchmark.only(tasks=[rest] if rest else ())
    near = did_you_mean(name, (benchmark.address(task) for benchmark in known.values() for task in benchmark.tasks))
    raise UserError(f"unknown benchmark '{name}'; known: {', '.join(sorted(known))}, or a YAML file{near}")


def all_suites() -> dict[str, Suite]:
    """All suites, by name."""
    return named("hybrid_ir_suites")


def load_suite(name: StrPath) -> Suite:
    """A suite by its name, or from a YAML file, see :func:`hybrid_plugin.tasks.read_suite`.

    Raises
    ------
    UserError
        No plugin offers it and there is no such file; names what there is.
    """
    name, known = os.fspath(name), all_suites()
    if name in known:
        return known[name]
    if name.endswith((".yaml", ".yml")):
        return read_suite(name)
    raise unknown("suite", name, [*sorted(known), "or a YAML file"])


def _check_ids(path: str, benchmark: Benchmark) -> None:
    """Refuse what is not an ir_datasets id by its beginning: as a rule the name of a file that is not there."""
    known = {dataset_id.split("/")[0] for dataset_id in ir_datasets.registry}
    for task in benchmark.tasks:
        for dataset_id in sorted(task.dataset_ids):
            if dataset_id.split("/")[0] not in known:
                raise UserError(f"{path}: the task '{task.name}' names '{dataset_id}': no file and no ir_datasets id")


def is_dataset(name: str) -> bool:
    """Whether a name is an ir_datasets id."""
    name = id_of(name)
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
        No such id; says what there is. Or what it needs cannot be downloaded.
    """
    dataset_id = id_of(dataset_id)
    try:
        with reading(dataset_id, KeyError):  # of some ids the registry fetches a list of files
            return ir_datasets.load(dataset_id)
    except KeyError:
        hint = f"{ids_under(dataset_id)}{did_you_mean(dataset_id, ir_datasets.registry)}"
        raise UserError(f"unknown ir_datasets id '{dataset_id}'{hint or '; see: hybrid-ir datasets list'}") from None


def ids_under(dataset_id: str) -> str:
    """What ir_datasets has under the longest known beginning of an id, as the end of a sentence; "" if it has none."""
    parts = dataset_id.split("/")
    for length in range(len(parts), 0, -1):
        start = "/".join(parts[:length])
        found = {one.split("/")[length] for one in ir_datasets.registry if one.startswith(f"{start}/")}
        if found:
            listed = sorted(found)
            more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
            return f"; under {start} ir_datasets has {', '.join(listed[:_LISTED])}{more}"
    return ""
