"""Figures from vectors, from run files, from ir_measures and from an independent implementation are one number."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pytest
import torch

from hybrid_plugin.cli.main import parse
from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Sharding
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import DEFAULT_MEASURES, parse_measures
from hybrid_plugin.tasks.benchmark import SETTINGS
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.task import run_name
from hybrid_plugin.tasks.texts import query_texts

pytestmark = pytest.mark.xdist_group("evaluation")  # one worker makes what they share

LANGUAGES = ("en", "zh")


def figures(scores: Scores, task: str) -> dict[str, float]:
    """What a task's measures are, as far as they have a value."""
    return dict(scores.tasks.set_index("task").loc[task, list(scores.measures)].dropna())


def run_figures(dataset_id: str, path: Path) -> dict[str, float]:
    """What ir_measures makes of a run file, with the qrels of an ir_datasets id."""
    measures = parse_measures(DEFAULT_MEASURES)
    if "/multi/" not in dataset_id:
        measures = [measure for measure in measures if not pool_only(measure)]
    qrels = list(ir_datasets.load(dataset_id).qrels_iter())
    figures = ir_measures.calc_aggregate(measures, qrels, ir_measures.read_trec_run(str(path)))
    return {str(measure): float(figures[measure]) for measure in measures}


@pytest.fixture(scope="module")
def evaluated(tiny: Path, lareqa: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scores, Path]:
    """Real MLQA-R, ranked by an untrained encoder to a depth of 300, with run files of that depth."""
    folder = tmp_path_factory.mktemp("evaluation") / "mlqa-r"
    encoder = Encoder.load(tiny)
    scores = evaluate(
        load_benchmark("mlqa-r"), encoder, folder, languages=("de", "zh"), depth=300, runs=True, runs_depth=300
    )
    return scores, folder


def assert_scores_are_those_of_ir_measures(scores: Scores, runs: Path) -> int:
    """Compare all tasks; returns how many documents are tied with the one above them."""
    tied = 0
    for path in sorted(runs.iterdir()):
        docs, queries, _ = path.name.split(".")
        expected = run_figures(f"{scores.about['benchmark']}/{docs}/{queries}", path)
        assert figures(scores, f"{docs}/{queries}") == pytest.approx(expected, abs=1e-9)
        run = pd.read_csv(path, sep=" ", header=None, usecols=[0, 2, 4], names=["q", "d", "s"], quoting=3)
        tied += int(run.duplicated(["q", "s"]).sum())
    return tied


def test_scores_are_those_of_ir_measures_on_the_run_files_ties_included(evaluated: tuple[Scores, Path]) -> None:
    scores, folder = evaluated
    tasks = load_benchmark("mlqa-r").only(languages=("de", "zh")).tasks
    assert {path.name for path in (folder / "runs").iterdir()} == {run_name(task) for task in tasks}
    assert {path.name for path in (folder / "runs").iterdir()} > {"de.zh.trec", "zh.zh.trec", "multi.de.trec"}
    assert assert_scores_are_those_of_ir_measures(scores, folder / "runs") > 100, "the proof needs real ties"


def test_so_are_the_scores_of_full_rankings(tiny: Path, lareqa: Path, tmp_path: Path) -> None:
    scores = evaluate(
        load_benchmark("xquad-r"), Encoder.load(tiny), tmp_path / "out", languages=("zh",), settings=("mono",),
        runs=True, runs_depth=None,
    )  # fmt: skip
    assert assert_scores_are_those_of_ir_measures(scores, tmp_path / "out" / "runs") > 100
    assert len((tmp_path / "out" / "runs" / "zh.zh.trec").read_text().splitlines()) == 1190 * 1196


def test_run_files_score_as_the_vectors_they_came_from(evaluated: tuple[Scores, Path]) -> None:
    scores, folder = evaluated
    again = evaluate_runs(load_benchmark("mlqa-r"), folder, languages=("de", "zh"))
    for setting in SETTINGS:
        assert again.settings[setting] == pytest.approx(scores.settings[setting], abs=1e-12)


def test_scores_say_the_precision_of_the_encoding(evaluated: tuple[Scores, Path]) -> None:
    settings = json.loads((evaluated[1] / "scores.json").read_text())["encoder_settings"]
    assert settings["precision"] == ("bfloat16" if torch.cuda.is_available() else "float32")
    assert (settings["pooling"], settings["max_length"]) == ("mean", 128)


def test_one_file_scores_as_the_task_it_is_a_run_of(evaluated: tuple[Scores, Path], tmp_path: Path) -> None:
    scores, folder = evaluated
    for name in ("de/zh", "zh/zh", "multi/de"):
        benchmark = load_benchmark(f"mlqa-r/{name}")
        (task,) = benchmark.tasks
        path = tmp_path / "a run by any name.gz"
        path.write_bytes(gzip.compress((folder / "runs" / run_name(task)).read_bytes()))
        alone = evaluate_runs(benchmark, path)
        assert alone.tasks["task"].tolist() == [name]
        assert alone.settings.keys() == {task.setting}
        assert figures(alone, name) == pytest.approx(figures(scores, name), abs=1e-12)
        assert figures(alone, name) == pytest.approx(run_figures(f"mlqa-r/{name}", path), abs=1e-9)


def test_one_file_with_the_queries_of_all_languages_is_a_run_on_the_pool(
    evaluated: tuple[Scores, Path], tmp_path: Path
) -> None:
    scores, folder = evaluated
    lines = [line for lang in ("de", "zh") for line in (folder / "runs" / f"multi.{lang}.trec").open()]
    path = tmp_path / "run.trec"
    path.write_text("".join(lines[::2] + lines[1::2]))  # the lines of a query need not stand together
    again = evaluate_runs(load_benchmark("mlqa-r"), path, languages=("de", "zh"))
    assert again.settings.keys() == {"multi"}
    assert again.settings["multi"] == pytest.approx(scores.settings["multi"], abs=1e-12)
    assert again.tasks["task"].tolist() == ["multi/de", "multi/zh"]
    for task in again.tasks["task"]:
        assert figures(again, task).keys() == set(DEFAULT_MEASURES)
        assert figures(again, task) == pytest.approx(run_figures(f"mlqa-r/{task}", path), abs=1e-9)
    with pytest.raises(UserError, match=r"run\.trec has no query of mlqa-r/multi/ar, .* of mlqa-r/multi/de; .* --lang"):
        evaluate_runs(load_benchmark("mlqa-r"), path)


def test_queries_that_a_run_lacks_count_as_having_found_nothing_and_are_counted(
    evaluated: tuple[Scores, Path], tmp_path: Path
) -> None:
    scores, folder = evaluated
    lines = (folder / "runs" / "de.de.trec").read_text().splitlines(keepends=True)
    queries = list(dict.fromkeys(line.split()[0] for line in lines))
    path = tmp_path / "de.de.trec"
    path.write_text("".join(line for line in lines if line.split()[0] not in queries[:3]))
    with pytest.warns(UserWarning, match=rf"^3 of {len(queries)} rankings are missing .* 3 of them in de/de"):
        fewer = evaluate_runs(load_benchmark("mlqa-r"), tmp_path, tmp_path / "out", languages=("de",))
    written = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert written["queries_missing"] == {"de/de": 3}
    nothing_found = fewer.per_query["AP"] == 0
    assert written["queries_undefined"] == {}
    assert written["queries_nothing_found"] == fewer.nothing_found == {"mono": nothing_found.sum()}
    assert ((fewer.per_query["found"] == 0) == nothing_found).all()
    depth = fewer.per_query["retrieved"].max()
    assert (fewer.per_query.loc[nothing_found, "RankDistance"] == depth).all()
    assert (fewer.per_query.loc[~nothing_found, "RankDistance"] < depth).all()
    assert not fewer.says("RankDistance", "mono") or (fewer.per_query["found"] + fewer.per_query["missed"] > 1).any()
    values = fewer.per_query.set_index("query_id")["AP"]
    whole = scores.per_query.query("docs == 'de' and queries == 'de'").set_index("query_id")["AP"]
    assert (values[queries[:3]] == 0).all()
    assert (values[queries[3:]] == whole[queries[3:]]).all()
    assert fewer.settings["mono"]["AP"] == pytest.approx(values[queries[3:]].sum() / len(queries))


def test_queries_of_the_benchmark_that_a_task_does_not_judge_are_passed_over(
    evaluated: tuple[Scores, Path], tmp_path: Path
) -> None:
    """In MLQA-R not every question is answered in every language; a system may have been asked all of them."""
    scores, folder = evaluated
    path = tmp_path / "run.trec"
    benchmark = load_benchmark("mlqa-r/de/zh")
    others = {query.id for query in query_texts(benchmark.tasks[0].queries)}
    lines = (folder / "runs" / "de.zh.trec").read_text()
    others -= {line.split()[0] for line in lines.splitlines()}
    assert others
    path.write_text(lines + "".join(f"{query_id} Q0 de_1_0 1 0.5 other\n" for query_id in others))
    again = evaluate_runs(benchmark, path)
    assert figures(again, "de/zh") == figures(scores, "de/zh")
    assert again.about["queries_missing"] == {}


def test_what_one_file_cannot_be_a_run_of_is_refused(tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    path = tmp_path / "run.trec"
    path.write_text("q Q0 de_1_0 1 0.5 tag\n")
    with pytest.raises(UserError, match=r"is a run on the pool, so of the setting 'multi'; .* hybrid-demo/ar/ar"):
        evaluate_runs(benchmark, path, settings=["mono"])
    with pytest.raises(UserError, match="hybrid-demo has no task of all that is asked for: de"):
        evaluate_runs(load_benchmark("hybrid-demo/de/en"), path, languages=["de"])
    with pytest.raises(UserError, match=r"has no run file of hybrid-demo, such as de\.en\.trec"):
        evaluate_runs(load_benchmark("hybrid-demo/de/en"), tmp_path)
    with pytest.raises(UserError, match="there is no folder or run file"):
        evaluate_runs(benchmark, tmp_path / "nothing")


def test_a_run_of_another_benchmark_is_refused_by_the_query_or_document(tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo/de/en")
    (task,) = benchmark.tasks
    (query_id, grades), *_ = Judgements.load(task).by_query.items()
    (doc_id, *_), other = grades, load_benchmark("hybrid-demo/en/en")
    path = tmp_path / "run.trec"
    path.write_text(f"{query_id} Q0 {doc_id} 1 0.5 tag\nq9_en Q0 {doc_id} 1 0.5 tag\n")
    with pytest.raises(UserError) as raised:
        evaluate_runs(benchmark, path)
    assert str(raised.value).startswith(f"{path} line 2: 'q9_en' is not among the queries of hybrid-demo/de/en, ")
    elsewhere = next(iter(Judgements.load(other.tasks[0]).by_query[query_id]))
    for strange, place in (("de_99_9", "where they are called such as 'de_"), (elsewhere, "it is in hybrid-demo/en")):
        path.write_text(f"{query_id} Q0 {doc_id} 1 0.5 tag\n{query_id} Q0 {strange} 2 0.25 tag\n")
        with pytest.raises(UserError) as raised:
            evaluate_runs(benchmark, path)
        said = f"{path} line 2: '{strange}' is not among the documents of hybrid-demo/de/en, {place}"
        assert str(raised.value).startswith(said)


def test_a_benchmark_with_a_task_after_it_is_that_task_alone() -> None:
    benchmark = load_benchmark("hybrid-demo")
    (task,) = load_benchmark("hybrid-demo/de/en").tasks
    assert (task.name, task.docs_lang, task.queries_lang, task.setting) == ("de/en", "de", "en", "cross")
    assert task == benchmark.task("de/en")
    assert load_benchmark("hybrid-demo/de/en").whole == benchmark
    assert [task.setting for task in load_benchmark("hybrid-demo/multi/en").tasks] == ["multi"]
    assert {task.docs_lang for task in load_benchmark("hybrid-demo/de").tasks} == {"de"}
    for wrong in ("xx/en", "de/xx", "multi/multi"):
        with pytest.raises(UserError, match=f"hybrid-demo has no task '{wrong}'; it has .*, such as "):
            load_benchmark(f"hybrid-demo/{wrong}")
    with pytest.raises(UserError, match="unknown benchmark 'nothing/de/en'"):
        load_benchmark("nothing/de/en")


def test_one_task_scores_from_an_encoder_as_among_all(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    scores = evaluate(load_benchmark("hybrid-demo"), encoder, languages=LANGUAGES)
    for name in ("en/zh", "multi/en"):
        alone = evaluate(load_benchmark(f"hybrid-demo/{name}"), encoder, tmp_path / name, runs=True)
        assert alone.tasks["task"].tolist() == [name]
        assert figures(alone, name) == pytest.approx(figures(scores, name), abs=1e-9)
        assert [path.name for path in (tmp_path / name / "runs").iterdir()] == [f"{name.replace('/', '.')}.trec"]


def test_a_depth_gives_the_figures_of_run_files_of_that_depth(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    scores = evaluate(
        benchmark, Encoder.load(tiny), tmp_path / "out", languages=LANGUAGES, depth=20, runs=True, runs_depth=20
    )
    assert len(scores.tasks) == 6
    for task in benchmark.only(languages=LANGUAGES).tasks:
        path = tmp_path / "out" / "runs" / run_name(task)
        assert figures(scores, task.name) == pytest.approx(run_figures(f"hybrid-demo/{task.name}", path), abs=1e-9)


def test_an_independent_implementation_gives_the_same_average_precision(tiny: Path, lareqa: Path) -> None:
    encoder = Encoder.load(tiny)
    benchmark = load_benchmark("xquad-r")
    scores = evaluate(benchmark, encoder, languages=LANGUAGES, settings=("mono", "cross"))
    for docs_lang in LANGUAGES:
        dataset = ir_datasets.load(f"xquad-r/{docs_lang}")
        docs = list(dataset.docs_iter())
        matrix = encoder.encode([doc.text for doc in docs], "passage")
        for query_lang in LANGUAGES:
            pair = ir_datasets.load(f"xquad-r/{docs_lang}/{query_lang}")
            relevant = pair.qrels_dict()
            values = []
            queries = list(pair.queries_iter())
            for query, vector in zip(queries, encoder.encode([q.text for q in queries], "query"), strict=True):
                ranking = sorted(zip(matrix @ vector, (doc.doc_id for doc in docs), strict=True), reverse=True)
                hits, precisions = 0, []
                for position, (_, doc_id) in enumerate(ranking, start=1):
                    if doc_id in relevant[query.query_id]:
                        hits += 1
                        precisions.append(hits / position)
                values.append(sum(precisions) / len(relevant[query.query_id]))
            assert figures(scores, f"{docs_lang}/{query_lang}")["AP"] == pytest.approx(np.mean(values), abs=1e-3)


def test_setting_figures_are_macro_averages_over_languages_and_ordered_pairs(evaluated: tuple[Scores, Path]) -> None:
    scores, folder = evaluated
    written = json.loads((folder / "scores.json").read_text())
    assert written["settings"] == scores.settings
    for setting, number in (("mono", 2), ("cross", 2), ("multi", 2)):
        values = [task["AP"] for task in written["tasks"] if task["setting"] == setting]
        assert len(values) == number
        assert written["settings"][setting]["AP"] == pytest.approx(sum(values) / number)
    per_query = pd.read_parquet(folder / "per_query.parquet")
    assert len(per_query) == sum(task["queries_scored"] for task in written["tasks"])
    names = {"task", "docs", "queries", "setting", "queries_scored", *DEFAULT_MEASURES}
    assert all(task.keys() <= names for task in written["tasks"])
    assert [{"task": task["task"], **pair} for task, pair in zip(written["tasks"], written["pairs"], strict=True)] == (
        written["tasks"]
    ), "pairs are the tasks without their names, for one more version"


def test_a_query_has_its_task_its_question_and_its_cluster(evaluated: tuple[Scores, Path]) -> None:
    per_query = pd.read_parquet(evaluated[1] / "per_query.parquet")
    units = ["question", "cluster", "article"]
    assert list(per_query)[:8] == ["task", "docs", "queries", "setting", "query_id", *units]
    assert (per_query["task"] == per_query["docs"] + "/" + per_query["queries"]).all()
    known = {query.query_id: query for query in ir_datasets.load("mlqa-r/multi/zh").queries_iter()}
    for row in per_query[per_query["queries"] == "zh"].itertuples():
        query = known[row.query_id]
        assert (row.question, row.cluster, row.article) == (query.parallel_id, query.cluster, query.article)
    assert per_query["article"].nunique() < per_query["cluster"].nunique() < per_query["question"].nunique()
    assert (per_query.groupby("question")["queries"].nunique() == 2).any(), "asked in both languages"


def test_narrowing_languages_keeps_the_pool_whole(evaluated: tuple[Scores, Path], tiny: Path) -> None:
    _, folder = evaluated
    run = ir_measures.read_trec_run(str(folder / "runs" / "multi.de.trec"))
    languages = {scored.doc_id.split("_")[0] for scored in run}
    assert languages == set(load_benchmark("mlqa-r").languages)


def test_stored_vectors_score_as_the_encoder_and_a_damaged_shard_is_named(tiny: Path, tmp_path: Path) -> None:
    # Each text by itself: a shard is other batches, and on some processors rounding depends on the size of a batch.
    encoder = Encoder.load(tiny, batch_tokens=1)
    benchmark = load_benchmark("hybrid-demo").only(tasks=["en/de", "multi/de"])
    encode_dataset("hybrid-demo", encoder, tmp_path, sharding=Sharding(shard_size=1000))
    before = encoder.counts.texts
    scores = evaluate(benchmark, encoder, vectors=tmp_path)
    assert encoder.counts.texts == before
    pd.testing.assert_frame_equal(scores.per_query, evaluate(benchmark, encoder).per_query, atol=1e-9)
    for side, name in (("queries", "00000.npy"), ("docs", "00001.npy"), ("docs", "00000.ids.txt")):
        path = tmp_path / side / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(UserError, match=rf"^{path} is damaged: .* makes shard {int(name[:5])} anew$"):
            evaluate(benchmark, encoder, vectors=tmp_path)
        path.write_bytes(whole)


def test_the_command_takes_stored_vectors_of_its_encoder_alone(tiny: Path, tmp_path: Path) -> None:
    def command(*words: object) -> None:
        call, bound = parse([str(word) for word in words])
        call(*bound.args, **bound.kwargs)

    task, vectors, out = "hybrid-demo/multi/de", tmp_path / "vectors", tmp_path / "out"
    command("encode", task, "--encoder", tiny, "--output", vectors, "--batch-tokens", 1)
    command("evaluate", task, "--encoder", tiny, "--vectors", vectors, "--output", out)
    expected = evaluate(load_benchmark(task), Encoder.load(tiny, batch_tokens=1))
    assert Scores.load(out).settings["multi"] == pytest.approx(expected.settings["multi"], abs=1e-9)
    other = ("evaluate", task, "--vectors", vectors, "--output", tmp_path / "other")
    with pytest.raises(UserError, match="was made with the pooling 'mean'"):
        command(*other, "--encoder", tiny, "--pooling", "cls")
    with pytest.raises(UserError, match="--vectors are those of an encoder, so it goes with --encoder"):
        command(*other, "--bm25")
    assert not (tmp_path / "other").exists()


def test_a_benchmark_that_the_checkpoint_was_trained_on_is_never_zero_shot(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    benchmark = load_benchmark("hybrid-demo")
    options = {"settings": ("mono",), "languages": ("en",)}
    assert evaluate(benchmark, encoder, **options).about["zero_shot"] is True  # type: ignore[arg-type]
    encoder.record = {"sources": [{"name": "hybrid-demo", "languages": ["en"]}]}
    assert evaluate(benchmark, encoder, **options).about["zero_shot"] is False  # type: ignore[arg-type]


def test_run_files_need_every_task_of_a_setting(evaluated: tuple[Scores, Path], tmp_path: Path) -> None:
    _, folder = evaluated
    (tmp_path / "de.de.trec").write_bytes((folder / "runs" / "de.de.trec").read_bytes())
    benchmark = load_benchmark("mlqa-r")
    alone = evaluate_runs(benchmark, tmp_path, languages=("de",))
    assert set(alone.settings) == {"mono"}
    with pytest.raises(UserError, match=r"has no ar\.ar\.trec, which the setting 'mono' needs"):
        evaluate_runs(benchmark, tmp_path)


def test_measures_are_asked_for_in_any_case_and_recorded_by_their_names(tiny: Path) -> None:
    benchmark = load_benchmark("hybrid-demo/de/de")
    found = evaluate(benchmark, Encoder.load(tiny), measures=("ndcg@10", "MAP", "err@10"))
    assert found.measures == tuple(found.settings["mono"]) == ("nDCG@10", "AP", "ERR@10")


def test_unknown_settings_languages_and_tasks_are_named(tiny: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    for options, message in (
        ({"languages": ["xx"]}, "no language 'xx'; it has: ar, de"),
        ({"settings": ["bi"]}, "unknown setting 'bi'; known: mono, cross, multi"),
        ({"tasks": ["de/xx"]}, "no task 'de/xx'; it has .*, such as "),
    ):
        with pytest.raises(UserError, match=message):
            evaluate(benchmark, Encoder.load(tiny), **options)  # type: ignore[arg-type]
        with pytest.raises(UserError, match=message):
            benchmark.only(**options)  # type: ignore[arg-type]


def test_all_settings_of_a_benchmark_are_its_language_pairs(lareqa: Path) -> None:
    tasks = load_benchmark("xquad-r").tasks
    assert len(tasks) == 132
    assert sum(task.setting == "cross" for task in tasks) == 110
    cross = load_benchmark("mlqa-r").only(settings=["cross"]).tasks
    assert len(cross) == 42
    for task in cross:
        assert len(Judgements.load(task).by_query) == ir_datasets.load(f"mlqa-r/{task.name}").queries_count()
