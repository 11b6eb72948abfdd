"""BRIGHT: questions whose documents are found by reasoning, not by words or topic (Su et al., ICLR 2025)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View

STACKEXCHANGE = (
    *("biology", "earth-science", "economics", "psychology", "robotics", "stackoverflow", "sustainable-living"),
)
CODING = ("leetcode", "pony")
THEOREMS = ("aops", "theoremqa-questions", "theoremqa-theorems")
PARTS = (*STACKEXCHANGE, *CODING, *THEOREMS)
LONG = (*STACKEXCHANGE, "pony")
# Part -> whose documents it has: two have the same ones.
DOCS = {name: "aops" if name == "theoremqa-questions" else name for name in PARTS}
REWRITTEN = ("Gemini-1.0", "claude-3-opus", "gpt4", "grit", "llama3-70b")  # ir_datasets reads them with the queries


def part_task(name: str, docs: str, judged: str) -> Task:
    """A part of it. The documents that BRIGHT excludes for a query, such as its own page, are judged -100."""
    return Task(
        name,
        (View(f"bright/{docs}", "en"),),
        View(f"bright/{judged}", "en", field="text"),
        (Qrels(f"bright/{judged}"),),
        collection=name,
        dropped="negative",
    )


def query_files(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The files of the queries and judgements of some parts."""
    kinds = ("queries", *(f"{model}_reason.queries" for model in REWRITTEN))
    return tuple(f"bright/{name}.{kind}.parquet" for name in parts for kind in kinds)


BENCHMARK = Benchmark(
    name="bright",
    tasks=tuple(part_task(name, docs, name) for name, docs in DOCS.items()),
    measures=("nDCG@10",),
    description="BRIGHT: questions of StackExchange, coding and theorems whose documents take reasoning to find",
    licence="CC BY 4.0",
    # Some names have something else for the hyphen.
    files=(
        *(f"bright/{name.replace('earth-', 'earth?')}.docs.parquet" for name in dict.fromkeys(DOCS.values())),
        *query_files(PARTS),
    ),
    groups={"stackexchange": STACKEXCHANGE, "coding": CODING, "theorems": THEOREMS},
)
LONG_DOCUMENTS = Benchmark(
    name="bright-long",
    tasks=tuple(part_task(name, f"{name}-long", f"{name}-long") for name in LONG),
    measures=("R@1",),
    description="BRIGHT, with whole pages as the documents",
    licence="CC BY 4.0",
    files=(*(f"bright/{name.replace('-', '?')}.long-docs.parquet" for name in LONG), *query_files(LONG)),
)
BENCHMARKS = (BENCHMARK, LONG_DOCUMENTS)
