"""Run files as a user's own search engine wrote them, and what is said of an id or a file that does not fit."""

from __future__ import annotations

import json
import random
import re
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import datasets_ext
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.original_ids import small_doc_ids, with_made_ids
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.own import read_benchmark

LANGUAGES = ("de", "en")
DOCS, QUERIES = 8, 4


@pytest.fixture(scope="module")
def faq(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A collection whose documents have one id in all languages, but for one; q4 has no answer."""
    folder, name = tmp_path_factory.mktemp("faq"), f"faq-{uuid.uuid4().hex[:8]}"
    for lang in LANGUAGES:
        ids = [f"p{i}" for i in range(1, DOCS + 1)] + ([] if lang == "de" else ["only"])
        docs = [{"doc_id": one, "text": f"{lang} {one}"} for one in ids]
        relevant = [["p1"], ["p2", "p3"], ["p8"], []]
        queries = [
            {"query_id": f"q{i}", "text": f"{lang} {i}?", "relevant": found} for i, found in enumerate(relevant, 1)
        ]
        for kind, rows in (("docs", docs), ("queries", queries)):
            (folder / f"{kind}.{lang}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    datasets_ext.register_parallel(name, folder)
    return name


def write_run(path: Path, query: Callable[[int], str], doc: Callable[[int], str]) -> Path:
    """The same ranking of all documents for any spelling of the ids; with ties."""
    rng = random.Random(7)
    lines = []
    for i in range(1, QUERIES + 1):
        order = rng.sample(range(1, DOCS + 1), DOCS)
        lines += [f"{query(i)} Q0 {doc(one)} {at} {1 - at // 2 / 10} t\n" for at, one in enumerate(order)]
    path.write_text("".join(lines))
    return path


def quiet(name: str, path: Path) -> Scores:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return evaluate_runs(load_benchmark(name), path)


@pytest.mark.parametrize(
    ("query", "doc"), [("q{}", "p{}"), ("q{}", "de_p{}"), ("q{}_en", "p{}")], ids=["both", "queries", "documents"]
)
def test_original_ids_score_exactly_as_the_made_ones(faq: str, tmp_path: Path, query: str, doc: str) -> None:
    made = quiet(f"{faq}/de/en", write_run(tmp_path / "made.trec", "q{}_en".format, "de_p{}".format))
    path = write_run(tmp_path / "run.trec", query.format, doc.format)
    with pytest.warns(UserWarning, match=r"^run\.trec has the original ids; read ") as said:
        scores = evaluate_runs(load_benchmark(f"{faq}/de/en"), path)
    assert scores.per_query.equals(made.per_query)
    assert len(scores.per_query) == 3
    assert 0 < scores.settings["cross"]["AP"] < 1
    [line] = [str(one.message) for one in said]
    assert ("'q1' as 'q1_en'" in line) == (query == "q{}")
    assert bool(re.search(r"'p\d' as 'de_p\d'", line)) == (doc == "p{}")


def test_a_folder_of_runs_with_original_ids_says_so_once(faq: str, tmp_path: Path) -> None:
    made, original = tmp_path / "made", tmp_path / "original"
    for folder in (made, original):
        folder.mkdir()
    for docs in LANGUAGES:
        for lang in LANGUAGES:
            write_run(made / f"{docs}.{lang}.trec", f"q{{}}_{lang}".format, f"{docs}_p{{}}".format)
            write_run(original / f"{docs}.{lang}.trec", "q{}".format, "p{}".format)
    with pytest.warns(UserWarning, match="has the original ids; .*, and 3 more run files$") as said:
        scores = evaluate_runs(load_benchmark(faq), original)
    assert len(said) == 1
    assert scores.settings == quiet(faq, made).settings


@pytest.mark.filterwarnings("ignore:.* rankings are missing")
def test_on_the_pool_original_queries_are_taken_and_documents_where_they_are_of_one_language(
    faq: str, tmp_path: Path
) -> None:
    made = quiet(f"{faq}/multi/en", write_run(tmp_path / "made.trec", "q{}_en".format, "de_p{}".format))
    path = write_run(tmp_path / "run.trec", "q{}".format, "de_p{}".format)
    with pytest.warns(UserWarning, match="read 'q1' as 'q1_en'$"):
        assert evaluate_runs(load_benchmark(f"{faq}/multi/en"), path).per_query.equals(made.per_query)
    path.write_text("q1 Q0 only 1 0.5 t\n")
    with pytest.warns(UserWarning, match="read 'q1' as 'q1_en', 'only' as 'en_only'"):
        evaluate_runs(load_benchmark(f"{faq}/multi/en"), path)
    write_run(path, "q{}".format, "p{}".format)
    with pytest.raises(UserError, match=r"run\.trec: the document 'p\d' may be 'de_p\d' or 'en_p\d'; write the ids as"):
        evaluate_runs(load_benchmark(f"{faq}/multi/en"), path)
    with pytest.raises(UserError, match=r"the query 'q1' may be 'q1_de' or 'q1_en'; .* such as multi/de$"):
        evaluate_runs(load_benchmark(faq), path)


def test_mixed_forms_are_refused(faq: str, tmp_path: Path) -> None:
    path, task = tmp_path / "run.trec", load_benchmark(f"{faq}/de/en")
    for lines, first, other in (
        ("q1 Q0 p1 1 0.5 t\nq2_en Q0 p1 1 0.5 t\n", "query 'q1'", "q2_en"),
        ("q1 Q0 p1 1 0.5 t\nq2_de Q0 p1 1 0.5 t\n", "query 'q1'", "q2_de"),
        ("q1 Q0 p1 1 0.5 t\nq1 Q0 de_p2 2 0.4 t\n", "document 'p1'", "de_p2"),
    ):
        path.write_text(lines)
        with pytest.raises(UserError, match=f"{first} has its original id and '{other}' the one that .* in one form"):
            evaluate_runs(task, path)


def test_a_query_without_an_answer_may_be_in_a_run(faq: str, tmp_path: Path) -> None:
    scores = quiet(f"{faq}/de/de", write_run(tmp_path / "run.trec", "q{}_de".format, "de_p{}".format))
    assert set(scores.per_query["query_id"]) == {"q1_de", "q2_de", "q3_de"}


def test_the_same_rule_reads_the_runs_of_a_report(faq: str, tmp_path: Path) -> None:
    path = write_run(tmp_path / "run.trec", "q{}".format, "p{}".format)
    (task,) = load_benchmark(f"{faq}/de/en").tasks
    run, _ = with_made_ids(read_run(path), path, [task], [task.queries], small_doc_ids)
    assert {*run.rankings} == {f"q{i}_en" for i in range(1, QUERIES + 1)}
    assert {*run.doc_ids} == {f"de_p{i}" for i in range(1, DOCS + 1)}


def write_yaml(folder: Path, qrels: str) -> Path:
    """A benchmark of one task, and a run of it."""
    (folder / "docs.jsonl").write_text('{"doc_id": "d1", "text": "One."}\n{"doc_id": "d2", "text": "Two."}\n')
    (folder / "queries.jsonl").write_text('{"query_id": "q1", "text": "Which?"}\n')
    (folder / "qrels.txt").write_text(qrels)
    (folder / "fa.en.trec").write_text("q1 Q0 d2 1 0.9 t\nq1 Q0 d1 2 0.5 t\n")
    path = folder / "mine.yaml"
    path.write_text(
        "name: mine\ntasks:\n- name: fa/en\n  docs: [{file: docs.jsonl, lang: fa, prefix: fa/}]\n"
        "  queries: {file: queries.jsonl, lang: en}\n  qrels: [qrels.txt]\n"
    )
    return path


def test_the_prefix_of_a_benchmark_in_yaml_may_be_left_out(tmp_path: Path) -> None:
    path = write_yaml(tmp_path, "q1 0 fa/d1 1\n")
    with pytest.warns(UserWarning, match=r"fa\.en\.trec has the original ids; read 'd2' as 'fa/d2'"):
        assert evaluate_runs(read_benchmark(path), tmp_path).settings["cross"]["AP"] == 0.5


@pytest.mark.filterwarnings("ignore:.* rankings are missing")
def test_queries_of_a_published_collection_may_lack_their_language(tmp_path: Path) -> None:
    path, query = tmp_path / "run.trec", sorted(load_ids("hybrid-demo/de/en"))[0]
    path.write_text(f"{query.removesuffix('_en')} Q0 {load_doc('hybrid-demo/de')} 1 0.5 t\n")
    with pytest.warns(UserWarning, match=f"read '{query.removesuffix('_en')}' as '{query}'"):
        evaluate_runs(load_benchmark("hybrid-demo/de/en"), path)


# --- what does not fit ------------------------------------------------------------------------------------------


def load_ids(dataset_id: str) -> list[str]:
    import ir_datasets

    return [query.query_id for query in ir_datasets.load(dataset_id).queries_iter()]


def load_doc(dataset_id: str) -> str:
    import ir_datasets

    return str(next(iter(ir_datasets.load(dataset_id).docs_iter())).doc_id)


def refused(name: str, path: Path, line: str) -> str:
    path.write_text(line)
    with pytest.raises(UserError) as raised:
        evaluate_runs(load_benchmark(name), path)
    return str(raised.value)


def test_an_id_of_elsewhere_is_told_with_its_line_and_place(faq: str, tmp_path: Path) -> None:
    path, query = tmp_path / "run.trec", sorted(load_ids("hybrid-demo/de/en"))[0]
    good, strange = load_doc("hybrid-demo/de"), load_doc("hybrid-demo/ar")
    assert refused("hybrid-demo/de/en", path, f"{query} Q0 {good} 1 0.5 t\n{query} Q0 {strange} 2 0.4 t\n") == (
        f"{path} line 2: '{strange}' is not among the documents of hybrid-demo/de/en, it is in hybrid-demo/ar"
    )
    said = refused("hybrid-demo/de/de", path, f"{query} Q0 {good} 1 0.5 t\n")
    assert said.startswith(f"{path} has no query of hybrid-demo/de/de, '{query}' is a query of hybrid-demo/multi/en; ")
    assert refused("hybrid-demo/de/en", path, f"{query} Q0 {good} 1 0.5 t\nq1_de Q0 {good} 1 0.5 t\n") == (
        f"{path} line 2: 'q1_de' is a query of {faq}/multi/de, not of hybrid-demo/de/en"
    )
    said = refused(f"{faq}/de/en", path, f"{query} Q0 de_p1 1 0.5 t\n")
    assert said == f"{path} line 1: '{query}' is a query of hybrid-demo/multi/en, not of {faq}/de/en"


def test_a_damaged_collection_beside_it_is_no_part_of_what_is_told(faq: str, tmp_path: Path) -> None:
    (tmp_path / "docs.de.jsonl").write_text("no JSON\n")
    (tmp_path / "queries.de.jsonl").write_text("no JSON\n")
    datasets_ext.register_parallel(f"{faq}-damaged", tmp_path)
    said = refused(f"{faq}/de/en", tmp_path / "run.trec", "q1 Q0 p1 1 0.5 t\nq1 Q0 p99 2 0.4 t\n")
    assert "'p99' is not among the documents" in said


def test_an_id_of_nowhere_is_told_with_what_ids_look_like(faq: str, tmp_path: Path) -> None:
    path = tmp_path / "run.trec"
    said = refused(f"{faq}/de/en", path, "q1 Q0 p1 1 0.5 t\nq1 Q0 p99 2 0.4 t\n")
    assert said == (
        f"{path} line 2: 'p99' is not among the documents of {faq}/de/en, where they are called such as 'de_p1'"
    )
    said = refused(f"{faq}/de/en", path, "q1 Q0 p1 1 0.5 t\nq77 Q0 p1 2 0.4 t\n")
    assert said == (
        f"{path} line 2: 'q77' is not among the queries of {faq}/de/en, where they are called such as 'q1_en'"
    )


@pytest.mark.parametrize("wrong", ["de-en.trec", "de_en.trec.gz", "deen.run", "de.en.txt", "de.en"])
def test_a_run_file_of_a_wrong_name_is_named_beside_the_right_one(faq: str, tmp_path: Path, wrong: str) -> None:
    write_run(tmp_path / wrong, "q{}_en".format, "de_p{}".format)
    with pytest.raises(UserError) as raised:
        evaluate_runs(load_benchmark(f"{faq}/de/en"), tmp_path)
    hint = f"; there is {wrong}: if it is that run, call it de.en.trec"
    assert str(raised.value) == f"{tmp_path} has no run file of {faq}, such as de.en.trec{hint}"
    write_run(tmp_path / "en.de.trec", "q{}_de".format, "en_p{}".format)
    with pytest.raises(UserError, match=rf"has no de\.en\.trec, .* 'cross' needs{re.escape(hint)}; narrow"):
        evaluate_runs(load_benchmark(faq), tmp_path)
    write_run(tmp_path / "de.de.trec", "q{}_de".format, "de_p{}".format)
    (tmp_path / "notes.txt").write_text("no run")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate_runs(load_benchmark(f"{faq}/de/de"), tmp_path)


def test_run_files_that_are_passed_over_are_named(faq: str, tmp_path: Path) -> None:
    for lang in LANGUAGES:
        write_run(tmp_path / f"{lang}.{lang}.trec", f"q{{}}_{lang}".format, f"{lang}_p{{}}".format)
    write_run(tmp_path / "multi_en.trec", "q{}_en".format, "de_p{}".format)
    with pytest.warns(UserWarning, match=r"^passed over in .*: multi_en\.trec; they are called DOCUMENTS\.QUERIES\.tr"):
        assert evaluate_runs(load_benchmark(faq), tmp_path).settings.keys() == {"mono"}


@pytest.mark.parametrize(
    ("qrels", "complaint"),
    [
        ("q1 0 d1 1\n", "line 1: 'd1' is not among the documents of the task 'fa/en', .* such as 'fa/d1': .* a prefix"),
        ("q8 0 fa/d1 1\n", "line 1: 'q8' is not among the queries of the task 'fa/en', .* such as 'q1'$"),
    ],
)
def test_judgements_of_nothing_that_a_task_has_are_refused(tmp_path: Path, qrels: str, complaint: str) -> None:
    path = write_yaml(tmp_path, qrels)
    with pytest.raises(UserError, match=rf"qrels\.txt {complaint}"):
        evaluate_runs(read_benchmark(path), tmp_path)


def test_judged_documents_that_a_task_lacks_are_said(tmp_path: Path) -> None:
    path = write_yaml(tmp_path, "q1 0 fa/d1 1\nq1 0 fa/d7 1\n")
    with pytest.warns(UserWarning, match=r"qrels\.txt line 2: 'fa/d7' is not among .*, like 1 of 2 judged ones"):
        assert evaluate_runs(read_benchmark(path), tmp_path).settings["cross"]["AP"] == 0.25
