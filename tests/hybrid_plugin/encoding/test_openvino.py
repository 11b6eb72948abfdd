"""OpenVINO gives the vectors of torch, in int8 nearly; a model is exported once."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from hybrid_plugin.encoding.calibration import COLLECTION, calibration_texts, calibration_tokens
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.openvino import Compute, compiled
from hybrid_plugin.encoding.settings import EncoderOptions, Precision
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.encoding.tower import Tower
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder
from tests.conftest import run_cli

pytestmark = pytest.mark.xdist_group("openvino")  # one worker exports what they share

TEXTS = [f"Was ist {'sehr ' * (number % 40)}viel, {number} mal {number}?" for number in range(60)]
IDS = np.array([[4, 5, 6, 7], [7, 8, 9, 10]])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of its own."""
    monkeypatch.setenv("HYBRID_IR_CACHE", str(tmp_path / "cache"))
    return cache_folder("openvino")


class Odd(BertModel):
    """Goes another way for other texts, which an exported model cannot know."""

    def forward(self, **inputs: Any) -> Any:
        found = super().forward(**inputs)
        found.last_hidden_state = found.last_hidden_state.roll(int(inputs["input_ids"].sum()) % 31, -1)
        return found


def small(kind: type[BertModel] = BertModel) -> Tower:
    """Of one layer."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    torch.manual_seed(0)
    return Tower(kind(BertConfig(vocab_size=50, **sizes)).eval(), "mean", torch.nn.Sequential())


def exported(tower: Tower, precision: Precision = "float32") -> Compute:
    texts = Tokens.of([[7, 8, 9], [10, 11, 12, 13, 14, 15], [3, 4, 5, 6]])
    return compiled(tower, "sha256:0", precision, texts)


def by_openvino(model: Path, **options: Any) -> Encoder:
    return Encoder.load(model, runtime="openvino", **options)


def entries(cache: Path) -> dict[str, int]:
    """What is in the cache, and when it was written."""
    return {path.name: (path / "about.json").stat().st_mtime_ns for path in cache.iterdir()}


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_vectors_are_those_of_torch(tiny: Path, pooling: str) -> None:
    expected = Encoder.load(tiny, pooling=pooling).encode(TEXTS, "query")
    exact = by_openvino(tiny, pooling=pooling).encode(TEXTS, "query")
    assert exact.dtype == np.float32
    np.testing.assert_allclose(exact, expected, atol=1e-5)
    reduced = by_openvino(tiny, pooling=pooling, precision="bfloat16").encode(TEXTS, "query")
    assert (reduced * expected).sum(1).min() > 0.9999


def test_cut_vectors_are_those_of_torch(tiny: Path) -> None:
    expected = Encoder.load(tiny, truncate_dim=32).encode(TEXTS, "query")
    np.testing.assert_allclose(by_openvino(tiny, truncate_dim=32).encode(TEXTS, "query"), expected, atol=1e-5)


def test_int8_is_nearly_as_good_and_not_the_same(tiny: Path) -> None:
    expected = Encoder.load(tiny).encode(TEXTS, "query")
    found = by_openvino(tiny, precision="int8").encode(TEXTS, "query")
    assert 0.999 < (found * expected).sum(1).min() < 0.99999
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_layer_that_int8_would_ruin_stays_as_it_is(cache: Path) -> None:
    tower, mask = small(), np.ones_like(IDS)
    layer = tower.model.encoder.layer[0]
    with torch.no_grad():
        layer.intermediate.dense.bias[3] = 1000  # beside which int8 has no step for the others
        layer.output.dense.weight[:, 3] *= 0.001
        layer.output.dense.weight[:, 4:] *= 100
        expected = tower(torch.from_numpy(IDS), torch.from_numpy(mask)).numpy()
    found = exported(tower, "int8")(IDS, mask)
    assert 0.999 < (found * expected).sum(1).min() < 0.9999999


def test_the_number_of_threads_changes_no_bit(tiny: Path) -> None:
    encoder = by_openvino(tiny)
    texts = TEXTS * 2 + [f"noch {text}" for text in TEXTS]
    alone, several = (replace(encoder, threads=count).encode(texts, "query") for count in (1, 3))
    assert np.array_equal(alone, several)


def test_a_model_is_exported_once(tiny: Path, cache: Path) -> None:
    expected = by_openvino(tiny).encode(TEXTS, "query")
    before = entries(cache)
    assert len(before) == 1
    assert np.array_equal(by_openvino(tiny).encode(TEXTS, "query"), expected)
    by_openvino(tiny, precision="bfloat16").encode(TEXTS, "query")  # of the same export
    assert entries(cache) == before
    by_openvino(tiny, pooling="cls").encode(TEXTS[:1], "query")
    assert len(entries(cache)) == 2
    (about,) = (json.loads((cache / name / "about.json").read_text()) for name in before)
    assert (about["precision"], about["pooling"]) == ("float32", "mean")


def test_a_damaged_export_is_made_anew(cache: Path) -> None:
    expected = exported(small())(IDS, np.ones_like(IDS))
    (entry,) = cache.iterdir()
    weights = (entry / "model.bin").read_bytes()
    for damage in (
        lambda: (entry / "model.bin").write_bytes(weights[:-100]),
        lambda: (entry / "model.bin").write_bytes(weights[:-100] + bytes(100)),
        lambda: (entry / "model.xml").unlink(),
        lambda: (entry / "about.json").write_text("[]"),
    ):
        damage()
        assert np.array_equal(exported(small())(IDS, np.ones_like(IDS)), expected)
        assert (entry / "model.bin").read_bytes() == weights
        assert [path.name for path in cache.iterdir()] == [entry.name]


def test_a_cache_that_cannot_be_written_to_is_told(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HYBRID_IR_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot write .*openvino/model"):
        by_openvino(tiny).encode(TEXTS, "query")


def test_weights_that_change_are_exported_anew(tiny: Path) -> None:
    encoder = by_openvino(tiny)
    before = encoder.encode(TEXTS, "query")
    with torch.no_grad():
        for weight in encoder.model.parameters():
            weight.mul_(1.1)
    found = encoder.encode(TEXTS, "query")
    assert np.abs(found - before).max() > 1e-3
    np.testing.assert_allclose(found, replace(encoder, runtime="torch").encode(TEXTS, "query"), atol=1e-5)


def test_a_model_whose_vectors_come_out_wrong_is_refused(cache: Path) -> None:
    with pytest.raises(UserError, match=r"OpenVINO cannot compute .* the cosine of a vector.*; --runtime torch can"):
        exported(small(Odd))
    assert not list(cache.iterdir())


@pytest.mark.parametrize(("package", "precision"), [("openvino", "float32"), ("nncf", "int8")])
def test_a_missing_package_is_told(tiny: Path, monkeypatch: pytest.MonkeyPatch, package: str, precision: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError) as raised:
        by_openvino(tiny, precision=precision)
    assert str(raised.value) == (f"--runtime openvino needs the package {package}; pip install 'hybrid-ir[openvino]'")


def test_what_does_not_go_together_is_refused() -> None:
    for message, options in {
        "the precision int8 needs --runtime openvino": {"precision": "int8"},
        "--runtime openvino computes on the CPU, not on 'cuda:1'": {"runtime": "openvino", "device": "cuda:1"},
        "unknown runtime 'onnx'": {"runtime": "onnx"},
    }.items():
        with pytest.raises(UserError, match=message):
            EncoderOptions(**options)


def test_vectors_know_what_computed_them(tiny: Path) -> None:
    by_torch, ours = (Encoder.load(tiny, runtime=runtime).identity for runtime in ("torch", "openvino"))
    older = {key: value for key, value in by_torch.items() if key != "runtime"}  # as version 0.1 records it
    check_identity(older, by_torch, "the index", "tiny")
    for made, asked, option in ((older, ours, "torch"), (ours, by_torch, "openvino")):
        with pytest.raises(UserError, match=f"give --runtime '{option}', or make it anew"):
            check_identity(made, asked, "the index", "tiny")


def test_int8_is_fitted_to_texts_that_come_with_the_package_and_no_benchmark_asks_for(tiny: Path) -> None:
    texts = calibration_texts()
    assert {kind: len(some) for kind, some in texts.items()} == {"passage": 48, "query": 48}
    assert COLLECTION == "hybrid-demo-train"
    encoder = Encoder.load(tiny)
    tokens, again = (calibration_tokens(encoder.tokenize, len(encoder.tokenizer)) for _ in range(2))
    assert np.array_equal(tokens.ids, again.ids)
    real, drawn = tokens[0], tokens[96]
    assert np.array_equal(real, encoder.tokenize(texts["passage"][:1], "passage")[0])
    assert real[[0, -1]].tolist() == drawn[[0, -1]].tolist()
    assert (real != drawn).mean() > 0.5


def test_evaluate_takes_it(tiny: Path, tmp_path: Path) -> None:
    options = f"--encoder {tiny} --runtime openvino --precision int8"
    run_cli(*f"evaluate hybrid-demo/multi/de --measures AP --output {tmp_path / 'scores'} {options}".split())
    scores = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert (scores["identity"]["runtime"], scores["identity"]["precision"]) == ("openvino", "int8")


def test_nobody_is_told_about_it(tiny: Path) -> None:
    by_openvino(tiny, precision="int8").encode(TEXTS[:2], "query")
    assert "openvino" in sys.modules
    assert "openvino_telemetry" not in sys.modules
