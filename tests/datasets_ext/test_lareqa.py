"""XQuAD-R and MLQA-R: what is read is what was published, and nothing else is ever taken for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import ir_datasets
import pytest

import datasets_ext
from datasets_ext import CollectionError
from datasets_ext.lareqa import parse
from datasets_ext.parallel import ParallelCollection, count
from datasets_ext.published import Published as PublishedFiles
from tests.conftest import ROOT, run_cli

LANGUAGES = {
    "xquad-r": ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"],
    "mlqa-r": ["ar", "de", "en", "es", "hi", "vi", "zh"],
}
# Questions and candidate sentences, as the papers give them.
PUBLISHED = {
    "xquad-r": {
        "ar": (1190, 1222),
        "de": (1190, 1276),
        "el": (1190, 1234),
        "en": (1190, 1180),
        "es": (1190, 1215),
        "hi": (1190, 1244),
        "ru": (1190, 1219),
        "th": (1190, 852),
        "tr": (1190, 1167),
        "vi": (1190, 1209),
        "zh": (1190, 1196),
    },
    "mlqa-r": {
        "ar": (517, 2545),
        "de": (512, 2362),
        "en": (1148, 6264),
        "es": (500, 1787),
        "hi": (507, 2426),
        "vi": (511, 2828),
        "zh": (504, 2322),
    },
}

every_collection = pytest.mark.parametrize("name", list(LANGUAGES))


@dataclass
class Published:
    """One file, read here without the code under test."""

    docs: list[tuple[str, ...]] = field(default_factory=list)
    queries: list[tuple[str, ...]] = field(default_factory=list)
    relevant: dict[str, list[str]] = field(default_factory=dict)


@cache
def published(folder: Path, name: str, lang: str) -> Published:
    result = Published()
    paragraph_number = 0
    for article in json.loads((folder / name / f"{lang}.json").read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            paragraph_number += 1
            ids_by_text: dict[str, list[str]] = {}
            for sentence_number, text in enumerate(paragraph["sentences"]):
                doc_id = f"{lang}_{paragraph_number}_{sentence_number}"
                ids_by_text.setdefault(text, []).append(doc_id)
                result.docs.append((doc_id, text, paragraph["context"], article.get("title", ""), lang))
            for question in paragraph["qas"]:
                [start] = {answer["answer_start"] for answer in question["answers"]}
                begins = [begin for begin, _ in paragraph["sentence_breaks"]]
                last = max(number for number, begin in enumerate(begins) if begin <= start)
                assert start < paragraph["sentence_breaks"][last][1]
                result.queries.append((f"{question['id']}_{lang}", question["question"], lang, question["id"]))
                result.relevant[question["id"]] = ids_by_text[paragraph["sentences"][last]]
    return result


def expected_queries(parts: dict[str, Published], docs: list[str], queries: list[str]) -> list[tuple[str, ...]]:
    return [
        query for lang in queries for query in parts[lang].queries if any(query[3] in parts[x].relevant for x in docs)
    ]


def expected_qrels(parts: dict[str, Published], docs: list[str], queries: list[str]) -> set[tuple[str, str]]:
    return {
        (query[0], doc_id)
        for lang in queries
        for query in parts[lang].queries
        for doc_lang in docs
        for doc_id in parts[doc_lang].relevant.get(query[3], [])
    }


def qrels_of(dataset: Any) -> list[tuple[str, str]]:
    found = list(dataset.qrels_iter())
    assert {qrel.relevance for qrel in found} == {1}
    return [(qrel.query_id, qrel.doc_id) for qrel in found]


def same_pairs(found: list[tuple[str, str]], expected: set[tuple[str, str]]) -> bool:
    return len(found) == len(expected) and set(found) == expected


# --- contents ---------------------------------------------------------------------------------------------------


@every_collection
def test_every_language_has_the_published_number_of_questions_and_sentences(lareqa: Path, name: str) -> None:
    for lang, (questions, sentences) in PUBLISHED[name].items():
        assert len(list(ir_datasets.load(f"{name}/{lang}/{lang}").queries_iter())) == questions
        assert len(list(ir_datasets.load(f"{name}/{lang}").docs_iter())) == sentences


@every_collection
def test_documents_are_the_published_sentences_in_their_order(lareqa: Path, name: str) -> None:
    pool: list[tuple[str, ...]] = []
    for lang in LANGUAGES[name]:
        expected = published(lareqa, name, lang).docs
        assert [tuple(doc) for doc in ir_datasets.load(f"{name}/{lang}").docs_iter()] == expected
        pool += expected
    for dataset_id in (name, f"{name}/multi"):
        assert [tuple(doc) for doc in ir_datasets.load(dataset_id).docs_iter()] == pool
    assert len({doc[0] for doc in pool}) == len(pool)


@every_collection
def test_an_id_with_queries_has_the_documents_of_its_first_part(lareqa: Path, name: str) -> None:
    for docs in ("multi", *LANGUAGES[name]):
        handler = ir_datasets.load(f"{name}/{docs}").docs_handler()
        for lang in LANGUAGES[name]:
            assert ir_datasets.load(f"{name}/{docs}/{lang}").docs_handler() is handler


@every_collection
def test_queries_of_every_pair_are_the_questions_that_have_an_answer_there(lareqa: Path, name: str) -> None:
    parts = {lang: published(lareqa, name, lang) for lang in LANGUAGES[name]}
    for docs in LANGUAGES[name]:
        for lang in LANGUAGES[name]:
            found = [tuple(query)[:4] for query in ir_datasets.load(f"{name}/{docs}/{lang}").queries_iter()]
            assert found == expected_queries(parts, [docs], [lang]), (docs, lang)


@every_collection
def test_qrels_of_every_pair_are_the_answer_sentences(lareqa: Path, name: str) -> None:
    parts = {lang: published(lareqa, name, lang) for lang in LANGUAGES[name]}
    for docs in LANGUAGES[name]:
        for lang in LANGUAGES[name]:
            found = qrels_of(ir_datasets.load(f"{name}/{docs}/{lang}"))
            assert same_pairs(found, expected_qrels(parts, [docs], [lang])), (docs, lang)


@every_collection
def test_the_pool_has_queries_and_qrels_of_all_languages(lareqa: Path, name: str) -> None:
    languages = LANGUAGES[name]
    parts = {lang: published(lareqa, name, lang) for lang in languages}
    for dataset_id, queries in [(name, languages), *((f"{name}/multi/{lang}", [lang]) for lang in languages)]:
        dataset = ir_datasets.load(dataset_id)
        assert [tuple(query)[:4] for query in dataset.queries_iter()] == expected_queries(parts, languages, queries)
        assert same_pairs(qrels_of(dataset), expected_qrels(parts, languages, queries)), dataset_id


def test_the_pool_of_xquad_r_has_13014_sentences_of_which_13005_differ(lareqa: Path) -> None:
    docs = list(ir_datasets.load("xquad-r").docs_iter())
    assert len(docs) == 13014
    assert len({(doc.lang, doc.text) for doc in docs}) == 13005


def test_every_question_of_xquad_r_is_in_all_languages_and_of_mlqa_r_in_two_to_four(lareqa: Path) -> None:
    for name, allowed in (("xquad-r", {11}), ("mlqa-r", {2, 3, 4})):
        languages: dict[str, set[str]] = {}
        for query in ir_datasets.load(name).queries_iter():
            languages.setdefault(query.parallel_id, set()).add(query.lang)
        assert {len(found) for found in languages.values()} == allowed
        assert all("en" in found for found in languages.values())


@pytest.mark.parametrize(
    ("name", "unit", "number"),
    [("xquad-r", "cluster", 240), ("mlqa-r", "cluster", 933), ("xquad-r", "article", 48), ("mlqa-r", "article", 520)],
)
def test_a_unit_is_what_questions_with_a_paragraph_or_article_in_common_are_linked_to(
    lareqa: Path, name: str, unit: str, number: int
) -> None:
    shared: list[set[str]] = []
    for lang in LANGUAGES[name]:
        for article in json.loads((lareqa / name / f"{lang}.json").read_text(encoding="utf-8"))["data"]:
            paragraphs = [{question["id"] for question in one["qas"]} for one in article["paragraphs"]]
            shared += paragraphs if unit == "cluster" else [set().union(*paragraphs)]
    expected: list[set[str]] = []
    for linked in shared:
        touched = [one for one in expected if one & linked]
        expected = [one for one in expected if not one & linked] + [linked.union(*touched)]

    found: dict[str, set[str]] = {}
    for query in ir_datasets.load(name).queries_iter():
        found.setdefault(getattr(query, unit), set()).add(query.parallel_id)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, expected))
    assert (len(found), sum(map(len, found.values()))) == (number, {"xquad-r": 1190, "mlqa-r": 1148}[name])


@every_collection
def test_every_cluster_lies_whole_in_one_article(lareqa: Path, name: str) -> None:
    articles: dict[str, set[str]] = {}
    for query in ir_datasets.load(name).queries_iter():
        articles.setdefault(query.cluster, set()).add(query.article)
    assert set(map(len, articles.values())) == {1}


@every_collection
def test_cluster_and_article_are_known_from_the_file_of_one_language(
    lareqa: Path, request: pytest.FixtureRequest, name: str
) -> None:
    together = {one.query_id: (one.cluster, one.article) for one in ir_datasets.load(f"{name}/multi/vi").queries_iter()}
    home: Path = request.getfixturevalue("home")  # another one, from here on
    (home / name).mkdir(parents=True)
    shutil.copyfile(lareqa / name / "vi.json", home / name / "vi.json")
    alone = datasets_ext.lareqa._load(PublishedFiles(name), "vi").queries
    assert {one.query_id: (one.cluster, one.article) for one in alone} == together


def test_line_breaks_within_sentences_are_kept(lareqa: Path) -> None:
    assert sum("\n" in doc.text for doc in ir_datasets.load("xquad-r").docs_iter()) == 29


SENTENCES = ["Yes.", "It is so.", "Yes.", "No."]
BREAKS = [[0, 4], [5, 14], [15, 19], [20, 23]]


def small_file(answer_start: int) -> bytes:
    other = {"context": "Yes.", "sentences": ["Yes."], "sentence_breaks": [[0, 4]], "qas": []}
    question = {"id": "q", "question": "Is it?", "answers": [{"text": "...", "answer_start": answer_start}]}
    asked = {"context": " ".join(SENTENCES), "sentences": SENTENCES, "sentence_breaks": BREAKS, "qas": [question]}
    articles = [{"title": "First", "paragraphs": [other]}, {"title": "Second", "paragraphs": [other, asked]}]
    return json.dumps({"version": "1.1", "data": articles}).encode()


@pytest.mark.parametrize(
    ("answer_start", "relevant"),
    [
        (0, ["en_3_0", "en_3_2"]),  # the same text twice in the paragraph; that of other paragraphs does not count
        (17, ["en_3_0", "en_3_2"]),
        (5, ["en_3_1"]),
        (13, ["en_3_1"]),  # wherever the answer ends
        (22, ["en_3_3"]),
    ],
)
def test_the_sentences_with_the_text_in_which_the_answer_starts_are_relevant(
    answer_start: int, relevant: list[str]
) -> None:
    part = parse(small_file(answer_start), "en")
    assert part.relevant == {"q": relevant}
    assert [tuple(query) for query in part.queries] == [("q_en", "Is it?", "en", "q", "3", "2")]


def test_paragraphs_are_numbered_over_the_whole_file() -> None:
    found = [(doc.doc_id, doc.title, doc.text) for doc in parse(small_file(0), "en").docs]
    assert found[:3] == [("en_1_0", "First", "Yes."), ("en_2_0", "Second", "Yes."), ("en_3_0", "Second", "Yes.")]
    assert [doc_id for doc_id, _, _ in found[2:]] == ["en_3_0", "en_3_1", "en_3_2", "en_3_3"]


# --- counts -----------------------------------------------------------------------------------------------------


def test_the_shipped_counts_are_those_of_the_files(lareqa: Path) -> None:
    shipped = json.loads((ROOT / "datasets_ext" / "etc" / "metadata.json").read_text(encoding="utf-8"))
    counted: dict[str, Any] = {}
    for name, languages in LANGUAGES.items():
        load = partial(datasets_ext.lareqa._load, PublishedFiles(name))
        counted |= count(ParallelCollection(name, languages, load, "counted"))
    assert {key: counts for key, counts in shipped.items() if key.split("/")[0] in LANGUAGES} == counted


@every_collection
def test_the_counts_of_every_id_are_those_of_its_contents(lareqa: Path, name: str) -> None:
    for dataset_id in [x for x in ir_datasets.registry if x.split("/")[0] == name]:
        dataset = ir_datasets.load(dataset_id)
        if dataset.has_queries():
            assert dataset.queries_count() == sum(1 for _ in dataset.queries_iter()), dataset_id
            assert dataset.qrels_count() == sum(1 for _ in dataset.qrels_iter()), dataset_id
        else:
            assert dataset.docs_count() == sum(1 for _ in dataset.docs_iter()), dataset_id


# Runs with a home that holds nothing, and fails at the first attempt to reach another machine.
OFFLINE = """
import sys
def no_network(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect"):
        raise ConnectionError("reached for the network")
sys.addaudithook(no_network)
import ir_datasets, datasets_ext
datasets_ext.register()
"""


def offline(program: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OFFLINE + program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "IR_DATASETS_HOME": str(home), "IR_DATASETS_DL_TRIES": "1"},
    )


def files_in(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for the note of what was verified."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "verified.json"
    }


def test_counts_languages_and_documentation_need_no_download(tmp_path: Path) -> None:
    result = offline(
        """
import json
answers = {}
for dataset_id in ir_datasets.registry:
    if dataset_id.split("/")[0] not in ("xquad-r", "mlqa-r"):
        continue
    dataset = ir_datasets.load(dataset_id)
    assert dataset.docs_namespace() == dataset_id.split("/")[0]
    sides = [side for side in ("docs", "queries", "qrels") if dataset.has(side)]
    answers[dataset_id] = {
        "counts": {side: getattr(dataset, side + "_count")() for side in sides},
        "langs": [dataset.docs_lang(), dataset.queries_lang() if "queries" in sides else None],
        "namespaces": [getattr(dataset, side + "_namespace")() for side in sides if side != "qrels"],
        "desc": dataset.documentation()["desc"],
        "name": dataset.documentation()["pretty_name"],
        "metadata": dataset.metadata(),
    }
print(json.dumps(answers))
""",
        tmp_path / "home",
    )
    assert result.returncode == 0, result.stderr
    answers = json.loads(result.stdout)
    assert len(answers) == sum(2 + n + (n + 1) * n for n in map(len, LANGUAGES.values()))
    assert answers["xquad-r/de/en"]["counts"] == {"docs": 1276, "queries": 1190, "qrels": 1190}
    assert answers["xquad-r/multi/en"]["counts"] == {"docs": 13014, "queries": 1190, "qrels": 11 * 1190}
    assert answers["xquad-r/de/en"]["langs"] == ["de", "en"]
    assert answers["xquad-r/multi/en"]["langs"] == [None, "en"]
    assert answers["xquad-r"]["langs"] == [None, None]
    for dataset_id, answer in answers.items():
        name, *languages = dataset_id.split("/")
        assert answer["name"].lower() == name
        assert set(answer["namespaces"]) == {name}
        assert all(count > 0 for count in answer["counts"].values())
        for lang in languages:
            assert lang == "multi" or f"'{lang}'" in answer["desc"], dataset_id
        assert ("all" in answer["desc"]) == ("multi" in languages) or not languages
    assert f"{len(LANGUAGES['xquad-r'])} languages" in answers["xquad-r"]["desc"]
    assert not files_in(tmp_path / "home")


def test_without_network_and_files_the_message_says_how_to_add_them(tmp_path: Path) -> None:
    result = offline(
        """
try:
    next(iter(ir_datasets.load("xquad-r/de").docs_iter()))
except datasets_ext.CollectionError as error:
    print(error)
""",
        tmp_path / "home",
    )
    assert result.returncode == 0, result.stderr
    [message] = result.stdout.splitlines()
    assert "cannot download de.json of xquad-r" in message
    assert "hybrid-ir datasets add xquad-r FOLDER" in message
    assert not files_in(tmp_path / "home")


# --- adding local files -----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for ir_datasets."""
    folder = tmp_path / "home"
    monkeypatch.setenv("IR_DATASETS_HOME", str(folder))
    return folder


@pytest.fixture
def copy(lareqa: Path, tmp_path: Path) -> Path:
    """A folder with the published files of MLQA-R; a test may replace some."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for lang in LANGUAGES["mlqa-r"]:
        (folder / f"{lang}.json").symlink_to(lareqa / "mlqa-r" / f"{lang}.json")
    return folder


def flip_a_byte(path: Path) -> None:
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.unlink()
    path.write_bytes(contents)


def truncate(path: Path) -> None:
    contents = path.read_bytes()
    path.unlink()
    path.write_bytes(contents[: len(contents) * 2 // 3])


def empty(path: Path) -> None:
    path.unlink()
    path.touch()


def reformat(path: Path) -> None:
    contents = json.loads(path.read_bytes())
    path.unlink()
    path.write_text(json.dumps(contents, indent=1), encoding="utf-8")


def put_another_language(path: Path) -> None:
    contents = path.with_name("ar.json").read_bytes()
    path.unlink()
    path.write_bytes(contents)


def test_the_published_folder_is_installed_byte_for_byte(copy: Path, home: Path) -> None:
    installed = datasets_ext.add("mlqa-r", copy)
    assert installed == [home / "mlqa-r" / f"{lang}.json" for lang in LANGUAGES["mlqa-r"]]
    assert {f"mlqa-r/{name}": contents for name, contents in files_in(copy).items()} == files_in(home)


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, empty, reformat, put_another_language])
def test_a_file_that_is_not_the_published_one_is_refused_and_nothing_installed(
    copy: Path, home: Path, damage: Any
) -> None:
    damage(copy / "zh.json")  # the last one, when all others have been found right
    with pytest.raises(CollectionError) as caught:
        datasets_ext.add("mlqa-r", copy)
    message = str(caught.value)
    assert message.startswith(str(copy / "zh.json"))
    assert "not the published mlqa-r file" in message
    assert "\n" not in message
    assert not files_in(home)


@pytest.mark.parametrize("lang", ["ar", "zh"])
def test_a_missing_language_is_named_and_nothing_installed(copy: Path, home: Path, lang: str) -> None:
    (copy / f"{lang}.json").unlink()
    with pytest.raises(CollectionError) as caught:
        datasets_ext.add("mlqa-r", copy)
    assert str(caught.value).startswith(f"{copy} has no {lang}.json")
    assert not files_in(home)


def test_the_files_of_one_collection_are_not_taken_for_the_other(lareqa: Path, home: Path) -> None:
    with pytest.raises(CollectionError, match=r"ar\.json is not the published mlqa-r file"):
        datasets_ext.add("mlqa-r", lareqa / "xquad-r")
    assert not files_in(home)


@every_collection
def test_a_folder_that_does_not_exist_or_is_a_file_is_named(tmp_path: Path, home: Path, name: str) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(CollectionError) as caught:
            datasets_ext.add(name, folder)
        assert str(caught.value) == f"{folder} is not a folder"
    assert not files_in(home)


def test_a_refused_folder_leaves_installed_files_alone(copy: Path, home: Path) -> None:
    datasets_ext.add("mlqa-r", copy)
    before = files_in(home)
    flip_a_byte(copy / "de.json")
    with pytest.raises(CollectionError):
        datasets_ext.add("mlqa-r", copy)
    assert files_in(home) == before


def test_adding_again_mends_a_damaged_file(copy: Path, home: Path) -> None:
    datasets_ext.add("mlqa-r", copy)
    before = files_in(home)
    truncate(home / "mlqa-r" / "hi.json")
    datasets_ext.add("mlqa-r", str(copy))
    assert files_in(home) == before


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, empty])
def test_an_installed_file_that_was_damaged_later_is_named_when_it_is_read(
    lareqa: Path, home: Path, damage: Any
) -> None:
    path = home / "xquad-r" / "de.json"
    path.parent.mkdir(parents=True)
    shutil.copyfile(lareqa / "xquad-r" / "de.json", path)
    fresh = ParallelCollection(
        "xquad-r", ["de"], partial(datasets_ext.lareqa._load, PublishedFiles("xquad-r")), "fresh"
    )
    assert len(fresh.part("de").docs) == 1276
    damage(path)
    fresh = ParallelCollection(
        "xquad-r", ["de"], partial(datasets_ext.lareqa._load, PublishedFiles("xquad-r")), "fresh"
    )
    with pytest.raises(CollectionError) as caught:
        fresh.part("de")
    assert str(caught.value).startswith(f"{path} is not the published xquad-r file")
    assert "\n" not in str(caught.value)


def test_a_command_that_meets_a_damaged_file_says_which_and_writes_nothing(
    lareqa: Path, home: Path, tmp_path: Path
) -> None:
    path = home / "xquad-r" / "de.json"
    path.parent.mkdir(parents=True)
    shutil.copyfile(lareqa / "xquad-r" / "de.json", path)
    truncate(path)
    result = run_cli("datasets", "export", "xquad-r/de/de", "--output", tmp_path / "out", check=2)
    [line] = result.stderr.splitlines()
    assert line.startswith(f"hybrid-ir: {path} is not the published xquad-r file")
    assert not result.stdout
    assert not files_in(tmp_path / "out")


# --- the command line -------------------------------------------------------------------------------------------


def test_datasets_add_installs_the_published_folder_for_the_next_command(copy: Path, home: Path) -> None:
    result = run_cli("datasets", "add", "mlqa-r", copy)
    assert result.stdout == f"mlqa-r: 7 files in {home / 'mlqa-r'}\n"
    assert not result.stderr
    found = run_cli("run", "ir_datasets", "export", "mlqa-r/es/es", "queries", "--format", "jsonl")
    assert len(found.stdout.splitlines()) == 500


def test_datasets_add_refuses_a_damaged_folder_in_one_line(copy: Path, home: Path) -> None:
    flip_a_byte(copy / "vi.json")
    result = run_cli("datasets", "add", "mlqa-r", copy, check=2)
    [line] = result.stderr.splitlines()
    assert line.startswith(f"hybrid-ir: {copy / 'vi.json'} is not the published mlqa-r file")
    assert not result.stdout
    assert not files_in(home)


def test_languages_of_the_package_are_those_published() -> None:
    assert {name: list(languages) for name, languages in datasets_ext.lareqa.LANGUAGES.items()} == LANGUAGES
