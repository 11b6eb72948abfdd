"""Scoring run files that rank all 13,014 documents of XQuAD-R for each query, against merely reading them.

    python tests/benchmarks/runs_speed.py [--queries 300] [--one-file]

Generates runs on the pool for so many queries a language (1190 is all of them: 170 million lines, 9 GB), in a file a
language or in one file. Reading is pyarrow.csv's streaming reader over the same bytes, all six columns parsed, nothing
kept; scoring is ``evaluate_runs`` from start to end. Each runs in a process of its own, on files that the system has
in its cache, and the peak of its memory is its own. Ratios are of elapsed time and of processor time, which other work
on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import chain, islice
from pathlib import Path


def generate(folder: Path, number: int, one_file: bool) -> int:
    """Write the run files of so many queries a language, with random scores; returns the number of lines."""
    import numpy as np

    from hybrid_plugin.retrieval.runs.writer import run_writer
    from hybrid_plugin.tasks import load_benchmark, queries, run_name
    from hybrid_plugin.tasks.texts import document_ids

    tasks = load_benchmark("xquad-r").only(settings=["multi"]).tasks
    docs = np.array([doc_id for view in tasks[0].docs for doc_id in document_ids(view)], dtype=object)
    files = {run_name(task): [query.id for query in islice(queries(task), number)] for task in tasks}
    if one_file:
        files = {"run.trec": list(chain.from_iterable(files.values()))}
    rng = np.random.default_rng(0)
    for name, ids in files.items():
        with run_writer(folder / name) as writer:
            for query_id in ids:
                scores = rng.normal(0.8, 0.05, len(docs)).astype(np.float32)
                order = np.argsort(-scores)
                writer.add([query_id], [docs[order]], [scores[order]])
    return sum(map(len, files.values())) * len(docs)


def read(source: Path) -> None:
    from pyarrow import csv

    for path in [source] if source.is_file() else sorted(source.iterdir()):
        options = csv.ReadOptions(autogenerate_column_names=True, block_size=2**25)
        for batch in csv.open_csv(path, options, csv.ParseOptions(delimiter=" ")):
            del batch


def score(source: Path) -> None:
    from hybrid_plugin.evaluation import evaluate_runs
    from hybrid_plugin.tasks import load_benchmark

    evaluate_runs(load_benchmark("xquad-r"), source)


def measured(what: str, source: Path) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", __file__, "--only", what, str(source)]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--one-file", action="store_true")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        what, source = arguments.only
        started, busy = time.perf_counter(), time.process_time()
        {"read": read, "score": score}[what](Path(source))
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": seconds, "cpu": busy, "gb": memory}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lines = generate(folder, arguments.queries, arguments.one_file)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 2**30
        source = folder / "run.trec" if arguments.one_file else folder
        print(f"{lines:,} lines, {size:.2f} GB, in {len(list(folder.iterdir()))} files")
        for round_number in range(2):
            reading, scoring = measured("read", source), measured("score", source)
            print(
                f"round {round_number + 1}: read in {reading['seconds']:.1f} s (processor {reading['cpu']:.1f} s); "
                f"scored in {scoring['seconds']:.1f} s (processor {scoring['cpu']:.1f} s), {scoring['gb']:.2f} GB at "
                f"most; ratio {scoring['seconds'] / reading['seconds']:.2f} "
                f"(processor {scoring['cpu'] / reading['cpu']:.2f})"
            )


if __name__ == "__main__":
    main()
