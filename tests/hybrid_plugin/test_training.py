"""Training changes weights as its settings say, and a checkpoint says how it was made."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hybrid_plugin.encoder import RECORD, Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.loss import info_nce
from hybrid_plugin.sampling import Batches
from hybrid_plugin.sources import Row, Source, load_source
from hybrid_plugin.training import TrainingSettings, train
from hybrid_plugin.versions import versions

SHORT = {
    "steps": 3,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "weight_decay": 0.01,
    "temperature": 0.05,
    "warmup": 0.1,
}
OTHER = Source("other", tuple(Row(f"r{i}", {"fi": f"kysymys {i}"}, {"fi": (f"vastaus {i}",)}) for i in range(12)))


@pytest.fixture(scope="module")
def demo(irds_home: Path) -> Source:
    return load_source("hybrid-demo")


def trained(start: Path, sources: list[Source], output: Path, **settings: Any) -> Encoder:
    return train(Encoder.load(start), sources, output, TrainingSettings(**(SHORT | settings)))


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in encoder.model.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.fixture(scope="module")
def checkpoint(tiny: Path, demo: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "checkpoint"
    trained(tiny, [demo], folder, alpha=0.25, seed=7)
    return folder


def test_a_checkpoint_says_how_it_was_made(tiny: Path, demo: Source, checkpoint: Path) -> None:
    record = json.loads((checkpoint / RECORD).read_text(encoding="utf-8"))
    assert record["base_model"] == str(tiny)
    assert (record["strategy"], record["alpha"], record["seed"]) == ("hybrid", 0.25, 7)
    languages = ["ar", "de", "en", "es", "hi", "ru", "vi", "zh"]
    assert record["sources"] == [
        {"name": "hybrid-demo", "rows": len(demo.rows), "languages": languages, "checksum": demo.checksum}
    ]
    assert record["languages"] == languages
    assert record["versions"] == versions()
    assert record["versions"]["torch"] == torch.__version__
    assert record["training"] == SHORT
    assert (record["pooling"], record["max_length"]) == ("mean", 128)


def test_a_checkpoint_holds_the_trained_weights(tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path) -> None:
    encoder = trained(tiny, [demo], tmp_path / "out", alpha=0.25, seed=7)
    assert not encoder.model.training
    assert same(weights(encoder), weights(Encoder.load(tmp_path / "out")))
    assert not same(weights(encoder), weights(Encoder.load(tiny)))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_same_seed_gives_the_same_weights(tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path) -> None:
    torch.rand(3)  # whatever came before
    again = trained(tiny, [demo], tmp_path / "again", alpha=0.25, seed=7)
    assert same(weights(again), weights(Encoder.load(checkpoint)))


@pytest.mark.parametrize("changes", [{"seed": 8}, {"alpha": 1.0}, {"temperature": 0.1}, {"strategy": "mono"}])
def test_every_setting_changes_the_weights(
    tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    other = trained(tiny, [demo], tmp_path / "other", **({"alpha": 0.25, "seed": 7} | changes))
    assert not same(weights(other), weights(Encoder.load(checkpoint)))


def test_provenance_accumulates(tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path) -> None:
    further = trained(checkpoint, [OTHER], tmp_path / "further", strategy="mono", seed=1)
    record = json.loads((tmp_path / "further" / RECORD).read_text(encoding="utf-8"))
    assert record["base_model"] == str(tiny)
    assert [(source["name"], source["checksum"]) for source in record["sources"]] == [
        ("hybrid-demo", demo.checksum),
        ("other", OTHER.checksum),
    ]
    assert record["languages"] == ["ar", "de", "en", "es", "fi", "hi", "ru", "vi", "zh"]
    assert (record["strategy"], record["seed"]) == ("mono", 1)
    assert Encoder.load(tmp_path / "further").record["sources"] == record["sources"]
    assert [source["name"] for source in further.record["sources"]] == ["hybrid-demo", "other"]


def mean_loss(encoder: Encoder, source: Source) -> float:
    """The loss on batches of another seed."""
    batches = Batches([source], "hybrid", 16, seed=1000)
    losses = []
    with torch.inference_mode():
        for step in range(8):
            examples = batches[step].examples
            queries = encoder.forward(encoder.tokenize([example.query for example in examples], "query"))
            passages = encoder.forward(encoder.tokenize([example.passage for example in examples], "passage"))
            losses.append(info_nce(queries, passages, torch.from_numpy(batches[step].false_negatives()), 0.05).item())
    return float(np.mean(losses))


def test_the_loss_falls(tiny: Path, demo: Source, tmp_path: Path) -> None:
    few = Source("few", demo.rows[::130])
    before = mean_loss(Encoder.load(tiny), few)
    after = mean_loss(trained(tiny, [few], tmp_path / "out", steps=30, batch_size=16, learning_rate=3e-3), few)
    assert after < 0.7 * before


def test_an_older_checkpoint_is_replaced(tiny: Path, demo: Source, tmp_path: Path) -> None:
    for seed in (0, 1):
        trained(tiny, [demo], tmp_path / "out", seed=seed)
    assert Encoder.load(tmp_path / "out").record["seed"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def untouched(encoder: Encoder, start: Path) -> bool:
    return same(weights(encoder), weights(Encoder.load(start)))


def test_a_foreign_output_folder_is_refused_before_training(tiny: Path, demo: Source, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    encoder = Encoder.load(tiny)
    with pytest.raises(UserError, match="so it is not ours to replace"):
        train(encoder, [demo], tmp_path, TrainingSettings(**SHORT))
    assert untouched(encoder, tiny)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 13, "strategy": "mono"}, "source 'other' has no language with 13 pairs"),
        ({"strategy": "cross"}, "source 'other' has 0 questions with a passage in another language"),
        ({"strategy": "mixed"}, "unknown strategy 'mixed'"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"batch_size": 1}, "batch size is 1"),
    ],
)
def test_what_cannot_fill_a_batch_is_refused_before_training(
    tiny: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    encoder = Encoder.load(tiny)
    with pytest.raises(UserError, match=message):
        train(encoder, [OTHER], tmp_path / "out", TrainingSettings(**(SHORT | settings)))
    assert untouched(encoder, tiny)
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_finite_names_the_step_and_writes_nothing(tiny: Path, demo: Source, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the loss at step \d+ is (nan|inf); use a lower learning rate"):
        trained(tiny, [demo], tmp_path / "out", steps=20, learning_rate=1e30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("steps", -1),
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("temperature", 0.0),
        ("temperature", -0.05),
        ("weight_decay", -0.1),
        ("weight_decay", math.nan),
        ("warmup", -0.1),
        ("warmup", 1.1),
        ("warmup", math.nan),
        ("seed", -1),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(UserError) as raised:
        TrainingSettings(**{name: value})
    assert str(raised.value).startswith(f"{name.replace('_', ' ')} is {value}; it ")
