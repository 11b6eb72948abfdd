"""MIRACL and mMARCO on paper: how long encoding and exact search take by rates that are given, and the room on disk.

    python tests/benchmarks/on_paper.py --cpu-texts 65 --cpu-scores 4.1e7 --gpu-texts 2000 --gpu-scores 5e9

Passages and queries are counted as ir_datasets counts them; nothing is downloaded. A text is a passage, a score that of
one query and one passage, of which each pair is computed once whatever the number of tasks that it is in. Work is taken
to be shared out without loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import ir_datasets

from hybrid_plugin.tasks import Benchmark, View, load_benchmark

DIMENSION = 384
MACHINES = {"this CPU": 0, "one GPU": 1, "eight GPUs": 8, "ten machines of eight": 80}  # GPUs


def count(view: View, entity: str) -> int:
    return int(ir_datasets.load(view.dataset_id).metadata()[entity]["count"])


def work(benchmark: Benchmark) -> tuple[int, int, int]:
    """Passages, queries, and pairs of them to score."""
    docs = {view.plain: count(view, "docs") for view in benchmark.doc_views}
    queries = {view.plain: count(view, "queries") for view in benchmark.query_views}
    pairs = {(task.queries.plain, view.plain) for task in benchmark.tasks for view in task.docs}
    return sum(docs.values()), sum(queries.values()), sum(queries[asked] * docs[pool] for asked, pool in pairs)


def duration(seconds: float) -> str:
    """In the unit that suits."""
    for name, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}" if seconds >= 10 * size else f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} s" if seconds >= 1 else "below 1 s"


def rows(arguments: argparse.Namespace) -> Iterator[list[str]]:
    yield ["", "", *MACHINES]
    yield ["---"] * (2 + len(MACHINES))
    for name, benchmark in (
        ("MIRACL", load_benchmark("miracl")),
        ("mMARCO, mono", load_benchmark("mmarco").only(settings=["mono"])),
        ("mMARCO, all settings", load_benchmark("mmarco")),
    ):
        passages, queries, pairs = work(benchmark)
        room = " and ".join(f"{passages * DIMENSION * size / 1e9:,.0f} GB" for size in (4, 2))
        about = f"{passages / 1e6:,.1f} million passages; {room} in float32 and float16"
        asked = f"search for {queries:,} queries, {pairs:.2g} scores"
        for what, number, cpu, gpu in (
            (f"encoding {about}", passages + queries, arguments.cpu_texts, arguments.gpu_texts),
            (asked, pairs, arguments.cpu_scores, arguments.gpu_scores),
        ):
            yield [name, what, *(duration(number / (gpus * gpu or cpu)) for gpus in MACHINES.values())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu-texts", type=float, required=True, help="passages that this machine encodes a second")
    parser.add_argument("--cpu-scores", type=float, required=True, help="scores that it computes a second")
    parser.add_argument("--gpu-texts", type=float, required=True, help="passages that one GPU encodes a second")
    parser.add_argument("--gpu-scores", type=float, required=True, help="scores that it computes a second")
    for row in rows(parser.parse_args()):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
