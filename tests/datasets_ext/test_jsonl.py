"""A user's own parallel collection: what it becomes, how it is kept, and what is refused and how."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ir_datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets_ext
from datasets_ext import CollectionError
from datasets_ext.jsonl import read_part
from datasets_ext.lines import read_jsonl
from tests.conftest import ROOT, listed_benchmarks, run_cli

Rows = dict[str, list[dict[str, Any]]]

# Three languages; q2 is missing in French, q3 has no answer in German and is not asked in English, q4 has none at all.
FAQ: Rows = {
    "docs.de.jsonl": [
        {"doc_id": "p1", "text": "Wir öffnen um acht.", "context": "Wir öffnen um acht. Wir schließen um fünf."},
        {"doc_id": "p2", "text": "Wir schließen um fünf.", "title": "Zeiten"},
        {"doc_id": "p3", "text": "Um acht geht es los."},
    ],
    "docs.en.jsonl": [{"doc_id": "p1", "text": "We open at eight."}, {"doc_id": "p2", "text": "We close at five."}],
    "docs.fr.jsonl": [{"doc_id": "a-1", "text": "Ouvert à huit heures."}, {"doc_id": "a-2", "text": "Entrée libre."}],
    "queries.de.jsonl": [
        {"query_id": "q1", "text": "Wann öffnet ihr?", "relevant": ["p1", "p3"]},
        {"query_id": "q2", "text": "Wann schließt ihr?", "relevant": ["p2"]},
        {"query_id": "q3", "text": "Was kostet der Eintritt?", "relevant": []},
        {"query_id": "q4", "text": "Gibt es Parkplätze?", "relevant": []},
    ],
    "queries.en.jsonl": [
        {"query_id": "q1", "text": "When do you open?", "relevant": ["p1"]},
        {"query_id": "q2", "text": "When do you close?", "relevant": ["p2"]},
    ],
    "queries.fr.jsonl": [
        {"query_id": "q1", "text": "Quand ouvrez-vous ?", "relevant": ["a-1"]},
        {"query_id": "q3", "text": "Combien coûte l'entrée ?", "relevant": ["a-2"]},
    ],
}


def write(folder: Path, files: Rows) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    return write(tmp_path / "faq", FAQ)


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"own-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for ir_datasets."""
    folder = tmp_path / "home"
    monkeypatch.setenv("IR_DATASETS_HOME", str(folder))
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ids_of(name: str) -> list[str]:
    return [dataset_id for dataset_id in ir_datasets.registry if dataset_id.split("/")[0] == name]


def qrels_of(dataset_id: str) -> set[str]:
    found = [f"{qrel.query_id} {qrel.doc_id}" for qrel in ir_datasets.load(dataset_id).qrels_iter()]
    assert len(found) == len(set(found))
    return set(found)


def queries_of(dataset_id: str) -> list[str]:
    return [query.query_id for query in ir_datasets.load(dataset_id).queries_iter()]


def docs_of(dataset_id: str) -> list[str]:
    return [doc.doc_id for doc in ir_datasets.load(dataset_id).docs_iter()]


# --- what it becomes --------------------------------------------------------------------------------------------


def test_a_folder_gets_all_ids(faq: Path, name: str) -> None:
    datasets_ext.register_parallel(name, faq)
    docs = ["multi", "de", "en", "fr"]
    pairs = [f"{name}/{x}/{lang}" for x in docs for lang in docs[1:]]
    assert sorted(ids_of(name)) == sorted([name, *(f"{name}/{x}" for x in docs), *pairs])
    assert ir_datasets.docs_parent_id(f"{name}/de/en") == f"{name}/de"
    assert ir_datasets.docs_parent_id(f"{name}/multi/en") == name
    assert "'de'" in ir_datasets.load(f"{name}/de/en").documentation()["desc"]


def test_documents_carry_language_context_and_title(faq: Path, name: str) -> None:
    datasets_ext.register_parallel(name, faq)
    assert [tuple(doc) for doc in ir_datasets.load(f"{name}/de").docs_iter()][:2] == [
        ("de_p1", "Wir öffnen um acht.", "Wir öffnen um acht. Wir schließen um fünf.", "", "de"),
        ("de_p2", "Wir schließen um fünf.", "", "Zeiten", "de"),
    ]
    assert docs_of(name) == ["de_p1", "de_p2", "de_p3", "en_p1", "en_p2", "fr_a-1", "fr_a-2"]
    assert ir_datasets.load(f"{name}/multi/fr").docs_store().get("fr_a-2").text == "Entrée libre."
    [query] = [query for query in ir_datasets.load(name).queries_iter() if query.query_id == "q3_fr"]
    assert tuple(query) == ("q3_fr", "Combien coûte l'entrée ?", "fr", "q3", "", "")


def test_a_question_may_say_what_it_shares_with_others(faq: Path, name: str) -> None:
    shared = {"q1": {"cluster": "hours", "article": "visit"}, "q2": {"cluster": "hours"}}
    write(faq, {"queries.de.jsonl": [{**row, **shared.get(row["query_id"], {})} for row in FAQ["queries.de.jsonl"]]})
    datasets_ext.register_parallel(name, faq)
    found = {one.parallel_id: (one.cluster, one.article) for one in ir_datasets.load(f"{name}/multi/de").queries_iter()}
    assert found == {"q1": ("hours", "visit"), "q2": ("hours", ""), "q3": ("", "")}


def test_qrels_reach_across_languages_by_the_id_of_the_question(faq: Path, name: str) -> None:
    datasets_ext.register_parallel(name, faq)
    assert qrels_of(f"{name}/de/de") == {"q1_de de_p1", "q1_de de_p3", "q2_de de_p2"}
    assert qrels_of(f"{name}/de/en") == {"q1_en de_p1", "q1_en de_p3", "q2_en de_p2"}
    assert qrels_of(f"{name}/de/fr") == {"q1_fr de_p1", "q1_fr de_p3"}
    assert qrels_of(f"{name}/en/fr") == {"q1_fr en_p1"}
    assert qrels_of(f"{name}/fr/de") == {"q1_de fr_a-1", "q3_de fr_a-2"}
    assert qrels_of(f"{name}/multi/fr") == {
        "q1_fr de_p1",
        "q1_fr de_p3",
        "q1_fr en_p1",
        "q1_fr fr_a-1",
        "q3_fr fr_a-2",
    }
    assert qrels_of(name) == {row for lang in ("de", "en", "fr") for row in qrels_of(f"{name}/multi/{lang}")}


def test_a_query_is_where_it_has_an_answer(faq: Path, name: str) -> None:
    datasets_ext.register_parallel(name, faq)
    assert queries_of(f"{name}/de/de") == ["q1_de", "q2_de"]
    assert queries_of(f"{name}/fr/de") == ["q1_de", "q3_de"]
    assert queries_of(f"{name}/fr/en") == ["q1_en"]
    assert queries_of(f"{name}/multi/de") == ["q1_de", "q2_de", "q3_de"]  # and nowhere q4, which has no answer
    assert queries_of(name) == ["q1_de", "q2_de", "q3_de", "q1_en", "q2_en", "q1_fr", "q3_fr"]
    dataset = ir_datasets.load(f"{name}/fr/de")
    assert (dataset.docs_count(), dataset.queries_count(), dataset.qrels_count()) == (2, 2, 2)


def test_registering_the_same_folder_again_does_nothing(faq: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets_ext.register_parallel(name, faq)
    before = ir_datasets.load(name)
    monkeypatch.chdir(faq.parent)
    for same in (faq, str(faq), "faq", faq / ".." / "faq"):
        datasets_ext.register_parallel(name, same)
    assert ir_datasets.load(name) is before


def test_a_change_of_the_folder_is_seen_under_a_new_name(faq: Path, name: str) -> None:
    datasets_ext.register_parallel(name, faq)
    assert ir_datasets.load(name).docs_store().get("en_p1").text == "We open at eight."
    write(faq, {"docs.en.jsonl": [{"doc_id": "p1", "text": "We open at nine."}, {"doc_id": "p2", "text": "No."}]})
    assert ir_datasets.load(name).docs_store().get("en_p1").text == "We open at eight."
    datasets_ext.register_parallel(f"{name}-2", faq)
    assert ir_datasets.load(f"{name}-2").docs_store().get("en_p1").text == "We open at nine."
    assert [doc.text for doc in ir_datasets.load(f"{name}-2/en").docs_iter()] == ["We open at nine.", "No."]


def test_the_next_process_does_not_read_the_store_of_changed_files(faq: Path, home: Path, name: str) -> None:
    program = (
        "import sys, datasets_ext, ir_datasets; datasets_ext.register_parallel(*sys.argv[1:]); "
        "print(ir_datasets.load(sys.argv[1]).docs_store().get('en_p1').text)"
    )

    def first_text() -> str:
        return python(program, name, str(faq)).stdout.strip()

    assert first_text() == "We open at eight."
    write(faq, {"docs.en.jsonl": [{"doc_id": "p1", "text": "We open at nine."}, {"doc_id": "p2", "text": "No."}]})
    assert first_text() == "We open at nine."


def test_files_may_have_a_byte_order_mark_blank_lines_other_keys_and_windows_line_ends(tmp_path: Path) -> None:
    docs = '\ufeff{"doc_id": "p1", "text": "Line\\nbreak", "page": 3}\r\n\r\n{"doc_id": "p2", "text": "\u2028"}\r\n'
    docs = docs.replace('"\u2028"', '"a\u2028b"')  # which some take for the end of a line
    (tmp_path / "docs.en.jsonl").write_bytes(docs.encode())
    (tmp_path / "queries.en.jsonl").write_text('{"query_id": "q", "text": "?", "relevant": ["p2"]}')
    part = read_part(tmp_path, "en")
    assert [doc.text for doc in part.docs] == ["Line\nbreak", "a\u2028b"]
    assert part.relevant == {"q": ["en_p2"]}


texts = st.text(min_size=1, max_size=30).filter(str.strip)
ids = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    docs=st.dictionaries(ids, st.tuples(texts, st.text(max_size=9)), max_size=5),
    queries=st.dictionaries(ids, texts, max_size=5),
    data=st.data(),
    escaped=st.booleans(),
)
def test_whatever_text_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    docs: dict[str, tuple[str, str]],
    queries: dict[str, str],
    data: st.DataObject,
    escaped: bool,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    relevant = {
        query_id: data.draw(st.lists(st.sampled_from(sorted(docs)), unique=True)) if docs else []
        for query_id in queries
    }
    rows: Rows = {
        "docs.en.jsonl": [{"doc_id": x, "text": text, "title": title} for x, (text, title) in docs.items()],
        "queries.en.jsonl": [{"query_id": x, "text": text, "relevant": relevant[x]} for x, text in queries.items()],
    }
    for file, lines in rows.items():
        contents = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in lines)
        (folder / file).write_bytes(contents.encode())
    part = read_part(folder, "en")
    assert [(doc.doc_id, doc.text, doc.title) for doc in part.docs] == [
        (f"en_{x}", text, title) for x, (text, title) in docs.items()
    ]
    assert [(query.query_id, query.text, query.parallel_id) for query in part.queries] == [
        (f"{x}_en", text, x) for x, text in queries.items()
    ]
    assert part.relevant == {x: [f"en_{y}" for y in found] for x, found in relevant.items() if found}


# --- what is refused --------------------------------------------------------------------------------------------

DOC = b'{"doc_id": "p9", "text": "More."}'
QUERY = b'{"query_id": "q9", "text": "More?", "relevant": ["p1"]}'
BAD_LINES = {
    "not JSON": ("docs", b'{"doc_id": "p9", "text": ', "is not valid JSON"),
    "text after the object": ("docs", DOC + b" DOC", "is not valid JSON"),
    "a list": ("docs", b'["p9", "More."]', "needs the key 'doc_id' with a text"),
    "a number": ("queries", b"17", "needs the key 'query_id' with a text"),
    "no doc_id": ("docs", b'{"id": "p9", "text": "More."}', "needs the key 'doc_id' with a text"),
    "no text": ("docs", b'{"doc_id": "p9"}', "needs the key 'text' with a text"),
    "no relevant": ("queries", b'{"query_id": "q9", "text": "More?"}', "needs the key 'relevant' with a list"),
    "a number as doc_id": ("docs", b'{"doc_id": 9, "text": "More."}', "needs the key 'doc_id' with a text"),
    "null as text": ("queries", QUERY.replace(b'"More?"', b"null"), "needs the key 'text' with a text"),
    "a text as relevant": ("queries", QUERY.replace(b'["p1"]', b'"p1"'), "needs the key 'relevant' with a list"),
    "an empty text": ("docs", DOC.replace(b"More.", b""), "has an empty 'text'"),
    "a blank question": ("queries", QUERY.replace(b"More?", b" \\n"), "has an empty 'text'"),
    "an empty doc_id": ("docs", DOC.replace(b"p9", b""), "has an empty 'doc_id'"),
    "a space in a doc_id": ("docs", DOC.replace(b"p9", b"p 9"), "has white space in the doc_id 'p 9'"),
    "a line break in a query_id": ("queries", QUERY.replace(b"q9", b"q9\\n"), "has white space in the query_id"),
    "null as title": ("docs", DOC.replace(b"}", b', "title": null}'), "has a 'title' that is not a text"),
    "a list as context": ("docs", DOC.replace(b"}", b', "context": ["a"]}'), "has a 'context' that is not a text"),
    "a list as article": ("queries", QUERY.replace(b"}", b', "article": []}'), "has a 'article' that is not a text"),
    "a number as cluster": ("queries", QUERY.replace(b"}", b', "cluster": 3}'), "has a 'cluster' that is not a text"),
    "half a character": ("docs", DOC.replace(b"More.", b"\\ud83d"), "has half a character"),
    "a doc_id again": ("docs", DOC.replace(b"p9", b"p1"), "repeats the doc_id 'p1'"),
    "a query_id again": ("queries", QUERY.replace(b"q9", b"q1"), "repeats the query_id 'q1'"),
    "an unknown document": ("queries", QUERY.replace(b"p1", b"p7"), "docs.en.jsonl has no doc_id 'p7'"),
    "the id as registered": ("queries", QUERY.replace(b"p1", b"en_p1"), "docs.en.jsonl has no doc_id 'en_p1'"),
    "a number in relevant": ("queries", QUERY.replace(b'"p1"', b"1"), "docs.en.jsonl has no doc_id 1"),
    "a document twice": ("queries", QUERY.replace(b'"p1"', b'"p1", "p1"'), "names a document twice"),
    "not UTF-8": ("docs", DOC.replace(b"More", "Größe".encode("latin-1")), "is not UTF-8 text"),
}


@pytest.mark.parametrize(("kind", "line", "complaint"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_refused_by_file_and_number(
    faq: Path, home: Path, name: str, kind: str, line: bytes, complaint: str
) -> None:
    path = faq / f"{kind}.en.jsonl"
    good = path.read_bytes()
    path.write_bytes(good + b"\n" + line + b"\n")
    with pytest.raises(CollectionError) as added:
        datasets_ext.add(name, faq)
    datasets_ext.register_parallel(name, faq)
    with pytest.raises(CollectionError) as read:
        list(ir_datasets.load(f"{name}/multi/en").queries_iter())
    for message in (str(added.value), str(read.value)):
        assert message.startswith(f"{path} line 4"), message
        assert complaint in message
    assert not files_in(home)


def test_the_line_that_is_not_utf_8_is_found_in_a_long_file(tmp_path: Path) -> None:
    path = tmp_path / "docs.en.jsonl"
    lines = [json.dumps({"doc_id": f"p{i}", "text": "long " * 20}).encode() for i in range(3000)]
    lines[2500] += b"\xff"
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(CollectionError, match=r"docs\.en\.jsonl line 2501 is not UTF-8 text"):
        list(read_jsonl(path, {"doc_id": str}))


@pytest.mark.parametrize("add", [datasets_ext.add, datasets_ext.register_parallel], ids=["add", "register_parallel"])
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda folder: (folder / "queries.fr.jsonl").unlink(), "has docs.fr.jsonl but no queries.fr.jsonl"),
        (lambda folder: (folder / "docs.de.jsonl").unlink(), "has queries.de.jsonl but no docs.de.jsonl"),
        (lambda folder: [path.unlink() for path in folder.iterdir()], "has no docs.LANG.jsonl and queries.LANG.jsonl"),
        (
            lambda folder: [path.rename(str(path).replace(".fr.", ".multi.")) for path in folder.glob("*.fr.*")],
            "'multi' names the pool of all languages",
        ),
        (
            lambda folder: [path.rename(str(path).replace(".fr.", ".zh_Hant.")) for path in folder.glob("*.fr.*")],
            "'zh_Hant' cannot be a language",
        ),
        (lambda folder: (folder / "docs.de.old.jsonl").touch(), "'de.old' cannot be a language"),
    ],
)
def test_a_folder_with_the_wrong_files_is_refused(
    faq: Path,
    home: Path,
    name: str,
    add: Callable[[str, Path], object],
    change: Callable[[Path], object],
    complaint: str,
) -> None:
    change(faq)
    with pytest.raises(CollectionError) as caught:
        add(name, faq)
    assert str(caught.value).startswith(str(faq))
    assert complaint in str(caught.value)
    assert name not in ir_datasets.registry
    assert not files_in(home)


@pytest.mark.parametrize("add", [datasets_ext.add, datasets_ext.register_parallel], ids=["add", "register_parallel"])
@pytest.mark.parametrize(
    "taken", ["msmarco-passage", "hybrid-demo", "hybrid-demo/de", "parallel", "", "..", "a/b", "a b"]
)
def test_a_name_that_is_taken_or_no_plain_word_is_refused(
    faq: Path, home: Path, taken: str, add: Callable[[str, Path], object]
) -> None:
    (home / "parallel").mkdir(parents=True)
    with pytest.raises(CollectionError) as caught:
        add(taken, faq)
    assert str(caught.value).startswith(f"'{taken}' ")
    assert not files_in(home)


def test_another_folder_cannot_take_a_registered_name(faq: Path, name: str, tmp_path: Path) -> None:
    datasets_ext.register_parallel(name, faq)
    with pytest.raises(CollectionError, match=f"'{name}' is an ir_datasets id already"):
        datasets_ext.register_parallel(name, write(tmp_path / "other", FAQ))
    assert len(docs_of(f"{name}/de")) == 3


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, home: Path, name: str) -> None:
    for add in (datasets_ext.add, datasets_ext.register_parallel):
        with pytest.raises(CollectionError, match=r"nowhere is not a folder$"):
            add(name, tmp_path / "nowhere")
    assert name not in ir_datasets.registry


# --- kept from process to process -------------------------------------------------------------------------------


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ)
    assert result.returncode == 0, result.stderr
    return result


def test_an_added_collection_is_there_now_and_in_the_next_process(faq: Path, home: Path, name: str) -> None:
    write(faq, {"notes.en.jsonl": [{"not": "ours"}]})
    installed = datasets_ext.add(name, faq)
    assert sorted(path.name for path in installed) == sorted(FAQ)
    assert {path.parent for path in installed} == {home / "parallel" / name}
    here = {dataset_id: docs_of(dataset_id) for dataset_id in ids_of(name)}
    for path in faq.iterdir():
        path.unlink()  # what was added is a copy
    program = (
        "import sys, json, datasets_ext, ir_datasets; datasets_ext.register(); datasets_ext.register(); "
        "ids = [x for x in ir_datasets.registry if x.split('/')[0] == sys.argv[1]]; "
        "print(json.dumps({x: [doc.doc_id for doc in ir_datasets.load(x).docs_iter()] for x in ids}))"
    )
    assert json.loads(python(program, name).stdout) == here
    assert len(here) == 1 + 4 + 4 * 3


def test_adding_under_a_kept_name_is_refused_and_changes_nothing(faq: Path, home: Path, name: str) -> None:
    datasets_ext.add(name, faq)
    before = files_in(home)
    write(faq, {"docs.en.jsonl": [{"doc_id": "p1", "text": "New."}, {"doc_id": "p2", "text": "New, too."}]})
    with pytest.raises(CollectionError) as caught:
        datasets_ext.add(name, faq)
    assert str(caught.value).startswith(f"'{name}' is there already, with other files (docs.en.jsonl differs); ")
    assert files_in(home) == before
    assert [path.name for path in (home / "parallel").iterdir()] == [name]


def test_the_same_files_again_are_no_work_and_others_replace_them_where_that_is_asked(
    faq: Path, home: Path, name: str
) -> None:
    installed = datasets_ext.add(name, faq)
    assert datasets_ext.is_added(name, faq)
    assert ir_datasets.load(name).docs_store().get("en_p1").text == "We open at eight."
    times = [path.stat().st_mtime_ns for path in installed]
    assert datasets_ext.add(name, faq, overwrite=True) == datasets_ext.add(name, faq) == installed
    assert [path.stat().st_mtime_ns for path in installed] == times
    with (faq / "docs.fr.jsonl").open("ab") as file:
        file.write(b'{"doc_id": "a-3"}\n')
    before = files_in(home)
    with pytest.raises(CollectionError, match=r"docs\.fr\.jsonl line 3 needs the key 'text'"):
        datasets_ext.add(name, faq, overwrite=True)
    assert files_in(home) == before
    for path in faq.glob("*.fr.jsonl"):
        path.unlink()
    assert not datasets_ext.is_added(name, faq)
    datasets_ext.add(name, faq, overwrite=True)
    assert docs_of(name) == ["de_p1", "de_p2", "de_p3", "en_p1", "en_p2"]
    assert f"{name}/fr" not in ir_datasets.registry
    assert [path.name for path in (home / "parallel").iterdir()] == [name]
    assert not (home / name).exists(), "the document store was of other files"


def test_what_is_removed_is_unknown_here_and_in_the_next_process(faq: Path, home: Path, name: str) -> None:
    installed = datasets_ext.add(name, faq)
    ir_datasets.load(name).docs_store().get("en_p1")
    [store] = (home / name).iterdir()
    datasets_ext.add(f"{name}-2", faq)
    assert datasets_ext.remove(name) == [*installed, store]
    assert not ids_of(name)
    assert {Path(path).parts[:2] for path in files_in(home)} == {("parallel", f"{name}-2")}
    assert len(ids_of(f"{name}-2")) == 1 + 4 + 4 * 3
    program = "import datasets_ext, ir_datasets; datasets_ext.register(); print(*ir_datasets.registry)"
    known = python(program).stdout.split()
    assert name not in known
    assert f"{name}-2" in known
    datasets_ext.add(name, faq)  # the name is free again
    assert len(docs_of(name)) == 7


def test_what_was_not_added_is_not_removed(faq: Path, home: Path, name: str) -> None:
    datasets_ext.add(name, faq)
    before = files_in(home)
    datasets_ext.register_parallel(f"{name}-here", faq)
    for strange, complaint in (
        (f"{name[:-1]}", rf"no collection '{name[:-1]}' was added; did you mean '{name}'\?"),
        ("zzz", f"no collection 'zzz' was added; those that were: {name}"),
        (f"{name}/de", f"is a part of a collection; name the whole one, '{name}'"),
        (f"{name}-here", "was registered for this process, from .*faq, and not added"),
        ("hybrid-demo", "'hybrid-demo' comes with this package and cannot be removed"),
        ("hybrid-demo-train", "comes with this package and cannot be removed"),
        ("msmarco-passage", "is an id of ir_datasets' own and was not added"),
        ("xquad-r", "'xquad-r' is built in, and none of its files is here"),
        ("..", "no collection '..' was added"),
        ("", "no collection '' was added"),
    ):
        with pytest.raises(CollectionError, match=complaint):
            datasets_ext.remove(strange)
    assert files_in(home) == before


def test_a_damaged_collection_can_be_removed(faq: Path, home: Path, name: str) -> None:
    datasets_ext.add(name, faq)
    (home / "parallel" / name / "queries.fr.jsonl").unlink()
    assert len(datasets_ext.remove(name)) == 5
    assert not files_in(home)


# --- what its languages share -----------------------------------------------------------------------------------


def test_a_language_whose_questions_are_asked_in_no_other_is_said(faq: Path, home: Path, name: str) -> None:
    rows = [{**row, "query_id": f"{row['query_id']}_fr"} for row in FAQ["queries.fr.jsonl"]]
    write(faq, {"queries.fr.jsonl": rows})
    said = r"^no query of fr has a counterpart in another language, .* no cross task .*, 'q1' rather than 'q1_fr'$"
    with pytest.warns(UserWarning, match=said):
        datasets_ext.add(name, faq)
    for path in faq.glob("*.en.jsonl"):
        path.unlink()
    with pytest.warns(UserWarning, match="^no query has a counterpart in another language"):
        datasets_ext.add(f"{name}-2", faq)


def test_what_has_no_queries_is_no_task(faq: Path, home: Path, name: str) -> None:
    from hybrid_plugin.tasks.named import load_benchmark

    rows = [{**row, "relevant": []} for row in FAQ["queries.fr.jsonl"] if row["query_id"] == "q1"]
    write(faq, {"queries.fr.jsonl": rows})
    with pytest.warns(UserWarning, match="^no query has an answer in fr/de, fr/en, fr/fr: left out of the tasks$"):
        datasets_ext.add(name, faq)
    program = (
        "import sys; from hybrid_plugin.tasks.named import load_benchmark; "
        "print(*(task.name for task in load_benchmark(sys.argv[1]).tasks))"
    )
    found = python(program, name).stdout.split()
    assert found == [task.name for task in load_benchmark(name).tasks]
    assert found == ["de/de", "en/en", "de/en", "de/fr", "en/de", "en/fr", "multi/de", "multi/en", "multi/fr"]


@pytest.mark.parametrize(
    ("file", "row", "complaint"),
    [
        ("docs.en.jsonl", {"doc_id": "de_p1", "text": "?"}, "the doc_id 'de_p1' is what 'p1' of docs.de.jsonl becomes"),
        ("docs.en.jsonl", {"doc_id": "en_p1", "text": "?"}, "the doc_id 'en_p1' is what 'p1' of docs.en.jsonl becomes"),
        (
            "queries.en.jsonl",
            {"query_id": "q3_fr", "text": "?", "relevant": []},
            "the query_id 'q3_fr' is what 'q3' of queries.fr.jsonl becomes",
        ),
    ],
)
def test_an_id_that_is_made_of_another_is_refused(
    faq: Path, home: Path, name: str, file: str, row: dict[str, Any], complaint: str
) -> None:
    write(faq, {file: [*FAQ[file], row]})
    with pytest.raises(CollectionError) as caught:
        datasets_ext.add(name, faq)
    assert str(caught.value) == f"{faq / file} line 3: {complaint}; rename one of them"
    assert not files_in(home)


def test_a_folder_without_documents_or_answers_is_refused(faq: Path, home: Path, name: str) -> None:
    write(
        faq, {f"queries.{lang}.jsonl": [{"query_id": "q", "text": "?", "relevant": []}] for lang in ("de", "en", "fr")}
    )
    with pytest.raises(CollectionError, match="no query of any language has a relevant document"):
        datasets_ext.add(name, faq)
    write(faq, {"docs.fr.jsonl": []})
    with pytest.raises(CollectionError, match=r"docs\.fr\.jsonl has no documents"):
        datasets_ext.add(name, faq)
    assert not files_in(home)


def test_a_fresh_process_takes_no_name_of_ours_for_a_new_one(faq: Path, home: Path) -> None:
    program = (
        "import sys, datasets_ext\n"
        "try:\n    datasets_ext.add('hybrid-demo', sys.argv[1])\n"
        "except datasets_ext.CollectionError as error:\n    print(error)"
    )
    assert python(program, str(faq)).stdout == "'hybrid-demo' is an ir_datasets id already; choose another name\n"
    assert not files_in(home)


# --- the command line -------------------------------------------------------------------------------------------


def test_datasets_add_keeps_a_collection_for_all_other_commands(faq: Path, home: Path, tmp_path: Path) -> None:
    added = run_cli("datasets", "add", "my-faq", faq)
    ids = "ids have their language: 'p1' of docs.de.jsonl is 'de_p1', 'q1' of queries.de.jsonl is 'q1_de'"
    assert added.stdout == f"my-faq: 6 files in {home / 'parallel' / 'my-faq'}\n{ids}\n"
    assert not added.stderr
    assert listed_benchmarks()["my-faq"] == ["my-faq", "de en fr", "mono cross multi", "", "here", "12", ""]
    info = run_cli("datasets", "info", "my-faq/fr/de").stdout.splitlines()
    assert [line.split()[:3] for line in info[2:4]] == [["docs", "2", "fr"], ["queries", "2", "de"]]
    assert info[-1].endswith(": 'a-1' of docs.fr.jsonl is 'fr_a-1', 'q1' of queries.de.jsonl is 'q1_de'")
    run_cli("datasets", "export", "my-faq/fr/de", "--output", tmp_path / "out")
    assert files_in(tmp_path / "out")["qrels.txt"] == b"q1_de 0 fr_a-1 1\nq3_de 0 fr_a-2 1\n"
    assert files_in(tmp_path / "out")["topics.tsv"].decode() == (
        "q1_de\tWann öffnet ihr?\nq3_de\tWas kostet der Eintritt?\n"
    )
    [line] = run_cli("run", "ir_datasets", "lookup", "my-faq", "de_p2").stdout.splitlines()
    assert line == "de_p2\tWir schließen um fünf.\t\tZeiten\tde"
    assert "the same as before: nothing to do\n" in run_cli("datasets", "add", "my-faq", faq).stdout
    write(faq, {"docs.en.jsonl": [{"doc_id": "p1", "text": "New."}, {"doc_id": "p2", "text": "New, too."}]})
    refused = run_cli("datasets", "add", "my-faq", faq, check=2)
    assert refused.stderr.startswith("hybrid-ir: 'my-faq' is there already, with other files (docs.en.jsonl differs); ")
    assert len(refused.stderr.splitlines()) == 1
    run_cli("datasets", "add", "my-faq", faq, "--overwrite")
    [line] = run_cli("run", "ir_datasets", "lookup", "my-faq", "en_p1").stdout.splitlines()
    assert line.startswith("en_p1\tNew.\t")
    removed = run_cli("datasets", "remove", "my-faq").stdout.splitlines()
    assert removed[0] == "removed:"
    assert {Path(path).parent.name for path in removed[1:]} == {"my-faq"}
    assert not files_in(home)
    assert "unknown ir_datasets id 'my-faq'" in run_cli("datasets", "info", "my-faq", check=2).stderr


@pytest.mark.parametrize("taken", ["hybrid-demo", ".."])
def test_datasets_add_refuses_a_bad_name_in_one_line(faq: Path, home: Path, taken: str) -> None:
    result = run_cli("datasets", "add", taken, faq, check=2)
    [line] = result.stderr.splitlines()
    assert line.startswith(f"hybrid-ir: '{taken}' ")
    assert not result.stdout
    assert not files_in(home)


def test_datasets_add_refuses_a_bad_line_in_one_line(faq: Path, home: Path) -> None:
    with (faq / "queries.fr.jsonl").open("ab") as file:
        file.write(b'{"query_id": "q7"\n')
    result = run_cli("datasets", "add", "my-faq", faq, check=2)
    [line] = result.stderr.splitlines()
    assert line.startswith(f"hybrid-ir: {faq / 'queries.fr.jsonl'} line 3 is not valid JSON")
    assert not files_in(home)
