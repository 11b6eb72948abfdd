"""Everything that computes on a GPU, against the same on the CPU: vectors, losses, gradients, weights, rankings.

Each test runs on the CPU, too, which shows that the test itself works; on a card it compares the card with the CPU.
Tests that make sense on a card alone are skipped where there is none, and those of two cards where there is one. Time
beside sentence-transformers: ``python tests/benchmarks/encoding_speed.py`` and ``training_speed.py`` on that machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.retrieval.backends.exact import search_vectors
from hybrid_plugin.retrieval.documents import Documents
from hybrid_plugin.training.losses.info_nce import info_nce
from hybrid_plugin.training.prepared import Preparation
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.tower import TrainingTower
from hybrid_plugin.training.train import batches_of, train
from hybrid_plugin.training.validation import load_validation
from tests.conftest import ROOT
from tests.hybrid_plugin.training.launching import without_dropout

CARDS = torch.cuda.device_count()
card = pytest.mark.skipif(not CARDS, reason="needs a GPU that CUDA can use, and there is none")
two_cards = pytest.mark.skipif(CARDS < 2, reason=f"needs two GPUs that CUDA can use, and there are {CARDS}")
devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=card)])
TEXTS = ["Wo ist Wien?", "Vienna is in Austria. " * 12, "", "北京是中国的首都", "x " * 200]


@pytest.fixture(scope="module")
def still(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return without_dropout(tiny, tmp_path_factory.mktemp("still") / "start")


@pytest.fixture(autouse=True)
def exact_products() -> Iterator[None]:
    """A card's float32 is whole float32, not TF32 of 10 bits, so that it compares with the CPU's."""
    before, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.set_float32_matmul_precision(before)
    torch.backends.cudnn.allow_tf32 = convolutions


@devices
@pytest.mark.parametrize(("precision", "apart"), [("float32", 1e-5), ("bfloat16", 2e-2)])
@pytest.mark.parametrize("batch_tokens", [None, 64])
def test_vectors_are_those_of_the_cpu(
    tiny: Path, device: str, precision: str, apart: float, batch_tokens: int | None
) -> None:
    cpu = Encoder.load(tiny, device="cpu", precision="float32")
    other = Encoder.load(tiny, device=device, precision=precision, batch_tokens=batch_tokens)
    assert other.device.type == device
    for kind in ("query", "passage"):
        expected, found = (encoder.encode(TEXTS, kind) for encoder in (cpu, other))  # type: ignore[arg-type]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=apart)


def trained(start: Path, output: Path, device: str, **changes: object) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The losses of a training's validations, and the weights that it ends with."""
    sgd = {"optim": "sgd"}  # whose steps are in proportion to the gradients
    common = {"steps": 3, "batch_size": 12, "learning_rate": 0.05, "precision": "float32", "trainer": sgd}
    settings = TrainingSettings.of(**common | changes)
    validation = load_validation(ValidationSettings(name="hybrid-demo", every=3), settings)
    encoder = train(
        Encoder.load(start, device=device), [load_source("hybrid-demo")], output, settings, validation=validation
    )
    assert encoder.device.type == device
    losses = [entry["eval_loss"] for entry in encoder.record["validation"]]
    return losses, load_file(output / "model.safetensors")


def assert_trains_alike(start: Path, folder: Path, device: str, **settings: object) -> None:
    plain = {key: value for key, value in settings.items() if key not in ("chunk_size", "compile", "precision")}
    loss, weights = trained(start, folder / "cpu", "cpu", **plain)
    other_loss, other_weights = trained(start, folder / "other", device, **settings)
    reduced = settings.get("precision", "float32") != "float32"
    assert other_loss == pytest.approx(loss, abs=5e-2 if reduced else 1e-4)
    assert weights.keys() == other_weights.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(other_weights[name], tensor, atol=5e-3 if reduced else 2e-5, rtol=0)


@devices
def test_training_and_validation_are_those_of_the_cpu(still: Path, tmp_path: Path, device: str) -> None:
    assert_trains_alike(still, tmp_path, device, strategy="hybrid", chunk_size=5)


@card
@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "mono"},
        {"strategy": "cross"},
        {"compile": True},
        {"precision": "bfloat16"},
        {"precision": "float16"},
    ],
    ids=lambda settings: "-".join(map(str, next(iter(settings.items())))),
)
def test_a_card_trains_in_every_way(still: Path, tmp_path: Path, settings: dict[str, object]) -> None:
    assert_trains_alike(still, tmp_path, "cuda", **settings)


@card
def test_a_card_trains_adapters(still: Path, tmp_path: Path) -> None:
    """They begin at random, and a card draws otherwise, so only what they do to the loss is compared."""
    pytest.importorskip("peft", reason="needs the package peft")
    loss, _ = trained(still, tmp_path / "cpu", "cpu", lora_rank=4)
    other_loss, _ = trained(still, tmp_path / "other", "cuda", lora_rank=4)
    assert other_loss == pytest.approx(loss, abs=5e-2)


@devices
def test_chunked_gradients_are_the_direct_ones(still: Path, device: str) -> None:
    source, settings = load_source("hybrid-demo"), TrainingSettings.of(batch_size=24, steps=1)
    found = []
    for on, size in (("cpu", None), (device, None), (device, 5)):
        encoder = Encoder.load(still, device=on)
        batch = batches_of([source], settings)[0]
        vectors = TrainingTower(encoder, size).train()(Preparation(encoder)(batch).tokens)
        excluded = torch.from_numpy(batch.false_negatives()).to(vectors.device)
        info_nce(vectors[:24], vectors[24:], excluded, 0.02).backward()
        parameters = encoder.model.named_parameters()
        found.append({name: one.grad.cpu() for name, one in parameters if one.grad is not None})
    for other in found[1:]:
        for name, tensor in found[0].items():
            torch.testing.assert_close(other[name], tensor, atol=1e-4, rtol=0)


@devices
def test_chunks_draw_the_same_dropout_again(tiny: Path, device: str) -> None:
    """What is computed for the gradients is what was computed before them."""
    source, settings = load_source("hybrid-demo"), TrainingSettings.of(batch_size=24, steps=1)
    encoder = Encoder.load(tiny, device=device)
    batch = batches_of([source], settings)[0]
    tower, tokens = TrainingTower(encoder, 5).train(), Preparation(encoder)(batch).tokens
    drawn: list[torch.Tensor] = []
    layer = encoder.model.get_submodule("embeddings.dropout")
    layer.register_forward_hook(lambda _module, _inputs, output: drawn.append(output.detach() == 0))
    torch.manual_seed(0)
    tower(tokens).sum().backward()
    forward, again = drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
    assert len(forward) == len(again) > 5
    masks = [sorted(mask.cpu().numpy().tobytes() for mask in part) for part in (forward, again)]
    assert masks[0] == masks[1]


@two_cards
def test_two_cards_train_what_one_does(still: Path, tmp_path: Path) -> None:
    words = ["-m", "hybrid_plugin.cli", "train", "--source", "hybrid-demo", "--model", still, "--precision", "float32"]
    words += ["--steps", "4", "--batch-size", "12", "--learning-rate", "0.05", "--trainer", "logging_steps=1"]
    words += ["--trainer", "optim=sgd", "--validate", "hybrid-demo", "--validate-every", "2"]
    launchers = {"one": [], "two": ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]}
    losses = []
    for name, launcher in launchers.items():
        command = [*map(str, [sys.executable, *launcher, *words, "--output", tmp_path / name])]
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert result.returncode == 0, result.stderr
        losses.append([float(loss) for loss in re.findall(r"loss': '?([\d.e-]+)", result.stdout)])
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in launchers)
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=2e-5, rtol=0)


@devices
@pytest.mark.parametrize("hits", [3, 500])
def test_an_exact_search_finds_what_the_cpu_finds(device: str, hits: int) -> None:
    """Ties, and scores that float32 cannot tell apart, included."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(3000, 32)).astype(np.float32)
    vectors[100:180] = vectors[0]
    vectors[200:280] = vectors[1] + rng.normal(size=(80, 32)) * 3e-8
    documents = Documents(Path("nowhere"), Vectors([*map(str, range(3000))], vectors), np.array([[0, 3000]], np.int64))
    for one, other in zip(*(search_vectors(documents, vectors[:5], hits, on) for on in ("cpu", device)), strict=True):
        assert dict(zip(one.numbers.tolist(), one.scores.tolist(), strict=True)) == dict(
            zip(other.numbers.tolist(), other.scores.tolist(), strict=True)
        )


@card
def test_a_batch_that_does_not_fit_is_computed_in_smaller_ones(tiny: Path) -> None:
    """Other work takes nearly all of the memory."""
    texts = [f"{number} " * 100 for number in range(2000)]
    expected = Encoder.load(tiny, device="cpu").encode(texts[:64], "passage")
    encoder = Encoder.load(tiny, device="cuda", precision="float32", batch_tokens=10**7)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(max(0, free - 2**28), dtype=torch.uint8, device="cuda")
    found = encoder.encode(texts, "passage")
    del taken
    assert encoder.batch_tokens is not None
    assert encoder.batch_tokens < 10**7
    np.testing.assert_allclose(found[:64], expected, atol=1e-5)
