"""Vectors are those of the model's own files, and a checkpoint is everyone's."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

from hybrid_plugin.encoding.batching import Counts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.settings import EncoderSettings, as_prefix
from hybrid_plugin.errors import UserError

TEXTS = [
    "Who was Ada Lovelace?",
    "量子力学是什么？",
    "Wer schrieb das erste Programm, und wann wurde es veröffentlicht?",
    "كم",
    "a " * 300,
    "Which river flows through Vienna, Budapest and Belgrade before it reaches the Black Sea?",
]
BLANKS = ["  who?", "who? ", "\twho?\t", "\nwho\n\nwas\r\n she?\r\n", "\u3000谁 ", " ", "\t \n", ""]
LONG = "one two three four five six seven eight nine ten " * 20


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny encoder to change."""
    return Path(shutil.copytree(tiny, tmp_path / "model"))


def plain_vectors(folder: Path, texts: list[str], pooling: str, max_length: int) -> np.ndarray:
    """What transformers alone makes of each text by itself."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    rows = []
    for text in texts:
        ids = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            hidden = model(input_ids=ids).last_hidden_state[0]
        pooled = {"mean": hidden.mean(0), "cls": hidden[0], "last": hidden[-1]}[pooling]
        rows.append((pooled / pooled.norm()).numpy())
    return np.stack(rows)


def change_json(path: Path, **changes: Any) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(value | changes), encoding="utf-8")


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_vectors_are_those_of_transformers(tiny: Path, pooling: str) -> None:
    encoder = Encoder.load(tiny, pooling=pooling, query_prefix="query:", max_length=20)
    expected = plain_vectors(tiny, [f"query: {text}" for text in TEXTS], pooling, 20)
    found = encoder.encode(TEXTS, "query")
    assert np.allclose(found, expected, atol=1e-6)
    assert np.abs(found - encoder.encode(TEXTS, "passage")).max() > 1e-3


def test_the_three_poolings_differ(tiny: Path) -> None:
    found = [Encoder.load(tiny, pooling=pooling).encode(TEXTS[:1], "query") for pooling in ("mean", "cls", "last")]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(found[one] - found[other]).max() > 1e-3


def test_vectors_are_float32_of_unit_length_in_the_order_of_the_texts(encoder: Encoder) -> None:
    texts = [TEXTS[place] for place in (3, 0, 3, 5, 2, 4, 1, 0)]
    found = encoder.encode(texts, "passage")
    assert found.dtype == np.float32
    assert found.shape == (8, encoder.dimension)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    alone = np.concatenate([encoder.encode([text], "passage") for text in texts])
    assert np.allclose(found, alone, atol=1e-6)


def test_the_same_text_has_the_same_vector_bit_for_bit_within_a_call(encoder: Encoder) -> None:
    texts = [f"{word} {'and more ' * (number % 7)}" for number, word in enumerate("ab" * 100)]
    found = encoder.encode([TEXTS[0], *texts, TEXTS[0], *texts[::-1], TEXTS[0]], "query")
    assert (found[[0, 201, 402]] == found[0]).all()
    assert (found[1:201] == found[202:402][::-1]).all()


@pytest.mark.parametrize("batch_tokens", [1, 9, 50, 100_000])
def test_the_size_of_batches_does_not_matter(encoder: Encoder, batch_tokens: int) -> None:
    texts = [*TEXTS, *(f"{text} {number}" for number, text in enumerate(TEXTS))]
    found = replace(encoder, batch_tokens=batch_tokens, counts=Counts()).encode(texts, "query")
    assert np.allclose(found, encoder.encode(texts, "query"), atol=1e-6)


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    found = encoder.encode([], "query")
    assert found.shape == (0, encoder.dimension)
    assert found.dtype == np.float32


def test_an_empty_text_has_a_vector(encoder: Encoder) -> None:
    assert np.isfinite(encoder.encode(["", " "], "query")).all()


def test_training_mode_does_not_touch_vectors(encoder: Encoder) -> None:
    before = encoder.encode(TEXTS, "query")
    encoder.model.train()
    assert np.array_equal(encoder.encode(TEXTS, "query"), before)


@pytest.mark.parametrize(
    ("typed", "joined"), [("query:", "query: "), ("query: ", "query: "), ("", ""), ("问：\n", "问：\n")]
)
def test_a_prefix_is_joined_with_one_space(tiny: Path, typed: str, joined: str) -> None:
    assert as_prefix(typed) == joined
    encoder = Encoder.load(tiny, query_prefix=typed, passage_prefix="passage:")
    assert encoder.settings.query_prefix == joined
    assert encoder.tokenize(["  who? "], "query")[0].tolist() == encoder.tokenizer(f"{joined}  who? ")["input_ids"]
    assert encoder.tokenize(["she"], "passage")[0].tolist() == encoder.tokenizer("passage: she")["input_ids"]


def test_a_folder_without_a_word_has_mean_pooling_no_prefix_and_the_models_length(tiny: Path) -> None:
    assert Encoder.load(tiny).settings == EncoderSettings("mean", "", "", 128)
    assert Encoder.load(str(tiny)).settings == EncoderSettings("mean", "", "", 128)


def test_a_long_model_is_cut_where_pyserini_cuts_unless_it_says_otherwise(copy: Path) -> None:
    long_model(copy)
    assert Encoder.load(copy).settings.max_length == 256
    assert Encoder.load(copy, max_length=300).settings.max_length == 300
    with pytest.raises(UserError, match=r"max length is 301, but '.*' takes at most 300 tokens"):
        Encoder.load(copy, max_length=301)


def long_model(folder: Path, **changes: Any) -> None:
    """Replace the weights by those of a model of 300 positions."""
    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=vocabulary, max_position_embeddings=300, **sizes)).save_pretrained(folder)
    change_json(folder / "tokenizer_config.json", model_max_length=1000, **changes)


def test_a_roberta_takes_as_many_tokens_as_it_has_usable_positions(copy: Path) -> None:
    vocabulary = json.loads((copy / "config.json").read_text())["vocab_size"]
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = XLMRobertaConfig(vocab_size=vocabulary, max_position_embeddings=66, pad_token_id=1, **sizes)
    XLMRobertaModel(config).save_pretrained(copy)
    encoder = Encoder.load(copy)
    assert encoder.settings.max_length == 64
    assert len(encoder.tokenize([LONG], "query")[0]) == 64
    assert np.isfinite(encoder.encode([LONG], "query")).all()


@pytest.mark.parametrize(("mode", "pooling"), [("mean", "mean"), ("cls", "cls"), ("lasttoken", "last")])
@pytest.mark.parametrize("max_length", [24, None])
def test_a_folder_of_sentence_transformers_gives_its_vectors(
    copy: Path, tmp_path: Path, mode: str, pooling: str, max_length: int | None
) -> None:
    long_model(copy)
    transformer = Transformer(str(copy), max_seq_length=max_length)
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), mode)]
    prompts = {"query": "query: ", "document": "passage: "}
    theirs = SentenceTransformer(modules=modules, prompts=prompts, device="cpu")
    theirs.save(str(tmp_path / "st"))
    ours = Encoder.load(tmp_path / "st")
    assert ours.settings == EncoderSettings(pooling, "query: ", "passage: ", max_length or 300)
    texts = [*TEXTS, LONG * 3]
    for kind, prompt in (("query", "query"), ("passage", "document")):
        expected = theirs.encode(texts, prompt_name=prompt, normalize_embeddings=True)
        assert np.allclose(ours.encode(texts, kind), expected, atol=1e-5)


def assert_blanks_count_as_there(ours: Encoder, theirs: SentenceTransformer) -> None:
    """The same vectors of texts with blanks around them, which other texts than those without them have."""
    for kind, prompt in (("query", "query"), ("passage", "document")):
        expected = theirs.encode(BLANKS, prompt_name=prompt, normalize_embeddings=True)
        found = ours.encode(BLANKS, kind)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        stripped = ours.encode([text.strip() for text in BLANKS], kind)
        assert np.abs(found - stripped).max() > 1e-3


@pytest.mark.parametrize("mode", ["mean", "cls", "lasttoken"])
@pytest.mark.parametrize("prompts", [{"query": "query: ", "document": "passage: "}, {"query": "", "document": ""}])
def test_blanks_around_a_text_count_as_in_sentence_transformers(
    tiny: Path, tmp_path: Path, mode: str, prompts: dict[str, str]
) -> None:
    transformer = Transformer(str(tiny))
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), mode)]
    theirs = SentenceTransformer(modules=modules, prompts=prompts, device="cpu")
    theirs.save(str(tmp_path / "theirs"))
    ours = Encoder.load(tmp_path / "theirs")
    assert_blanks_count_as_there(ours, theirs)
    (tmp_path / "ours").mkdir()
    ours.save(tmp_path / "ours")
    assert_blanks_count_as_there(ours, SentenceTransformer(str(tmp_path / "ours"), device="cpu"))


def test_blanks_count_in_a_real_encoder_as_in_sentence_transformers(e5: Path) -> None:
    transformer = Transformer(str(e5))
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), "mean")]
    prompts = {"query": "query: ", "document": "passage: "}
    theirs = SentenceTransformer(modules=modules, prompts=prompts, device="cpu")
    ours = Encoder.load(e5, query_prefix="query:", passage_prefix="passage:", precision="float32", device="cpu")
    assert_blanks_count_as_there(ours, theirs)


def old_layout(
    folder: Path, pooling: dict[str, object], *, subfolder: str = "", length: int | None = 24, extra: str = ""
) -> None:
    """Write what sentence-transformers 2 wrote beside a transformer."""
    if subfolder:
        (folder / subfolder).mkdir()
        for path in list(folder.iterdir()):
            if path.is_file():
                path.rename(folder / subfolder / path.name)
    kinds = [("Transformer", subfolder), ("Pooling", "1_Pooling"), *([(extra, f"2_{extra}")] if extra else [])]
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (kind, path) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    flags = {
        "word_embedding_dimension": 128,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags | pooling))
    settings = {"max_seq_length": length, "do_lower_case": False}
    (folder / subfolder / "sentence_bert_config.json").write_text(json.dumps(settings))
    prompts = {"query": "frage: ", "passage": "text: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))


@pytest.mark.parametrize("subfolder", ["", "0_Transformer"])
@pytest.mark.parametrize(("flag", "pooling"), [("mean_tokens", "mean"), ("cls_token", "cls"), ("lasttoken", "last")])
def test_a_folder_of_old_sentence_transformers_gives_its_vectors(
    copy: Path, subfolder: str, flag: str, pooling: str
) -> None:
    off = dict.fromkeys(("pooling_mode_mean_tokens", "pooling_mode_cls_token"), False)
    old_layout(copy, off | {f"pooling_mode_{flag}": True}, subfolder=subfolder, extra="Normalize")
    (copy / "2_Normalize").mkdir()
    ours = Encoder.load(copy)
    assert ours.settings == EncoderSettings(pooling, "frage: ", "text: ", 24)
    theirs = SentenceTransformer(str(copy), device="cpu")
    for kind in ("query", "passage"):
        assert np.allclose(ours.encode(TEXTS, kind), theirs.encode(TEXTS, prompt_name=kind), atol=1e-5)


def test_what_the_user_says_overrides_what_the_files_say(copy: Path) -> None:
    old_layout(copy, {"pooling_mode_cls_token": True})
    loaded = Encoder.load(copy, pooling="mean", query_prefix="", passage_prefix="p:", max_length=16)
    assert loaded.settings == EncoderSettings("mean", "", "p: ", 16)
    loaded.save(copy)
    assert Encoder.load(copy).settings == loaded.settings
    assert Encoder.load(copy, max_length=8, query_prefix="q:").settings == EncoderSettings("mean", "q: ", "p: ", 8)


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_a_checkpoint_loads_everywhere_with_the_same_vectors(tiny: Path, tmp_path: Path, pooling: str) -> None:
    ours = Encoder.load(tiny, pooling=pooling, query_prefix="query:", passage_prefix="Passage:", max_length=30)
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    ours.save(folder, {"seed": 3})
    again = Encoder.load(folder)
    assert again.settings == ours.settings
    assert again.record["seed"] == 3
    assert json.loads((folder / RECORD).read_text(encoding="utf-8"))["normalize"] is True
    theirs = SentenceTransformer(str(folder), device="cpu")
    for kind, prompt, prefix in (("query", "query", "query: "), ("passage", "document", "Passage: ")):
        vectors = ours.encode(TEXTS, kind)
        assert np.array_equal(again.encode(TEXTS, kind), vectors)
        assert np.allclose(theirs.encode(TEXTS, prompt_name=prompt), vectors, atol=1e-5)
        plain = plain_vectors(folder, [prefix + text for text in TEXTS], pooling, 30)
        assert np.allclose(plain, vectors, atol=1e-5)
    assert not list(folder.rglob("*.bin"))


def refusal(folder: Path | str, **options: Any) -> str:
    """The one sentence with which loading is refused."""
    with pytest.raises(UserError) as raised:
        Encoder.load(folder, **options)
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


@pytest.mark.parametrize("name", ["nowhere", "/nowhere/at/all", "a/b/c"])
def test_a_folder_that_does_not_exist_is_refused(name: str) -> None:
    assert refusal(name).startswith(f"there is no encoder folder '{name}'")


def test_a_file_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "model").touch()
    assert "there is no encoder folder" in refusal(tmp_path / "model")


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        (["config.json"], "has no config.json"),
        (["tokenizer.json", "tokenizer_config.json"], "has no tokenizer"),
        (["tokenizer.json"], "cannot load the encoder"),
        (["model.safetensors"], "has no weights (model.safetensors)"),
    ],
)
def test_a_folder_that_lacks_a_file_is_refused(copy: Path, removed: list[str], message: str) -> None:
    for name in removed:
        (copy / name).unlink()
    found = refusal(copy)
    assert str(copy) in found
    assert message in found


@pytest.mark.parametrize("size", [0, 5, 5000, 100_000])
def test_truncated_weights_are_refused(copy: Path, size: int) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    assert f"cannot load the encoder '{copy}': " in refusal(copy)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", RECORD, "modules.json"])
def test_a_file_that_is_not_json_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_text("{")
    assert str(copy) in refusal(copy)


def test_weights_that_lack_a_layer_are_refused_rather_than_drawn_at_random(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layer.1.attention" not in name}
    assert 0 < len(kept) < len(weights)
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})
    assert f"lack encoder.layer.1.attention.output.LayerNorm.bias ({len(weights) - len(kept)} in all)" in refusal(copy)


def test_pickled_weights_are_refused_until_allowed(copy: Path, encoder: Encoder) -> None:
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    assert "are a Python pickle" in refusal(copy)
    allowed = Encoder.load(copy, allow_pickle=True)
    assert np.array_equal(allowed.encode(TEXTS, "query"), encoder.encode(TEXTS, "query"))
    (copy / "pytorch_model.bin").write_bytes(b"no pickle at all")
    assert "are a Python pickle" in refusal(copy)


def test_safe_weights_beside_a_pickle_are_the_ones_loaded(copy: Path, encoder: Encoder) -> None:
    (copy / "pytorch_model.bin").write_bytes(b"never to be read")
    assert np.array_equal(Encoder.load(copy).encode(TEXTS, "query"), encoder.encode(TEXTS, "query"))


@pytest.fixture
def with_code(copy: Path) -> Path:
    """The tiny encoder with a configuration and a model of its own, whose code leaves a file when it is run."""
    (copy / "modeling_own.py").write_text(
        f"""
import pathlib

from transformers import BertConfig, BertModel

pathlib.Path({str(copy / "was_run")!r}).touch()


class OwnConfig(BertConfig):
    model_type = "own"


class OwnModel(BertModel):
    config_class = OwnConfig
"""
    )
    code = {"AutoConfig": "modeling_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    change_json(copy / "config.json", model_type="own", auto_map=code)
    return copy


def test_code_that_comes_with_a_model_is_run_only_where_it_is_trusted(with_code: Path, encoder: Encoder) -> None:
    assert refusal(with_code) == (
        f"'{with_code}' comes with Python code of its own (auto_map in config.json), which is not run; "
        "pass --trust-remote-code if you trust its author"
    )
    assert not (with_code / "was_run").exists()
    trusted = Encoder.load(with_code, trust_remote_code=True)
    assert (with_code / "was_run").exists()
    assert type(trusted.model).__name__ == "OwnModel"
    assert np.array_equal(trusted.encode(TEXTS, "query"), encoder.encode(TEXTS, "query"))


def test_a_model_with_code_is_refused_even_where_transformers_would_load_another_in_its_place(with_code: Path) -> None:
    change_json(with_code / "config.json", model_type="bert", auto_map={"AutoModel": "modeling_own.OwnModel"})
    assert "comes with Python code of its own (auto_map in config.json)" in refusal(with_code)
    assert not (with_code / "was_run").exists()


@pytest.mark.parametrize("code", [{"AutoTokenizer": ["own.OwnTokenizer", None]}, ["own.OwnTokenizer", None]])
def test_a_tokenizer_with_code_is_refused(copy: Path, code: object) -> None:
    change_json(copy / "tokenizer_config.json", auto_map=code)
    assert "comes with Python code of its own (auto_map in tokenizer_config.json)" in refusal(copy)


def test_code_for_another_use_of_a_model_is_no_obstacle(with_code: Path, encoder: Encoder) -> None:
    code = {"AutoModelForMaskedLM": "modeling_own.OwnModel"}
    change_json(with_code / "config.json", model_type="bert", auto_map=code)
    assert np.array_equal(Encoder.load(with_code).encode(TEXTS, "query"), encoder.encode(TEXTS, "query"))
    assert not (with_code / "was_run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "max"}, "unknown pooling 'max'; known: mean, cls, last"),
        ({"pooling": ""}, "unknown pooling ''"),
        ({"max_length": 129}, "max length is 129, but "),
        ({"max_length": 3}, "max length is 3; it must be at least 4 tokens"),
        ({"max_length": 0}, "max length is 0; it must be at least 4 tokens"),
        ({"precision": "float16"}, "unknown precision 'float16'; known: float32, bfloat16"),
        ({"device": "abacus"}, "cannot use the device 'abacus'"),
        ({"device": "cuda:99"}, "cannot use the device 'cuda:99'"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(tiny: Path, options: dict[str, Any], message: str) -> None:
    assert message in refusal(tiny, **options)


def test_modules_after_pooling_are_refused_unless_pooling_is_chosen(copy: Path) -> None:
    old_layout(copy, {"pooling_mode_cls_token": True}, extra="LayerNorm")
    message = refusal(copy)
    assert "Transformer, Pooling, LayerNorm; only Transformer, Pooling, Dense and Normalize, in this order" in message
    assert Encoder.load(copy, pooling="cls").settings.pooling == "cls"


def dense(folder: Path, *, inputs: int = 128, weights: bool = True, **config: Any) -> None:
    """A Dense layer in the layout of sentence-transformers 2, after pooling."""
    old_layout(folder, {"pooling_mode_cls_token": True}, extra="Dense")
    (folder / "2_Dense").mkdir()
    Dense(inputs, 16).save(str(folder / "2_Dense"))
    change_json(folder / "2_Dense" / "config.json", **config)
    if not weights:
        torch.save(load_file(folder / "2_Dense" / "model.safetensors"), folder / "2_Dense" / "pytorch_model.bin")
        (folder / "2_Dense" / "model.safetensors").unlink()


@pytest.mark.parametrize("activation", ["torch.nn.modules.activation.ReLU", "torch.nn.modules.linear.Identity"])
def test_a_dense_layer_of_an_old_folder_gives_its_vectors(copy: Path, tmp_path: Path, activation: str) -> None:
    dense(copy, activation_function=activation)
    ours = Encoder.load(copy)
    theirs = SentenceTransformer(str(copy), device="cpu")
    expected = theirs.encode(TEXTS, prompt_name="query", normalize_embeddings=True)
    assert np.allclose(ours.encode(TEXTS, "query"), expected, atol=1e-5)
    (tmp_path / "ours").mkdir()
    ours.save(tmp_path / "ours")
    assert np.allclose(Encoder.load(tmp_path / "ours").encode(TEXTS, "query"), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": False}, "has no 2_Dense/model.safetensors; pass --allow-pickle"),
        ({"inputs": 64}, "2_Dense/config.json takes 64 dimensions and is given 128"),
        ({"out_features": 17}, "cannot load the Dense layer"),
        ({"out_features": "many"}, "does not describe a Dense layer"),
        ({"use_residual": True}, "asks for more than a linear layer"),
        ({"activation_function": "os.system"}, "has the activation 'os.system', which is no module of torch.nn"),
        ({"activation_function": "torch.nn.Parameter"}, "has the activation 'torch.nn.Parameter'"),
    ],
)
def test_a_dense_layer_that_we_cannot_apply_is_refused(copy: Path, options: dict[str, Any], message: str) -> None:
    dense(copy, **options)
    assert message in refusal(copy)


def test_a_pickled_dense_layer_is_refused_until_allowed(copy: Path) -> None:
    dense(copy)
    expected = Encoder.load(copy).encode(TEXTS, "query")
    torch.save(load_file(copy / "2_Dense" / "model.safetensors"), copy / "2_Dense" / "pytorch_model.bin")
    (copy / "2_Dense" / "model.safetensors").unlink()
    assert np.array_equal(Encoder.load(copy, allow_pickle=True).encode(TEXTS, "query"), expected)
    (copy / "2_Dense" / "config.json").unlink()
    assert "has no 2_Dense/config.json" in refusal(copy, allow_pickle=True)


def test_prompts_left_out_of_pooling_are_refused_unless_there_are_none(copy: Path) -> None:
    old_layout(copy, {"pooling_mode_mean_tokens": True, "include_prompt": False})
    assert "leaves its prompts out of pooling (include_prompt: false), which is not supported" in refusal(copy)
    theirs = SentenceTransformer(str(copy), device="cpu")
    bare = Encoder.load(copy, query_prefix="", passage_prefix="")
    assert np.allclose(bare.encode(TEXTS, "query"), theirs.encode(TEXTS, normalize_embeddings=True), atol=1e-5)
    assert Encoder.load(copy, pooling="mean").settings.query_prefix == "frage: "


def test_texts_are_lower_cased_where_sentence_transformers_does(copy: Path, tmp_path: Path) -> None:
    tokenizer = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"] = None  # or the tokenizer does it by itself
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    old_layout(copy, {"pooling_mode_mean_tokens": True})
    texts = ["Who wrote the FIRST program?", "ΟΔΟΣ ÉCOLE İstanbul"]
    cased = Encoder.load(copy).encode(texts, "query")
    change_json(copy / "sentence_bert_config.json", do_lower_case=True)
    change_json(copy / "config_sentence_transformers.json", prompts={"query": "Frage: "})
    (tmp_path / "ours").mkdir()
    Encoder.load(copy).save(tmp_path / "ours")
    for folder in (copy, tmp_path / "ours"):
        ours, theirs = Encoder.load(folder), SentenceTransformer(str(folder), device="cpu")
        expected = theirs.encode(texts, prompt_name="query", normalize_embeddings=True)
        assert np.allclose(ours.encode(texts, "query"), expected, atol=1e-5)
    assert np.abs(ours.encode(texts, "query") - cased).max() > 1e-3
    assert ours.record["auto_obstacle"] == "its texts are lower-cased before the tokenizer sees them"


@pytest.mark.parametrize(
    "modules",
    [[], {}, 3, ["Transformer"], [{"type": "a.Transformer"}], [{"path": ""}], [{"type": 1, "path": ""}]],
)
def test_a_list_of_modules_that_is_none_is_refused(copy: Path, modules: object) -> None:
    (copy / "modules.json").write_text(json.dumps(modules))
    assert refusal(copy).endswith("modules.json is not a list of modules, each with a type and a path")


@pytest.mark.parametrize(
    "name", [RECORD, "1_Pooling/config.json", "sentence_bert_config.json", "config_sentence_transformers.json"]
)
def test_a_file_that_is_no_object_is_refused(copy: Path, name: str) -> None:
    old_layout(copy, {"pooling_mode_cls_token": True})
    (copy / name).write_text("[1]")
    assert refusal(copy) == f"{copy}/{name} is not a JSON object"


def test_bfloat16_is_a_little_less_exact(tiny: Path, encoder: Encoder) -> None:
    reduced = Encoder.load(tiny, device="cpu", precision="bfloat16")
    found, exact = reduced.encode(TEXTS, "query"), encoder.encode(TEXTS, "query")
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert 1e-5 < np.abs(found - exact).max() < 1e-2
    assert Encoder.load(tiny, device="cpu").precision == "float32"
    assert {parameter.dtype for parameter in reduced.model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("pooling", "named"),
    [
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, "cls+mean"),
        ({"pooling_mode": ["cls", "mean"]}, "cls+mean"),
        ({"pooling_mode": "weightedmean"}, "weightedmean"),
    ],
)
def test_a_pooling_of_sentence_transformers_that_we_lack_is_refused(
    copy: Path, pooling: dict[str, object], named: str
) -> None:
    old_layout(copy, pooling)
    assert f"unknown pooling '{named}'" in refusal(copy)


@pytest.mark.parametrize("key", ["pooling", "query_prefix", "passage_prefix", "max_length"])
def test_a_checkpoint_that_lacks_a_setting_is_refused(encoder: Encoder, copy: Path, key: str) -> None:
    encoder.save(copy)
    record = json.loads((copy / RECORD).read_text())
    del record[key]
    (copy / RECORD).write_text(json.dumps(record))
    assert f"{RECORD} lacks '{key}'" in refusal(copy)


def test_vectors_that_are_not_finite_name_the_text(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    tokenizer = AutoTokenizer.from_pretrained(copy)
    words = set(tokenizer("zzz")["input_ids"]) - set(tokenizer(TEXTS[0])["input_ids"])
    weights["embeddings.word_embeddings.weight"][list(words)] = float("nan")
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    encoder = Encoder.load(copy)
    assert np.isfinite(encoder.encode(TEXTS[:1], "query")).all()
    with pytest.raises(UserError, match="gives a vector that is not finite for the passage 'zzz'"):
        encoder.encode([TEXTS[0], "zzz"], "passage")


def test_groups_of_similar_length_give_the_same_vectors_and_gradients(encoder: Encoder) -> None:
    ids = encoder.tokenize([text * (1 + number % 3) for number, text in enumerate(TEXTS * 10)], "query")
    weights = encoder.model.get_input_embeddings().weight
    found = []
    for forward in (encoder.forward, encoder.forward_by_length):
        encoder.model.eval().zero_grad()
        vectors = forward(ids)
        (vectors * torch.linspace(-1, 1, vectors.numel()).view_as(vectors)).sum().backward()
        found.append((vectors.detach(), weights.grad.clone()))
    encoder.model.zero_grad()
    assert torch.allclose(found[0][0], found[1][0], atol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-3)
    assert found[0][1].abs().max() > 0.1


def test_a_real_encoder_groups_by_length_and_heeds_its_prefix(e5: Path) -> None:
    plain, prefixed = Encoder.load(e5, query_prefix=""), Encoder.load(e5, query_prefix="query:")
    assert plain.dimension == 384
    ids = prefixed.tokenize(TEXTS, "query")
    with torch.inference_mode():
        assert torch.allclose(prefixed.forward_by_length(ids), prefixed.forward(ids), atol=1e-5)
    assert np.abs(plain.encode(TEXTS, "query") - prefixed.encode(TEXTS, "query")).max() > 1e-3
    question, answer, other = prefixed.encode(
        ["Wer war Ada Lovelace?", "Who was Ada Lovelace?", "How deep is the Black Sea?"], "query"
    )
    assert question @ answer > question @ other + 0.05


def test_cut_vectors_are_those_of_sentence_transformers(tiny: Path) -> None:
    whole = Encoder.load(tiny).encode(TEXTS, "passage")
    theirs = SentenceTransformer(str(tiny), device="cpu", truncate_dim=32)
    encoder = Encoder.load(tiny, truncate_dim=32, max_length=theirs.max_seq_length)
    found = encoder.encode(TEXTS, "passage")
    by_hand = whole[:, :32] / np.linalg.norm(whole[:, :32], axis=1, keepdims=True)
    assert found.dtype == np.float32
    assert encoder.dimension == 32
    np.testing.assert_allclose(found, by_hand, atol=1e-6)
    np.testing.assert_allclose(found, theirs.encode(TEXTS, normalize_embeddings=True), atol=1e-6)
    assert encoder.encode([], "query").shape == (0, 32)
    seen_by_training = encoder.forward(encoder.tokenize(TEXTS, "passage"))
    assert seen_by_training.shape == (len(TEXTS), 128)


def test_only_an_encoder_that_cuts_is_known_by_it(tiny: Path, tmp_path: Path) -> None:
    whole, cut = Encoder.load(tiny), Encoder.load(tiny, truncate_dim=32)
    assert "truncate_dim" not in whole.identity
    assert cut.identity == whole.identity | {"truncate_dim": 32}
    assert Encoder.load(tiny, truncate_dim=128).identity == whole.identity
    for made, asked, says in (
        (cut, whole, "made with the truncate dim '32', the encoder 'e' has no truncate dim; give --truncate-dim '32'"),
        (whole, cut, r"made with no truncate dim, the encoder 'e' has the truncate dim '32'$"),
    ):
        with pytest.raises(UserError, match=says):
            check_identity(made.identity, asked.identity, "the index", "e")
    whole.save(tmp_path / "whole")
    cut.save(tmp_path / "cut", {"base_model": "tiny"})
    assert "truncate_dim" not in json.loads((tmp_path / "whole" / RECORD).read_text())
    assert cut.auto_obstacle == "its vectors are cut to 32 dimensions"
    again = Encoder.load(tmp_path / "cut")
    assert np.array_equal(again.encode(TEXTS, "query"), cut.encode(TEXTS, "query"))
    unfolded = Encoder.load(tmp_path / "cut", truncate_dim=128)
    assert unfolded.dimension == 128
    unfolded.save(tmp_path / "unfolded", unfolded.record)
    assert Encoder.load(tmp_path / "unfolded").dimension == 128


def test_there_is_nothing_beyond_the_last_dimension(tiny: Path) -> None:
    with pytest.raises(UserError, match=f"truncate dim is 129, but '{tiny}' gives vectors of 128 dimensions"):
        Encoder.load(tiny, truncate_dim=129)
    with pytest.raises(UserError, match="truncate dim is 0; it must be 1 or above"):
        Encoder.load(tiny, truncate_dim=0)
