"""A merged checkpoint lies between its checkpoints, is everyone's, and says what it was made from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from torch import nn
from transformers import AutoTokenizer, BertConfig, BertModel, T5Config, T5EncoderModel

from hybrid_plugin.cli.main import application
from hybrid_plugin.encoding.dense import Dense
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.load import DENSE
from hybrid_plugin.encoding.transforms.centring import Centring
from hybrid_plugin.encoding.transforms.fitted import FILE, FittedTransform, probe_of
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.seen import seen_in_training, trained_on
from hybrid_plugin.files import SCORES, write_json
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.card import CARD, write_card
from hybrid_plugin.training.merging import _difference_of_weights, _spherical, merge

TEXTS = ["Who was Ada Lovelace?", "量子力学是什么？", "a " * 300]
DEMO = {"name": "hybrid-demo", "origins": ["hybrid-demo"], "rows": 3, "languages": ["de", "en"], "checksum": "sha256:1"}
OTHER = {"name": "pairs.jsonl", "origins": ["mine"], "rows": 4, "languages": ["en", "zh"], "checksum": "sha256:2"}

Made = Callable[..., Path]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.fixture(scope="module")
def made(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Makes checkpoints with weights of their own, without training."""

    def make(seed: int, dense: bool = False, record: dict[str, Any] | None = None, **options: Any) -> Path:
        encoder = Encoder.load(tiny, device="cpu", **options)
        torch.manual_seed(seed)
        if dense:
            encoder.model.add_module(DENSE, nn.Sequential(Dense(128, 16, True, nn.Tanh())))
        with torch.no_grad():
            for weight in encoder.model.parameters():
                weight += 0.02 * torch.randn_like(weight)
        folder = tmp_path_factory.mktemp("made") / f"seed-{seed}"
        encoder.save(folder, record)
        return folder

    return make


@pytest.fixture(scope="module")
def mono(made: Made) -> Path:
    record = {"base_model": "tiny", "strategy": "mono", "alpha": 1.0, "seed": 3, "sources": [DEMO]}
    return made(1, record=record, query_prefix="query:", passage_prefix="passage:")


@pytest.fixture(scope="module")
def cross(made: Made) -> Path:
    record = {"base_model": "tiny", "strategy": "cross", "alpha": 0.0, "seed": 3, "sources": [DEMO, OTHER]}
    return made(2, record=record, query_prefix="query:", passage_prefix="passage:")


def test_linear_is_the_weighted_mean_of_every_tensor(mono: Path, cross: Path, made: Made, tmp_path: Path) -> None:
    third = made(3, query_prefix="query:", passage_prefix="passage:")
    merge([mono, cross, third], tmp_path / "out", weights=[1, 2, 5])
    found, one, two, three = map(weights, (tmp_path / "out", mono, cross, third))
    assert found.keys() == one.keys()
    for name in found:
        assert torch.allclose(found[name], one[name] / 8 + two[name] / 4 + three[name] * 5 / 8, atol=1e-7), name
        assert found[name].dtype == torch.float32


def test_spherical_is_the_arc_between_two_tensors(mono: Path, cross: Path, tmp_path: Path) -> None:
    merge([mono, cross], tmp_path / "out", weights=[3, 1], method="spherical")
    found, one, two = map(weights, (tmp_path / "out", mono, cross))
    bent = 0
    for name in found:
        start, end = (weight[name].double().flatten().numpy() for weight in (one, two))
        directions = np.stack([start / np.linalg.norm(start), end / np.linalg.norm(end)], 1)
        cosine = float(directions[:, 0] @ directions[:, 1])
        if abs(cosine) > 0.9995:
            expected = 0.75 * start + 0.25 * end
        else:  # a quarter of the way round from the first direction, in terms of both
            aside = directions[:, 1] - cosine * directions[:, 0]
            angle = np.arccos(cosine) / 4
            there = np.cos(angle) * directions[:, 0] + np.sin(angle) * aside / np.linalg.norm(aside)
            expected = np.stack([start, end], 1) @ np.linalg.lstsq(directions, there, rcond=None)[0]
            bent += 1
        np.testing.assert_allclose(found[name].flatten(), expected, atol=1e-6, err_msg=name)
    assert bent > len(found) / 2


def test_a_third_of_a_right_angle() -> None:
    found = _spherical([torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])], [2 / 3, 1 / 3])
    assert torch.allclose(found, torch.tensor([[2 * 0.8660254, 0.5]]))
    opposite = _spherical([torch.tensor([1.0, 1.0]), torch.tensor([-1.0, -1.0])], [0.5, 0.5])
    assert torch.equal(opposite, torch.zeros(2))
    assert torch.equal(_spherical([torch.zeros(2), torch.ones(2)], [0.5, 0.5]), torch.full((2,), 0.5))


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_a_checkpoint_merged_with_itself_is_itself(method: str, mono: Path, tmp_path: Path) -> None:
    merged = merge([mono, mono], tmp_path / "out", weights=[0.3, 0.7], method=method)
    assert all(torch.equal(found, weights(mono)[name]) for name, found in weights(tmp_path / "out").items())
    assert np.array_equal(merged.encode(TEXTS, "query"), Encoder.load(mono).encode(TEXTS, "query"))


def test_sentence_transformers_gives_the_same_vectors(made: Made, tmp_path: Path) -> None:
    both = [made(seed, dense=True, query_prefix="query:", max_length=20) for seed in (4, 5)]
    merged = merge(both, tmp_path / "out")
    found, one, two = (load_file(folder / "2_Dense" / "model.safetensors") for folder in (tmp_path / "out", *both))
    assert all(torch.allclose(found[name], (one[name] + two[name]) / 2, atol=1e-7) for name in one)
    theirs = SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(TEXTS, prompt_name="query")
    np.testing.assert_allclose(merged.encode(TEXTS, "query"), theirs, atol=1e-6)
    assert merged.dimension == 16


def test_tied_weights_stay_tied(tiny: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    for seed in (1, 2):
        torch.manual_seed(seed)
        config = T5Config(vocab_size=len(tokenizer), d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
        T5EncoderModel(config).save_pretrained(tmp_path / str(seed))
        tokenizer.save_pretrained(tmp_path / str(seed))
    models = [Encoder.load(tmp_path / name).model for name in ("1", "2")]
    merged = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "out", [0.25, 0.75]).model
    one, two, found = (model.shared.weight for model in (*models, merged))  # type: ignore[union-attr]
    assert torch.allclose(found, one / 4 + two * 3 / 4, atol=1e-6)
    assert merged.shared.weight is merged.encoder.embed_tokens.weight  # type: ignore[union-attr]


def test_the_record_keeps_what_was_trained_on(mono: Path, cross: Path, tmp_path: Path) -> None:
    merge([mono, cross], tmp_path / "out", weights=[1, 3], method="spherical")
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["sources"] == [DEMO, OTHER]
    assert record["languages"] == ["de", "en", "zh"]
    assert trained_on(record) == {"hybrid-demo", "mine"}
    assert seen_in_training(record, load_benchmark("hybrid-demo"))["zero_shot"] is False
    assert (record["base_model"], record["strategy"], record["alpha"], record["seed"]) == ("tiny", "merge", None, 3)
    assert record["merged"]["method"] == "spherical"
    assert [part["strategy"] for part in record["merged"]["checkpoints"]] == ["mono", "cross"]
    assert [part["weight"] for part in record["merged"]["checkpoints"]] == [0.25, 0.75]
    checksums = [Encoder.load(folder).identity["weights"] for folder in (mono, cross)]
    assert [part["checksum"] for part in record["merged"]["checkpoints"]] == checksums
    assert (record["query_prefix"], record["passage_prefix"]) == ("query: ", "passage: ")
    assert Encoder.load(tmp_path / "out").record["sources"] == record["sources"]


def test_a_model_that_we_did_not_train_is_its_own_base(tiny: Path, made: Made, tmp_path: Path) -> None:
    other = made(6, record={"base_model": "elsewhere", "strategy": "hybrid", "alpha": 0.5, "seed": 1, "sources": []})
    record = merge([tiny, other], tmp_path / "out").record
    assert record["base_model"] == f"{tiny} + elsewhere"
    assert record["seed"] is None


def test_the_card_says_what_was_merged(mono: Path, cross: Path, tmp_path: Path) -> None:
    merge([mono, cross], tmp_path / "out", weights=[1, 3])
    card = ModelCard.load(tmp_path / "out" / CARD)
    assert card.data.language == ["de", "en", "zh"]
    assert "merged from 2 checkpoints" in card.text
    assert f"| `{cross}` | 0.75 | cross | 0 | 3 | `tiny` |" in card.text
    assert "| pairs.jsonl | mine | 4 | en, zh |" in card.text
    settings = {"multi": {"AP": 0.5}}
    about = {"benchmark": "hybrid-demo", "zero_shot": False, "settings": settings}
    write_json(tmp_path / SCORES, about | {"identity": Encoder.load(tmp_path / "out").identity})
    assert "| hybrid-demo | no: trained on it |" in write_card(tmp_path / "out", [tmp_path]).read_text(encoding="utf-8")


def test_nothing_finished_is_replaced_unasked(mono: Path, cross: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge([mono, cross], out)
    before = (out / RECORD).read_bytes()
    with pytest.warns(AlreadyDone, match="is done already"):
        again = merge([mono, cross], out, weights=[2, 2])
    assert again.record["merged"]["checkpoints"][0]["weight"] == 0.5
    with pytest.raises(UserError, match=r"weight 1 was 0\.5, is 0\.25"):
        merge([mono, cross], out, weights=[1, 3])
    with pytest.raises(UserError, match="method was linear, is spherical"):
        merge([mono, cross], out, method="spherical")
    assert (out / RECORD).read_bytes() == before
    merge([mono, cross], out, method="spherical", overwrite=True)
    assert (out / RECORD).read_bytes() != before
    with pytest.raises(UserError, match="is one of the checkpoints to merge"):
        merge([mono, out], out, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(UserError, match="not ours to replace"):
        merge([mono, cross], tmp_path / "mine", overwrite=True)


def test_a_transform_is_dropped_with_a_warning(mono: Path, cross: Path, tmp_path: Path) -> None:
    centred = Path(shutil.copytree(mono, tmp_path / "centred"))
    plain = Encoder.load(mono)
    kind = Centring.fit({"en": plain.encode(TEXTS, "passage")})
    FittedTransform(kind, {"name": "centring", "encoder": "mono"}, probe_of(plain)).save(centred / FILE)
    with pytest.warns(UserWarning, match="merging drops the transform of '.*centred'"):
        merged = merge([centred, cross], tmp_path / "out")
    assert merged.transform is None
    assert not (tmp_path / "out" / FILE).exists()
    assert merged.record["merged"]["checkpoints"][0]["transform_dropped"]["name"] == "centring"


def test_what_cannot_be_merged_is_named(mono: Path, cross: Path, made: Made, tiny: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    narrow, larger = tmp_path / "narrow", tmp_path / "larger"
    options = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(tokenizer), **options), add_pooling_layer=False).save_pretrained(narrow)
    tokenizer.save_pretrained(narrow)
    shutil.copytree(tiny, larger)
    path = larger / "tokenizer.json"
    rules = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = rules["model"]["vocab"]
    first, second = list(vocabulary)[10:12]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    path.write_text(json.dumps(rules), encoding="utf-8")
    settings = {"query_prefix": "query:", "passage_prefix": "passage:"}
    t5 = tmp_path / "t5"
    T5EncoderModel(T5Config(vocab_size=8, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)).save_pretrained(t5)
    tokenizer.save_pretrained(t5)
    for checkpoints, says in (
        ([tiny, t5], f"'{tiny}' and '{t5}' cannot be merged: their architectures are BertModel and T5EncoderModel"),
        ([tiny, narrow], "their configurations differ in"),
        ([tiny, larger], "their tokenizers differ in the vocabulary"),
        ([mono, made(7, **settings, pooling="cls")], "their settings differ in pooling, 'mean' and 'cls'"),
        ([mono, made(7, query_prefix="query:")], "their settings differ in passage prefix, 'passage: ' and ''"),
        ([mono, made(7, **settings, max_length=20)], "their settings differ in max length, '128' and '20'"),
        ([mono, made(7, **settings, dense=True)], "has a Dense layer after pooling, which '"),
    ):
        with pytest.raises(UserError) as raised:
            merge(checkpoints, tmp_path / "out")
        assert says in str(raised.value)
    for arguments, says in (
        (([mono],), "two checkpoints or more, not 1"),
        (([mono, cross, mono], tmp_path / "out", None, "spherical"), "spherical takes two checkpoints, not 3"),
        (([mono, cross], tmp_path / "out", None, "circular"), "unknown method 'circular'; known: linear, spherical"),
        (([mono, cross], tmp_path / "out", [1]), r"there are 1 weights (1) for 2 checkpoints"),
        (([mono, cross], tmp_path / "out", [1, -1]), "the weights are 1 -1; none may be below 0"),
        (([mono, cross], tmp_path / "out", [0, 0]), "one at least is above"),
        (([mono, cross], tmp_path / "out", [1, float("nan")]), "the weights are 1 nan"),
    ):
        with pytest.raises(UserError) as raised:
            merge(*(arguments if len(arguments) > 1 else (*arguments, tmp_path / "out")))
        assert says in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_fit_each_other_are_named() -> None:
    one = {"a": torch.zeros(2), "n": torch.tensor([1, 2])}
    assert _difference_of_weights(one, {"a": torch.ones(2), "n": torch.tensor([1, 2])}) == ""
    assert "shapes of a are [2] and [3]" in _difference_of_weights(one, one | {"a": torch.zeros(3)})
    assert "the whole numbers in n differ" in _difference_of_weights(one, one | {"n": torch.tensor([1, 3])})
    assert "only one has the weight b (1 such in all)" in _difference_of_weights(one, one | {"b": torch.zeros(1)})


def test_the_command_merges(mono: Path, cross: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("merge", mono, cross, "--weights", 0.25, 0.75, "--method", "spherical", "--output", tmp_path / "out")
    call, bound, _ = application().parse_args([str(word) for word in words])
    call(*bound.args, **bound.kwargs)
    assert capsys.readouterr().out == f"checkpoint: {tmp_path / 'out'}\n"
    assert Encoder.load(tmp_path / "out").record["merged"]["checkpoints"][1]["weight"] == 0.75
