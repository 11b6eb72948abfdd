"""A benchmark from a YAML file: what it becomes, and what is refused and how."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks import Judgements, Qrels, View, documents, load_benchmark, queries, read_benchmark
from tests.conftest import ROOT

DOCS = {
    "fa": [{"doc_id": "1", "text": "یک", "title": "عنوان"}, {"doc_id": "2", "text": "دو"}],
    "ru": [{"doc_id": "1", "text": "раз"}],
}
TOPICS = [
    {
        "query_id": "t1",
        "text": "one",
        "description": "what one is",
        "question": "T1",
        "cluster": "numbers",
        "article": "counting",
    },
    {"query_id": "t2", "text": "two"},
]
MONO = {
    "name": "fa/fa",
    "docs": [{"file": "docs.fa.jsonl", "lang": "fa"}],
    "queries": {"file": "queries.jsonl", "lang": "fa", "field": "description"},
    "qrels": ["sub/qrels.txt.gz"],
}
POOL = {
    "name": "multi/en",
    "docs": [
        {"file": "docs.fa.jsonl", "lang": "fa", "prefix": "fa/"},
        {"file": "docs.ru.jsonl", "lang": "ru", "prefix": "ru/"},
        {"dataset": "hybrid-demo/de", "lang": "de", "field": "context"},
    ],
    "queries": {"file": "queries.jsonl", "lang": "en"},
    "qrels": ["qrels.pool.txt", {"file": "sub/qrels.txt.gz", "prefix": "fa/"}],
    "cluster": "description",
    "article": "text",
}
DEMO = {
    "name": "demo",
    "docs": ["hybrid-demo/de"],
    "queries": "hybrid-demo/multi/en",
    "qrels": [{"dataset": "hybrid-demo/de/en"}],
    "setting": "cross",
}
CONTENT = {
    "name": "mine",
    "measures": ["nDCG@10", "AP"],
    "description": "Some of mine",
    "licence": "CC0",
    "tasks": [MONO, POOL, DEMO],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for lang, rows in DOCS.items():
        (tmp_path / f"docs.{lang}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in TOPICS))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "qrels.txt.gz").write_bytes(gzip.compress(b"t1 0 1 3\nt1 0 2 -1\n"))
    (tmp_path / "qrels.pool.txt").write_text("t2 0 ru/1 1\n")
    write(tmp_path, CONTENT)
    return tmp_path


def write(folder: Path, content: Any) -> Path:
    (folder / "bench.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder / "bench.yaml"


def test_a_benchmark_has_the_tasks_of_its_file(folder: Path) -> None:
    benchmark = read_benchmark(folder / "bench.yaml")
    assert (benchmark.name, benchmark.measures) == ("mine", ("nDCG@10", "AP"))
    assert (benchmark.description, benchmark.licence) == ("Some of mine", "CC0")
    assert [(task.name, task.setting) for task in benchmark.tasks] == [
        ("fa/fa", "mono"),
        ("multi/en", "multi"),
        ("demo", "cross"),
    ]
    mono, pool, demo = benchmark.tasks
    assert mono.docs == (View(str(folder / "docs.fa.jsonl"), "fa"),)
    assert mono.queries == View(str(folder / "queries.jsonl"), "fa", field="description")
    assert mono.qrels == (Qrels(str(folder / "sub" / "qrels.txt.gz")),)
    assert (mono.question, mono.cluster, mono.article) == ("question", "cluster", "article")
    assert pool.docs[1:] == (
        View(str(folder / "docs.ru.jsonl"), "ru", "ru/"),
        View("hybrid-demo/de", "de", field="context"),
    )
    assert (pool.question, pool.cluster, pool.article) == ("question", "description", "text")
    assert demo.docs == (View("hybrid-demo/de"),)
    assert (demo.question, demo.cluster, demo.article) == (None, None, None)


def test_what_is_downstream_reads_its_files(folder: Path) -> None:
    benchmark = load_benchmark(str(folder / "bench.yaml"))
    mono, pool = benchmark.task("fa/fa"), benchmark.task("multi/en")
    assert [(one.id, one.text, one.lang) for one in documents(pool.docs[0])] == [
        ("fa/1", "عنوان یک", "fa"),
        ("fa/2", "دو", "fa"),
    ]
    assert [(one.id, one.text, one.question, one.cluster, one.article) for one in queries(mono)] == [
        ("t1", "what one is", "T1", "numbers", "counting"),
        ("t2", "", "fa/t2", "fa/t2", "fa/t2"),
    ]
    assert [(one.cluster, one.article) for one in queries(pool)] == [("what one is", "one"), ("en/t2", "two")]
    assert Judgements.load(mono).by_query == {"t1": {"1": 3, "2": -1}}
    assert Judgements.load(pool).by_query == {"t2": {"ru/1": 1}, "t1": {"fa/1": 3, "fa/2": -1}}


def test_the_language_of_a_record_counts_where_the_view_names_none(folder: Path) -> None:
    rows = [{**row, "lang": "ru"} for row in DOCS["ru"]] + [{"doc_id": "3", "text": "three"}]
    (folder / "docs.ru.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {**MONO, "docs": ["docs.ru.jsonl"]}
    [found] = read_benchmark(write(folder, {**CONTENT, "tasks": [task]})).tasks
    assert found.setting == "multi"
    read = documents(found.docs[0])
    assert next(read).lang == "ru"
    with pytest.raises(UserError, match=r"'3' of '.*docs\.ru\.jsonl' does not say its language; name it in the view"):
        next(read)


@pytest.mark.parametrize("name", ["bench.yaml", "./bench.yaml", "{folder}/bench.yaml"])
def test_a_path_is_taken_where_a_benchmark_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(folder)
    path = name.format(folder=folder)
    assert len(load_benchmark(path).tasks) == 3
    assert [task.name for task in load_benchmark(f"{path}/multi/en").tasks] == ["multi/en"]
    assert [task.name for task in load_benchmark(f"{path}/fa").tasks] == ["fa/fa"]
    with pytest.raises(UserError, match="mine has no task 'de'"):
        load_benchmark(f"{path}/de")


def test_paths_are_relative_to_the_yaml_file(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    benchmark = load_benchmark("../bench.yaml")
    assert benchmark.task("fa/fa").docs[0].dataset_id == str(folder / "docs.fa.jsonl")


def test_the_example_of_the_documentation_is_a_benchmark(folder: Path) -> None:
    page = (ROOT / "docs" / "collections.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    [example] = [one for one in examples if "\ntasks:" in one]
    (folder / "docs.yaml").write_text(example)
    (folder / "queries.en.jsonl").write_text(json.dumps(TOPICS[0]))
    (folder / "qrels.fa.txt").write_text("t1 0 fa/1 1\n")
    benchmark = load_benchmark(str(folder / "docs.yaml"))
    assert [(task.name, task.setting) for task in benchmark.tasks] == [("fa/en", "cross"), ("multi/en", "multi")]
    assert [(one.id, one.text) for one in queries(benchmark.task("multi/en"))] == [("t1", "what one is")]


def test_groups_and_what_does_not_count_are_named_in_the_file(folder: Path) -> None:
    pool = {**POOL, "collection": "mine", "dropped": "same-id"}
    groups = {"groups": {"some": ["multi"]}, "language_groups": {"family:slavic": ["ru"]}}
    path = write(folder, {**CONTENT, "tasks": [MONO, pool], **groups})
    (task,) = load_benchmark(f"{path}/some").tasks
    assert (task.name, task.collection, task.dropped) == ("multi/en", "mine", "same-id")
    assert load_benchmark(str(path)).language_groups == {"family:slavic": ("ru",)}


def changed(**changes: Any) -> dict[str, Any]:
    """The content with keys of the task fa/fa changed; None takes one away."""
    task = {key: value for key, value in {**MONO, **changes}.items() if value is not None}
    return {**CONTENT, "tasks": [task]}


VIEW = MONO["docs"][0]  # type: ignore[index]
TASK = "the task 'fa/fa'"
BAD = {
    "a list": ([], " needs the keys name, tasks"),
    "nothing": (None, " needs the keys name, tasks"),
    "no name": ({"tasks": [MONO]}, " has no 'name'"),
    "an empty name": ({**CONTENT, "name": ""}, " has an empty 'name'"),
    "a number as name": ({**CONTENT, "name": 2023}, " needs a text under 'name', not 2023; put it in quotes"),
    "no tasks": ({"name": "mine"}, " has no 'tasks'"),
    "an empty list of tasks": ({**CONTENT, "tasks": []}, ": the benchmark 'mine' has no tasks"),
    "a mapping as tasks": ({**CONTENT, "tasks": {"fa/fa": MONO}}, " needs a list under 'tasks'"),
    "an unknown key": ({**CONTENT, "license": "CC0"}, " has the unknown key 'license'; known: name, measures, tasks"),
    "a measure that is no text": ({**CONTENT, "measures": [10]}, ": 'measures' needs names, not 10"),
    "one measure": ({**CONTENT, "measures": "AP"}, " needs a list under 'measures', not AP"),
    "a task twice": (
        {**CONTENT, "tasks": [MONO, MONO]},
        ": the benchmark 'mine' has two tasks with the run file fa.fa",
    ),
    "a task that is a text": (
        {**CONTENT, "tasks": ["fa/fa"]},
        ": the task number 1 needs the keys name, docs, queries",
    ),
    "a task without a name": (changed(name=None), ": the task number 1 has no 'name'"),
    "a task with a bad name": (changed(name="fa fa"), ": 'fa fa' cannot be a task's name"),
    "an unknown key of a task": (changed(topics="x"), f": {TASK} has the unknown key 'topics'; known: name, docs,"),
    "no qrels": (changed(qrels=None), f": {TASK} has no 'qrels'"),
    "an empty list of docs": (changed(docs=[]), f": {TASK} has no docs"),
    "docs that are no list": (changed(docs=VIEW), f": {TASK} needs a list under 'docs'"),
    "a list of queries": (changed(queries=[VIEW]), f": {TASK} needs a name or a mapping under 'queries'"),
    "groups that are a list": ({**CONTENT, "groups": ["fa"]}, " needs a mapping under 'groups', not ['fa']"),
    "a group of one text": (
        {**CONTENT, "language_groups": {"some": "fa"}},
        ": 'language_groups' needs a list of names for each name, not fa for some",
    ),
    "a group of a task that is not there": (
        {**CONTENT, "groups": {"some": ["multi", "multy"]}},
        ": mine has no task 'multy'; it has 3, such as multi/en",
    ),
    "a group of a language that is not there": (
        {**CONTENT, "language_groups": {"some": ["fa", "xx"]}},
        ": 'language_groups' some names 'xx', which no view of a task has",
    ),
    "a group with a task's name": (
        {**CONTENT, "groups": {"fa": ["multi/en"]}},
        ": the benchmark 'mine' has tasks and a group of tasks called 'fa'",
    ),
    "an unknown kind of dropped documents": (
        changed(dropped="own"),
        ": the task 'fa/fa': unknown kind of dropped documents 'own'; known: same-id, negative",
    ),
    "an unknown setting": (changed(setting="both"), f": {TASK}: unknown setting 'both'; known: mono, cross, multi"),
    "an unknown key of docs": (changed(docs=[{**VIEW, "path": "x"}]), f": {TASK}: 'docs' has the unknown key 'path'"),
    "a language that is no text": (
        changed(docs=[{**VIEW, "lang": False}]),
        f": {TASK}: 'docs' needs a text under 'lang', not False; put it in quotes",
    ),
    "file and dataset": (
        changed(docs=[{**VIEW, "dataset": "hybrid-demo/de"}]),
        f": {TASK}: 'docs' needs either a 'file' or a 'dataset'",
    ),
    "neither file nor dataset": (changed(queries={"lang": "fa"}), f": {TASK}: 'queries' needs either a 'file' or a"),
    "a field of qrels": (
        changed(qrels=[{"file": "qrels.pool.txt", "field": "x"}]),
        f": {TASK}: 'qrels' has the unknown",
    ),
    "a missing file of docs": (changed(docs=[{"file": "no.jsonl"}]), f": {TASK}: 'docs': there is no file "),
    "a missing file of queries": (changed(queries={"file": "no.jsonl"}), f": {TASK}: 'queries': there is no file "),
    "a missing file of qrels": (changed(qrels=[{"file": "no.txt"}]), f": {TASK}: 'qrels': there is no file "),
    "no file and no id": (changed(qrels=["no.txt"]), f": {TASK} names 'no.txt': no file and no ir_datasets id"),
}


@pytest.mark.parametrize(("content", "complaint"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_by_file_and_key(folder: Path, content: Any, complaint: str) -> None:
    path = write(folder, content)
    with pytest.raises(UserError) as caught:
        load_benchmark(str(path))
    assert str(caught.value).startswith(f"{path}{complaint}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_yaml_or_not_there_is_named(folder: Path) -> None:
    (folder / "bench.yaml").write_text("name: [")
    with pytest.raises(UserError, match=r"bench\.yaml is not valid YAML"):
        load_benchmark(str(folder / "bench.yaml"))
    with pytest.raises(UserError, match=r"cannot read .*nowhere\.yml: No such file"):
        load_benchmark(str(folder / "nowhere.yml"))
