"""Belebele: parallel questions and passages in 122 language variants, in files that are written here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ir_datasets
import pytest

import datasets_ext
from datasets_ext import CollectionError, belebele
from datasets_ext.belebele import read_part
from datasets_ext.languages import language_groups, languages_of
from datasets_ext.parallel import ParallelCollection
from datasets_ext.published import Published
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks import load_benchmark
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small

LANGUAGES = tuple(languages_of("belebele"))
PASSAGES = ("https://en.wikinews.org/wiki/One", "https://en.wikibooks.org/wiki/Two_(2)")
ONE, TWO = "04ab2de0", "86fdd380"  # their digests


def row(passage: int, number: int, lang: str, **changes: Any) -> dict[str, Any]:
    published = {
        "link": PASSAGES[passage],
        "question_number": number,
        "flores_passage": f"Passage {passage} in {lang}.",
        "question": f"Question {number} of {passage} in {lang}?",
        **{f"mc_answer{choice}": f"Answer {choice}." for choice in range(1, 5)},
        "correct_answer_num": "2",
        "dialect": lang,
        "ds": "2023-05-03",
    }
    return {**published, **changes}


def jsonl(rows: Iterable[dict[str, Any]], end: str = "\n") -> str:
    return "".join(json.dumps(one) + end for one in rows)


def contents(lang: str) -> str:
    return jsonl([row(0, 1, lang), row(1, 1, lang), row(0, 2, lang)])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of all languages."""
    folder = tmp_path_factory.mktemp("belebele")
    (folder / "data").mkdir()
    for lang in LANGUAGES:
        (folder / "data" / f"{lang}.jsonl").write_text(contents(lang))
    return folder


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    files = {f"data/{lang}.jsonl": contents(lang) for lang in LANGUAGES}
    return small("belebele", belebele.collection, tmp_path_factory.mktemp("small"), files)


# --- contents ---------------------------------------------------------------------------------------------------


def test_a_question_finds_its_passage_which_is_there_once(collection: ParallelCollection) -> None:
    dataset = ir_datasets.load(f"{collection.name}/deu_Latn/deu_Latn")
    assert [tuple(doc) for doc in dataset.docs_iter()] == [
        (f"deu_Latn_{ONE}", "Passage 0 in deu_Latn.", "", PASSAGES[0], "deu_Latn"),
        (f"deu_Latn_{TWO}", "Passage 1 in deu_Latn.", "", PASSAGES[1], "deu_Latn"),
    ]
    assert [tuple(query) for query in dataset.queries_iter()] == [
        (f"{ONE}-1_deu_Latn", "Question 1 of 0 in deu_Latn?", "deu_Latn", f"{ONE}-1", ONE, ""),
        (f"{TWO}-1_deu_Latn", "Question 1 of 1 in deu_Latn?", "deu_Latn", f"{TWO}-1", TWO, ""),
        (f"{ONE}-2_deu_Latn", "Question 2 of 0 in deu_Latn?", "deu_Latn", f"{ONE}-2", ONE, ""),
    ]
    assert [(qrel.query_id, qrel.doc_id) for qrel in dataset.qrels_iter()] == [
        (f"{ONE}-1_deu_Latn", f"deu_Latn_{ONE}"),
        (f"{TWO}-1_deu_Latn", f"deu_Latn_{TWO}"),
        (f"{ONE}-2_deu_Latn", f"deu_Latn_{ONE}"),
    ]


def test_ids_do_not_depend_on_the_order_of_a_language_nor_on_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "shuffled").write_text(jsonl([row(1, 2, "x"), row(0, 2, "x")]))
    part = read_part(tmp_path / "shuffled", "x")
    assert part.relevant == {f"{TWO}-2": [f"x_{TWO}"], f"{ONE}-2": [f"x_{ONE}"]}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_copies_with_other_white_space_that_of_the_first_question_is_the_document(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    texts = {1: "A passage.", 2: "A  passage. "}
    link = {1: PASSAGES[0], 2: f"{PASSAGES[0]} "}
    rows = [row(0, number, "x", flores_passage=texts[number], link=link[number]) for number in order]
    (tmp_path / "x").write_text(jsonl(rows))
    part = read_part(tmp_path / "x", "x")
    assert [doc.text for doc in part.docs] == ["A passage."]
    assert {*part.relevant} == {f"{ONE}-1", f"{ONE}-2"}


def test_byte_order_marks_and_line_ends_of_other_systems_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbf" + jsonl([row(0, 1, "ñ"), row(0, 2, "ñ")], "\r\n").encode() + b"\r\n")
    assert [query.text for query in read_part(tmp_path / "x", "x").queries] == [
        "Question 1 of 0 in ñ?",
        "Question 2 of 0 in ñ?",
    ]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "has no questions"),
        ([row(0, 1, "x"), row(1, 1, "x"), row(0, 1, "x")], "line 3 repeats question 1 of '.*One'"),
        ([row(0, 1, "x", question=" ")], "line 1 has an empty 'question'"),
        ([row(0, 1, "x", question_number="1")], "line 1 needs the key 'question_number' with a number"),
        ([row(0, 1, "x", flores_passage=None)], "line 1 needs the key 'flores_passage' with a text"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, rows: list[dict[str, Any]], complaint: str) -> None:
    (tmp_path / "x.jsonl").write_text(jsonl(rows))
    with pytest.raises(CollectionError, match=complaint):
        read_part(tmp_path / "x.jsonl", "x")


# --- files ------------------------------------------------------------------------------------------------------


def test_files_are_named_at_one_revision_for_all_122_languages() -> None:
    table = Published("belebele").table
    assert {file.removeprefix("data/").removesuffix(".jsonl") for file in table} == {*LANGUAGES}
    assert len(table) == 122
    [folder] = {about["url"].removesuffix(file) for file, about in table.items()}
    assert folder.startswith("https://huggingface.co/datasets/facebook/belebele/resolve/")


def test_a_folder_is_added_and_what_it_lacks_is_told(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    unpacked = tmp_path / "Belebele"  # as the project's own archive has them: no folder below
    unpacked.mkdir()
    for path in (published / "data").iterdir():
        (unpacked / path.name).symlink_to(path)
    (unpacked / "zul_Latn.jsonl").unlink()
    with pytest.raises(CollectionError, match=r"has no data/zul_Latn\.jsonl"):
        datasets_ext.add("belebele", unpacked)
    (unpacked / "zul_Latn.jsonl").write_text(jsonl([row(0, 1, "x", question="")]))
    with pytest.raises(CollectionError, match=r"zul_Latn\.jsonl line 1 has an empty 'question'"):
        datasets_ext.add("belebele", unpacked)
    assert not (tmp_path / "home" / "belebele").exists()

    (unpacked / "zul_Latn.jsonl").write_text(contents("zul_Latn"))
    assert len(datasets_ext.add("belebele", unpacked)) == 122
    assert ir_datasets.load("belebele/multi/zul_Latn").queries_count() == 3
    assert ir_datasets.load("belebele").docs_count() == 2 * 122
    path = tmp_path / "home" / "belebele" / "data" / "zul_Latn.jsonl"
    path.write_text(contents("zul"))
    with pytest.raises(CollectionError, match="is not the belebele file that was here before"):
        Published("belebele").path("data/zul_Latn.jsonl")
    datasets_ext.remove("belebele")


# --- languages and tasks ----------------------------------------------------------------------------------------


def test_all_languages_have_a_script_and_a_family() -> None:
    for lang, about in languages_of("belebele").items():
        assert {*about} == {"name", "script", "family"}
        assert lang.split("_")[1] == about["script"]
    groups = language_groups(languages_of("belebele"))
    for kind in ("script:", "family:"):
        members = [lang for name, languages in groups.items() if name.startswith(kind) for lang in languages]
        assert sorted(members) == sorted(LANGUAGES)
    # 29 in the paper, which counts the three of Japanese
    assert sum(name.startswith("script:") for name in groups) == 27
    assert groups["family:uralic"] == ["est_Latn", "fin_Latn", "hun_Latn"]


def test_cross_goes_through_english_and_the_ids_of_all_pairs_are_there() -> None:
    benchmark = load_benchmark("belebele")
    assert {
        setting: sum(task.setting == setting for task in benchmark.tasks) for setting in ("mono", "cross", "multi")
    } == {
        "mono": 122,
        "cross": 2 * 121,
        "multi": 122,
    }
    assert ir_datasets.load("belebele/swh_Latn/zho_Hant").docs_lang() == "swh_Latn"


def test_groups_of_languages_narrow_the_benchmark() -> None:
    named = load_benchmark("belebele").only(settings=["mono"], languages=["family:dravidian", "script:Grek"])
    assert [task.name for task in named.tasks] == [
        f"{lang}/{lang}" for lang in ("ell_Grek", "kan_Knda", "mal_Mlym", "tam_Taml", "tel_Telu")
    ]


def test_an_encoder_is_scored_in_all_settings(collection: ParallelCollection, tiny: Path) -> None:
    benchmark = parallel_benchmark(collection).only(languages=["family:uralic", "eng_Latn"])
    scores = evaluate(benchmark, Encoder.load(tiny), measures=["nDCG@10", "RankDistance"])
    assert {*scores.settings} == {"mono", "cross", "multi"}
    assert len(benchmark.tasks) == 4 + 2 * 3 + 4
    assert set(scores.per_query.query("task == 'multi/fin_Latn'")["cluster"]) == {ONE, TWO}
