"""A million passages along the whole road: encoded by two processes and by Ray, ranked by three back ends, one figure.

    python tests/benchmarks/million.py [--documents 1000000] [--queries 300]

The passages are the sentences of XQuAD-R and MLQA-R; from the second time on that a sentence comes, another one stands
after it. The questions are those of XQuAD-R; relevant is what begins with a sentence that is relevant there. The
encoder is an untrained one of two layers and 128 dimensions, with one thread a process, so that two of them have two
cores; each command runs in a process of its own, and its memory is that of the largest process that it has started. It
fails if the vectors of the two processes and of Ray differ in a byte, or if a back end has another figure than the
exact search. A million take 4 GB of the system's temporary folder.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from measuring import Figure, Measured, apart, command, main, need_collection

COLLECTIONS = ("xquad-r", "mlqa-r")
BENCHMARK = """
name: million
measures: [MEASURES]
tasks:
  - {name: multi, docs: [docs.jsonl], queries: queries.jsonl, qrels: [qrels.txt]}
"""
MEASURES = ("nDCG@10", "R@100")
BACKENDS = {"exact": (), "faiss": ("--index-factory", "Flat"), "milvus": ("--index-factory", "FLAT")}
HITS = 100
STEP = 7919  # a prime: how far apart the two sentences of a passage stand, times the round


def generate(work: Path, documents: int, queries: int) -> None:
    """The collection, as docs/collections.md has it, and the encoder."""
    import ir_datasets

    import datasets_ext
    from hybrid_plugin.encoding.tiny import tiny_encoder

    datasets_ext.register()
    sentences = [(name, doc) for name in COLLECTIONS for doc in ir_datasets.load(name).docs_iter()]
    chance = random.Random(0)
    chance.shuffle(sentences)
    xquad = ir_datasets.load("xquad-r")
    questions = chance.sample([*xquad.queries_iter()], queries)
    wanted = {question.query_id for question in questions}
    relevant: dict[str, list[str]] = {}  # sentence -> questions
    for qrel in xquad.qrels_iter():
        if qrel.query_id in wanted and qrel.relevance > 0:
            relevant.setdefault(qrel.doc_id, []).append(qrel.query_id)
    (work / "million.yaml").write_text(BENCHMARK.replace("MEASURES", ", ".join(MEASURES)))
    write(work / "queries.jsonl", ({"query_id": one.query_id, "text": one.text, "lang": one.lang} for one in questions))
    with (work / "qrels.txt").open("w") as qrels:

        def passages() -> Iterator[dict[str, str]]:
            for around in count():
                for place, (name, doc) in enumerate(sentences):
                    doc_id = f"{name}_{doc.doc_id}_{around}"
                    after = sentences[(place + around * STEP) % len(sentences)][1].text if around else ""
                    if name == "xquad-r":
                        qrels.writelines(f"{question} 0 {doc_id} 1\n" for question in relevant.get(doc.doc_id, ()))
                    yield {"doc_id": doc_id, "text": f"{doc.text} {after}".strip(), "lang": doc.lang}

        write(work / "docs.jsonl", islice(passages(), documents))
    tiny_encoder([doc.text for _, doc in sentences[::10]], work / "encoder")


def read(collection: Path) -> float:
    """Seconds to pass over all documents, as each of several processes does."""
    from hybrid_plugin.encoding.encode import texts_to_encode
    from hybrid_plugin.tasks.sides import views_of

    started = time.perf_counter()
    for _ in texts_to_encode(str(collection), views_of(str(collection)), "docs", []):
        pass
    return time.perf_counter() - started


def write(path: Path, records: Iterator[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def hybrid_ir(*words: object) -> Measured:
    return command(sys.executable, "-W", "ignore", "-m", "hybrid_plugin.cli", *words)


def same(folder: Path, other: Path) -> bool:
    """Whether two folders of vectors hold the same bytes."""
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    found = sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    return names == found and not any(filecmp.cmpfiles(folder, other, names, shallow=False)[1:])


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    for name in COLLECTIONS:
        need_collection(name)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        collection, of = work / "million.yaml", f"{arguments.documents:,} passages"
        yield seconds(f"{of} written", apart(generate, work, arguments.documents, arguments.queries))
        passed = apart(read, collection)
        yield Figure(f"{of} read", "s", passed.value, gigabytes=passed.gigabytes)

        shared, by_ray = work / "shared", work / "by-ray"
        encode = ("encode", collection, "--encoder", work / "encoder", "--threads", 1)
        size = max(1, min(16384, arguments.documents // 8))
        encode += ("--shard-size", size)
        with ThreadPoolExecutor() as both:
            halves = [*both.map(lambda part: hybrid_ir(*encode, "--output", shared, "--shard", part), ("1/2", "2/2"))]
        together = max(halves, key=lambda one: one.seconds)
        yield seconds(f"{of} encoded by two processes", together)
        ray = hybrid_ir(*encode, "--output", by_ray, "--executor", "ray", "--workers", 2)
        yield replace(
            seconds(f"{of} encoded by two workers of Ray", ray),
            peer="two processes",
            theirs=together.seconds,
            peer_gigabytes=together.gigabytes,
        )
        if not same(shared, by_ray):
            raise RuntimeError("the vectors of two processes and of Ray differ")

        scores = {}
        for backend, options in BACKENDS.items():
            index, run, scored = (work / f"{backend}.{end}" for end in ("index", "trec", "scores"))
            kind = ("--backend", backend, *options)
            build = hybrid_ir("index", f"{collection}/multi", "--vectors", shared, "--output", index, *kind)
            yield seconds(f"{of} indexed, {backend}", build)
            asked = ("--index", index, "--vectors", shared, "--hits", HITS)
            search = hybrid_ir("search", f"{collection}/multi", "--output", run, *asked)
            yield seconds(f"{arguments.queries} queries searched, {backend}", search)
            evaluated = hybrid_ir("evaluate", collection, "--runs-from", run, "--output", scored)
            yield seconds(f"{arguments.queries} rankings scored, {backend}", evaluated)
            (task,) = json.loads((scored / "scores.json").read_text())["tasks"]
            scores[backend] = {measure: task[measure] for measure in MEASURES}
            for measure, value in scores[backend].items():
                beside = () if backend == "exact" else ("exact", scores["exact"][measure])
                yield Figure(f"{arguments.queries} queries, {backend}", measure, value, *beside)
        if any(found != scores["exact"] for found in scores.values()):
            raise RuntimeError(f"back ends have other figures: {scores}")


def seconds(name: str, measured: Measured) -> Figure:
    return Figure(name, "s", measured.seconds, gigabytes=measured.gigabytes)


if __name__ == "__main__":
    main(figures, {"documents": (1_000_000, 2_000), "queries": (300, 50)})
