"""Wherever a name is looked up, the error says which one was probably meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_plugin.encoding import EncoderOptions, EncoderSettings
from hybrid_plugin.encoding.transforms.named import transform_kind
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.tasks import Task, View, export_dataset, load_benchmark
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.own import read_benchmark
from hybrid_plugin.tasks.sides import views_of
from hybrid_plugin.training.batches import BatchSettings
from hybrid_plugin.training.batches.named import strategy_kind
from hybrid_plugin.training.grid import read_sweep
from hybrid_plugin.training.mining import MiningSettings
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from hybrid_plugin.training.sources.named import load_source


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("hybird", ["mono", "cross", "hybrid"], "hybrid"),
        ("XQUAD-R", ["xquad-r", "mlqa-r"], "xquad-r"),
        ("other", ["mono", "cross"], None),
        ("fr", ["ar", "de", "en"], None),
        ("xquad-r/dee/en", ["xquad-r/de/en", "xquad-r/el/en"], "xquad-r/de/en"),
        ("xquadr/de", ["xquad-r/de/en"], "xquad-r/de"),
        ("xquad-r/de/xx", ["xquad-r/de/en"], None),
        ("xquad-r/de/en/en", ["xquad-r/de/en"], None),
        ("xquad-r/de", ["xquad-r/de/en"], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_name_was_meant(name: str, known: list[str], meant: str | None) -> None:
    assert did_you_mean(name, known) == ("" if meant is None else f"; did you mean '{meant}'?")


def demo() -> View:
    return View("hybrid-demo/de/de", "de")


LOOKUPS: dict[str, tuple[Callable[[], object], str]] = {
    "benchmark": (lambda: load_benchmark("hybrid-dmo/de"), "hybrid-demo/de"),
    "task": (lambda: load_benchmark("hybrid-demo/dee/en"), "de/en"),
    "one task": (lambda: load_benchmark("hybrid-demo").task("de/EN"), "de/en"),
    "language": (lambda: load_benchmark("hybrid-demo").only(languages=["DE"]), "de"),
    "setting": (lambda: load_benchmark("hybrid-demo").only(settings=["multy"]), "multi"),
    "setting of a task": (lambda: Task("de", (demo(),), demo(), ("hybrid-demo/de/de",), setting="croß"), "cross"),
    "dataset": (lambda: load_dataset("hybrid-demo/dee/en"), "hybrid-demo/de/en"),
    "side": (lambda: views_of("hybrid-demo/dee/en"), "de/en"),
    "format": (lambda: export_dataset("hybrid-demo/de", "pyserni", "unused"), "pyserini"),
    "pooling": (lambda: EncoderSettings(pooling="men"), "mean"),  # type: ignore[arg-type]
    "precision": (lambda: EncoderOptions(precision="bfloat"), "bfloat16"),
    "precision of training": (lambda: TrainingSettings(precision="float23"), "float32"),
    "transform": (lambda: transform_kind("centering"), "centring"),
    "strategy": (lambda: strategy_kind("hybird"), "hybrid"),
    "drawing": (lambda: BatchSettings(cross_languages="mixd"), "mixed"),  # type: ignore[arg-type]
    "mining": (lambda: MiningSettings(languages="other"), "others"),  # type: ignore[arg-type]
    "validation": (lambda: ValidationSettings(by="los"), "loss"),  # type: ignore[arg-type]
    "training setting": (lambda: TrainingSettings.of(lerning_rate=1), "learning_rate"),
    "source": (lambda: load_source("hybrid-demo-trian"), "hybrid-demo-train"),
}


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_every_lookup_says_what_was_meant(lookup: str) -> None:
    look_up, meant = LOOKUPS[lookup]
    with pytest.raises(UserError, match=re.escape(f"; did you mean '{meant}'?")):
        look_up()


def test_files_with_unknown_keys_say_which_was_meant(tmp_path: Path) -> None:
    for name, text, read, meant in (
        ("sweep.yaml", "grids: [{lerning_rate: 1}]", read_sweep, "learning_rate"),
        ("mine.yaml", "{name: mine, tsks: []}", read_benchmark, "tasks"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match=f"{name}.*; did you mean '{meant}'"):
            read(tmp_path / name)


def test_an_id_that_begins_like_a_benchmark_says_what_there_is() -> None:
    with pytest.raises(
        UserError, match=r"^neuclir has no task '1/xx'; .*; under neuclir/1 ir_datasets has fa, multi, "
    ):
        views_of("neuclir/1/xx")
    with pytest.raises(
        UserError, match=r"^unknown ir_datasets id 'neuclir/1/xx'; under neuclir/1 ir_datasets has fa, "
    ):
        load_dataset("neuclir/1/xx")
    with pytest.raises(UserError, match=r"; under wikiclir ir_datasets has .* and \d+ more$"):
        load_dataset("wikiclir/xxxxx")
