"""Texts of collections are read alike everywhere: without the blanks that stray around some of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import ir_datasets
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseDocs, GenericDoc

import datasets_ext
from hybrid_plugin.tasks.named import load_benchmark, load_dataset
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import documents, queries, query_texts, texts_of
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.sources.collection import from_collection

NAME = "stray-blanks"


@pytest.fixture(scope="module")
def collection(irds_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp(NAME)
    for lang in ("de", "en"):
        docs = [{"doc_id": f"d{i}", "text": f" answer {i} in {lang}\n"} for i in range(3)]
        queries = [{"query_id": f"q{i}", "text": f"question {i} in {lang} ", "relevant": [f"d{i}"]} for i in range(3)]
        for kind, rows in (("docs", docs), ("queries", queries)):
            (folder / f"{kind}.{lang}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    datasets_ext.register_parallel(NAME, folder)
    yield NAME
    for dataset_id in [one for one in ir_datasets.registry if one.split("/")[0] == NAME]:
        del ir_datasets.registry._registered[dataset_id]


def test_texts_of_a_collection_have_no_outer_blanks(collection: str) -> None:
    assert next(iter(load_dataset(collection).queries_iter())).text.endswith(" ")
    benchmark = load_benchmark(collection)
    dataset = load_dataset(collection)
    views = [*map(documents, benchmark.doc_views), *map(query_texts, benchmark.query_views)]
    sides = [*views, *map(queries, benchmark.tasks), texts_of(dataset, "docs"), texts_of(dataset, "queries")]
    for text in [text.text for side in sides for text in side]:
        assert text == text.strip() != ""


class _English(BaseDocs):
    def docs_iter(self) -> Iterator[GenericDoc]:
        yield GenericDoc("d1", "one")

    def docs_lang(self) -> str:
        return "en"


def test_a_language_is_that_of_the_view_or_the_record_or_the_dataset(collection: str) -> None:
    ir_datasets.registry.register(f"{NAME}/english", Dataset(_English()))  # whose records have no language
    assert [text.lang for text in documents(View(f"{NAME}/english"))] == ["en"]
    assert [text.lang for text in documents(View(f"{NAME}/english", "xx"))] == ["xx"]
    assert {text.lang for text in documents(View(NAME))} == {"de", "en"}


def test_a_batch_trains_on_the_texts_that_are_searched(collection: str) -> None:
    (batch,) = Batches([from_collection(collection, collection)], "cross", BatchSettings(size=3), steps=1)
    for text in (*batch.queries, *batch.passages):
        assert text == text.strip() != ""
