"""NanoBEIR: thirteen collections of BEIR with 50 queries and a few thousand documents each."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.benchmarks import beir
from hybrid_plugin.tasks.task import Qrels, Task, View

PARTS = tuple(name for name in beir.DATASETS if name not in ("trec-covid", "cqadupstack"))

BENCHMARK = Benchmark(
    name="nano-beir",
    # Documents with the id of the query stay, as they do where NanoBEIR's figures come from.
    tasks=tuple(
        Task(
            name,
            (View(f"nano-beir/{name}", "en"),),
            View(f"nano-beir/{name}", "en"),
            (Qrels(f"nano-beir/{name}"),),
            collection=name,
        )
        for name in PARTS
    ),
    measures=("nDCG@10",),
    description="NanoBEIR: BEIR in 13 collections of 50 queries, to try things out in minutes",
    licence="CC BY 4.0 (texts: licences of each collection)",
    files=tuple(f"nano-beir/{name}/{part}.parquet" for name in PARTS for part in ("corpus", "queries", "qrels")),
    groups={name: beir.GROUPS[name] for name in ("reasoning", "fact-checking", "question-answering", "arguments")},
)
