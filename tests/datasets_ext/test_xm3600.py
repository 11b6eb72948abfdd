"""Crossmodal-3600: captions of the same image, in a zip archive."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import ir_datasets
import pytest

from datasets_ext import CollectionError, xm3600
from datasets_ext.parallel import ParallelCollection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small


def line(image: str, **captions: list[str]) -> str:
    """A line as it is published; languages that are not named have one caption."""
    of_language = {lang: captions.get(lang, [f"a lion {image} {lang}"]) for lang in xm3600.LANGUAGES}
    tokenized = {lang: {"caption": texts, "caption/tokenized": ["a"]} for lang, texts in of_language.items()}
    return json.dumps({"image/key": image, "image/locale": "en", **tokenized})


LINES = [
    line("000a", en=["A lion.", " ", 'A "big"\tlion'], th=["สิงโต"]),
    line("000b", en=["A river."], bn=[]),
    line("000c", quz=["mayu", "mayu"]),
]


def packed(contents: str, member: str = xm3600.MEMBER) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", "none")
        archive.writestr(member, contents)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    folder = tmp_path_factory.mktemp("xm3600")
    return small("xm3600", xm3600.collection, folder, {xm3600.FILE: packed("\r\n\n".join(LINES))})


def test_all_captions_are_documents_and_the_first_of_an_image_is_a_query(collection: ParallelCollection) -> None:
    english = ir_datasets.load(f"{collection.name}/en/th")
    assert [(doc.doc_id, doc.text) for doc in english.docs_iter()] == [
        ("en_000a_0", "A lion."),
        ("en_000a_1", 'A "big"\tlion'),
        ("en_000b_0", "A river."),
        ("en_000c_0", "a lion 000c en"),
    ]
    assert next((query.query_id, query.text) for query in english.queries_iter()) == ("000a_th", "สิงโต")
    assert [tuple(qrel) for qrel in english.qrels_iter()][:2] == [
        ("000a_th", "en_000a_0", 1),
        ("000a_th", "en_000a_1", 1),
    ]
    assert english.docs_store().get("en_000b_0").text == "A river."


def test_an_image_without_a_caption_in_a_language_is_not_asked_for_there(collection: ParallelCollection) -> None:
    assert [qrel.query_id for qrel in ir_datasets.load(f"{collection.name}/bn/en").qrels_iter()] == [
        "000a_en",
        "000c_en",
    ]
    assert [query.query_id for query in ir_datasets.load(f"{collection.name}/en/bn").queries_iter()] == [
        "000a_bn",
        "000c_bn",
    ]


def test_every_two_languages_are_a_task(collection: ParallelCollection) -> None:
    benchmark = parallel_benchmark(collection)
    assert len(xm3600.LANGUAGES) == 36
    assert len(benchmark.tasks) == 36 * 36  # all pairs of two, and the pools
    assert [*ir_datasets.load(f"{collection.name}/quz/mi").qrels_iter()]


def test_an_encoder_is_scored(collection: ParallelCollection, tiny: Path, tmp_path: Path) -> None:
    benchmark = parallel_benchmark(collection).only(languages=["en", "de"])
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "scores", measures=["R@4"])
    assert scores.settings["cross"]["R@4"] == 1
    assert {*scores.settings} == {"cross", "multi"}


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (packed("\n".join([LINES[0], LINES[0]])), r"captions\.zip/captions\.jsonl line 2 repeats the image/key '000a'"),
        (packed(LINES[0].replace('"zh"', '"yue"')), "line 1 needs the key 'zh'"),
        (packed(LINES[0].replace("000a", "000 a")), "line 1 has white space in the image/key '000 a'"),
        (packed(LINES[0], "captions.json"), r"captions\.zip has no captions\.jsonl"),
        (packed("\n".join(LINES))[:-50], r"is not whole: .*; get a fresh copy"),
        (packed("\n".join(LINES)).replace(b"PK\x03\x04", b"PK\x03\x05"), "is not whole"),
    ],
    ids=["repeated", "no caption", "white space", "no member", "cut", "no header"],  # archives have the time in them
)
def test_a_damaged_archive_is_told(tmp_path: Path, contents: bytes, complaint: str) -> None:
    collection = small("xm3600", xm3600.collection, tmp_path, {xm3600.FILE: contents})
    with pytest.raises(CollectionError, match=complaint):
        collection.part("de")
