"""Where the modules of version 0.1 went: imports by their old names work for one more version, with a warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]
_MOVED = {  # old module: the wings that have its public names now
    "benchmarks": ("tasks",),
    "bias": ("measures",),
    "bm25": ("evaluation",),
    "card": ("training",),
    "comparison": ("inference",),
    "encoder": ("encoding",),
    "export": ("tasks",),
    "hookspecs": ("hooks",),
    "mining": ("training.mining",),
    "pyserini": ("bridges",),
    "ranking": ("retrieval",),
    "runs": ("retrieval.runs",),
    "sampling": ("training.batches",),
    "search": ("retrieval", "encoding", "tasks"),
    "source_formats": ("training.sources",),
    "sources": ("training.sources",),
    "sweep": ("training",),
    "transforms": ("encoding.transforms", "encoding"),
    "validation": ("training",),
    "vectors": ("encoding", "evaluation", "tasks"),
}


class _OldNames(MetaPathFinder, Loader):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        package, _, name = fullname.rpartition(".")
        return ModuleSpec(fullname, self) if package == _PACKAGE and name in _MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        homes = [f"{_PACKAGE}.{home}" for home in _MOVED[module.__name__.rpartition(".")[2]]]
        what = f"{module.__name__} is {' and '.join(homes)} now; the old name goes with 0.3"
        warnings.warn(what, FutureWarning, stacklevel=2)

        def found(name: str) -> Any:
            for home in map(import_module, homes):
                if hasattr(home, name):
                    return getattr(home, name)
            raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")

        module.__getattr__ = found  # type: ignore[method-assign]


def keep_old_names() -> None:
    """Let the old names be imported."""
    sys.meta_path.append(_OldNames())
