"""MuPLeR: questions and passages of European law, in parquet files that are written here as the hub has them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import ir_datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets_ext import CollectionError, mupler
from datasets_ext.parallel import ParallelCollection
from datasets_ext.published import Published
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks import load_benchmark
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small

Rows = list[dict[str, Any]]


def parquet(rows: Rows) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def corpus(lang: str) -> Rows:
    return [{"id": f"p{n}", "text": f"{lang}: Artikel\t{n}\n„ist“ so."} for n in range(3)]


def queries(lang: str) -> Rows:
    return [{"id": f"q{n}", "text": f"{lang}: welcher Artikel, {n}?"} for n in range(2)]


def qrels() -> Rows:
    return [{"query-id": f"q{n}", "corpus-id": f"p{n + 1}", "score": 1} for n in range(2)]


def files(lang: str, **changes: bytes) -> dict[str, bytes]:
    parts = {"corpus": parquet(corpus(lang)), "queries": parquet(queries(lang)), "qrels": parquet(qrels()), **changes}
    return {f"{lang}-{part}/test-00000-of-00001.parquet": contents for part, contents in parts.items()}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    every = {file: contents for lang in mupler.LANGUAGES for file, contents in files(lang).items()}
    return small("mupler", mupler.collection, tmp_path_factory.mktemp("mupler"), every)


def test_a_question_finds_its_passage_under_the_same_id_in_every_language(collection: ParallelCollection) -> None:
    dataset = ir_datasets.load(f"{collection.name}/sl/pt")
    assert tuple(next(iter(dataset.docs_iter()))) == ("sl_p0", "sl: Artikel\t0\n„ist“ so.", "", "", "sl")
    assert tuple(next(iter(dataset.queries_iter()))) == ("q0_pt", "pt: welcher Artikel, 0?", "pt", "q0", "", "")
    assert [(qrel.query_id, qrel.doc_id) for qrel in dataset.qrels_iter()] == [("q0_pt", "sl_p1"), ("q1_pt", "sl_p2")]
    pool = ir_datasets.load(f"{collection.name}/multi/pt")
    assert (pool.docs_count(), pool.queries_count(), pool.qrels_count()) == (3 * 14, 2, 2 * 14)


def test_an_encoder_is_scored_in_all_settings(collection: ParallelCollection, tiny: Path) -> None:
    benchmark = parallel_benchmark(collection).only(languages=["en", "sl"])
    scores = evaluate(benchmark, Encoder.load(tiny), measures=["nDCG@10"])
    assert {*scores.settings} == {"mono", "cross", "multi"}


def test_every_two_of_the_14_languages_are_a_task() -> None:
    assert len(load_benchmark("mupler").tasks) == 14 + 14 * 13 + 14
    assert len(Published("mupler").table) == 14 * 3


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"corpus": b"id\ttext\n"}, "is not a whole parquet file"),
        ({"corpus": parquet(corpus("en"))[:-9]}, "is not a whole parquet file"),
        ({"corpus": parquet([{"_id": "p0", "text": "x"}])}, "line 1 needs the key 'id' with a text"),
        ({"corpus": parquet([*corpus("en"), corpus("en")[1]])}, "line 4 repeats the id 'p1'"),
        ({"corpus": parquet([{"id": "p 0", "text": "x"}])}, "line 1 has white space in the id 'p 0'"),
        ({"queries": parquet([*queries("en"), queries("en")[0]])}, "line 3 repeats the id 'q0'"),
        ({"queries": parquet([{"id": "q0", "text": ""}])}, "line 1 has an empty 'text'"),
        (
            {"qrels": parquet([{"query-id": "q7", "corpus-id": "p1", "score": 1}])},
            "line 1 judges 'q7', which en has not",
        ),
        (
            {"qrels": parquet([{"query-id": "q1", "corpus-id": "p7", "score": 1}])},
            "line 1 judges 'p7', which en has not",
        ),
        ({"qrels": parquet([{"query-id": "q1", "corpus-id": "p1", "score": 0.5}])}, "the key 'score' with a number"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, changes: dict[str, bytes], complaint: str) -> None:
    collection = small("mupler", mupler.collection, tmp_path, files("en", **changes))
    with pytest.raises(CollectionError, match=complaint):
        collection.part("en")


def test_a_language_that_is_not_there_is_told(tmp_path: Path) -> None:
    collection = small("mupler", mupler.collection, tmp_path, files("en"))
    assert len(collection.part("en").queries) == 2
    with pytest.raises(CollectionError, match=r"has no sv-corpus/test-00000-of-00001\.parquet"):
        collection.part("sv")


def test_a_file_is_not_taken_for_another_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "test-00000-of-00001.parquet").write_bytes(parquet(corpus("en")))
    with pytest.raises(CollectionError, match=r"has no el-corpus/test-00000-of-00001\.parquet"):
        Published("mupler").add(tmp_path)
