"""What a notebook shows: values in a line, public names and no others."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import datasets_ext
import hybrid_plugin
from hybrid_plugin import Batches, BatchSettings, Encoder, TrainingSettings, compare, evaluate, fit_transform
from hybrid_plugin.encoding import encode_dataset, read_vectors
from hybrid_plugin.evaluation import Scores
from hybrid_plugin.explore import Explorer
from hybrid_plugin.report import ReportData
from hybrid_plugin.tasks import Benchmark, Judgements, documents, load_benchmark, queries
from hybrid_plugin.training import load_source
from tests.conftest import ROOT

WINGS = [".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "hybrid_plugin").rglob("__init__.pyi")]
SHORT = 300  # letters


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return load_benchmark("hybrid-demo/multi/en")


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module")
def scores(benchmark: Benchmark, encoder: Encoder) -> Scores:
    return evaluate(benchmark, encoder)


@pytest.fixture(scope="module")
def values(
    benchmark: Benchmark, encoder: Encoder, scores: Scores, tmp_path_factory: pytest.TempPathFactory
) -> list[Any]:
    """One of each kind that people hold in their hands, of the demo collection."""
    folder = tmp_path_factory.mktemp("notebook")
    for name in ("a", "b"):
        scores.save(folder / name)
    encode_dataset("hybrid-demo/multi/en", encoder, folder / "vectors")
    source = load_source("hybrid-demo")
    batches = Batches([source], "hybrid", BatchSettings(size=4), steps=2)
    task = benchmark.tasks[0]
    fitted = fit_transform("centring", encoder, ["hybrid-demo/de/en"], texts=50)
    explorer = Explorer.load(benchmark, [encoder])
    data = ReportData.load([folder / "a"])
    return [
        *(load_benchmark("hybrid-demo"), task, task.queries, task.qrels[0], Judgements.load(task)),
        *(next(iter(documents(task.docs[0]))), next(iter(queries(task)))),
        *(encoder, encoder.settings, fitted, fitted.transform, read_vectors(folder / "vectors" / "docs")),
        *(scores, compare([folder / "a", folder / "b"]), data, data.systems[0], explorer, explorer.systems[0]),
        *(source, source[0], source.patterns[0], batches, batches[0], batches[0].examples[0]),
        *(TrainingSettings(), datasets_ext.LanguagePart([], [], {})),
    ]


def test_a_value_shows_itself_in_few_words(values: list[Any]) -> None:
    for value in values:
        assert len(repr(value)) < SHORT, type(value)
        assert " at 0x" not in repr(value), type(value)
        assert type(value).__name__ in repr(value)


def test_scores_show_their_table(scores: Scores) -> None:
    assert f"{scores.settings['multi']['AP']:.4f}" in repr(scores)
    for measure, value in scores.settings["multi"].items():
        assert measure in scores._repr_html_()
        assert f"{value:.4f}" in scores._repr_html_()


def public() -> Iterator[tuple[str, Any]]:
    for wing in WINGS:
        module = importlib.import_module(wing)
        yield from ((f"{wing}.{name}", getattr(module, name)) for name in module.__all__)


def test_no_public_class_shows_all_that_it_holds() -> None:
    for name, value in public():
        if isinstance(value, type) and hasattr(value, "__dataclass_fields__"):
            assert not hasattr(value.__repr__, "__wrapped__"), f"{name} has the repr of its dataclass; see brief.py"


def test_tab_completion_offers_public_names_alone() -> None:
    importlib.import_module("hybrid_plugin.training.train")  # what was imported before offers no more
    for module in [datasets_ext, *map(importlib.import_module, WINGS)]:
        assert sorted(dir(module)) == sorted(module.__all__), module.__name__
    assert not {"annotations", "lazy_loader", "Path"} & {*dir(hybrid_plugin), *dir(datasets_ext)}
