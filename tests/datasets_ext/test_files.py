"""Files of documents, queries and qrels: what becomes of them, how they are read, and what is refused and how."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import ir_datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_ext import CollectionError
from datasets_ext.files import register_file


def lines(path: Path, rows: Iterable[dict[str, Any]], *, escaped: bool = False) -> Path:
    contents = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(contents) if path.suffix == ".gz" else contents)
    return path


def entry(path: Path, side: str) -> Any:
    return ir_datasets.load(register_file(path, side))


DOCS = [{"doc_id": "d1", "text": "One.", "title": "First", "lang": "de"}, {"doc_id": "d2", "text": "Two."}]
QUERIES = [
    {
        "query_id": "q1",
        "text": "Which?",
        "question": "t1",
        "cluster": "c",
        "article": "A",
        "lang": "en",
        "description": "Which one.",
    },
    {"query_id": "q2", "text": "Who?"},
]


# --- what becomes of them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["docs.jsonl", "docs.jsonl.gz"])
def test_documents_are_read_with_title_and_language(tmp_path: Path, name: str) -> None:
    dataset = entry(lines(tmp_path / name, DOCS), "docs")
    assert dataset.dataset_id() == str(tmp_path / name)
    assert [tuple(doc) for doc in dataset.docs_iter()] == [("d1", "One.", "First", "de"), ("d2", "Two.", "", None)]
    assert [doc.default_text() for doc in dataset.docs_iter()] == ["First One.", "Two."]
    assert dataset.docs_count() == 2
    assert dataset.metadata() == {"docs": {"count": 2}}
    assert not dataset.has_queries()
    assert not dataset.has_qrels()


def test_documents_can_be_looked_up_by_id_and_sliced(tmp_path: Path) -> None:
    dataset = entry(lines(tmp_path / "docs.jsonl", DOCS), "docs")
    assert dataset.docs_store().get("d2").text == "Two."
    assert [doc.doc_id for doc in dataset.docs_iter()[1:]] == ["d2"]


def test_a_document_may_have_a_title_alone(tmp_path: Path) -> None:
    [doc] = entry(lines(tmp_path / "docs.jsonl", [{"doc_id": "d", "text": "", "title": "T"}]), "docs").docs_iter()
    assert doc.default_text().strip() == "T"


def test_queries_have_all_texts_of_their_lines_as_fields(tmp_path: Path) -> None:
    rows = [*QUERIES, {"query_id": "q3", "text": "When?", "year": 2023, "class": "x", "_x": "y", "title": "T"}]
    dataset = entry(lines(tmp_path / "queries.jsonl", rows), "queries")
    names = ("query_id", "text", "lang", "question", "cluster", "article", "description", "title")
    assert dataset.queries_cls()._fields == names
    assert [tuple(query) for query in dataset.queries_iter()] == [
        ("q1", "Which?", "en", "t1", "c", "A", "Which one.", ""),
        ("q2", "Who?", None, "", "", "", "", ""),
        ("q3", "When?", None, "", "", "", "", "T"),
    ]
    assert [query.default_text() for query in dataset.queries_iter()] == ["Which?", "Who?", "When?"]
    assert dataset.queries_count() == 3
    assert dataset.queries_store().get("q2").text == "Who?"


def test_a_key_that_is_not_always_a_text_is_no_field(tmp_path: Path) -> None:
    rows = [{**QUERIES[0], "note": "a"}, {**QUERIES[1], "note": 3}]
    assert "note" not in entry(lines(tmp_path / "queries.jsonl", rows), "queries").queries_cls()._fields


def test_qrels_keep_grades_order_and_what_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").write_bytes(b"\xef\xbb\xbfq1 0 d1 2\r\nq1\tQ0\td2\t-1\n\n q2  0  d1 0 \nq1 0 d1 1")
    dataset = entry(tmp_path / "qrels.txt", "qrels")
    found = [(one.query_id, one.doc_id, one.relevance) for one in dataset.qrels_iter()]
    assert found == [("q1", "d1", 2), ("q1", "d2", -1), ("q2", "d1", 0), ("q1", "d1", 1)]
    assert dataset.qrels_count() == 4


def test_one_file_can_hold_two_sides(tmp_path: Path) -> None:
    path = lines(tmp_path / "both.jsonl", [{"doc_id": "d1", "query_id": "q1", "text": "Text."}])
    register_file(path, "docs")
    dataset = entry(path, "queries")
    assert [doc.doc_id for doc in dataset.docs_iter()] == ["d1"]
    assert [query.query_id for query in dataset.queries_iter()] == ["q1"]


def test_registering_again_in_other_words_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lines(tmp_path / "docs.jsonl", DOCS)
    dataset = entry(path, "docs")
    monkeypatch.chdir(tmp_path)
    for same in ("docs.jsonl", path, tmp_path / "." / "docs.jsonl"):
        assert ir_datasets.load(register_file(same, "docs")) is dataset


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    docs = lines(tmp_path / "docs.jsonl", DOCS)
    queries = lines(tmp_path / "queries.jsonl", QUERIES)
    sides = {"docs": entry(docs, "docs"), "queries": entry(queries, "queries")}
    assert (sides["docs"].docs_count(), sides["queries"].queries_count()) == (2, 2)
    assert sides["docs"].docs_store().get("d1").text == "One."
    lines(docs, [*DOCS, {"doc_id": "d3", "text": "Three."}])
    lines(queries, [{"query_id": "q9", "text": "Why?", "narrative": "Because."}])
    assert [doc.doc_id for doc in sides["docs"].docs_iter()] == ["d1", "d2", "d3"]
    assert sides["docs"].docs_count() == 3
    assert sides["docs"].docs_store().get("d3").text == "Three."
    assert [query.narrative for query in sides["queries"].queries_iter()] == ["Because."]
    changed = os.stat(docs).st_mtime_ns + 10**9
    lines(docs, [{**DOCS[0], "text": "Uno."}, *DOCS[1:], {"doc_id": "d3", "text": "Three."}])  # of the same size
    os.utime(docs, ns=(changed, changed))
    assert sides["docs"].docs_store().get("d1").text == "Uno."


def test_documents_are_never_held(tmp_path: Path) -> None:
    with (tmp_path / "docs.jsonl").open("w") as file:
        for number in range(20_000):
            file.write(f'{{"doc_id": "d{number}", "text": "{"long " * 50}"}}\n')
    dataset = entry(tmp_path / "docs.jsonl", "docs")
    tracemalloc.start()
    assert sum(1 for _ in dataset.docs_iter()) == dataset.docs_count() == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < (tmp_path / "docs.jsonl").stat().st_size / 4


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
asked = texts.filter(str.strip)
ids = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=8)
names = st.sampled_from(["file", "file.gz"])


@settings(max_examples=50, deadline=None)
@given(
    docs=st.dictionaries(
        ids, st.fixed_dictionaries({"text": texts}, optional={"title": texts, "lang": texts}), min_size=1
    ),
    name=names,
    escaped=st.booleans(),
)
def test_whatever_documents_are_written_are_read(
    tmp_path_factory: pytest.TempPathFactory, docs: dict[str, dict[str, str]], name: str, escaped: bool
) -> None:
    rows = [{"doc_id": doc_id, **row} for doc_id, row in docs.items()]
    dataset = entry(lines(tmp_path_factory.mktemp("any") / name, rows, escaped=escaped), "docs")
    assert [(doc.doc_id, doc.text, doc.title, doc.lang) for doc in dataset.docs_iter()] == [
        (row["doc_id"], row["text"], row.get("title", ""), row.get("lang") or None) for row in rows
    ]
    assert dataset.docs_count() == len(rows)


@settings(max_examples=50, deadline=None)
@given(
    queries=st.dictionaries(
        ids,
        st.fixed_dictionaries({"text": asked}, optional={"question": texts, "cluster": texts, "title": texts}),
        min_size=1,
    ),
    name=names,
)
def test_whatever_queries_are_written_are_read(
    tmp_path_factory: pytest.TempPathFactory, queries: dict[str, dict[str, str]], name: str
) -> None:
    rows = [{"query_id": query_id, **row} for query_id, row in queries.items()]
    dataset = entry(lines(tmp_path_factory.mktemp("any") / name, rows), "queries")
    keys = ("query_id", "text", "question", "cluster", "title")
    found = [tuple(getattr(query, key, "") for key in keys) for query in dataset.queries_iter()]
    assert found == [tuple(row.get(key, "") for key in keys) for row in rows]


@settings(max_examples=50, deadline=None)
@given(
    qrels=st.lists(st.tuples(ids, ids, st.integers(-3, 9)), min_size=1),
    gap=st.sampled_from([" ", "\t", "   ", " \t"]),
    end=st.sampled_from(["\n", "\r\n", " \n", "\n\n"]),
    zipped=st.booleans(),
)
def test_whatever_qrels_are_written_are_read(
    tmp_path_factory: pytest.TempPathFactory, qrels: list[tuple[str, str, int]], gap: str, end: str, zipped: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "qrels"
    contents = "".join(
        gap.join((query_id, "0", doc_id, str(grade))) + end for query_id, doc_id, grade in qrels
    ).encode()
    path.write_bytes(gzip.compress(contents) if zipped else contents)
    dataset = entry(path, "qrels")
    assert [(one.query_id, one.doc_id, one.relevance) for one in dataset.qrels_iter()] == qrels
    assert dataset.qrels_count() == len(qrels)


# --- what is refused --------------------------------------------------------------------------------------------

DOC, QUERY = b'{"doc_id": "d", "text": "T."}\n', b'{"query_id": "q", "text": "T?"}\n'
BAD = {
    "not JSON": ("docs", DOC + b'{"doc_id": \n', "line 2 is not valid JSON"),
    "a list": ("docs", b"[]\n", "line 1 needs the key 'doc_id' with a text"),
    "no doc_id": ("docs", b'{"text": "T."}', "line 1 needs the key 'doc_id' with a text"),
    "no text": ("docs", b'{"doc_id": "d"}', "line 1 needs the key 'text' with a text"),
    "a number as title": ("docs", DOC[:-2] + b', "title": 3}', "line 1 has a 'title' that is not a text"),
    "null as language": ("docs", DOC[:-2] + b', "lang": null}', "line 1 has a 'lang' that is not a text"),
    "a space in an id": ("docs", DOC.replace(b'"d"', b'"d d"'), "line 1 has white space in the doc_id 'd d'"),
    "an empty id": ("docs", DOC.replace(b'"d"', b'""'), "line 1 has an empty 'doc_id'"),
    "not UTF-8": ("docs", DOC + b"\xff\n", "line 2 is not UTF-8 text"),
    "no documents": ("docs", b"\n", "has no documents"),
    "a query without text": ("queries", QUERY.replace(b"T?", b" "), "line 1 has an empty 'text'"),
    "a query_id again": ("queries", QUERY + b"\n" + QUERY, "line 3 repeats the query_id 'q'"),
    "a line break in an id": ("queries", QUERY.replace(b'"q"', b'"q\\n"'), "line 1 has white space in the query_id"),
    "a number as article": ("queries", QUERY[:-2] + b', "article": 7}', "line 1 has a 'article' that is not a text"),
    "a list as cluster": ("queries", QUERY[:-2] + b', "cluster": []}', "line 1 has a 'cluster' that is not a text"),
    "no queries": ("queries", b"", "has no queries"),
    "three columns": ("qrels", b"q 0 d 1\nq d 1\n", "line 2 has 3 columns, not the 4 of qrels"),
    "five columns": ("qrels", b"q 0 d 1 x\n", "line 1 has 5 columns, not the 4 of qrels"),
    "half a grade": ("qrels", b"q 0 d 0.5\n", "line 1: the grade '0.5' is no whole number"),
    "no qrels": ("qrels", b" \n", "has no qrels"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("side", "contents", "complaint"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_by_name_and_line(
    tmp_path: Path, side: str, contents: bytes, complaint: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "file").write_bytes(pack(contents))
    dataset = entry(tmp_path / "file", side)
    with pytest.raises(CollectionError) as caught:
        list(getattr(dataset, f"{side}_iter")())
    assert str(caught.value).startswith(f"{tmp_path / 'file'} {complaint}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", ["docs", "queries", "qrels"])
def test_a_file_that_was_cut_off_is_not_taken_for_a_whole_one(tmp_path: Path, side: str) -> None:
    record = {"docs": DOC, "queries": QUERY, "qrels": b"q 0 d 1\n"}[side]
    (tmp_path / "file.gz").write_bytes(gzip.compress(record)[:-6])
    dataset = entry(tmp_path / "file.gz", side)
    for ask in (lambda: list(getattr(dataset, f"{side}_iter")()), getattr(dataset, f"{side}_count")):
        with pytest.raises(CollectionError, match=r"file\.gz is not whole: .*; get a fresh copy$"):
            ask()


@pytest.mark.parametrize("side", ["docs", "queries", "qrels"])
def test_a_file_that_is_not_there_or_no_longer_is_named(tmp_path: Path, side: str) -> None:
    with pytest.raises(CollectionError, match=r"there is no file .*nowhere"):
        register_file(tmp_path / "nowhere", side)
    with pytest.raises(CollectionError, match="there is no file"):
        register_file(tmp_path, side)
    (tmp_path / "file").touch()
    dataset = entry(tmp_path / "file", side)
    (tmp_path / "file").unlink()
    with pytest.raises(CollectionError, match=r"cannot read .*file: No such file or directory"):
        list(getattr(dataset, f"{side}_iter")())


# --- as others have them ----------------------------------------------------------------------------------------

THEIRS = {
    "Pyserini": ("docs", '{"id": "d1", "contents": "One."}\n{"id": "d2", "contents": "A\\tB."}\n', ["One.", "A\tB."]),
    "BEIR": (
        "docs",
        '\ufeff{"_id": "d1", "title": "", "text": "One."}\r\n{"_id": "d2", "text": "2", "metadata": {}}',
        None,
    ),
    "Mr. TyDi": ("docs", '{"docid": "d1", "title": "T", "text": "One."}\n{"docid": "d2", "text": "Two."}\n', None),
    "tabs": ("docs", 'd1\tOne\t"1".\r\n\r\nd2\tTwo.', ['One\t"1".', "Two."]),
    "tabs and header": ("docs", "id\ttext\ttitle\nd1\tOne.\tT\nd2\tTwo.\t\n", ["T One.", "Two."]),
    "topics": ("queries", "d1\tOne?\nd2\tTwo\tor three?\n", ["One?", "Two\tor three?"]),
    "topics and header": ("queries", "query_id\ttext\tlang\nd1\tOne?\tde\nd2\tTwo?\tfr\n", ["One?", "Two?"]),
    "queries of BEIR": ("queries", '{"_id": "d1", "text": "1?", "metadata": {}}\n{"_id": "d2", "text": "2?"}\n', None),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("side", "contents", "texts"), THEIRS.values(), ids=THEIRS)
def test_files_are_read_as_others_have_them(
    tmp_path: Path, side: str, contents: str, texts: list[str] | None, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "file").write_bytes(pack(contents.encode()))
    dataset = entry(tmp_path / "file", side)
    records = [*getattr(dataset, f"{side}_iter")()]
    assert [record[0] for record in records] == ["d1", "d2"]
    assert texts is None or [record.default_text() for record in records] == texts
    assert getattr(dataset, f"{side}_count")() == 2


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_judgements_of_beir_are_read_with_their_header(tmp_path: Path, end: str) -> None:
    (tmp_path / "test.tsv").write_bytes(end.join(["query-id\tcorpus-id\tscore", "q1\td1\t2", "q1\td2\t0"]).encode())
    dataset = entry(tmp_path / "test.tsv", "qrels")
    assert [tuple(qrel)[:3] for qrel in dataset.qrels_iter()] == [("q1", "d1", 2), ("q1", "d2", 0)]
    assert dataset.qrels_count() == 2


def test_a_line_of_columns_without_a_tab_is_told(tmp_path: Path) -> None:
    (tmp_path / "docs.tsv").write_text("d1\tOne.\nd2 Two.\n")
    with pytest.raises(CollectionError, match=r"docs\.tsv line 2 has 1 columns parted by tabs, not 2"):
        [*entry(tmp_path / "docs.tsv", "docs").docs_iter()]
