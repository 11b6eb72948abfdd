"""From ten thousand to ten million documents: time and peak memory of evaluating from vectors and from run files.

    python tests/benchmarks/growth.py [--documents 10000000] [--plot docs/performance.svg]

For each size it writes topics and qrels as MIRACL publishes them where ir_datasets looks for ``miracl/sw``, random unit
vectors of 384 dimensions in float32 as they lie on disk (15 GB for ten million, in the system's temporary folder), and
a run file of 1000 documents a query. Then, each in a process of its own, on files that the system has in its cache as
far as they fit:

- hybrid-ir with MIRACL's official measures, which look at the first 100 documents;
- hybrid-ir with AP and RankDistance of whole rankings, however long, and run files of 1000 documents a query;
- hybrid-ir on the run file;
- FAISS's flat index with all vectors in memory, and ir_measures, with the official measures, up to a million documents.

Imports are not counted as time, but as memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Figure, Measured, apart, main, start

if TYPE_CHECKING:
    import numpy as np

DIMENSION = 384
RELEVANT = 5  # of each query
DEPTH = 1000  # of the run file
OFFICIAL_DEPTH = 100  # documents that the official measures look at
SHARD = 16384
FAISS_MOST = 1_000_000  # documents, beyond which it takes more memory than many machines have
OFFICIAL, WHOLE, RUNS, FAISS = "official measures", "AP of whole rankings", "from a run file", "FAISS and ir_measures"


def generate(work: Path, documents: int, queries: int) -> None:
    """Topics, qrels, vectors and a run file."""
    import numpy as np

    rng = np.random.default_rng(0)
    topics = work / "irds" / "miracl" / "v1.0" / "sw" / "dev"
    topics.mkdir(parents=True)
    (topics / "topics.tsv").write_text("".join(f"{query}#0\tswali la {query}\n" for query in range(queries)))
    relevant = rng.integers(0, documents, (queries, RELEVANT))
    qrels = (f"{query}#0 Q0 {doc}#0 1\n" for query, docs in enumerate(relevant) for doc in sorted(set(docs.tolist())))
    (topics / "qrels.tsv").write_text("".join(qrels))

    def unit(number: int) -> np.ndarray:
        matrix = rng.standard_normal((number, DIMENSION), np.float32)
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    keep(work / "vectors" / "queries", [unit(queries)], "miracl/sw/dev")
    blocks = (unit(min(SHARD, documents - start)) for start in range(0, documents, SHARD))
    keep(work / "vectors" / "docs", blocks, "miracl/sw")
    with (work / "run.trec").open("w") as file:
        for query in range(queries):
            found = rng.choice(documents, min(DEPTH, documents // 2), replace=False)
            file.writelines(
                f"{query}#0 Q0 {doc}#0 {rank} {9 - rank / 1e3} random\n" for rank, doc in enumerate(found, 1)
            )


def keep(folder: Path, blocks: Iterable[np.ndarray], dataset_id: str) -> None:
    """Vectors as ``hybrid-ir encode`` keeps them, with ids 0#0, 1#0 ..."""
    import numpy as np

    from hybrid_plugin.outputs import file_checksum

    folder.mkdir(parents=True)
    count, shards = 0, []
    for number, block in enumerate(blocks):
        shard = {"vectors": f"{number:05}.npy", "ids": f"{number:05}.ids.txt", "count": len(block)}
        np.save(folder / shard["vectors"], block)
        (folder / shard["ids"]).write_text("".join(f"{count + row}#0\n" for row in range(len(block))))
        shards.append(shard | {f"{key}_checksum": file_checksum(folder / shard[key]) for key in ("vectors", "ids")})
        count += len(block)
    views = [{"dataset_id": dataset_id, "field": None, "start": 0, "stop": count}]
    record = {"count": count, "dimension": DIMENSION, "views": views, "shards": shards}
    (folder / "vectors.json").write_text(json.dumps(record))


def from_vectors(work: Path, measures: tuple[str, ...]) -> None:
    os.environ["IR_DATASETS_HOME"] = str(work / "irds")
    from hybrid_plugin.evaluation import (
        EvaluationSettings,
        RankingOptions,
        evaluate_vectors,
        measures_of,
        stored_vectors,
    )
    from hybrid_plugin.tasks import load_benchmark

    start()
    benchmark = load_benchmark("miracl/sw")
    docs, queries = stored_vectors(benchmark, work / "vectors")
    options = RankingOptions(runs=work / "written" if measures else None)
    found = measures_of(benchmark, EvaluationSettings(measures=measures))
    evaluate_vectors(benchmark, docs, queries, found, options)


def from_run(work: Path) -> None:
    os.environ["IR_DATASETS_HOME"] = str(work / "irds")
    from hybrid_plugin.evaluation import evaluate_runs
    from hybrid_plugin.tasks import load_benchmark

    start()
    evaluate_runs(load_benchmark("miracl/sw"), work / "run.trec", measures=("nDCG@10", "R@100", "AP", "RR@10"))


def by_faiss(work: Path) -> None:
    import faiss
    import ir_measures
    import numpy as np

    start()
    faiss.cvar.distance_compute_blas_threshold = 20  # version 1.15 multiplies fewer than 128,000 queries without BLAS
    index = faiss.IndexFlatIP(DIMENSION)
    for path in sorted((work / "vectors" / "docs").glob("*.npy")):
        index.add(np.load(path))
    asked = np.load(work / "vectors" / "queries" / "00000.npy")
    scores, places = index.search(asked, OFFICIAL_DEPTH)
    run = {
        f"{query}#0": {f"{place}#0": float(score) for score, place in zip(*found, strict=True)}
        for query, found in enumerate(zip(scores, places, strict=True))
    }
    qrels = ir_measures.read_trec_qrels(str(work / "irds" / "miracl" / "v1.0" / "sw" / "dev" / "qrels.tsv"))
    ir_measures.calc_aggregate([ir_measures.nDCG @ 10, ir_measures.R @ 100], qrels, run)


def sizes(most: int) -> Iterator[int]:
    size = 10_000
    while size <= most:
        yield size
        size *= 10


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    curves: dict[str, list[tuple[int, Measured]]] = {}
    for documents in sizes(arguments.documents):
        with tempfile.TemporaryDirectory() as scratch:
            work = Path(scratch)
            if shutil.disk_usage(work).free < 1.2 * documents * DIMENSION * 4:
                print(f"{documents:,} documents do not fit on the disk of {work.parent}")
                break
            apart(generate, work, documents, arguments.queries)
            ways = {
                OFFICIAL: apart(from_vectors, work, ()),
                WHOLE: apart(from_vectors, work, ("AP", "RankDistance", "nDCG@10", "R@100")),
                RUNS: apart(from_run, work),
            }
            if documents <= FAISS_MOST:
                ways[FAISS] = apart(by_faiss, work)
        for way, measured in ways.items():
            curves.setdefault(way, []).append((documents, measured))
        for way in (OFFICIAL, WHOLE, RUNS):
            beside = ways.get(FAISS) if way == OFFICIAL else None
            yield Figure.of_times(f"{documents:,} documents, {way}", ways[way], FAISS, beside)
        most = max(ways[way].gigabytes for way in (OFFICIAL, WHOLE, RUNS))
        yield Figure(f"{documents:,} documents, memory", "GB", most, limit=1)
    if arguments.plot:
        plot(curves, arguments.queries, Path(arguments.plot))


def plot(curves: dict[str, list[tuple[int, Measured]]], queries: int, path: Path) -> None:
    """Processor time and memory by the number of documents, on logarithmic scales."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for (way, points), marker in zip(curves.items(), "o^sD", strict=True):
        documents = [size for size, _ in points]
        axes[0].loglog(documents, [one.processor for _, one in points], marker=marker, label=way)
        axes[1].loglog(documents, [one.gigabytes for _, one in points], marker=marker, label=way)
    for axis, title in zip(axes, (f"seconds of processor time, {queries} queries", "peak memory, GB"), strict=True):
        axis.set(title=title, xlabel="documents")
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(figures, {"documents": (10_000_000, 10_000), "queries": (100, 20), "plot": ("", "")})
