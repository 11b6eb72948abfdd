"""The report of collections that are not parallel, of large ones, and of what version 0.1 wrote."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.plugins import manager
from hybrid_plugin.report import texts
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.page import write_report
from hybrid_plugin.report.sections.distance import distance
from hybrid_plugin.report.sections.hardest import hardest
from hybrid_plugin.report.sections.landing import landing
from hybrid_plugin.report.sections.languages import languages
from hybrid_plugin.report.sections.verdict import verdict
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.own import read_benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View
from tests.hybrid_plugin.news import write_news


@contextmanager
def offered(benchmark: Benchmark) -> Iterator[Benchmark]:
    """While a plugin offers a benchmark."""

    class Plugin:
        @hookimpl
        def hybrid_ir_benchmarks(self) -> Any:
            return [benchmark]

    manager().register(Plugin(), name="my-plugin")
    try:
        yield benchmark
    finally:
        manager().unregister(name="my-plugin")


@pytest.fixture
def news(tmp_path: Path) -> Iterator[Benchmark]:
    with offered(read_benchmark(write_news(tmp_path / "news"))) as benchmark:
        yield benchmark


def evaluated(benchmark: Benchmark, tiny: Path, folder: Path, **changes: Any) -> list[Path]:
    """Evaluations of two encoders, with run files."""
    for pooling in ("mean", "cls"):
        evaluate(benchmark, Encoder.load(tiny, pooling=pooling), folder / pooling, runs=True, **changes)
    return [folder / "mean", folder / "cls"]


def words(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_graded_tasks_of_the_same_languages_have_a_report(news: Benchmark, tiny: Path, tmp_path: Path) -> None:
    folders = evaluated(news, tiny, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a section that is left out would say so
        page = write_report(folders, tmp_path / "report.html", plots=tmp_path / "plots").read_text(encoding="utf-8")
    sections = re.findall(r'<section id="(\w+)"', page)
    assert sections == [*("verdict", "settings", "differences", "languages", "landing", "hardest", "provenance")]
    assert (tmp_path / "plots" / "settings-multi-ndcg-5.svg").is_file()
    data = ReportData.load(folders)
    assert data.measures == ("nDCG@5", "AP")
    assert "nDCG@5: higher is better. AP: higher is better." in verdict(data)
    table = words(languages(data))
    assert "AP by task" in table
    assert all(task.name in table for task in news.tasks)
    found = data.landings["mean"].relevant
    pooled = data.baseline.pooled.set_index(["task", "query_id"])
    positions = found.sort_values("position").groupby(["task", "query_id"])["position"]
    average = positions.apply(lambda places: np.mean(np.arange(1, len(places) + 1) / places.to_numpy()))
    assert average.to_dict() == pytest.approx(pooled.loc[average.index, "AP"].to_dict())
    assert set(found["docs"]) == {"de", "zh"}
    assert set(found["doc_id"].str[:3]) == {"de/", "zh/"}


def test_the_hardest_questions_are_told_by_the_column_and_have_an_answer(
    news: Benchmark, tiny: Path, tmp_path: Path
) -> None:
    folders = evaluated(news, tiny, tmp_path)
    data = ReportData.load(folders)
    pooled = pd.concat([system.pooled for system in data.systems])
    means = pooled[~pooled["query_id"].str.endswith("-3")].groupby("question")["AP"].mean().sort_values(kind="stable")
    titles = re.findall(r'<summary><h3 lang="en" dir="auto">(.*?)</h3>', hardest(data))
    asked = pooled.drop_duplicates("question").set_index("question")["query_id"]
    by_id = {query["query_id"]: query["text"] for path in (tmp_path / "news").glob("topics.*.en.jsonl")
             for query in map(json.loads, path.read_text().splitlines())}  # fmt: skip
    assert titles == [by_id[asked[question]] for question in means.index[:5]]
    first = words(hardest(data)).split("Relevant documents")[1]
    assert "T de " in first
    assert "T zh " in first


def test_rank_distance_of_tasks_of_one_language_is_by_task(news: Benchmark, tiny: Path, tmp_path: Path) -> None:
    folders = evaluated(news, tiny, tmp_path, measures=("AP", "RankDistance"))
    text = words(distance(ReportData.load(folders)))
    assert "2022/multi/en" in text
    assert "2023/multi/en" in text


def test_a_benchmark_without_a_pool_has_no_sections_of_one(tiny: Path, tmp_path: Path) -> None:
    with offered(read_benchmark(write_news(tmp_path / "news", pool=False))) as benchmark:
        folders = evaluated(benchmark, tiny, tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            page = write_report(folders, tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<section id="(\w+)"', page) == [
        *("verdict", "settings", "differences", "languages", "parts", "provenance")
    ]


def test_a_benchmark_of_a_file_is_found_where_its_evaluation_says(tiny: Path, tmp_path: Path) -> None:
    path = write_news(tmp_path / "news")
    folders = evaluated(read_benchmark(path), tiny, tmp_path)
    data = ReportData.load(folders)
    assert data.known
    assert data.landings.keys() == {"mean", "cls"}
    shutil.rmtree(folders[1] / "runs")
    assert f"evaluate {path} --encoder" in landing(ReportData.load(folders))
    for folder in folders:  # as if the file's name were lost
        scores = json.loads((folder / "scores.json").read_text())
        del scores["benchmark_file"]
        (folder / "scores.json").write_text(json.dumps(scores))
    assert not ReportData.load(folders).known


def test_the_texts_of_a_large_collection_are_not_read(
    folders: list[Path], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "MANY", 300)
    data = ReportData.load(folders[:1])
    assert "The pool has 1,288 documents, too many to read their languages for a report." in landing(data)
    assert "too many to read their languages" in hardest(data)
    views = [View(f"hybrid-demo/{lang}", lang, f"{lang}/") for lang in ("de", "zh")]
    task = Task(
        "multi/en",
        tuple(views),
        View("hybrid-demo/multi/en", "en"),
        tuple(Qrels(f"{view.dataset_id}/en", view.prefix) for view in views),
        "parallel_id",
    )
    with offered(Benchmark("told", (task,))) as benchmark:
        data = ReportData.load(evaluated(benchmark, tiny, tmp_path))
        monkeypatch.setattr(texts, "documents", lambda view: pytest.fail("read"))
        assert "Positions of relevant documents on the pool" in landing(data), "prefixes of ids tell the languages"
        assert "too many to read their texts for a report" in hardest(data)


def test_a_folder_of_version_01_has_the_same_report(folders: list[Path], tmp_path: Path) -> None:
    old = [shutil.copytree(folder, tmp_path / folder.name) for folder in folders[:2]]
    for folder in old:
        path = folder / "per_query.parquet"
        pd.read_parquet(path).drop(columns=["task", "question", "cluster"]).to_parquet(path, index=False)
        scores = json.loads((folder / "scores.json").read_text())
        del scores["tasks"]
        (folder / "scores.json").write_text(json.dumps(scores))
    one, other = ReportData.load(folders[:2], cluster="question"), ReportData.load(old)  # it wrote no clusters
    for section in (verdict, languages, distance, landing, hardest):
        assert section(replace(other, figures={})) == section(replace(one, figures={}))
