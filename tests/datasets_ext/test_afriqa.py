"""AfriQA: African questions, their translations and the passages that answer them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ir_datasets
import pytest

from datasets_ext import CollectionError, afriqa
from datasets_ext.parallel import ParallelCollection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small


def lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def gold(number: int, asked: str, translated: str, context: Any, answers: tuple[str, Any]) -> dict[str, Any]:
    pivot, own = answers
    return {
        "answer_pivot": {"answer_start": [0], "text": [pivot]},
        "context": context,
        "id": str(number),
        "question_lang": asked,
        "question_translated": translated,
        "title": "Kano" if number == 0 else None,
        "answer_lang": own,
    }


def asked(number: int, question: Any, translated: str, lang: str) -> dict[str, Any]:
    return {"id": number, "question": question, "translated_question": translated, "answers": "['x']", "lang": lang}


KANO, RAIN = "Kano is a city.", 'It "rained"\tin Kano.'
GOLD = {
    ("hau", "test"): [
        gold(0, "Wace birni?", "Which city?", KANO, ("Kano", "Kano")),
        gold(1, "An yi ruwa?", "Did it rain?", RAIN, ("rained", float("nan"))),
        gold(3, "Babu?", "None?", None, ("x", "x")),
    ],
    ("hau", "train"): [gold(0, "Ina?", "Where?", "Lagos is a port.", ("Lagos", "Lagos"))],
    ("swa", "test"): [gold(0, "Mji gani?", "Which town?", KANO, ("Kano", "Kano jiji"))],
    ("fon", "test"): [gold(0, "Tóxo tɛ?", "Quelle capitale?", "Sanaa est la capitale.", ("Sanaa", "Sanaa"))],
}
ASKED = {
    "hau": [asked(0, "Wace birni?", "Which city?", "hau"), asked(1, None, "Did it rain?", "hau")],
    "swa": [asked(0, "Mji gani?", "Which city?", "swa")],
    "wol": [asked(0, "Ban dëkk?", "Quelle ville ?", "wol")],
}


def passages() -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {afriqa._gold(lang, "test"): "" for lang in afriqa.PIVOTS if lang != "wol"}
    return {**found, **{afriqa._gold(*key): lines(rows) for key, rows in GOLD.items()}}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    return small("afriqa", afriqa.collection, tmp_path_factory.mktemp("afriqa"), passages())


def test_a_question_and_its_translation_are_answered_by_the_same_passage(collection: ParallelCollection) -> None:
    english = ir_datasets.load(f"{collection.name}/en")
    assert [(doc.doc_id, doc.default_text()) for doc in english.docs_iter()] == [
        ("en_hau-test-0", f"Kano {KANO}"),
        ("en_hau-test-1", RAIN),
        ("en_hau-train-0", "Kano Lagos is a port."),
    ]
    for lang in ("hau", "en"):
        pair = ir_datasets.load(f"{collection.name}/en/{lang}")
        found = {(qrel.query_id, qrel.doc_id) for qrel in pair.qrels_iter() if "hau" in qrel.query_id}
        assert found == {(f"hau-0_{lang}", "en_hau-test-0"), (f"hau-1_{lang}", "en_hau-test-1")}
    swahili = [*ir_datasets.load(f"{collection.name}/en/swa").qrels_iter()]
    assert [(qrel.query_id, qrel.doc_id) for qrel in swahili] == [("swa-0_swa", "en_hau-test-0")]


def test_queries_have_their_answers_in_both_languages(collection: ParallelCollection) -> None:
    answers = {
        query.query_id: query.answers
        for lang in ("hau", "swa")
        for query in ir_datasets.load(f"{collection.name}/en/{lang}").queries_iter()
    }
    assert answers == {"hau-0_hau": ("Kano",), "hau-1_hau": ("rained",), "swa-0_swa": ("Kano", "Kano jiji")}


def test_french_passages_are_asked_for_in_fon_and_french_alone(collection: ParallelCollection) -> None:
    tasks = [task.name for task in parallel_benchmark(collection).tasks]
    assert [name for name in tasks if name.startswith("fr/")] == ["fr/fr", "fr/fon"]
    assert len(tasks) == 2 + 9 + 11


def test_an_encoder_is_scored_in_all_settings(collection: ParallelCollection, tiny: Path) -> None:
    benchmark = parallel_benchmark(collection).only(languages=["en", "fr", "fon", "hau"])
    scores = evaluate(benchmark, Encoder.load(tiny))
    assert {*scores.settings} == {"mono", "cross", "multi"}


def test_translations_are_found_with_all_that_read_the_same(tiny: Path, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        afriqa._questions(lang): lines(ASKED.get(lang, [asked(0, "?", f"{lang}?", lang)])) for lang in afriqa.PIVOTS
    }
    collection = small("afriqa-questions", afriqa.questions, tmp_path, files)
    found = {(one.query_id, one.doc_id) for one in ir_datasets.load(f"{collection.name}/en/hau").qrels_iter()}
    assert found == {("hau-0_hau", "en_hau-0"), ("hau-0_hau", "en_swa-0")}
    assert [one.doc_id for one in ir_datasets.load(f"{collection.name}/wol/fr").qrels_iter()] == ["wol_wol-0"]
    tasks = [task.name for task in parallel_benchmark(collection).tasks]
    assert "hau/swa" not in tasks
    assert {"en/hau", "hau/en", "wol/fr", "multi/wol"} <= {*tasks}
    scores = evaluate(parallel_benchmark(collection).only(tasks=["en/hau", "multi/hau"]), Encoder.load(tiny))
    assert {*scores.settings} == {"cross", "multi"}


def test_an_id_again_is_refused(tmp_path: Path) -> None:
    twice = lines([GOLD["swa", "test"][0]] * 2)
    collection = small("afriqa", afriqa.collection, tmp_path, {**passages(), afriqa._gold("swa", "test"): twice})
    with pytest.raises(CollectionError, match="line 2 repeats the id '0'"):
        collection.part("swa")
