"""A MIRACL-shaped collection of any size from stored vectors and from run files: real time and peak memory.

    python tests/benchmarks/collection_scale.py [--documents 1000000] [--queries 500] [--work FOLDER]

Writes topics and qrels as MIRACL publishes them where ir_datasets looks for ``miracl/sw``, random unit vectors of 384
dimensions as ``hybrid-ir encode`` stores them (1.5 GB a million), and a run file of 1000 documents a query. Then, each
in a process of its own, on files that the system has in its cache as far as they fit:

- hybrid-ir with MIRACL's official measures, which look at the first 100 documents;
- hybrid-ir with AP and RankDistance of whole rankings, however long, and run files of 1000 documents a query;
- hybrid-ir on the run file;
- FAISS's flat index with all vectors in memory, and ir_measures on its first 1000 documents, with ``--faiss``.

Memory is the peak of the resident set; that of evaluating ten queries on a thousand documents is printed first, to
subtract.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DIMENSION = 384
RELEVANT = 5  # of each query
DEPTH = 1000
BLOCK = 65536


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
    asked = unit(rng.standard_normal((queries, DIMENSION), np.float32))
    store(work / "vectors" / "queries", [asked], (f"{query}#0" for query in range(queries)), "miracl/sw/dev")
    blocks = (
        unit(rng.standard_normal((min(BLOCK, documents - start), DIMENSION), np.float32))
        for start in range(0, documents, BLOCK)
    )
    store(work / "vectors" / "docs", blocks, (f"{doc}#0" for doc in range(documents)), "miracl/sw")
    (work / "runs").mkdir()
    with (work / "runs" / "sw.sw.trec").open("w") as file:
        for query in range(queries):
            found = rng.choice(documents, min(DEPTH, documents // 2), replace=False)
            file.writelines(
                f"{query}#0 Q0 {doc}#0 {rank} {9 - rank / 1e3} random\n" for rank, doc in enumerate(found, 1)
            )


def unit(matrix):
    return matrix / (matrix**2).sum(1, keepdims=True) ** 0.5


def store(folder: Path, blocks, ids, dataset_id: str) -> None:
    """Vectors as ``hybrid-ir encode`` stores them."""
    from numpy.lib import format as npy

    folder.mkdir(parents=True)
    count = 0
    with (folder / "vectors.npy").open("wb") as data:
        header = {"descr": "<f4", "fortran_order": False, "shape": (0, DIMENSION)}
        npy.write_array_header_1_0(data, header)
        for block in blocks:
            data.write(block.astype("<f4").tobytes())
            count += len(block)
        data.seek(0)
        npy.write_array_header_1_0(data, {**header, "shape": (count, DIMENSION)})
    with (folder / "ids.txt").open("w") as file:
        file.writelines(f"{one}\n" for one in ids)
    views = [{"dataset_id": dataset_id, "field": None, "start": 0, "stop": count}]
    (folder / "vectors.json").write_text(json.dumps({"count": count, "dimension": DIMENSION, "views": views}))


def from_vectors(work: Path, measures: tuple[str, ...], runs: bool) -> dict[str, float]:
    from hybrid_plugin.evaluation import (
        EvaluationSettings,
        RankingOptions,
        evaluate_vectors,
        measures_of,
        stored_vectors,
    )
    from hybrid_plugin.tasks import load_benchmark

    benchmark = load_benchmark("miracl/sw")
    docs, queries = stored_vectors(benchmark, work / "vectors")
    options = RankingOptions(runs=work / "written" if runs else None)
    found = measures_of(benchmark, EvaluationSettings(measures=measures))
    return evaluate_vectors(benchmark, docs, queries, found, options).settings["mono"]


def from_runs(work: Path) -> dict[str, float]:
    from hybrid_plugin.evaluation import evaluate_runs
    from hybrid_plugin.tasks import load_benchmark

    measures = ("nDCG@10", "R@100", "AP", "RR@10")
    return evaluate_runs(load_benchmark("miracl/sw"), work / "runs", measures=measures).settings["mono"]


def by_faiss(work: Path) -> dict[str, float]:
    import faiss
    import ir_measures
    import numpy as np

    docs, asked = (np.load(work / "vectors" / side / "vectors.npy") for side in ("docs", "queries"))
    ids = (work / "vectors" / "docs" / "ids.txt").read_text().split("\n")
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(docs)
    del docs
    scores, places = index.search(asked, min(DEPTH, index.ntotal))
    run = {
        f"{query}#0": {ids[place]: float(score) for score, place in zip(*found, strict=True)}
        for query, found in enumerate(zip(scores, places, strict=True))
    }
    qrels = ir_measures.read_trec_qrels(str(work / "irds" / "miracl" / "v1.0" / "sw" / "dev" / "qrels.tsv"))
    measures = [ir_measures.nDCG @ 10, ir_measures.R @ 100]
    return {str(name): value for name, value in ir_measures.calc_aggregate(measures, qrels, run).items()}


WAYS = {
    "official measures, from vectors": lambda work: from_vectors(work, (), False),
    "AP and RankDistance of whole rankings, run files, from vectors": lambda work: from_vectors(
        work, ("AP", "RankDistance", "nDCG@10", "R@100"), True
    ),
    "official measures, AP and RR@10, from a run file": from_runs,
    "FAISS's flat index in memory, and ir_measures": by_faiss,
}


def measured(way: str, work: Path) -> tuple[float, float, dict[str, float]]:
    environment = {**os.environ, "IR_DATASETS_HOME": str(work / "irds")}
    command = [sys.executable, "-W", "ignore", __file__, "--only", way, "--work", str(work)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    result = json.loads(done.stdout)
    return result["seconds"], result["gigabytes"], result["figures"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--faiss", action="store_true")
    parser.add_argument("--work", type=Path, help="where the files go, for a moment; by default a temporary folder")
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        started = time.perf_counter()
        figures = WAYS[arguments.only](arguments.work)
        seconds = time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": seconds, "gigabytes": memory, "figures": figures}))
        return
    ways = [way for way in WAYS if arguments.faiss or "FAISS" not in way]
    for documents, queries in ((1000, 10), (arguments.documents, arguments.queries)):
        with tempfile.TemporaryDirectory(dir=arguments.work) as scratch:
            work = Path(scratch)
            generate(work, documents, queries)
            print(f"{documents:,} documents, {queries} queries")
            for way in ways:
                seconds, memory, figures = measured(way, work)
                shown = ", ".join(f"{name} {value:.6f}" for name, value in figures.items())
                print(f"  {way}: {seconds:.1f} s, {memory:.2f} GB at most ({shown})", flush=True)
            shutil.rmtree(work / "vectors")


if __name__ == "__main__":
    main()
