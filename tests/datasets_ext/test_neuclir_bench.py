"""NeuCLIRBench: topics and documents with the publisher's ids, and judgements of the pool apart from the others."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import ir_datasets
import pytest

from datasets_ext import CollectionError, neuclir_bench
from datasets_ext.parallel import ParallelCollection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small

TEXTS = {
    "fas": {"fa-1": "زلزله در تهران", "fa-2": "باران"},
    "rus": {"ru-1": "Землетрясение в Тегеране", "ru-2": "Дождь"},
    "zho": {"zh-1": "德黑兰地震", "zh-2": "下雨"},
}
TOPICS = {"eng": "5\tearthquake in Tehran\n6\train\n", "fas": "5\tزلزله\n6\tباران\n", "rus": "5\tземлетрясение\n"}
QRELS = {
    "fas": "5 0 fa-1 3\n6 0 fa-2 1\n6 0 fa-1 0\n",
    "rus": "5 0 ru-1 1\n",
    "zho": "5 0 zh-1 3\n",
    "mlir": "5 0 fa-1 3\n5 0 ru-1 1\n5 0 zh-1 3\n",
}


def documents(code: str, *, translated: bool = False) -> bytes:
    rows = (
        {
            "id": doc_id,
            "cc_file": "crawl-data/x.warc.gz",
            "time": "2020-01-01T00:00:00+00:00",
            "title": f"English {doc_id}" if translated else text.split()[0],
            "text": f"{doc_id}\nin English" if translated else text,
            "url": "http://example.org/a",
        }
        for doc_id, text in TEXTS[code].items()
    )
    return gzip.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def files() -> dict[str, str | bytes]:
    return {
        **{f"data/news.{code}.tsv": TOPICS.get(code, "5\t地震") for code in neuclir_bench.CODES.values()},
        **{f"data/qrels.{task}.gains.txt": text for task, text in QRELS.items()},
        **{f"docs/{code}-00000-of-00001.jsonl.gz": documents(code) for code in TEXTS},
    }


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    return small("neuclir-bench", neuclir_bench.collection, tmp_path_factory.mktemp("bench"), files())


def test_ids_are_the_publishers(collection: ParallelCollection) -> None:
    dataset = ir_datasets.load(f"{collection.name}/fa/en")
    assert [tuple(query)[:3] for query in dataset.queries_iter()] == [
        ("5", "earthquake in Tehran", "en"),
        ("6", "rain", "en"),
    ]
    assert [tuple(qrel) for qrel in dataset.qrels_iter()] == [("5", "fa-1", 3), ("6", "fa-2", 1), ("6", "fa-1", 0)]
    assert dataset.docs_store().get("fa-1").default_text() == "زلزله زلزله در تهران"
    assert dataset.docs_count() == 2


def test_the_pool_has_its_own_judgements(collection: ParallelCollection) -> None:
    pool = ir_datasets.load(f"{collection.name}/multi/en")
    assert [tuple(qrel) for qrel in pool.qrels_iter()] == [("5", "fa-1", 3), ("5", "ru-1", 1), ("5", "zh-1", 3)]
    assert pool.docs_count() == 6
    assert pool.qrels_count() == 3
    assert not ir_datasets.load(collection.name).has_queries()


def test_tasks_are_those_of_the_benchmark_and_all_are_scored(
    collection: ParallelCollection, tiny: Path, tmp_path: Path
) -> None:
    benchmark = parallel_benchmark(collection)
    assert [task.name for task in benchmark.tasks] == [
        *("fa/fa", "ru/ru", "zh/zh"),
        *("fa/en", "ru/en", "zh/en"),
        "multi/en",
    ]
    assert benchmark.measures == ("nDCG@20",)
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "scores")
    assert {*scores.settings} == {"mono", "cross", "multi"}


def test_translations_are_one_english_collection(tiny: Path, tmp_path: Path) -> None:
    names = {f"docs/{code}-mt-eng-00000-of-00001.jsonl.gz": documents(code, translated=True) for code in TEXTS}
    topics = {file: files()[file] for file in ("data/news.eng.tsv", "data/qrels.mlir.gains.txt")}
    translated = small("neuclir-bench-mt", neuclir_bench.collection, tmp_path, {**topics, **names})
    dataset = ir_datasets.load(f"{translated.name}/en/en")
    assert [doc.doc_id for doc in dataset.docs_iter()] == ["fa-1", "fa-2", "ru-1", "ru-2", "zh-1", "zh-2"]
    assert {doc.lang for doc in dataset.docs_iter()} == {"en"}
    benchmark = parallel_benchmark(translated)
    assert [task.name for task in benchmark.tasks] == ["en/en"]
    assert {*evaluate(benchmark, Encoder.load(tiny)).settings} == {"mono"}


def test_documents_that_ir_datasets_has_are_not_downloaded_again(tmp_path: Path, irds_home: Path) -> None:
    collection = small("neuclir-bench", neuclir_bench.collection, tmp_path, files())
    (tmp_path / "docs" / "fas-00000-of-00001.jsonl.gz").unlink()
    assert not collection.at_hand("fa")
    with pytest.raises(CollectionError, match="has no docs/fas"):
        [*collection.part("fa").docs]
    theirs = irds_home / "neuclir" / "1" / "fas" / "docs.jsonl.gz"
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_bytes(documents("fas"))
    try:
        assert collection.at_hand("fa")
        assert [doc.doc_id for doc in collection.part("fa").docs] == ["fa-1", "fa-2"]
    finally:
        theirs.unlink()


def test_a_missing_file_of_judgements_is_told(tmp_path: Path) -> None:
    collection = small("neuclir-bench", neuclir_bench.collection, tmp_path, files())
    (tmp_path / "data" / "qrels.mlir.gains.txt").unlink()
    with pytest.raises(CollectionError, match=r"has no data/qrels\.mlir\.gains\.txt"):
        [*ir_datasets.load(f"{collection.name}/multi/en").qrels_iter()]
