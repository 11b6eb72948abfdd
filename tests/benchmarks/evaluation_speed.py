"""All 132 settings of XQuAD-R from stored vectors, against a loop over Pyserini's FaissSearcher and ir_measures.

    hybrid-ir encode xquad-r --encoder M --output VECTORS
    python tests/benchmarks/evaluation_speed.py VECTORS [--pairs 12]
    python tests/benchmarks/evaluation_speed.py VECTORS --all-measures

Both rank every query's full document set and compute the same measures; the figures are compared as well. With
``--pairs`` the loop takes only so many settings, evenly chosen, and its time is scaled up by documents scored.
``--all-measures`` times hybrid-ir alone, on the default measures and on every measure there is.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MEASURES = ("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance")


def ours(vectors: Path, measures: tuple[str, ...]) -> None:
    """Run in a process of its own, so that its memory is its own; prints figures, seconds and gigabytes as JSON."""
    from hybrid_plugin.evaluation import EvaluationSettings, evaluate_vectors, measures_of, stored_vectors
    from hybrid_plugin.tasks import load_benchmark

    started = time.perf_counter()
    benchmark = load_benchmark("xquad-r")
    docs, queries = stored_vectors(benchmark, vectors)
    asked = measures_of(benchmark, EvaluationSettings(measures=measures))
    scores = evaluate_vectors(benchmark, docs, queries, asked)
    figures = {row.task: row.AP for row in scores.tasks.itertuples()}
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    number = len(scores.measures)
    print(json.dumps({"figures": figures, "seconds": seconds, "gigabytes": memory, "measures": number}))


def our_result(vectors: Path, *measures: str) -> dict[str, Any]:
    """What :func:`ours` prints."""
    command = [sys.executable, __file__, str(vectors), "--ours", *measures]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def theirs(vectors: Path, number: int) -> tuple[dict[str, float], float]:
    """AP by task, and the seconds that all tasks would take."""
    import faiss
    import ir_datasets
    import ir_measures
    import numpy as np

    from hybrid_plugin.bridges.pyserini import activate
    from hybrid_plugin.evaluation import stored_vectors
    from hybrid_plugin.measures import parse_measures
    from hybrid_plugin.tasks import load_benchmark

    activate()
    from pyserini.encode import QueryEncoder
    from pyserini.search.faiss import FaissSearcher

    benchmark = load_benchmark("xquad-r")
    docs, queries = stored_vectors(benchmark, vectors)
    tasks = benchmark.tasks
    chosen = tasks if number >= len(tasks) else [tasks[i] for i in np.linspace(0, len(tasks) - 1, number).astype(int)]
    measures = parse_measures(list(MEASURES))
    figures, seconds, work = {}, 0.0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for task in chosen:
            parts, asked = [docs[view.plain].vectors for view in task.docs], queries[task.queries.plain]
            ids = [doc_id for part in parts for doc_id in part.ids]
            index = faiss.IndexFlatIP(asked.matrix.shape[1])
            index.add(np.concatenate([part.matrix for part in parts]))
            faiss.write_index(index, f"{scratch}/index")
            Path(scratch, "docid").write_text("".join(f"{doc_id}\n" for doc_id in ids))
            qrels = list(ir_datasets.load(task.qrels[0].dataset_id).qrels_iter())
            started = time.perf_counter()
            searcher = FaissSearcher(scratch, QueryEncoder())  # not used: the queries come as vectors
            hits = searcher.batch_search(np.array(asked.matrix), list(asked.ids), k=len(ids), threads=2)
            run = {query_id: {hit.docid: float(hit.score) for hit in found} for query_id, found in hits.items()}
            figures[task.name] = ir_measures.calc_aggregate(measures, qrels, run)[measures[0]]
            seconds += time.perf_counter() - started
            work += len(ids)
            print(f"  {task.name}: {seconds:.0f} s so far", file=sys.stderr)
    return figures, seconds * sum(len(docs[view.plain]) for task in tasks for view in task.docs) / work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--pairs", type=int, default=132)
    parser.add_argument("--all-measures", action="store_true")
    parser.add_argument("--ours", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ours:
        ours(arguments.vectors, tuple(arguments.ours))
        return
    if arguments.all_measures:
        from hybrid_plugin.measures.named import DEFAULT_MEASURES

        for names in (MEASURES, DEFAULT_MEASURES, ("all",)):
            result = our_result(arguments.vectors, *names)
            print(f"{result['measures']} measures: {result['seconds']:.1f} s, {result['gigabytes']:.2f} GB at most")
        return
    result = our_result(arguments.vectors, *MEASURES)
    figures, seconds = theirs(arguments.vectors, arguments.pairs)
    worst = max(abs(figures[task] - result["figures"][task]) for task in figures)
    print(f"hybrid-ir: 132 settings in {result['seconds']:.1f} s, {result['gigabytes']:.2f} GB at most")
    scaled = "" if len(figures) == 132 else f" (scaled from {len(figures)} settings)"
    print(f"FaissSearcher and ir_measures: {seconds:.0f} s{scaled}")
    print(f"ratio: {seconds / result['seconds']:.0f} times faster; largest difference in AP {worst:.1e}")


if __name__ == "__main__":
    main()
