"""The parts of MLQA-R: what is chosen on one was not trained on in the other, and both together are the whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import ir_datasets
import ir_measures
import pytest

import datasets_ext
from datasets_ext import lareqa as collection
from datasets_ext.parallel import ParallelCollection, count, package_json
from datasets_ext.published import Published
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.listing import listed
from hybrid_plugin.tasks.named import load_benchmark, load_dataset
from hybrid_plugin.tasks.task import run_name
from hybrid_plugin.training.sources.named import load_source

WHOLE = "mlqa-r"
PARTS = ("mlqa-r-training", "mlqa-r-validation")


def records(dataset_id: str, side: str) -> set[Any]:
    return {*getattr(ir_datasets.load(dataset_id), f"{side}_iter")()}


def test_the_list_is_made_by_its_rule_and_is_a_fifth(lareqa: Path) -> None:
    english = json.loads((lareqa / WHOLE / "en.json").read_text(encoding="utf-8"))["data"]
    articles = list(zip(package_json("articles.json")[WHOLE]["en"], english, strict=True))
    articles.sort(key=lambda one: hashlib.sha256(one[1]["title"].encode()).hexdigest())
    chosen: list[int] = []
    questions = 0
    for number, article in articles:
        if questions < 1148 / 5:
            chosen.append(number)
            questions += sum(len(paragraph["qas"]) for paragraph in article["paragraphs"])
    assert package_json("splits.json")[WHOLE]["validation"] == sorted(chosen)
    assert [len({one.parallel_id for one in records(part, "queries")}) for part in PARTS] == [917, 231]


def test_no_article_paragraph_question_or_sentence_is_on_both_sides(lareqa: Path) -> None:
    training, validation = ((records(part, "queries"), records(part, "docs")) for part in PARTS)
    for unit in ("article", "cluster", "parallel_id"):
        assert not {getattr(one, unit) for one in training[0]} & {getattr(one, unit) for one in validation[0]}, unit
    for unit in ("doc_id", "context"):
        assert not {getattr(one, unit) for one in training[1]} & {getattr(one, unit) for one in validation[1]}, unit


@pytest.mark.parametrize("side", ["docs", "queries", "qrels"])
def test_the_parts_together_are_the_whole(lareqa: Path, side: str) -> None:
    assert records(PARTS[0], side) | records(PARTS[1], side) == records(WHOLE, side)


def test_the_shipped_counts_are_those_of_the_parts(lareqa: Path) -> None:
    shipped, counted = package_json("metadata.json"), dict[str, Any]()
    for name in PARTS:
        languages = collection.LANGUAGES[WHOLE]
        counted |= count(
            ParallelCollection(name, languages, lambda lang, name=name: collection._load(Published(name), lang), "1")
        )
    assert {key: counts for key, counts in shipped.items() if key.split("/")[0] in PARTS} == counted


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_part_is_known_by_both_its_names(lareqa: Path, part: str) -> None:
    id_, written = f"{WHOLE}-{part}", f"{WHOLE}:{part}"
    assert load_benchmark(written) == load_benchmark(id_)
    assert [task.name for task in load_benchmark(f"{written}/multi/de").tasks] == ["multi/de"]
    assert load_dataset(f"{written}/de").docs_count() == ir_datasets.load(f"{id_}/de").docs_count()
    source = load_source(written)
    assert (source.name, source.origins) == (id_, (id_,))
    assert len(source) == {"training": 917, "validation": 231}[part]
    assert listed(load_benchmark(id_)).here == "here"
    assert part in ir_datasets.load(f"{id_}/de/en").documentation()["desc"]


def test_the_other_names_are_what_they_were() -> None:
    assert load_benchmark("hybrid-demo:train") == load_benchmark("hybrid-demo-train")
    for load in (load_benchmark, load_source, load_dataset):
        with pytest.raises(UserError, match=r"unknown .* 'mlqa-r:test'"):
            load("mlqa-r:test")


def test_the_pool_is_the_part_alone_and_figures_are_those_of_ir_measures(
    lareqa: Path, tiny: Path, tmp_path: Path
) -> None:
    benchmark = load_benchmark("mlqa-r:validation/hi/vi")
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "out", measures=("AP",), runs=True, runs_depth=None)
    run = list(ir_measures.read_trec_run(str(tmp_path / "out" / "runs" / run_name(benchmark.tasks[0]))))
    dataset = ir_datasets.load(f"{PARTS[1]}/hi/vi")
    assert {one.doc_id for one in run} == {doc.doc_id for doc in dataset.docs_iter()}
    assert len(run) == dataset.docs_count() * dataset.queries_count()
    expected = ir_measures.calc_aggregate([ir_measures.AP], dataset.qrels_iter(), run)[ir_measures.AP]
    assert scores.settings["cross"]["AP"] == pytest.approx(expected, abs=1e-9)


def test_a_part_is_added_and_removed_with_the_whole(
    lareqa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path))
    datasets_ext.add("mlqa-r-validation", lareqa / WHOLE)
    assert {path.name for path in (tmp_path / WHOLE).glob("??.json")} == {
        path.name for path in lareqa.glob("mlqa-r/*.json")
    }
    assert not (tmp_path / "mlqa-r-validation").exists()
    datasets_ext.remove(WHOLE)
    assert listed(load_benchmark("mlqa-r-validation")).here == "no"
