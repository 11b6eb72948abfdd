"""A checkpoint's card says how it was made and what it scored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.files import SCORES, write_json
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.card import CARD, write_card
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.train import train


@pytest.fixture(scope="module")
def checkpoint(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card") / "checkpoint"
    train(Encoder.load(tiny), [load_source("hybrid-demo")], folder, TrainingSettings.of(steps=1, batch_size=4, seed=3))
    return folder


def test_training_leaves_a_card_that_the_hub_reads(tiny: Path, checkpoint: Path) -> None:
    card = ModelCard.load(checkpoint / CARD)
    source = load_source("hybrid-demo")
    assert card.data.language == list(source.languages)
    for fact in (str(tiny), "hybrid", source.checksum, "| seed | 3 |", "batch_size 4", "None measured yet"):
        assert fact in card.text


def test_scores_are_added_where_they_were_measured(checkpoint: Path, tmp_path: Path) -> None:
    scores = evaluate(load_benchmark("hybrid-demo"), Encoder.load(checkpoint), tmp_path, languages=["en", "de"])
    text = write_card(checkpoint, [tmp_path]).read_text(encoding="utf-8")
    assert f"| hybrid-demo | no: in-domain | {scores.settings['mono']['AP']:.4f} |" in text


def test_scores_of_another_model_are_refused(tiny: Path, checkpoint: Path, tmp_path: Path) -> None:
    evaluate(load_benchmark("hybrid-demo"), Encoder.load(tiny), tmp_path, languages=["en"], settings=["mono"])
    with pytest.raises(UserError, match=r"holds scores of .*tiny', not of .*checkpoint: their weights differ"):
        write_card(checkpoint, [tmp_path])
    with pytest.raises(UserError, match=r"has no hybrid_ir\.json"):
        write_card(tiny, [])


def test_a_checkpoint_is_known_by_its_weights_wherever_it_lies(checkpoint: Path, tmp_path: Path) -> None:
    options = {"languages": ["en"], "settings": ["mono"]}
    evaluate(load_benchmark("hybrid-demo"), Encoder.load(checkpoint), tmp_path / "scores", **options)
    shutil.copytree(checkpoint, tmp_path / "renamed")
    assert write_card(tmp_path / "renamed", [tmp_path / "scores"]).parent.name == "renamed"
    other = Encoder.load(checkpoint, query_prefix="q:")
    evaluate(load_benchmark("hybrid-demo"), other, tmp_path / "other", **options)
    with pytest.raises(UserError, match="with other settings: query prefix was 'q: ', is ''"):
        write_card(checkpoint, [tmp_path / "other"])


def test_scores_of_version_01_are_known_by_the_checkpoints_folder(checkpoint: Path, tmp_path: Path) -> None:
    old = {"benchmark": "x", "encoder": str(checkpoint), "zero_shot": False, "settings": {"mono": {"AP": 0.5}}}
    write_json(tmp_path / SCORES, old)
    assert "| x | no: trained on it | 0.5000 |" in write_card(checkpoint, [tmp_path]).read_text(encoding="utf-8")
    write_json(tmp_path / SCORES, old | {"encoder": "elsewhere"})
    with pytest.raises(UserError, match="holds scores of 'elsewhere', not of"):
        write_card(checkpoint, [tmp_path])
