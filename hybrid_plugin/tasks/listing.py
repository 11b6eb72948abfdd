"""What there is to evaluate on: every benchmark in a row, known without reading or downloading any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_datasets

from hybrid_plugin.brief import brief
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import all_benchmarks, load_dataset


@dataclass(frozen=True)
class Listed:
    """A benchmark in a list.

    Parameters
    ----------
    documents : of all its views of documents, each dataset once; None where nobody knows without reading them.
    here : whether its data can be read without a download: ``here``, ``partly`` or ``no``; empty where nobody knows.
    """

    benchmark: Benchmark
    documents: int | None
    here: str

    def as_json(self) -> dict[str, Any]:
        """What is known of it, under the heads of the list, with its official measures."""
        return {
            "benchmark": self.benchmark.name,
            "languages": list(self.benchmark.languages),
            "settings": list(self.benchmark.settings),
            "licence": self.benchmark.licence,
            "data": self.here,
            "tasks": len(self.benchmark.tasks),
            "groups": [*self.benchmark.groups],
            "language_groups": [*self.benchmark.language_groups],
            "documents": self.documents,
            "measures": list(self.benchmark.measures),
        }

    __repr__ = brief


def benchmark_table() -> list[Listed]:
    """All benchmarks, by name. Reads no collection and downloads nothing."""
    return [listed(benchmark) for _, benchmark in sorted(all_benchmarks().items())]


def listed(benchmark: Benchmark) -> Listed:
    """A benchmark as it stands in a list."""
    return Listed(benchmark, _documents(benchmark), _here(benchmark))


def _documents(benchmark: Benchmark) -> int | None:
    total = 0
    for dataset in _documents_of(benchmark):
        count = None if dataset is None or _needs_counting(dataset) else dataset.docs_metadata().get("count")
        if count is None:
            return None
        total += count
    return total


def _needs_counting(dataset: Any) -> bool:
    if not hasattr(dataset, "docs_metadata"):
        return True
    return hasattr(dataset, "docs_need_counting") and dataset.docs_need_counting()


def _here(benchmark: Benchmark) -> str:
    if benchmark.files:
        home = Path(ir_datasets.util.home_path())
        found = [any(True for _ in home.glob(pattern)) for pattern in benchmark.files]
    else:
        datasets = _documents_of(benchmark)
        found = [dataset.docs_at_hand() for dataset in datasets if hasattr(dataset, "docs_at_hand")]
        if len(found) < len(datasets):
            return ""
    return "here" if all(found) else "partly" if any(found) else "no"


def _documents_of(benchmark: Benchmark) -> list[Any]:
    """The entries of its documents, each once; None for one that ir_datasets makes when it is asked for, as those of
    clirmatrix, for which it downloads a list of their files."""
    known = set(ir_datasets.registry)
    ids = sorted({view.dataset_id for view in benchmark.doc_views})
    return [load_dataset(dataset_id) if dataset_id in known else None for dataset_id in ids]
