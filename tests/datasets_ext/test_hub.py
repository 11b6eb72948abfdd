"""Data sets of the Hugging Face hub by the names of their columns; read here from folders, as datasets reads those."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ir_datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import datasets_ext
from datasets_ext import CollectionError
from hybrid_plugin import UserError
from hybrid_plugin.encoding import Encoder
from hybrid_plugin.evaluation import evaluate
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.tasks import load_benchmark
from tests.conftest import run_cli

Rows = list[dict[str, Any]]
DataSet = Callable[[Mapping[str, Rows]], str]

QUESTIONS = {"deu": ("Wo ist es?", "Wann war es?"), "eng": ("Where is it?", "When was it?")}
PASSAGES = {"deu": ("Es ist hier.", "Es war heute."), "eng": ("It is here.", "It was today.")}
PARALLEL: dict[str, Any] = {
    "languages": {"de": "deu", "en": "eng"},
    "docs": {"config": "{lang}", "id": "link", "text": "passage"},
    "queries": {"config": "{lang}", "id": "{link}-{number}", "text": "question", "cluster": "link", "article": "part"},
}


def flat(code: str) -> Rows:
    """A question and its passage a row, and each passage twice."""
    return [
        {"part": "all", "link": f"p{i}", "number": number, "question": question + mark, "passage": PASSAGES[code][i]}
        for i, question in enumerate(QUESTIONS[code])
        for number, mark in enumerate(("", "!"))
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for ir_datasets."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _own_caches(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def data_set(tmp_path: Path) -> DataSet:
    """A folder as a repository on the hub: a configuration each, with the split ``test``."""

    def write(configs: Mapping[str, Rows], language: str = "en", folder: str = "repository") -> str:
        root = tmp_path / folder
        root.mkdir()
        card = [f"language: {language}", "configs:"]
        for name, rows in configs.items():
            pq.write_table(pa.Table.from_pylist(rows), root / f"{name}.parquet")
            card += [f"- config_name: {name}", f"  data_files: [{{split: test, path: {name}.parquet}}]"]
        (root / "README.md").write_text("\n".join(["---", *card, "---", ""]), encoding="utf-8")
        return f"hf:{root}"

    return write


def records(dataset_id: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]], set[tuple[str, str, int]]]:
    dataset = ir_datasets.load(dataset_id)
    return (
        [(doc.doc_id, doc.default_text()) for doc in dataset.docs_iter()],
        [(query.query_id, query.text) for query in dataset.queries_iter()],
        {(qrel.query_id, qrel.doc_id, qrel.relevance) for qrel in dataset.qrels_iter()},
    )


def test_a_question_and_its_passage_in_a_row_of_each_language_are_a_parallel_collection(data_set: DataSet) -> None:
    datasets_ext.add("flat", data_set({code: flat(code) for code in QUESTIONS}), columns=PARALLEL)
    docs, queries, qrels = records("flat/de/en")
    assert docs == [("de_p0", "Es ist hier."), ("de_p1", "Es war heute.")]
    assert queries == [
        ("p0-0_en", "Where is it?"),
        ("p0-1_en", "Where is it?!"),
        ("p1-0_en", "When was it?"),
        ("p1-1_en", "When was it?!"),
    ]
    assert qrels == {(query_id, f"de_{query_id[:2]}", 1) for query_id, _ in queries}
    assert ir_datasets.load("flat/de").docs_store().get("de_p1").text == "Es war heute."
    asked = ir_datasets.load("flat/multi/en").queries_iter()
    assert {(query.cluster, query.article) for query in asked} == {("p0", "all"), ("p1", "all")}
    assert load_benchmark("flat").settings == ("mono", "cross", "multi")


def test_it_is_scored_in_all_settings(data_set: DataSet, tiny: Path, tmp_path: Path) -> None:
    datasets_ext.add("scored", data_set({code: flat(code) for code in QUESTIONS}), columns=PARALLEL)
    scores = evaluate(
        load_benchmark("scored"), Encoder.load(tiny), tmp_path / "scores", EvaluationSettings(measures=("RR",))
    )
    assert set(scores.settings) == {"mono", "cross", "multi"}


def test_rows_without_ids_are_linked_by_their_number(data_set: DataSet) -> None:
    rows = {
        code: [{"q": q, "p": p} for q, p in zip(QUESTIONS[code], PASSAGES[code], strict=True)] for code in QUESTIONS
    }
    columns = {
        **PARALLEL,
        "docs": {"config": "{lang}", "id": "{row}", "text": "p"},
        "queries": {"config": "{lang}", "id": "{row}", "text": "q"},
    }
    datasets_ext.add("numbered", data_set(rows), columns=columns)
    assert records("numbered/en/de")[2] == {("0_de", "en_0", 1), ("1_de", "en_1", 1)}


def test_lists_of_passages_give_a_document_each_and_grades_are_kept(data_set: DataSet) -> None:
    def found(head: str) -> Rows:
        return [{"docid": f"{head}{i}", "title": f"T{i}", "text": f"{head} text {i}"} for i in range(2)]

    rows = [
        {"query_id": "q1", "query": "one", "positives": found("a")},
        {"query_id": "q2", "query": "two", "positives": []},
    ]
    columns = {
        "languages": ["en"],
        "docs": {"id": "positives.docid", "title": "positives.title", "text": "positives.text"},
        "queries": {"id": "query_id", "text": "query"},
        "qrels": {"query": "query_id", "document": "positives.docid"},
    }
    datasets_ext.add("listed", data_set({"default": rows}), columns=columns)
    assert records("listed/en/en") == (
        [("en_a0", "T0 a text 0"), ("en_a1", "T1 a text 1")],
        [("q1_en", "one")],
        {("q1_en", "en_a0", 1), ("q1_en", "en_a1", 1)},
    )


def test_languages_may_be_told_by_a_column(data_set: DataSet) -> None:
    rows = [{**row, "language": code} for code in QUESTIONS for row in flat(code)]
    sides = {side: {**PARALLEL[side], "config": "all", "where": {"language": "{lang}"}} for side in ("docs", "queries")}
    datasets_ext.add("by-column", data_set({"all": rows}), columns={**PARALLEL, **sides})
    assert records("by-column/de/de")[0] == [("de_p0", "Es ist hier."), ("de_p1", "Es war heute.")]


MTEB = {
    "corpus": [{"_id": "d1", "title": "Title", "text": "text"}, {"_id": "d2", "title": "", "text": "other"}],
    "queries": [{"_id": "q1", "text": "what?"}],
    "default": [{"query-id": "q1", "corpus-id": "d1", "score": 2}, {"query-id": "q1", "corpus-id": "d2", "score": 0}],
}


def test_a_benchmark_of_mteb_s_form_needs_no_columns(data_set: DataSet) -> None:
    name = data_set(MTEB)
    assert [task.name for task in load_benchmark(name).tasks] == ["en/en", "multi/en"]
    assert records(f"{name}/en/en") == (
        [("en_d1", "Title text"), ("en_d2", "other")],
        [("q1_en", "what?")],
        {("q1_en", "en_d1", 2), ("q1_en", "en_d2", 0)},
    )


def test_of_several_languages_too(data_set: DataSet) -> None:
    heads = {"corpus": "corpus", "queries": "queries", "qrels": "default"}
    name = data_set({f"{lang}-{end}": MTEB[whole] for lang in ("fi", "sv") for end, whole in heads.items()})
    benchmark = load_benchmark(name)
    assert benchmark.languages == ("fi", "sv")
    assert benchmark.settings == ("mono", "cross", "multi")


def test_a_yaml_file_names_the_columns_as_well(data_set: DataSet, tiny: Path, tmp_path: Path) -> None:
    data_set({code: flat(code) for code in QUESTIONS})
    (tmp_path / "own.yaml").write_text(
        "name: by-yaml\ndataset: hf:repository\nmeasures: [RR]\nlanguages: {de: deu, en: eng}\n"
        "docs: {config: '{lang}', id: link, text: passage}\n"
        "queries: {config: '{lang}', id: '{link}-{number}', text: question}\n"
    )
    benchmark = load_benchmark(tmp_path / "own.yaml")
    assert benchmark.measures == ("RR",)
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "scores")
    assert scores.settings["mono"].keys() == {"RR"}
    (tmp_path / "own.yaml").write_text("name: by-yaml\ndataset: hf:repository\nlanguages: {de: deu}\nqueris: {}\n")
    with pytest.raises(UserError, match=r"own.yaml: .*unknown key 'queris'.*did you mean 'queries'"):
        load_benchmark(tmp_path / "own.yaml")


def test_files_of_other_formats_are_read_by_the_same_library(tmp_path: Path) -> None:
    root = tmp_path / "csv"
    root.mkdir()
    with (root / "test.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["part", "link", "number", "question", "passage"])
        writer.writeheader()
        writer.writerows(flat("deu"))
    sides = {
        side: {key: value for key, value in PARALLEL[side].items() if key != "config"} for side in ("docs", "queries")
    }
    datasets_ext.add("csv", f"hf:{root}", columns={"languages": ["de"], **sides})
    assert [doc_id for doc_id, _ in records("csv/de/de")[0]] == ["de_p0", "de_p1"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"docs": {**PARALLEL["docs"], "text": "pasage"}}, r"deu test has no column 'pasage'.*did you mean 'passage'"),
        ({"docs": {**PARALLEL["docs"], "split": "train"}}, r"has no split 'train'; it has: test"),
        ({"docs": {**PARALLEL["docs"], "id": "number"}}, r"deu test row 2 repeats the document id '0'"),
        ({"docs": {**PARALLEL["docs"], "id": "passage"}}, r"row 0: the id 'Es ist hier.' is empty or has white space"),
        ({"queries": {**PARALLEL["queries"], "id": "link"}}, r"row 1 repeats the query id 'p0' with another text"),
        ({"docs": {"id": "link"}}, r"name the column of the docs' text"),
        ({"docs": {**PARALLEL["docs"], "body": "x"}}, r"the docs take no 'body'"),
        ({"languages": {"de": "deu", "fr": "fra"}}, r"cannot load .*fra"),
        ({"languages": {}}, r"name its languages"),
        ({"languages": {"zh": "deu", "zh_cn": "eng"}}, r"ids in 'zh_cn' and 'zh' could be the same.*zh-cn=zh_cn"),
        ({"qrels": {"config": "{lang}", "query": "link", "document": "link"}}, r"no query has a relevant document"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_kept(
    data_set: DataSet, home: Path, change: dict[str, Any], said: str
) -> None:
    name = data_set({code: flat(code) for code in QUESTIONS})
    with pytest.raises(CollectionError, match=said):
        datasets_ext.add("wrong", name, columns={**PARALLEL, **change})
    assert not list(home.glob("hub/*"))
    assert "wrong" not in ir_datasets.registry


def test_what_is_kept_is_known_to_another_process_and_can_be_removed(data_set: DataSet, home: Path) -> None:
    name = data_set({code: flat(code) for code in QUESTIONS})
    added = run_cli(
        *("datasets", "add", "kept", name, "--languages", "de=deu", "en=eng"),
        *("--docs", "config={lang}", "id=link", "text=passage"),
        *("--queries", "config={lang}", "id={link}-{number}", "text=question"),
    )
    assert added.returncode == 0, added.stderr
    about = json.loads((home / "hub" / "kept.json").read_text())
    assert about["queries"] == {"config": "{lang}", "id": "{link}-{number}", "text": "question"}
    listed = run_cli("datasets", "info", "kept/de/en", "--json")
    assert json.loads(listed.stdout)["queries"]["count"] == 4
    assert datasets_ext.add("kept", name, columns={**PARALLEL, "queries": about["queries"]})
    with pytest.raises(CollectionError, match="of other columns"):
        datasets_ext.add("kept", name, columns=PARALLEL)
    assert datasets_ext.remove("kept") == [home / "hub" / "kept.json"]
    assert "kept" not in ir_datasets.registry


def test_a_data_set_of_an_unknown_form_says_what_it_has(data_set: DataSet) -> None:
    name = data_set({code: flat(code) for code in QUESTIONS})
    with pytest.raises(CollectionError, match=r"configurations deu, eng: name its columns"):
        datasets_ext.add("unknown", name)
