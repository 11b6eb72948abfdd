"""Sources from SQuAD and Tevatron files and from ir_datasets ids, against what the files say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ir_datasets
import numpy as np
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.datasets.miracl import MiraclDoc
from ir_datasets.datasets.mr_tydi import MrTydiDocs
from ir_datasets.formats import JsonlDocs, TrecQrels, TsvDocPairs, TsvDocs, TsvQueries
from ir_datasets.util import LocalDownload

from datasets_ext.errors import CollectionError
from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.sources.irds import matching_ids
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from tests.conftest import run_cli


def paragraph(context: str, **questions: tuple[str, list[int]]) -> dict[str, Any]:
    """A paragraph of a SQuAD file: id=(question, where its answers start)."""
    qas = [
        {"id": key, "question": text, "answers": [{"text": context[at], "answer_start": at} for at in starts]}
        for key, (text, starts) in questions.items()
    ]
    return {"context": context, "qas": qas}


def squad(path: Path, *paragraphs: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    article = {"title": "t", "paragraphs": list(paragraphs)}
    path.write_text(json.dumps({"version": "1.1", "data": [article]}, ensure_ascii=False), encoding="utf-8")
    return path


def tevatron(path: Path, *lines: dict[str, Any] | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("".join(f"{line}\n" for line in raw), encoding="utf-8")
    return path


def asked(query_id: str, query: str, positive: str, *negatives: str, title: str = "") -> dict[str, Any]:
    passages = [
        {"docid": f"{query_id}-{i}", "title": title, "text": text} for i, text in enumerate((positive, *negatives))
    ]
    return {"query_id": query_id, "query": query, "positive_passages": passages[:1], "negative_passages": passages[1:]}


def rows(name: str | Path) -> list[Row]:
    return list(load_source(str(name)))


def test_squad_files_of_several_languages_are_joined_by_their_ids(tmp_path: Path) -> None:
    squad(tmp_path / "q" / "xquad.en.json", paragraph("She came.", a=("who?", [0]), b=("when?", [4, 4])))
    squad(tmp_path / "q" / "de.json", paragraph("Sie kam.", b=("wann?", [4])))
    assert rows(tmp_path / "q") == [
        Row("a", {"en": "who?"}, {"en": ("She came.",)}),
        Row("b", {"de": "wann?", "en": "when?"}, {"de": ("Sie kam.",), "en": ("She came.",)}),
    ]
    named = f"squad:de={tmp_path / 'q' / 'de.json'},en={tmp_path / 'q' / 'xquad.en.json'}"
    source = load_source(named)
    assert (source.name, len(source), source.languages) == (named, 2, ("de", "en"))


def test_questions_without_an_answer_are_left_out_and_counted(tmp_path: Path) -> None:
    squad(tmp_path / "q" / "en.json", paragraph("She came.", a=("who?", [0]), b=("why?", []), c=("how?", [])))
    with pytest.warns(UserWarning, match=r"en\.json: questions left out for lack of an answer: 2"):
        assert [row.parallel_id for row in rows(tmp_path / "q")] == ["a"]
    squad(tmp_path / "none" / "en.json", paragraph("She came.", b=("why?", [])))
    with pytest.warns(UserWarning, match="left out"), pytest.raises(UserError, match="holds no training pairs"):
        rows(tmp_path / "none")


def test_files_with_sentences_give_those_that_answer_as_the_collection_does(lareqa: Path) -> None:
    ours = {row.parallel_id: row for row in rows(lareqa / "xquad-r")}
    theirs = {row.parallel_id: row for row in rows("xquad-r")}
    assert {key: row.queries for key, row in ours.items()} == {key: row.queries for key, row in theirs.items()}
    assert {(key, lang): set(found) for key, row in ours.items() for lang, found in row.passages.items()} == {
        (key, lang): set(found) for key, row in theirs.items() for lang, found in row.passages.items()
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": [', r"en\.json is not valid JSON"),
        ("[]", r"en\.json needs the key 'data' with a list"),
        ({"data": [{"title": "t"}]}, r"en\.json article 1 needs the key 'paragraphs'"),
        ({"data": [{"paragraphs": [{"context": "c"}]}]}, r"article 1 paragraph 1 needs the key 'qas'"),
        (
            {
                "data": [
                    {"paragraphs": [{"context": "c", "qas": [{"question": "q", "answers": [{"answer_start": 0}]}]}]}
                ]
            },
            r"article 1 paragraph 1 question 1 needs the key 'id' with a text",
        ),
        (
            {
                "data": [
                    {
                        "paragraphs": [
                            {"context": " ", "qas": [{"id": "a", "question": "q", "answers": [{"answer_start": 0}]}]}
                        ]
                    }
                ]
            },
            r"question 1 needs the key 'context'",
        ),
        (
            {"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "a", "question": "q", "answers": [{}]}]}]}]},
            r"question 1 needs the key 'answer_start' with a number",
        ),
        (
            {
                "data": [
                    {
                        "paragraphs": [
                            {
                                "context": "\ud800",
                                "qas": [{"id": "a", "question": "q", "answers": [{"answer_start": 0}]}],
                            }
                        ]
                    }
                ]
            },
            r"'a' in 'en' has half a character",
        ),
    ],
)
def test_a_damaged_squad_file_is_refused_by_its_place(tmp_path: Path, content: object, message: str) -> None:
    (tmp_path / "en.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(UserError, match=message):
        rows(tmp_path)


def test_an_id_twice_in_a_language_is_refused(tmp_path: Path) -> None:
    squad(tmp_path / "en.json", paragraph("one", a=("who?", [0])), paragraph("two", a=("who?", [0])))
    with pytest.raises(UserError, match="the id 'a' is twice among the questions in 'en'"):
        rows(tmp_path)


def test_files_whose_language_is_not_clear_are_refused(tmp_path: Path) -> None:
    path = squad(tmp_path / "a" / "dev-v1_1.json", paragraph("one", a=("who?", [0])))
    with pytest.raises(UserError, match=r"'1_1' of .*|'dev-v1_1' of .*dev-v1_1\.json is not a language"):
        rows(path.parent)
    assert len(rows(f"squad:en={path}")) == 1
    with pytest.raises(UserError, match=r"are both in 'en'"):
        rows(f"squad:en={path},en={path}")
    with pytest.raises(UserError, match=r"there is no file 'nothing\.json'"):
        rows("squad:en=nothing.json")
    with pytest.raises(UserError, match=r"'nothing' is not a folder with \{lang\}\.json"):
        rows("squad:nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty holds no \{lang\}\.jsonl"):
        rows(f"tevatron:{tmp_path / 'empty'}")
    with pytest.raises(UserError, match="there is no file"):
        rows(f"jsonl:{tmp_path / 'nothing'}")


def test_a_folder_that_may_be_two_formats_asks_for_one(tmp_path: Path) -> None:
    squad(tmp_path / "en.json", paragraph("one", a=("who?", [0])))
    tevatron(tmp_path / "de.jsonl", asked("a", "wer?", "eins"))
    with pytest.raises(UserError, match=f"'{tmp_path}' may be squad or tevatron; write squad:{tmp_path} or"):
        rows(tmp_path)
    assert rows(f"squad:{tmp_path}")[0].queries == {"en": "who?"}
    assert rows(f"tevatron:{tmp_path}")[0].queries == {"de": "wer?"}


def test_tevatron_files_give_positives_and_negatives_by_language(tmp_path: Path) -> None:
    tevatron(tmp_path / "en.jsonl", asked("7", "who?", "she", "he", "it", title="Persons"), asked("8", "when?", "now"))
    no_title = {"query_id": "7", "query": "wer?", "positive_passages": [{"docid": "1", "text": "sie"}]}
    tevatron(tmp_path / "de.jsonl", no_title)
    assert rows(tmp_path) == [
        Row(
            "7",
            {"de": "wer?", "en": "who?"},
            {"de": ("sie",), "en": ("Persons she",)},
            {"en": ("Persons he", "Persons it")},
        ),
        Row("8", {"en": "when?"}, {"en": ("now",)}),
    ]
    unanswered = {"query_id": "9", "query": "?", "positive_passages": []}
    tevatron(tmp_path / "fr.jsonl", asked("7", "qui?", "elle"), unanswered)
    with pytest.warns(UserWarning, match=r"fr\.jsonl: questions left out for lack of an answer: 1"):
        assert len(rows(tmp_path)) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"query_id": "2", "query"', "en.jsonl line 2 is not valid JSON"),
        ({"query": "q", "positive_passages": []}, "en.jsonl line 2 needs the key 'query_id'"),
        ({"query_id": "2", "query": "", "positive_passages": []}, "en.jsonl line 2 has an empty 'query'"),
        (
            {"query_id": "2", "query": "q", "positive_passages": [{"title": "t"}]},
            "en.jsonl line 2 needs the key 'text'",
        ),
        ({"query_id": "2", "query": "q", "positive_passages": ["t"]}, "en.jsonl line 2 needs the key 'text'"),
        (
            {"query_id": "2", "query": "q", "positive_passages": [], "negative_passages": {"a": "b"}},
            "en.jsonl line 2 needs the key 'negative_passages' with a list",
        ),
    ],
)
def test_a_bad_tevatron_line_is_refused_by_its_number(tmp_path: Path, line: Any, message: str) -> None:
    tevatron(tmp_path / "en.jsonl", asked("1", "who?", "she"), line)
    with pytest.raises((UserError, CollectionError), match=re.escape(message)):
        rows(tmp_path)


def test_a_source_of_files_is_read_again_when_they_change(tmp_path: Path) -> None:
    tevatron(tmp_path / "en.jsonl", asked("1", "who?", "she"))
    first = load_source(str(tmp_path))
    tevatron(tmp_path / "en.jsonl", asked("1", "who?", "nobody at all"))
    again = load_source(str(tmp_path))
    assert again[0].passages == {"en": ("nobody at all",)}
    assert again.checksum != first.checksum


Register = Callable[[str, Dataset], None]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Puts a dataset under an ir_datasets id for the time of a test, in the place of the one that has it."""
    return lambda name, dataset: monkeypatch.setitem(ir_datasets.registry._registered, name, dataset)


def local(path: Path, *lines: str) -> Any:
    """A file as ir_datasets' handlers take it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return LocalDownload(path)


MMARCO = ("ar", "de", "dt", "es", "fr", "hi", "id", "it", "ja", "pt", "ru", "vi", "zh")


@pytest.fixture
def mmarco(tmp_path: Path, register: Register) -> None:
    """A small mMARCO, with the record types and handlers of the real one."""
    qrels = TrecQrels(local(tmp_path / "qrels", "10 0 100 1", "11 0 101 1", "11 0 102 1"), {1: "relevant"})
    others = [f"11\t101\t{200 + i % 20}" for i in range(60)]
    pairs = TsvDocPairs(local(tmp_path / "pairs", "10\t100\t102", "10\t100\t102", "11\t101\t102", "12\t1\t2", *others))
    for lang in (*MMARCO, "en"):
        docs = TsvDocs(
            local(tmp_path / lang / "docs.tsv", *(f"{i}\tpassage {i} in {lang}" for i in (100, 101, 102))), lang=lang
        )
        queries = TsvQueries(
            local(tmp_path / lang / "q.tsv", *(f"{i}\tquestion {i} in {lang}" for i in (10, 11, 12))), lang=lang
        )
        parts = [docs, queries, qrels, pairs] if lang != "en" else [docs, queries, qrels]
        register("msmarco-passage/train" if lang == "en" else f"mmarco/v2/{lang}/train", Dataset(*parts))


@pytest.mark.usefixtures("mmarco")
def test_mmarco_joins_its_fourteen_languages_by_query_and_document() -> None:
    source = load_source("mmarco/v2/*/train")
    langs = sorted({*MMARCO, "en", "nl"} - {"dt"})
    assert source.languages == tuple(langs)
    assert len(langs) == 14
    ten, eleven = source
    assert ten.queries == {lang: f"question 10 in {'dt' if lang == 'nl' else lang}" for lang in langs}
    assert ten.passages == dict.fromkeys(langs, ("100",))
    assert ten.negatives == dict.fromkeys(langs, ("102",))
    assert eleven.passages["de"] == ("101", "102")
    assert eleven.negatives["de"] == tuple(str(200 + i) for i in range(16))
    assert ten.text("en", "100") == "passage 100 in en"
    assert ten.text("nl", "100") == "passage 100 in dt"
    batch = Batches([source], "cross", BatchSettings(size=2), steps=1)[0]
    for example, passage in zip(batch.examples, batch.passages, strict=True):
        assert re.fullmatch(rf"passage {example.passage} in \w+", passage)
        assert example.query.split()[1] == {"100": "10", "101": "11", "102": "11"}[example.passage]
    with pytest.raises(UserError, match="has no document '200', which 'mmarco/v2/"):
        eleven.text("de", "200")


@pytest.mark.usefixtures("mmarco")
def test_some_languages_of_mmarco_can_be_named() -> None:
    assert matching_ids("mmarco/v2/{de,en}/train") == ["mmarco/v2/de/train", "mmarco/v2/en/train"]
    assert load_source("mmarco/v2/{de,en}/train").languages == ("de", "en")
    assert load_source("mmarco/v2/de,en/train").languages == ("de", "en")
    assert load_source("irds:mmarco/v2/de/train").languages == ("de",)
    assert load_source("mmarco/v2/de/train")[0].parallel_id == "10"
    assert load_source("msmarco-passage/train")[0].parallel_id == "en_10"
    with pytest.raises(UserError, match="unknown source 'mmarco/v2/xx/train'"):
        load_source("mmarco/v2/xx/train")
    with pytest.raises(UserError, match="names two parts of a parallel collection"):
        load_source("mmarco/v2/de/{train,dev}")
    with pytest.raises(UserError, match="'mmarco/v2/de' has no queries"):
        load_source("mmarco/v2/de")


@pytest.fixture
def mr_tydi(tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    for lang in ("ar", "fi"):
        folder = tmp_path / "mr-tydi" / lang
        docs = [json.dumps({"id": f"{i}#0", "contents": f"passage {i} in {lang}"}) for i in range(3)]
        queries = [f"{i}\tquestion {i} in {lang}" for i in range(3)]
        register(
            f"mr-tydi/{lang}/train",
            Dataset(
                MrTydiDocs(local(folder / "docs.jsonl", *docs), lang),
                TsvQueries(local(folder / "topic.train.tsv", *queries), lang=lang),
                TrecQrels(local(folder / "qrels.train.txt", "0 Q0 2#0 1", "1 Q0 0#0 1"), {1: "relevant"}),
            ),
        )


@pytest.mark.usefixtures("mr_tydi")
def test_queries_of_mr_tydi_are_not_parallel() -> None:
    source = load_source("mr-tydi/{ar,fi}/train")
    assert list(source) == [
        Row(f"{lang}_{i}", {lang: f"question {i} in {lang}"}, {lang: (doc,)})
        for lang in ("ar", "fi")
        for i, doc in enumerate(("2#0", "0#0"))
    ]
    assert source[2].text("fi", "2#0") == "passage 2 in fi"


def test_judged_documents_of_miracl_that_are_not_relevant_are_negatives(tmp_path: Path, register: Register) -> None:
    for lang in ("sw", "te"):
        folder = tmp_path / "miracl" / lang
        docs = [json.dumps({"docid": f"{i}#0", "title": f"T{i}", "text": f"in {lang}"}) for i in range(3)]
        collection = JsonlDocs(
            [local(folder / "docs.jsonl", *docs)],
            doc_cls=MiraclDoc,
            mapping={"doc_id": "docid", "title": "title", "text": "text"},
            lang=lang,
            docstore_path=folder / "docs.pklz4",
        )
        queries = TsvQueries(local(folder / "topics.tsv", "5\tone?", "6\ttwo?"), lang=lang)
        qrels = TrecQrels(local(folder / "qrels.tsv", "5 Q0 1#0 1", "5 Q0 2#0 0", "6 Q0 1#0 0"), {})
        register(f"miracl/{lang}/train", Dataset(collection, queries, qrels))
    source = load_source("miracl/{sw,te}/train")
    assert list(source) == [
        Row(f"{lang}_5", {lang: "one?"}, {lang: ("1#0",)}, {lang: ("2#0",)}) for lang in ("sw", "te")
    ]
    assert source[1].text("te", "1#0") == "T1 in te"


def test_an_id_without_a_known_language_is_refused(tmp_path: Path, register: Register) -> None:
    docs, queries = TsvDocs(local(tmp_path / "d", "1\ta")), TsvQueries(local(tmp_path / "q", "1\ta"))
    register("nowhere/train", Dataset(docs, queries, TrecQrels(local(tmp_path / "r", "1 0 1 1"), {})))
    with pytest.raises(UserError, match="'nowhere/train' does not say the language"):
        load_source("nowhere/train")


def test_one_task_of_a_registered_collection_is_a_source() -> None:
    source = load_source("hybrid-demo/de/en")
    assert source.patterns == ((("en",), ("de",)),)
    row = source[0]
    docs = {doc.doc_id: doc.text for doc in ir_datasets.load("hybrid-demo/de").docs_iter()}
    assert [row.text("de", one) for one in row.passages["de"]] == [docs[one] for one in row.passages["de"]]
    batch = Batches([source], "cross", BatchSettings(size=8), steps=1)[0]
    assert np.count_nonzero(batch.false_negatives()) == np.count_nonzero(
        batch.false_negatives() & batch.false_negatives().T
    )


def test_the_command_line_lists_and_describes_sources(tmp_path: Path) -> None:
    listed = run_cli("sources", "list").stdout
    for word in ("hybrid-demo", "squad:FOLDER", "tevatron:FOLDER", "jsonl:FILE", "irds:ID"):
        assert word in listed
    squad(tmp_path / "en.json", paragraph("She came.", a=("who?", [0]), b=("when?", [4])))
    squad(tmp_path / "de.json", paragraph("Sie kam.", b=("wann?", [4])))
    described = run_cli("sources", "info", tmp_path).stdout
    assert "2 rows in 2 languages, sha256:" in described
    assert "1 queries in de en; passages in de en" in described
    refused = run_cli("sources", "info", "nothing", check=2).stderr
    assert "unknown source 'nothing'" in refused
