"""A data set of the Hugging Face hub as a benchmark, by the columns that a YAML file names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets_ext import hub
from datasets_ext.errors import CollectionError
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark


def hub_benchmark(path: Path, content: dict[str, Any]) -> Benchmark:
    """The benchmark of a YAML file with ``name``, ``dataset`` (``hf:OWNER/NAME``, or ``hf:FOLDER``, relative to the
    file) and the fields of :class:`datasets_ext.hub.HubCollection`; with ``name`` and ``dataset`` alone it is read in
    the form of MTEB's.

    Raises
    ------
    UserError
        Something is missing, unknown or of the wrong type, or the name is taken; names file and key.
    """
    rest = {**content}
    name, dataset = (rest.pop(key, None) for key in ("name", "dataset"))
    if not isinstance(name, str):
        raise UserError(f"{path} needs the key 'name' with a text")
    if not isinstance(dataset, str) or not dataset.startswith(hub.PREFIX):
        raise UserError(f"{path}: 'dataset' is not of the form {hub.PREFIX}OWNER/NAME")
    where = dataset.removeprefix(hub.PREFIX)
    if (path.parent / where).is_dir():
        where = str((path.parent / where).resolve())
    try:
        about = hub.read(where, rest) if {*rest} - {"revision"} else hub.guess(where, rest.get("revision"))
        collection = hub.register_own(name, about)
    except CollectionError as error:
        raise UserError(f"{path}: {error}") from error
    return replace(parallel_benchmark(collection), file=str(path.absolute()))
