"""Sources of parallel training pairs: by name, from a file, and told apart by their contents."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import ir_datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_ext.errors import CollectionError
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source, load_sources, source_loaders
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.store import part_of, store
from tests.commands import start_cli

GOOD = {"id": "q1", "queries": {"en": "who?", "de": "wer?"}, "passages": {"en": "she", "fr": ["elle", "lui"]}}

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
languages = st.sampled_from(["ar", "de", "en", "zh"])
rows = st.builds(
    Row,
    st.uuids().map(str),
    st.dictionaries(languages, texts, min_size=1),
    st.dictionaries(languages, st.lists(texts, min_size=1, max_size=3).map(tuple), min_size=1),
)


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines to a file: objects as JSON, text and bytes as they are."""

    def write(*lines: object) -> Path:
        path = tmp_path / "pairs.jsonl"
        raw = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
        path.write_text("".join(f"{line}\n" for line in raw), encoding="utf-8")
        return path

    return write


def test_a_json_lines_file_is_a_source(jsonl: Callable[..., Path]) -> None:
    path = jsonl(GOOD, "", {"id": "q2", "queries": {"de": "wo?"}, "passages": {"ar": "هنا"}})
    source = load_source(str(path))
    assert source.name == str(path)
    assert list(source) == [
        Row("q1", {"en": "who?", "de": "wer?"}, {"en": ("she",), "fr": ("elle", "lui")}),
        Row("q2", {"de": "wo?"}, {"ar": ("هنا",)}),
    ]
    assert source.languages == ("ar", "de", "en", "fr")


@settings(deadline=None)  # the first source of a process is compared with all benchmarks, which takes a second
@given(st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.parallel_id))
def test_whatever_is_written_as_json_lines_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[Row]
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "pairs.jsonl"
    lines = [{"id": row.parallel_id, "queries": row.queries, "passages": row.passages} for row in written]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert list(from_jsonl(path)) == written


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "q2",', "is not valid JSON"),
        ("[]", "needs the key 'id'"),
        ({"queries": {"en": "a"}, "passages": {"en": "b"}}, "needs the key 'id'"),
        (GOOD | {"id": 2}, "needs the key 'id' with a text"),
        (GOOD | {"id": " "}, "empty 'id'"),
        (GOOD | {"id": "q2", "queries": ["a"]}, "needs the key 'queries' with a object"),
        (GOOD | {"id": "q2", "passages": None}, "needs the key 'passages'"),
        (GOOD | {"id": "q2", "queries": {}}, "needs at least one query"),
        (GOOD | {"id": "q2", "passages": {}}, "needs at least one query and one passage"),
        (GOOD | {"id": "q2", "queries": {"en": " "}}, "no empty text"),
        (GOOD | {"id": "q2", "queries": {"en": ["a"]}}, "needs at least one query"),
        (GOOD | {"id": "q2", "passages": {"en": ""}}, "no empty text"),
        (GOOD | {"id": "q2", "passages": {"en": ["a", ""]}}, "no empty text"),
        (GOOD | {"id": "q2", "passages": {"en": ["a", 3]}}, "no empty text"),
        (GOOD | {"id": "q2", "passages": {"en": 3}}, "no empty text"),
        (GOOD | {"id": "q2", "passages": {"en": {"text": "a"}}}, "no empty text"),
        (GOOD | {"id": "q2", "passages": {"en": "a", "de": []}}, "an empty list of passages in 'de'"),
    ],
)
def test_a_bad_line_is_refused_by_file_and_number(jsonl: Callable[..., Path], line: object, message: str) -> None:
    path = jsonl(GOOD, "", line)
    with pytest.raises((UserError, CollectionError)) as raised:
        load_source(str(path))
    assert str(raised.value).startswith(f"{path} line 3 ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_without_pairs_is_refused(jsonl: Callable[..., Path]) -> None:
    path = jsonl("", " ")
    with pytest.raises(UserError, match="holds no training pairs"):
        load_source(str(path))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(json.dumps(GOOD, ensure_ascii=False).replace("who", "où").encode("latin-1"))
    with pytest.raises(CollectionError, match=r"pairs\.jsonl line 1 is not UTF-8"):
        load_source(str(path))


def test_an_unknown_source_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown source 'mlqa': no such file, .*hybrid-demo, .*mlqa-r, .*xquad-r"):
        load_source("mlqa")


def test_a_source_named_twice_counts_once(jsonl: Callable[..., Path]) -> None:
    path = str(jsonl(GOOD))
    assert [source.name for source in load_sources([path, "hybrid-demo", path])] == [path, "hybrid-demo"]


def test_the_demo_source_is_the_train_part_and_shares_nothing_with_the_benchmark() -> None:
    source = load_source("hybrid-demo")
    train, test = ir_datasets.load("hybrid-demo-train"), ir_datasets.load("hybrid-demo")
    assert {row.parallel_id for row in source} == {query.parallel_id for query in train.queries_iter()}
    tested = list(test.queries_iter())
    assert not {row.parallel_id for row in source} & {query.parallel_id for query in tested}
    assert not {text for row in source for text in row.queries.values()} & {query.text for query in tested}
    passages = {text for row in source for found in row.passages.values() for text in found}
    assert not passages & {doc.text for doc in test.docs_iter()}


def test_every_demo_question_is_in_every_language_with_its_answers() -> None:
    source = load_source("hybrid-demo")
    assert len(source) >= 2000
    assert all(tuple(sorted(row.queries)) == tuple(sorted(row.passages)) == source.languages for row in source)


def read_published(folder: Path) -> dict[str, tuple[dict[str, str], dict[str, set[str]]]]:
    """Questions and answering sentences of the published files, read on their own terms."""
    found: dict[str, tuple[dict[str, str], dict[str, set[str]]]] = {}
    for path in sorted(folder.glob("*.json")):
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    queries, passages = found.setdefault(question["id"], ({}, {}))
                    queries[path.stem] = question["question"]
                    for answer in question["answers"]:
                        for (start, end), text in zip(
                            paragraph["sentence_breaks"], paragraph["sentences"], strict=True
                        ):
                            if answer["answer_start"] in range(start, end):
                                passages.setdefault(path.stem, set()).add(text)
    return found


@pytest.mark.parametrize("name", ["mlqa-r", "xquad-r"])
def test_rows_are_the_published_questions_and_the_sentences_that_answer_them(lareqa: Path, name: str) -> None:
    source = load_source(name)
    found = {
        row.parallel_id: (dict(row.queries), {lang: set(texts) for lang, texts in row.passages.items()})
        for row in source
    }
    assert len(found) == len(source)
    assert found == read_published(lareqa / name)


def test_a_repeated_id_is_refused_with_its_rows(jsonl: Callable[..., Path]) -> None:
    path = jsonl(GOOD, GOOD | {"id": "q2"}, "", GOOD)
    with pytest.raises(UserError, match=r"pairs\.jsonl repeats the id 'q1': rows 1 and 3"):
        load_source(str(path))
    assert not [name for name in cache_folder("sources").iterdir() if name.name.startswith(".")]


def test_hard_negatives_may_be_given(jsonl: Callable[..., Path]) -> None:
    source = load_source(str(jsonl(GOOD | {"negatives": {"en": ["he", "they"], "de": "es"}})))
    assert source[0].negatives == {"en": ("he", "they"), "de": ("es",)}
    with pytest.raises(UserError, match="line 1 has an empty list of negatives in 'en'"):
        load_source(str(jsonl(GOOD | {"negatives": {"en": []}})))
    with pytest.raises(UserError, match="line 1 needs an object of languages in 'negatives'"):
        load_source(str(jsonl(GOOD | {"negatives": ["he"]})))


def test_a_file_is_read_once_and_again_when_it_changes(jsonl: Callable[..., Path]) -> None:
    path = jsonl(GOOD)
    first = load_source(str(path))
    assert load_source(str(path)).folder == first.folder
    jsonl(GOOD, GOOD | {"id": "q2"})
    assert len(load_source(str(path))) == 2
    assert len(first) == 1


ONE = Row("1", {"de": "a", "en": "b"}, {"en": ("c", "d")})


def test_the_checksum_stays_with_the_contents() -> None:
    reordered = Row("1", {"en": "b", "de": "a"}, {"en": ("c", "d")})
    assert store("x", [ONE]).checksum == store("y", [reordered]).checksum
    assert store("x", [ONE]).checksum.startswith("sha256:")


@pytest.mark.parametrize(
    "changed",
    [
        Row("2", {"de": "a", "en": "b"}, {"en": ("c", "d")}),
        Row("1", {"de": "b", "en": "a"}, {"en": ("c", "d")}),
        Row("1", {"de": "a"}, {"en": ("c", "d")}),
        Row("1", {"de": "a", "en": "b"}, {"en": ("cd",)}),
        Row("1", {"de": "a", "en": "b"}, {"de": ("c", "d")}),
        Row("1", {"de": "a", "en": "b"}, {"en": ("c", "d ")}),
        Row("1", {"de": "a", "en": "b"}, {"en": ("c", "d")}, {"en": ("e",)}),
    ],
)
def test_the_checksum_changes_with_the_contents(changed: Row) -> None:
    assert store("x", [changed]).checksum != store("x", [ONE]).checksum


@settings(deadline=None)  # the first source of a process is compared with all benchmarks, which takes a second
@given(st.lists(rows, min_size=1, max_size=30, unique_by=lambda row: row.parallel_id))
def test_a_source_is_a_sequence_of_its_rows_by_place_and_by_pattern(written: list[Row]) -> None:
    source = store("x", written)
    assert list(source) == written
    assert source.take([len(written) - 1, 0]) == [written[-1], written[0]]
    assert (source[-1], source[0:2]) == (written[-1], written[:2])
    for lang in source.languages:
        places = source.having(lambda pattern, lang=lang: lang in pattern.queries)
        drawn = places.draw(np.random.default_rng(0), len(places))
        assert sorted(drawn) == [place for place, row in enumerate(written) if lang in row.queries]


def test_shares_of_a_source_are_nested_and_about_as_large_as_said() -> None:
    source = load_source("hybrid-demo")
    quarter, half = ({row.parallel_id for row in part_of(source, share)} for share in (0.25, 0.5))
    assert quarter < half
    assert len(quarter) == pytest.approx(len(source) / 4, rel=0.1)
    assert len(half) == pytest.approx(len(source) / 2, rel=0.1)
    assert part_of(source, 1) is source
    assert part_of(source, 0.5).name == source.name
    with pytest.raises(UserError, match=r"the share of 'hybrid-demo' to train on is 1.5"):
        part_of(source, 1.5)


def test_parallel_collections_are_sources_and_other_benchmarks_are_not() -> None:
    assert "hybrid-demo" in source_loaders()
    assert {"miracl", "neuclir", "mmarco", "clirmatrix"}.isdisjoint(source_loaders())


def test_a_collection_is_no_source_before_it_is_added(tmp_path: Path) -> None:
    (tmp_path / "docs.de.jsonl").write_text('{"doc_id": "1", "text": "Wien"}\n')
    (tmp_path / "queries.de.jsonl").write_text('{"query_id": "1", "text": "Wo?", "relevant": ["1"]}\n')
    message = rf"{tmp_path} holds a collection .* add it by 'hybrid-ir datasets add NAME {tmp_path}', then train with"
    for name in (tmp_path, f"tevatron:{tmp_path}", tmp_path / "queries.de.jsonl"):
        with pytest.raises(UserError, match=message):
            load_source(str(name))
    (tmp_path / "own.yaml").write_text("name: own\n")
    with pytest.raises(UserError, match=r"own\.yaml is a benchmark's file, to evaluate on"):
        load_source(str(tmp_path / "own.yaml"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"the folder '.*empty' holds nothing to train on"):
        load_source(str(tmp_path / "empty"))


def test_a_source_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(UserError, match=r"unknown source 'mlqa_r': no such file.*; did you mean 'mlqa-r'\?"):
        load_source("mlqa_r")


def test_a_part_says_its_share_of_the_whole() -> None:
    whole = load_source("hybrid-demo")
    half = part_of(whole, 0.5)
    assert (whole.share, half.share, part_of(half, 0.1).share, part_of(half, 0.9).share) == (1, 0.5, 0.1, 0.5)


def test_a_source_knows_whether_it_has_hard_negatives() -> None:
    rows = [Row(f"{i}", {"en": f"{i}?"}, {"en": (f"{i}!",)}) for i in range(2000)]
    assert not store("a", rows).has_negatives
    assert store("b", [*rows, Row("x", {"en": "?"}, {"en": ("!",)}, {"de": ("nein",)})]).has_negatives


def test_what_texts_are_looked_up_in_is_built_before_it_is_needed() -> None:
    """By one of several processes: the store of documents is none that two may build at a time."""
    documents = ir_datasets.load("hybrid-demo/hi")
    answer = next(documents.docs_iter())
    source = store("ids", [Row("q", {"hi": "?"}, {"hi": (answer.doc_id,)})], docs={"hi": "hybrid-demo/hi"})
    documents.docs_store().clear_cache()
    assert not documents.docs_store().built()
    source.prepare()
    assert documents.docs_store().built()
    assert source[0].text("hi", answer.doc_id) == answer.default_text()


def test_a_source_that_does_not_fit_on_the_disk_is_told(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        environment = {**os.environ, "HYBRID_IR_CACHE": str(tmp_path)}
        start_cli(["sources", "info", "hybrid-demo"], environment, out, err, largest=100_000).join()
        said = [line for line in err.read_text().splitlines() if not line.startswith("[INFO]")]  # of ir_datasets
        assert said == [f"hybrid-ir: cannot store 'hybrid-demo' in {tmp_path / 'sources'}: File too large"]
    assert list((tmp_path / "sources").iterdir()) == []
