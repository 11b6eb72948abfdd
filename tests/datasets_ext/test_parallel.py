"""What every parallel collection has: the ids of the design, and the ways of ir_datasets to use them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ir_datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets_ext
from datasets_ext.parallel import (
    MULTI,
    LanguagePart,
    PackageDocumentation,
    ParallelCollection,
    ParallelDoc,
    ParallelDocs,
    ParallelQrels,
    ParallelQueries,
    ParallelQuery,
    count,
    register_collection,
)
from tests.conftest import listed_benchmarks, run_cli

LANGUAGES = {
    "xquad-r": ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"],
    "mlqa-r": ["ar", "de", "en", "es", "hi", "vi", "zh"],
    "hybrid-demo": ["ar", "de", "en", "es", "hi", "ru", "vi", "zh"],
    "hybrid-demo-train": ["ar", "de", "en", "es", "hi", "ru", "vi", "zh"],
}

DOCUMENTS = {"xquad-r": 13014, "mlqa-r": 20534, "hybrid-demo": 1288, "hybrid-demo-train": 5456}

every_collection = pytest.mark.parametrize("name", list(LANGUAGES))


def ids_of(name: str, languages: list[str]) -> set[str]:
    docs = ["multi", *languages]
    return {name, *(f"{name}/{x}" for x in docs), *(f"{name}/{x}/{lang}" for x in docs for lang in languages)}


# --- ids --------------------------------------------------------------------------------------------------------


@every_collection
def test_all_ids_of_the_design_and_no_others_are_registered(name: str) -> None:
    assert {x for x in ir_datasets.registry if x.split("/")[0] == name} == ids_of(name, LANGUAGES[name])


def test_registering_again_does_nothing() -> None:
    before = {x: ir_datasets.registry[x] for x in ir_datasets.registry}
    datasets_ext.register()
    assert {x: ir_datasets.registry[x] for x in ir_datasets.registry} == before


def test_a_name_that_is_registered_keeps_its_collection() -> None:
    before = ir_datasets.load("hybrid-demo")
    empty = ParallelCollection("hybrid-demo", ["xx"], lambda lang: LanguagePart([], [], {}), "0")
    register_collection(empty, PackageDocumentation("parallel.yaml"))
    assert ir_datasets.load("hybrid-demo") is before
    assert "hybrid-demo/xx" not in ir_datasets.registry


@every_collection
def test_ids_with_the_same_documents_share_their_parent(name: str) -> None:
    for lang in LANGUAGES[name]:
        for queries in LANGUAGES[name]:
            assert ir_datasets.docs_parent_id(f"{name}/{lang}/{queries}") == f"{name}/{lang}"
        assert ir_datasets.docs_parent_id(f"{name}/multi/{lang}") == name
    assert ir_datasets.docs_parent_id(f"{name}/multi") == name


@every_collection
def test_an_id_has_queries_and_qrels_where_it_names_the_language_of_the_queries(name: str) -> None:
    for dataset_id in ids_of(name, LANGUAGES[name]):
        dataset = ir_datasets.load(dataset_id)
        assert dataset.has_docs()
        parts = dataset_id.split("/")
        assert dataset.has_queries() == dataset.has_qrels() == (len(parts) != 2)
        assert dataset.docs_lang() == (parts[1] if len(parts) > 1 and parts[1] != "multi" else None)
        if dataset.has_queries():
            assert dataset.queries_lang() == (parts[2] if len(parts) == 3 else None)
            assert dataset.queries_namespace() == name
            assert set(dataset.qrels_defs()) == {1}
        assert dataset.docs_namespace() == name


@every_collection
def test_documentation_names_the_languages_of_the_id(name: str) -> None:
    for dataset_id in ids_of(name, LANGUAGES[name]) - {name}:
        documentation = ir_datasets.load(dataset_id).documentation()
        assert documentation["pretty_name"]
        for lang in dataset_id.split("/")[1:]:
            assert f"'{lang}'" in documentation["desc"] or lang == "multi"
        assert "{" not in documentation["desc"]


@pytest.mark.parametrize("dataset_id", ["xquad-r/fr", "xquad-r/de/multi", "xquad-r/multi/multi", "mlqa-r/el/el"])
def test_no_other_id_can_be_loaded(dataset_id: str) -> None:
    with pytest.raises(KeyError):
        ir_datasets.load(dataset_id)


# --- any collection whatever ------------------------------------------------------------------------------------

Relevant = dict[str, dict[str, set[int]]]  # language -> parallel id -> numbers of the documents that answer it


@st.composite
def collections(draw: st.DrawFn) -> tuple[ParallelCollection, dict[str, int], Relevant]:
    languages = draw(st.lists(st.sampled_from(["ar", "de", "en", "zh-Hant"]), min_size=1, max_size=3, unique=True))
    sizes = {lang: draw(st.integers(0, 3)) for lang in sorted(languages)}
    relevant: Relevant = {
        lang: draw(
            st.dictionaries(
                st.sampled_from(["q1", "q2", "q3", "q_4"]),
                st.sets(st.integers(0, sizes[lang] - 1)) if sizes[lang] else st.just(set()),
            )
        )
        for lang in sizes
    }

    def load(lang: str) -> LanguagePart:
        return LanguagePart(
            [ParallelDoc(f"{lang}_{i}", f"text {i}", "", "", lang) for i in range(sizes[lang])],
            [ParallelQuery(f"{pid}_{lang}", f"question {pid}", lang, pid) for pid in relevant[lang]],
            {pid: [f"{lang}_{i}" for i in sorted(found)] for pid, found in relevant[lang].items() if found},
        )

    return ParallelCollection("any", list(sizes), load, "0"), sizes, relevant


def counting(languages: list[str], queries: int) -> tuple[ParallelCollection, list[str]]:
    """A collection under a name of its own, and the languages that were read so far."""
    read: list[str] = []

    def load(lang: str) -> LanguagePart:
        read.append(lang)
        return LanguagePart(
            [ParallelDoc(f"{lang}_{i}", "text", "", "", lang) for i in range(queries)],
            [ParallelQuery(f"counted{i}_{lang}", "question", lang, f"counted{i}") for i in range(queries)],
            {f"counted{i}": [f"{lang}_{i}"] if i else [] for i in range(queries)},  # the first has no answer
        )

    name = f"counting-{uuid.uuid4().hex[:8]}"
    return ParallelCollection(name, languages, load, "0", at_hand=languages.__contains__), read


def test_counts_of_an_id_read_the_languages_of_that_id_alone() -> None:
    collection, read = counting(["ar", "de", "en", "zh"], 3)
    register_collection(collection, PackageDocumentation("parallel.yaml"))
    assert not read
    assert ir_datasets.load(f"{collection.name}/de").docs_count() == 3
    assert ir_datasets.load(f"{collection.name}/de/en").docs_count() == 3
    assert read == ["de"]
    assert ir_datasets.load(f"{collection.name}/de/en").queries_count() == 2
    assert ir_datasets.load(f"{collection.name}/de/en").metadata() == {
        "docs": {"count": 3},
        "queries": {"count": 2},
        "qrels": {"count": 2, "fields": {"relevance": {"counts_by_value": {"1": 2}}}},
    }
    assert read == ["de", "en"]
    assert ir_datasets.load(f"{collection.name}/multi/en").qrels_count() == 4 * 2


def test_a_query_with_an_empty_list_of_answers_is_in_no_id() -> None:
    collection, _ = counting(["de", "en"], 3)
    register_collection(collection, PackageDocumentation("parallel.yaml"))
    dataset = ir_datasets.load(f"{collection.name}/de/en")
    assert [query.query_id for query in dataset.queries_iter()] == ["counted1_en", "counted2_en"]
    assert dataset.queries_count() == 2


def test_a_hundred_languages_are_counted_without_their_pairs() -> None:
    languages = [f"l{number:03}" for number in range(122)]
    collection, _ = counting(languages, 201)
    register_collection(collection, PackageDocumentation("parallel.yaml"))
    listed = {one for one in ir_datasets.registry if one.split("/")[0] == collection.name}
    assert len(listed) == 1 + 123 + 122  # the pairs are known, and nobody would read a list of 14,884
    pair = f"{collection.name}/l007/l121"
    assert pair not in listed
    assert ir_datasets.load(pair).queries_count() == 200
    assert ir_datasets.docs_parent_id(pair) == f"{collection.name}/l007"
    with pytest.raises(KeyError):
        ir_datasets.load(f"{collection.name}/l007/l122")
    collection.qrels = None  # type: ignore[assignment,method-assign] # nobody goes through them
    dataset = ir_datasets.load(collection.name)
    assert (dataset.docs_count(), dataset.queries_count()) == (122 * 201, 122 * 200)
    assert dataset.qrels_count() == 122 * 122 * 200


@settings(max_examples=60, deadline=None)
@given(collections())
def test_a_query_is_in_an_id_exactly_when_it_has_a_relevant_document_there(
    made: tuple[ParallelCollection, dict[str, int], Relevant],
) -> None:
    collection, sizes, relevant = made
    counts = count(collection)
    pools = {MULTI: list(sizes), **{lang: [lang] for lang in sizes}}
    for docs, doc_langs in pools.items():
        assert counts[f"any/{docs}"] == {"docs": {"count": sum(sizes[lang] for lang in doc_langs)}}
        for query_langs in ([lang] for lang in sizes):
            expected = {
                (f"{pid}_{lang}", f"{doc_lang}_{i}")
                for lang in query_langs
                for pid in relevant[lang]
                for doc_lang in doc_langs
                for i in relevant[doc_lang].get(pid, ())
            }
            qrels = list(ParallelQrels(collection, doc_langs, query_langs).qrels_iter())
            queries = ParallelQueries(collection, doc_langs, query_langs)
            query_ids = [query.query_id for query in queries.queries_iter()]
            assert len(qrels) == len(expected)
            assert {(qrel.query_id, qrel.doc_id) for qrel in qrels} == expected
            assert len(query_ids) == len(set(query_ids))
            assert set(query_ids) == {query_id for query_id, _ in expected}
            counted = counts[f"any/{docs}/{query_langs[0]}"]
            assert counted["queries"]["count"] == len(query_ids)
            assert counted["qrels"]["count"] == len(expected)
    total = sum(counts[f"any/multi/{lang}"]["qrels"]["count"] for lang in sizes)
    assert counts["any"]["qrels"]["count"] == total
    assert set(counts) == ids_of("any", list(sizes))


def test_a_language_is_loaded_once_and_only_when_it_is_asked_for() -> None:
    loaded = []

    def load(lang: str) -> LanguagePart:
        loaded.append(lang)
        return LanguagePart([ParallelDoc(f"{lang}_1", "text", "", "", lang)], [], {})

    collection = ParallelCollection("lazy", ["de", "en"], load, "0")
    docs = ParallelDocs(collection, "de", ["de"])
    assert not loaded
    assert [doc.doc_id for doc in docs.docs_iter()] == ["de_1"]
    assert [doc.doc_id for doc in docs.docs_iter()] == ["de_1"]
    assert loaded == ["de"]


# --- document stores, slices, lookups ---------------------------------------------------------------------------


@every_collection
def test_any_document_can_be_looked_up_and_sliced_from_pool_language_and_pair(
    name: str, request: pytest.FixtureRequest
) -> None:
    if not name.startswith("hybrid-demo"):
        request.getfixturevalue("lareqa")
    for dataset_id in (name, f"{name}/multi/en", f"{name}/de", f"{name}/de/en"):
        dataset = ir_datasets.load(dataset_id)
        docs = list(dataset.docs_iter())
        assert [tuple(doc) for doc in dataset.docs_iter()[3:5]] == [tuple(doc) for doc in docs[3:5]]
        assert dataset.docs_iter()[len(docs) - 1] == docs[-1]
        assert dataset.docs_iter()[-2:][0] == docs[-2]
        store = dataset.docs_store()
        for doc in docs[:: len(docs) // 7]:
            assert store.get(doc.doc_id) == doc
        assert store.count() == len(docs)
        assert set(store.get_many([docs[0].doc_id, "no such id", docs[-1].doc_id])) == {docs[0].doc_id, docs[-1].doc_id}
        with pytest.raises(KeyError):
            store.get("en_0_0")
        assert list(dataset.docs_iter()) == docs  # now from the store


def test_a_store_holds_the_texts_of_every_script_unchanged(lareqa: Path) -> None:
    dataset = ir_datasets.load("xquad-r")
    store = dataset.docs_store()
    parts = [
        part for lang in LANGUAGES["xquad-r"] for part in list(ir_datasets.load(f"xquad-r/{lang}").docs_iter())[:9]
    ]
    assert [store.get(doc.doc_id) for doc in parts] == parts


def test_queries_can_be_looked_up_by_id() -> None:
    dataset = ir_datasets.load("hybrid-demo/de/en")
    queries = list(dataset.queries_iter())
    store = dataset.queries_store()
    assert store.get(queries[5].query_id) == queries[5]
    assert store.get_many([query.query_id for query in queries]) == {query.query_id: query for query in queries}
    with pytest.raises(KeyError):
        store.get("no such id")


def test_the_store_of_changed_contents_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path))

    def load(text: str, lang: str) -> LanguagePart:
        return LanguagePart([ParallelDoc("en_1", text, "", "", lang)], [], {})

    for text, fingerprint in (("old", "1"), ("new", "2")):
        collection = ParallelCollection("changing", ["en"], partial(load, text), fingerprint)
        assert ParallelDocs(collection, "en", ["en"]).docs_store().get("en_1").text == text


# --- the commands of ir_datasets --------------------------------------------------------------------------------


def irds(*arguments: object) -> list[str]:
    return run_cli("run", "ir_datasets", *arguments).stdout.splitlines()


def test_ir_datasets_list_has_every_id() -> None:
    listed = irds("list")
    assert len(listed) == len(set(listed))
    for name, languages in LANGUAGES.items():
        assert ids_of(name, languages) <= set(listed)


def test_ir_datasets_export_writes_documents_as_json_lines() -> None:
    rows = [json.loads(line) for line in irds("export", "hybrid-demo/zh", "docs", "--format", "jsonl")]
    assert rows == [doc._asdict() for doc in ir_datasets.load("hybrid-demo/zh").docs_iter()]


def test_ir_datasets_export_writes_queries_as_tab_separated_values() -> None:
    lines = irds("export", "hybrid-demo/de/ar", "queries", "--fields", "query_id", "text")
    assert lines == [
        f"{query.query_id}\t{query.text}" for query in ir_datasets.load("hybrid-demo/de/ar").queries_iter()
    ]


def test_ir_datasets_export_writes_qrels_in_trec_format() -> None:
    lines = irds("export", "hybrid-demo/multi/hi", "qrels")
    found = ir_datasets.load("hybrid-demo/multi/hi").qrels_iter()
    assert lines == [f"{qrel.query_id} 0 {qrel.doc_id} 1" for qrel in found]


def test_ir_datasets_lookup_finds_documents_and_queries(lareqa: Path) -> None:
    doc = list(ir_datasets.load("xquad-r/ru").docs_iter())[7]
    [line] = irds("lookup", "xquad-r", doc.doc_id, "no-such-id", "--format", "jsonl")
    assert json.loads(line) == doc._asdict()
    query = list(ir_datasets.load("xquad-r/ru/th").queries_iter())[7]
    [line] = irds("lookup", "xquad-r/ru/th", "--qid", query.query_id, "no-such-id", "--format", "jsonl")
    assert json.loads(line) == query._asdict()


# --- the command line: list, info, export -----------------------------------------------------------------------


def test_datasets_list_has_every_collection_with_its_languages() -> None:
    rows = listed_benchmarks()
    for name, languages in LANGUAGES.items():
        assert rows[name][1].split() == languages
        assert rows[name][2] == "mono cross multi"
        assert rows[name][5:] == [str(len(languages) * (len(languages) + 1)), f"{DOCUMENTS[name]:,}"]


def test_datasets_info_says_what_an_id_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))  # no file is needed for it
    first, description, *sides = run_cli("datasets", "info", "xquad-r/de/en").stdout.splitlines()
    assert first == "xquad-r/de/en"
    assert "'de'" in description
    assert "'en'" in description
    assert "<" not in description
    assert [side.split() for side in sides] == [
        ["docs", "1276", "de", "doc_id,", "text,", "context,", "title,", "lang"],
        ["queries", "1190", "en", "query_id,", "text,", "lang,", "parallel_id,", "cluster,", "article"],
        ["qrels", "1190", "query_id,", "doc_id,", "relevance"],
    ]


def read_tsv(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from (line.rstrip("\n").split("\t") for line in file)


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def exported(dataset_id: str, form: str, output: Path) -> list[Path]:
    paths = [
        Path(line)
        for line in run_cli("datasets", "export", dataset_id, "--format", form, "--output", output).stdout.splitlines()
    ]
    found = {path for path in output.rglob("*") if path.is_file()}
    assert sorted(paths) == sorted(found - {output / "export.json"})
    return paths


def test_datasets_export_for_pyserini_keeps_line_breaks_in_texts(lareqa: Path, tmp_path: Path) -> None:
    corpus, topics, qrels = exported("xquad-r/en/es", "pyserini", tmp_path / "out")
    dataset = ir_datasets.load("xquad-r/en/es")
    docs = list(dataset.docs_iter())
    assert any("\n" in doc.text for doc in ir_datasets.load("xquad-r").docs_iter())
    assert corpus == tmp_path / "out" / "corpus" / "docs.jsonl"
    assert [(row["id"], row["text"]) for row in json_lines(corpus)] == [(doc.doc_id, doc.text) for doc in docs]
    assert list(read_tsv(topics)) == [[q.query_id, " ".join(q.text.split())] for q in dataset.queries_iter()]
    assert qrels.read_text() == "".join(f"{q.query_id} 0 {q.doc_id} 1\n" for q in dataset.qrels_iter())


def test_datasets_export_as_json_lines_has_all_fields(tmp_path: Path) -> None:
    docs, queries, qrels = exported("hybrid-demo/ru/vi", "jsonl", tmp_path / "out")
    dataset = ir_datasets.load("hybrid-demo/ru/vi")
    assert json_lines(docs) == [doc._asdict() for doc in dataset.docs_iter()]
    assert json_lines(queries) == [query._asdict() for query in dataset.queries_iter()]
    assert len(qrels.read_text().splitlines()) == dataset.qrels_count()


def test_datasets_export_as_tab_separated_values_has_one_line_a_record(lareqa: Path, tmp_path: Path) -> None:
    docs, queries, _ = exported("xquad-r/tr/tr", "tsv", tmp_path / "out")
    dataset = ir_datasets.load("xquad-r/tr/tr")
    assert [row[0] for row in read_tsv(docs)] == [doc.doc_id for doc in dataset.docs_iter()]
    assert {len(row) for row in read_tsv(docs)} == {5}
    assert [row[0] for row in read_tsv(queries)] == [query.query_id for query in dataset.queries_iter()]


def test_datasets_export_of_an_id_without_queries_writes_documents_only(tmp_path: Path) -> None:
    assert [path.name for path in exported("hybrid-demo/en", "pyserini", tmp_path / "out")] == ["docs.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["info", "xquad-r/de/fr"], "unknown ir_datasets id 'xquad-r/de/fr'"),
        (["info", "wholly-unknown"], "unknown ir_datasets id 'wholly-unknown'; see: hybrid-ir datasets list"),
        (["export", "xquad-r/xx", "--output", "{out}"], "unknown ir_datasets id 'xquad-r/xx'"),
        (["export", "hybrid-demo/en", "--format", "xml", "--output", "{out}"], "unknown format 'xml'; known: pyserini"),
        (["export", "hybrid-demo/en", "--output", "{file}"], "{file} is a file, not a folder"),
        (["add", "xquad-r", "{out}"], "{out} is not a folder"),
        (["add", "my-own", "{out}"], "{out} is not a folder"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    names = {"out": tmp_path / "out", "file": tmp_path / "file"}
    names["file"].write_text("mine")
    result = run_cli("datasets", *(argument.format(**names) for argument in arguments), check=2)
    [line] = result.stderr.splitlines()
    assert line.startswith(f"hybrid-ir: {sentence.format(**names)}")
    assert not result.stdout
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]
    assert names["file"].read_text() == "mine"
