"""Scoring run files that rank all 13,014 documents of XQuAD-R for each query, against merely reading them.

    python tests/benchmarks/runs_speed.py [--queries 100] [--files 11]

Generates runs on the pool for so many queries a language (1190 is all of them: 170 million lines, 9 GB), in a file a
language or in one file. Scoring is ``evaluate_runs`` from start to end. Reading is pyarrow.csv's streaming reader over
the same bytes, all six columns parsed and nothing kept; polars' reader with all columns kept, where polars is installed
(``pip install polars``); and ir_measures' own reader, of the first lines, its time scaled up. Each runs in a process of
its own, on files that the system has in its cache.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path

from measuring import Figure, apart, in_turns, main, need_collection, start

LINES = 2_000_000  # that ir_measures reads


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


def score(source: Path) -> None:
    from hybrid_plugin.evaluation import evaluate_runs
    from hybrid_plugin.tasks import load_benchmark

    start()
    evaluate_runs(load_benchmark("xquad-r"), source)


def read_with_pyarrow(paths: list[Path]) -> None:
    from pyarrow import csv

    start()
    for path in paths:
        options = csv.ReadOptions(autogenerate_column_names=True, block_size=2**25)
        for batch in csv.open_csv(path, options, csv.ParseOptions(delimiter=" ")):
            del batch


def read_with_polars(paths: list[Path]) -> None:
    import polars  # type: ignore[import-not-found]

    start()
    for path in paths:
        polars.read_csv(path, separator=" ", has_header=False)


def read_with_ir_measures(paths: list[Path]) -> int:
    """Read some lines; returns their number."""
    import ir_measures

    start()
    return sum(1 for _ in islice(chain.from_iterable(ir_measures.read_trec_run(str(path)) for path in paths), LINES))


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    need_collection("xquad-r")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lines = apart(generate, folder, arguments.queries, arguments.files == 1).value
        paths = sorted(folder.iterdir())
        ours, pyarrow = in_turns(
            arguments.rounds,
            lambda: apart(score, paths[0] if len(paths) == 1 else folder),
            lambda: apart(read_with_pyarrow, paths),
        )
        size = sum(path.stat().st_size for path in paths) / 2**30
        name = f"scoring {lines / 1e6:.3g} million lines ({size:.2g} GB)"
        yield Figure.of_times(name, ours, "pyarrow, reading", pyarrow, 0.4)
        if find_spec("polars"):
            yield Figure.of_times(name, ours, "polars, reading", apart(read_with_polars, paths))
        first = apart(read_with_ir_measures, paths)
        yield Figure.of_times(name, ours, "ir_measures, reading", first.scaled(lines / first.value), 2)


if __name__ == "__main__":
    main(figures, {"queries": (100, 3), "files": (11, 11), "rounds": (2, 1)})
