"""All 132 settings of XQuAD-R from vectors: beside the bare matrix products, and beside FAISS and ir_measures.

    python tests/benchmarks/evaluation_speed.py [--tasks 2]

The vectors are generated, with scores around 0.8 as multilingual-e5 has them. Hybrid-ir ranks every query's full
document set and computes eight measures. The bare product multiplies the vectors of all queries and all documents in
float32, block by block, and keeps nothing. The third way searches a task's documents with FAISS's flat index and scores
the ranking with ir_measures, for so many tasks, evenly chosen; its time is scaled up by documents ranked, and its AP
must be ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from measuring import Figure, apart, in_turns, main, need_collection, start

from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.evaluation import EvaluationSettings, evaluate_vectors, measures_of
from hybrid_plugin.measures import parse_measures
from hybrid_plugin.measures.named import DEFAULT_MEASURES
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.tasks import Benchmark, View, load_benchmark
from hybrid_plugin.tasks.texts import document_ids, query_texts

MEASURES = ("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance")
DIMENSION = 384
BLOCK = 1024  # queries


def chosen(quick: bool) -> Benchmark:
    return load_benchmark("xquad-r").only(languages=["de", "en"] if quick else ())


def generated(benchmark: Benchmark) -> tuple[dict[View, Part], dict[View, Vectors]]:
    """Unit vectors of documents and queries, by view."""
    rng = np.random.default_rng(0)

    def vectors(ids: list[str]) -> Vectors:
        matrix = rng.standard_normal((len(ids), DIMENSION), np.float32) + 2  # in a cone
        return Vectors(ids, matrix / np.linalg.norm(matrix, axis=1, keepdims=True))

    docs = {view: Part(vectors([*document_ids(view)]), view.lang) for view in dict.fromkeys(benchmark.doc_views)}
    asked = dict.fromkeys(benchmark.query_views)
    return docs, {view: vectors([text.id for text in query_texts(view)]) for view in asked}


def ours(quick: bool, measures: tuple[str, ...]) -> dict[str, float]:
    """AP by task."""
    benchmark = chosen(quick)
    docs, queries = generated(benchmark)
    start()
    scores = evaluate_vectors(benchmark, docs, queries, measures_of(benchmark, EvaluationSettings(measures=measures)))
    return {row.task: row.AP for row in scores.tasks.itertuples()}


def product(quick: bool) -> None:
    docs, queries = generated(chosen(quick))
    every = np.concatenate([part.vectors.matrix for part in docs.values()])
    asked = np.concatenate([vectors.matrix for vectors in queries.values()])
    start()
    for first in range(0, len(asked), BLOCK):
        asked[first : first + BLOCK] @ every.T


def faiss_and_ir_measures(quick: bool, number: int) -> tuple[dict[str, float], float]:
    """AP of so many tasks, and their share of all that is to be ranked."""
    import faiss
    import ir_datasets
    import ir_measures

    benchmark = chosen(quick)
    docs, queries = generated(benchmark)
    tasks, measures = benchmark.tasks, parse_measures(list(MEASURES))
    some = [tasks[i] for i in np.linspace(0, len(tasks) - 1, number).astype(int)]
    qrels = {task: list(ir_datasets.load(task.qrels[0].dataset_id).qrels_iter()) for task in some}
    faiss.cvar.distance_compute_blas_threshold = 20  # version 1.15 multiplies fewer than 128,000 queries without BLAS
    found = {}
    start()
    for task in some:
        parts, asked = [docs[view.plain].vectors for view in task.docs], queries[task.queries.plain]
        ids = [doc_id for part in parts for doc_id in part.ids]
        index = faiss.IndexFlatIP(DIMENSION)
        for part in parts:
            index.add(part.matrix)
        run = {
            query_id: {ids[place]: float(score) for score, place in zip(scores, places, strict=True)}
            for query_id, scores, places in zip(asked.ids, *index.search(asked.matrix, len(ids)), strict=True)
        }
        found[task.name] = ir_measures.calc_aggregate(measures, qrels[task], run)[measures[0]]
    work = {task: sum(len(docs[view.plain]) for view in task.docs) for task in tasks}
    return found, sum(work[task] for task in some) / sum(work.values())


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    need_collection("xquad-r")
    quick, number = arguments.quick, len(chosen(arguments.quick).tasks)
    few, bare, many = in_turns(
        arguments.rounds,
        lambda: apart(ours, quick, MEASURES),
        lambda: apart(product, quick),
        lambda: apart(ours, quick, tuple(DEFAULT_MEASURES)),
    )
    name = f"{number} settings, {len(MEASURES)} measures"
    yield Figure.of_times(name, few, "bare product", bare, 0.2)
    yield Figure.of_times(
        f"{number} settings, the {len(DEFAULT_MEASURES)} default measures", many, "bare product", bare
    )
    loop = apart(faiss_and_ir_measures, quick, arguments.tasks)
    theirs, share = loop.value
    for task, value in theirs.items():
        assert abs(value - few.value[task]) < 1e-4, f"AP of {task} is {few.value[task]} here and {value} by FAISS"
    peer = f"FAISS and ir_measures (scaled from {len(theirs)} of them)"
    yield Figure.of_times(name, few, peer, loop.scaled(1 / share), 10)


if __name__ == "__main__":
    main(figures, {"tasks": (2, 1), "rounds": (2, 1)})
