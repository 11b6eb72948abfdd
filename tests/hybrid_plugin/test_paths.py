"""Paths are taken as people write them: as texts, wherever a public function takes one."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hybrid_plugin import (
    Encoder,
    compare,
    encode_dataset,
    evaluate,
    evaluate_runs,
    export_dataset,
    fit_transform,
    index_dataset,
    load_benchmark,
    load_source,
    mine,
    search_dataset,
    train,
    write_report,
)
from hybrid_plugin.encoding import FittedTransform, read_vectors, save_transform
from hybrid_plugin.evaluation import Scores, evaluate_vectors, stored_vectors
from hybrid_plugin.explore import Explorer
from hybrid_plugin.training import MiningSettings, TrainingSettings, write_card
from tests.conftest import ROOT

WINGS = [".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "hybrid_plugin").rglob("__init__.pyi")]
NOT_FUNCTIONS = {  # an option's field, and results'
    *("EncoderOptions.__init__.transform", "Planned.__init__.folder", "SuiteScores.__init__.folder"),
}


def parameters() -> Iterator[tuple[str, str]]:
    """Every parameter of a public function or method: its name, its annotation."""
    for module in map(importlib.import_module, [*WINGS, "datasets_ext"]):
        for name in module.__all__:
            value = getattr(module, name)
            some = {name: value}
            if inspect.isclass(value):
                public = [one for one in vars(value) if not one.startswith("_") or one == "__init__"]
                some = {f"{name}.{one}": getattr(value, one) for one in public}
            for called, function in some.items():
                if inspect.isroutine(function) and function.__module__.startswith(("hybrid_plugin", "datasets_ext")):
                    for one in inspect.signature(function).parameters.values():
                        yield f"{called}.{one.name}", str(one.annotation)


def test_every_public_function_takes_a_path_as_text_too() -> None:
    found = dict(parameters())
    assert len(found) > 100
    for name, annotation in found.items():
        if re.search(r"\bPath\b", annotation) and name not in NOT_FUNCTIONS:
            assert "str" in annotation, f"{name}: {annotation}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_texts_do_what_paths_do(here: Path, tiny: Path) -> None:
    encoder = Encoder.load(str(tiny))
    task = "hybrid-demo/de/en"
    benchmark = load_benchmark(task)
    scores = evaluate(benchmark, encoder, "scores", runs=True)
    assert Scores.load("scores").settings == scores.settings
    scores.save("again")
    evaluate_runs(benchmark, "scores/runs", "of-runs")
    encode_dataset(task, encoder, "vectors")
    assert len(read_vectors("vectors/docs").ids) == benchmark_size(benchmark)
    assert evaluate_vectors(benchmark, *stored_vectors(benchmark, "vectors")).settings == scores.settings
    Explorer.load(benchmark, [encoder], ["vectors"])
    index_dataset("hybrid-demo/de", encoder, "index")
    search_dataset(task, encoder, "index", "run.trec")
    export_dataset(task, "jsonl", "export")
    fitted = fit_transform("centring", encoder, [task], texts=50)
    fitted.save("centring.safetensors")
    assert FittedTransform.load("centring.safetensors").checksum == fitted.checksum
    save_transform(fitted, encoder, "centred")
    assert Encoder.load(tiny, transform="centring.safetensors").transform is not None
    assert Encoder.load("centred").transform is not None
    found = compare(["scores", "again"])
    assert compare({"a": ["scores"], "b": ["again"]}).tests["difference"].tolist() == found.tests["difference"].tolist()
    found.save("comparison")
    write_report(["scores"], "report.html", plots="plots")
    for made in ("again", "of-runs", "index", "run.trec", "export", "centred", "comparison", "report.html", "plots"):
        assert (here / made).exists(), made


def test_training_takes_texts_too(here: Path, tiny: Path) -> None:
    encoder = Encoder.load(tiny)
    (here / "pairs.jsonl").write_text(
        "\n".join(f'{{"id": "{i}", "queries": {{"en": "q{i}"}}, "passages": {{"de": "p{i}"}}}}' for i in range(8))
    )
    source = load_source("pairs.jsonl")
    assert list(load_source(Path("pairs.jsonl"))) == list(source)
    train(encoder, [source], "out", TrainingSettings.of(strategy="cross", steps=1, batch_size=4))
    write_card("out", [])
    mine(source, encoder, "mined.jsonl", MiningSettings(languages="others"))
    for made in ("out/README.md", "mined.jsonl"):
        assert (here / made).exists(), made


def benchmark_size(benchmark: Any) -> int:
    from hybrid_plugin.tasks import documents

    return sum(1 for view in benchmark.doc_views for _ in documents(view))
