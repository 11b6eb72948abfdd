"""A pupil comes nearer to its teacher, by every loss that has one, and says whose pupil it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.seen import trained_on
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.merging import merge
from hybrid_plugin.training.prepared import Preparation
from hybrid_plugin.training.scoring import score
from hybrid_plugin.training.scoring.scorer import EncoderScorer
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store
from hybrid_plugin.training.train import train

SETTINGS = {"steps": 12, "batch_size": 16, "learning_rate": 3e-3, "temperature": 0.1, "save_every": 0}


@pytest.fixture(scope="module")
def demo(irds_home: Path) -> Source:
    return load_source("hybrid-demo")


@pytest.fixture(scope="module")
def teacher(tiny: Path, demo: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that was trained with InfoNCE, so that it has something to say."""
    folder = tmp_path_factory.mktemp("teacher") / "teacher"
    train(Encoder.load(tiny), [demo], folder, TrainingSettings.of(**SETTINGS | {"learning_rate": 1e-2}))
    return folder


def texts(source: Source) -> tuple[list[str], list[str]]:
    rows = [row for row in source if "en" in row.queries][:40]
    return [row.queries["en"] for row in rows], [row.passages["en"][0] for row in rows]


def figures(encoder: Encoder, source: Source) -> np.ndarray:
    queries, passages = texts(source)
    return encoder.encode(queries, "query") @ encoder.encode(passages, "passage").T


@pytest.mark.parametrize("loss", ["distill_kl", "margin_mse"])
def test_a_pupil_scores_as_its_teacher_does(tiny: Path, teacher: Path, demo: Source, tmp_path: Path, loss: str) -> None:
    wanted = figures(Encoder.load(teacher), demo)
    before = figures(Encoder.load(tiny), demo)
    settings = TrainingSettings.of(**SETTINGS, loss={loss: 1.0}, teacher=str(teacher), strategy="mixed")
    pupil = train(Encoder.load(tiny), [demo], tmp_path / "pupil", settings)

    def centred(scores: np.ndarray) -> np.ndarray:
        return scores - scores.mean(1, keepdims=True)  # what both losses see

    distances = [np.abs(centred(one) - centred(wanted)).mean() for one in (before, figures(pupil, demo))]
    assert distances[1] < 0.7 * distances[0]


def test_a_pupil_has_its_teachers_vectors_in_all_languages(
    tiny: Path, teacher: Path, demo: Source, tmp_path: Path
) -> None:
    master, start = Encoder.load(teacher), Encoder.load(tiny)
    rows = [row for row in demo if {"en", "de"} <= row.queries.keys()][:40]
    english, german = ([row.queries[lang] for row in rows] for lang in ("en", "de"))

    def distance(encoder: Encoder) -> float:
        return float(np.square(encoder.encode(german, "query") - master.encode(english, "query")).sum(1).mean())

    before = distance(start)
    settings = TrainingSettings.of(**SETTINGS, loss={"distill_vectors": 1.0}, teacher=str(teacher))
    pupil = train(start, [demo], tmp_path / "pupil", settings)
    assert distance(pupil) < 0.7 * before
    assert pupil.record["teacher"]["identity"]["weights"] == master.identity["weights"]


def test_the_model_itself_may_teach_as_it_was(tiny: Path, demo: Source, tmp_path: Path) -> None:
    """Its prefixes are those that the model has, not those of its files, and its weights those before the training."""
    options = {"query_prefix": "ask:", "passage_prefix": "say:"}
    settings = TrainingSettings.of(**SETTINGS, loss={"distill_kl": 1.0}, teacher=str(tiny))
    pupil = train(Encoder.load(tiny, **options), [demo], tmp_path / "pupil", settings)
    assert pupil.record["teacher"]["identity"] == Encoder.load(tiny, **options).identity
    assert pupil.identity["weights"] != pupil.record["teacher"]["identity"]["weights"]


def test_scores_of_a_source_are_those_of_its_teacher(teacher: Path, demo: Source, tmp_path: Path) -> None:
    master = Encoder.load(teacher)
    few = store("few", demo[:40])
    score(few, EncoderScorer(master), tmp_path / "scored.jsonl")
    source = from_jsonl(tmp_path / "scored.jsonl")
    settings = TrainingSettings.of(loss={"distill_kl": 1.0}, strategy="multi", batch_size=6)
    batch = Batches([source], "multi", BatchSettings(size=6), steps=1)[0]
    needs = Objective(settings.loss, 0.1).needs
    found = Preparation(master, needs, settings.loss)(batch).source_scores
    assert found is not None
    expected = master.encode(batch.queries, "query") @ master.encode(batch.passages, "passage").T
    owners = np.array([i for i, _ in batch.candidates()])
    own = owners == np.arange(6)[:, None]
    np.testing.assert_allclose(found.numpy()[own], expected[own], atol=1e-6)
    assert np.isnan(found.numpy()[~own]).all()


def test_a_pupil_knows_what_its_teacher_knows(tiny: Path, demo: Source, tmp_path: Path) -> None:
    facts = store("facts", [Row(f"f{i}", {"en": f"what is {i}"}, {"en": (f"it is {i}",)}) for i in range(20)])
    master = train(Encoder.load(tiny), [facts], tmp_path / "master", TrainingSettings.of(**SETTINGS, strategy="mono"))
    settings = TrainingSettings.of(**SETTINGS, loss={"info_nce": 1, "distill_kl": 1}, teacher=str(tmp_path / "master"))
    pupil = train(Encoder.load(tiny), [demo], tmp_path / "pupil", settings)
    assert trained_on(master.record) == {"facts"}
    assert trained_on(pupil.record) == {"facts", "hybrid-demo-train"}
    merged = merge([tmp_path / "pupil", tmp_path / "master"], tmp_path / "merged")
    assert trained_on(merged.record) == {"facts", "hybrid-demo-train"}
    further = train(pupil, [facts], tmp_path / "further", TrainingSettings.of(**SETTINGS, strategy="mono"))
    assert trained_on(further.record) == {"facts", "hybrid-demo-train"}
    with pytest.warns(AlreadyDone):
        train(Encoder.load(tiny), [demo], tmp_path / "pupil", settings)
    other = TrainingSettings.of(**SETTINGS, loss={"info_nce": 1, "distill_kl": 1}, teacher=str(tiny))
    with pytest.raises(UserError, match="teacher"):
        train(Encoder.load(tiny), [demo], tmp_path / "pupil", other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": {"distill_kl": 1}}, "learn from a teacher's scores, and no source has any; name an encoder"),
        ({"loss": {"distill_vectors": 1}}, "distill_vectors learns from an encoder; name one with --teacher"),
        ({"loss": {"info_nce": 1}, "matryoshka": [4096]}, "matryoshka has 4096 components; the vectors have"),
    ],
)
def test_what_cannot_be_learnt_is_refused_before_training(
    tiny: Path, demo: Source, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        train(Encoder.load(tiny), [demo], tmp_path / "out", TrainingSettings.of(**SETTINGS, **settings))
    assert not list(tmp_path.iterdir())


def test_vectors_of_another_size_are_refused_by_name(tiny: Path, demo: Source, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=1)
    BertModel(config).save_pretrained(tmp_path / "small")
    tokenizer.save_pretrained(tmp_path / "small")
    settings = TrainingSettings.of(**SETTINGS, loss={"distill_vectors": 1}, teacher=str(tmp_path / "small"))
    with pytest.raises(UserError, match=r"teacher '.*small' have 16 dimensions, those of .*; distill_kl does not mind"):
        train(Encoder.load(tiny), [demo], tmp_path / "out", settings)


def test_matryoshka_lets_vectors_be_cut(tiny: Path, demo: Source, tmp_path: Path) -> None:
    """The first eight components rank better when the loss was over them as well."""

    def accuracy(encoder: Encoder) -> float:
        scores = figures(encoder, demo)
        return float((scores.argmax(1) == np.arange(len(scores))).mean())

    found = {}
    for name, dimensions in (("whole", []), ("cut", [8])):
        settings = TrainingSettings.of(**SETTINGS | {"steps": 40}, matryoshka=dimensions)
        train(Encoder.load(tiny), [demo], tmp_path / name, settings)
        found[name] = accuracy(Encoder.load(tmp_path / name, truncate_dim=8))
    assert found["cut"] > found["whole"]
