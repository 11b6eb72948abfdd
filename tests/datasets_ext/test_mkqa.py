"""MKQA: the same question in another language, and answers that a passage can hold."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import ir_datasets
import pytest

from datasets_ext import CollectionError, mkqa
from datasets_ext.parallel import ParallelCollection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from hybrid_plugin.tasks.export import export_dataset
from tests.datasets_ext.small import small


def row(example_id: int, question: str, answers: list[dict[str, Any]], **in_languages: Any) -> dict[str, Any]:
    """A line as it is published; what is not said of a language is as in the others."""
    return {
        "query": question,
        "answers": {lang: in_languages.get(f"{lang}_answers", answers) for lang in mkqa.LANGUAGES},
        "queries": {lang: in_languages.get(lang, f"{question} {lang}") for lang in mkqa.LANGUAGES},
        "example_id": example_id,
    }


NOTHING = [{"type": "unanswerable", "text": None}]
ROWS = [
    row(
        *(-7449157003522518870, "who is the lion", [{"type": "entity", "entity": "Q1", "text": "Leo", "aliases": []}]),
        zh_cn="谁是狮子",
        zh_cn_answers=[{"type": "entity", "text": "利奥 ", "entity": "Q1"}],  # without aliases, as published
        ru_answers=[{"type": "entity", "text": "Лео", "aliases": ["Leo", "Лео", " ", "Лев"]}],
        he_answers=[{"type": "entity", "text": None}],
    ),
    row(2, "is it raining", [{"type": "binary", "text": "yes"}]),
    row(3, "why does it rain", [{"type": "long_answer", "text": None}]),
    row(4, "when did the rain win", NOTHING, km="", th=None),
    row(5, "how many lions", [{"type": "number", "text": "5.0"}, {"type": "unanswerable", "text": None}]),
    row(6, "how many rivers", [*NOTHING, {"type": "number_with_unit", "text": "6 rivers", "aliases": ["6", "six"]}]),
]


def files(*rows: object) -> dict[str, str | bytes]:
    lines = [json.dumps(one, ensure_ascii=n % 2 == 0) for n, one in enumerate(rows)]
    packed = gzip.compress("\r\n".join(lines[:2]).encode() + b"\n") + gzip.compress("\n".join(lines[2:]).encode())
    return {mkqa.FILE: packed}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    return small("mkqa", mkqa.collection, tmp_path_factory.mktemp("mkqa"), files(*ROWS))


def test_the_documents_of_a_language_are_its_questions(collection: ParallelCollection) -> None:
    chinese = ir_datasets.load(f"{collection.name}/zh_cn/de")
    assert [(doc.doc_id, doc.text) for doc in chinese.docs_iter()][:2] == [
        ("zh_cn_-7449157003522518870", "谁是狮子"),
        ("zh_cn_2", "is it raining zh_cn"),
    ]
    assert [query.query_id for query in chinese.queries_iter()][:2] == ["-7449157003522518870_de", "2_de"]
    assert [tuple(qrel) for qrel in chinese.qrels_iter()][1] == ("2_de", "zh_cn_2", 1)
    assert ir_datasets.load(collection.name).docs_count() == len(ROWS) * 26 - 2


def test_a_question_that_is_blank_in_a_language_is_not_there(collection: ParallelCollection) -> None:
    for lang in ("km", "th"):
        assert "4" not in {
            doc.doc_id.split("_")[1] for doc in ir_datasets.load(f"{collection.name}/{lang}").docs_iter()
        }
        assert "4_de" not in {qrel.query_id for qrel in ir_datasets.load(f"{collection.name}/{lang}/de").qrels_iter()}


def test_answers_are_those_of_the_language_with_aliases_where_a_passage_can_hold_one(
    collection: ParallelCollection,
) -> None:
    def answers(lang: str) -> list[tuple[str, ...]]:
        return [query.answers for query in ir_datasets.load(f"{collection.name}/multi/{lang}").queries_iter()]

    # The type of the last English answer decides, as for Contriever and BGE-M3.
    assert answers("en") == [("Leo",), (), (), (), (), ("6 rivers", "6", "six")]
    assert answers("zh_cn")[0] == ("利奥 ",)
    assert answers("ru")[0] == ("Лео", "Leo", "Лев")
    assert answers("he")[0] == ()


def test_no_language_is_asked_within_itself(collection: ParallelCollection) -> None:
    benchmark = parallel_benchmark(collection)
    assert benchmark.settings == ("cross", "multi")
    assert len(benchmark.tasks) == 26 * 25 + 26
    pool = benchmark.task("multi/de")
    assert len(pool.docs) == 25
    assert "de" not in {view.lang for view in pool.docs}


def test_an_encoder_is_scored(collection: ParallelCollection, tiny: Path, tmp_path: Path) -> None:
    benchmark = parallel_benchmark(collection).only(languages=["en", "de"])
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "scores", measures=["Success@6", "RankDistance"])
    assert scores.settings["cross"]["Success@6"] == 1
    assert {*scores.settings} == {"cross", "multi"}


def test_queries_are_exported_with_their_answers(collection: ParallelCollection, tmp_path: Path) -> None:
    dataset_id = f"{collection.name}/multi/ru"
    export_dataset(dataset_id, "jsonl", tmp_path / "jsonl")
    [first, *_] = (tmp_path / "jsonl" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["answers"] == ["Лео", "Leo", "Лев"]
    export_dataset(dataset_id, "tsv", tmp_path / "tsv")
    [first, *_] = (tmp_path / "tsv" / "queries.tsv").read_text(encoding="utf-8").splitlines()
    assert first.split("\t")[-3:] == ["Лео", "Leo", "Лев"]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([ROWS[0], ROWS[0]], "line 2 repeats the example_id '-7449157003522518870'"),
        ([{**ROWS[0], "example_id": "a b"}], "line 1 has white space in the example_id 'a b'"),
        ([{**ROWS[0], "example_id": ""}], "line 1 has white space in the example_id ''"),
        ([{**ROWS[0], "queries": {"en": "x"}}], "line 1 has no 'ar' in its queries or its answers"),
        ([{**ROWS[0], "answers": []}], "line 1 needs the key 'answers' with a object"),
        (["text"], "line 1 needs the key 'queries'"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, rows: list[object], complaint: str) -> None:
    collection = small("mkqa", mkqa.collection, tmp_path, files(*rows))
    with pytest.raises(CollectionError, match=complaint):
        collection.part("de")


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    collection = small("mkqa", mkqa.collection, tmp_path, files(*ROWS))
    assert len(collection.part("de").queries) == 6
    (tmp_path / mkqa.FILE).write_bytes(bytes(files(*ROWS[:3])[mkqa.FILE]))
    collection.forget()
    assert len(collection.part("de").queries) == 3
