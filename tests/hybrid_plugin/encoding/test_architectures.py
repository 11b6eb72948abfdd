"""Every encoder of the paper and its kin trains, saves and reloads, with the same vectors wherever it is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import torch
from safetensors import safe_open
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from transformers import (
    AutoModel,
    AutoTokenizer,
    BartConfig,
    BartModel,
    BertConfig,
    BertModel,
    BertTokenizer,
    M2M100Config,
    M2M100ForConditionalGeneration,
    M2M100Tokenizer,
    MBart50Tokenizer,
    MBartConfig,
    MBartForConditionalGeneration,
    MT5Config,
    MT5EncoderModel,
    MT5ForConditionalGeneration,
    T5Tokenizer,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizer,
)
from transformers.models.m2m_100.modeling_m2m_100 import M2M100Encoder

from hybrid_plugin.bridges.pyserini import run_module
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.formats import auto_obstacle
from hybrid_plugin.errors import UserError
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.train import train
from tests.conftest import ROOT, run_cli

pytestmark = pytest.mark.xdist_group("pyserini")  # one worker makes what they share, and one JVM is enough at a time

TEXTS = [
    "Who was Ada Lovelace?",
    "量子力学是什么？",
    "Wer schrieb das erste Programm, und wann wurde es veröffentlicht?",
    "Какая река течёт через Вену?",
    "one two three four five six seven " * 30,
]
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
HALF_SIZES = {
    "d_model": 32,
    **dict.fromkeys(("encoder_layers", "decoder_layers", "encoder_attention_heads", "decoder_attention_heads"), 2),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 64),
    "max_position_embeddings": 128,
}
LIMIT = {"model_max_length": 64}


@dataclass(frozen=True)
class Vocabulary:
    """A SentencePiece model of the demo collection."""

    file: Path
    pieces: list[tuple[str, float]]  # with their scores, no special ones among them
    characters: list[str]


@pytest.fixture(scope="module")
def vocabulary(irds_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    texts = [*TEXTS, *(text for row in load_source("hybrid-demo")[::20] for text in row.queries.values())]
    model = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=600, hard_vocab_limit=False, minloglevel=2
    )
    file = tmp_path_factory.mktemp("vocabulary") / "sentencepiece.bpe.model"
    file.write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(3, processor.get_piece_size())]
    return Vocabulary(file, pieces, sorted(set("".join(texts)) - {" "}))


def xlmr_tokenizer(vocabulary: Vocabulary) -> XLMRobertaTokenizer:
    special = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    return XLMRobertaTokenizer(vocab=[*special, *vocabulary.pieces, ("<mask>", 0.0)], **LIMIT)


def bert_tokenizer(vocabulary: Vocabulary) -> BertTokenizer:
    characters = [*vocabulary.characters, *(f"##{character}" for character in vocabulary.characters)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    return BertTokenizer(vocab={token: i for i, token in enumerate(tokens)}, do_lower_case=False, **LIMIT)


def xlmr(vocabulary: Vocabulary, folder: Path) -> None:
    tokenizer = xlmr_tokenizer(vocabulary)
    tokenizer.save_pretrained(folder)
    config = XLMRobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=80, pad_token_id=1, **SIZES)
    XLMRobertaModel(config).save_pretrained(folder)


def mbert(vocabulary: Vocabulary, folder: Path) -> None:
    tokenizer = bert_tokenizer(vocabulary)
    tokenizer.save_pretrained(folder)
    BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES)).save_pretrained(folder)


def e5(vocabulary: Vocabulary, folder: Path) -> None:
    """multilingual-e5-small is a BERT with XLM-R's tokenizer."""
    tokenizer = xlmr_tokenizer(vocabulary)
    tokenizer.save_pretrained(folder)
    BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES)).save_pretrained(folder)


def sentence_transformer(base: Callable[[Vocabulary, Path], None], vocabulary: Vocabulary, folder: Path) -> None:
    """A transformer with cls pooling, and for LaBSE with a Dense layer, as sentence-transformers saves it."""
    base(vocabulary, folder / "base")
    transformer = modules.Transformer(str(folder / "base"))
    layers = [transformer, modules.Pooling(32, "cls")]
    if base is mbert:
        layers.append(modules.Dense(32, 24))
    SentenceTransformer(modules=[*layers, modules.Normalize()], device="cpu").save(str(folder))


def labse(vocabulary: Vocabulary, folder: Path) -> None:
    sentence_transformer(mbert, vocabulary, folder)


def bge_m3(vocabulary: Vocabulary, folder: Path) -> None:
    sentence_transformer(xlmr, vocabulary, folder)


def mbart(vocabulary: Vocabulary, folder: Path) -> None:
    tokenizer = MBart50Tokenizer(vocab=[("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *vocabulary.pieces], **LIMIT)
    tokenizer.save_pretrained(folder)
    config = MBartConfig(vocab_size=len(tokenizer), scale_embedding=True, **HALF_SIZES)
    MBartForConditionalGeneration(config).save_pretrained(folder)


def m2m100(vocabulary: Vocabulary, folder: Path) -> None:
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece, _ in vocabulary.pieces)]
    ids = vocabulary.file.with_name("vocab.json")
    ids.write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    tokenizer = M2M100Tokenizer(str(ids), str(vocabulary.file), **LIMIT)
    tokenizer.save_pretrained(folder)
    config = M2M100Config(vocab_size=len(tokens) + 108, **HALF_SIZES)
    M2M100ForConditionalGeneration(config).save_pretrained(folder)


def mt5(vocabulary: Vocabulary, folder: Path) -> None:
    special = [(token, 0.0) for token in ("<pad>", "</s>", "<unk>")]
    tokenizer = T5Tokenizer(vocab=[*special, *vocabulary.pieces], extra_ids=0, **LIMIT)
    tokenizer.save_pretrained(folder)
    sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    MT5ForConditionalGeneration(MT5Config(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)


PREFIXES = {"query_prefix": "query:", "passage_prefix": "passage:"}
MAKERS = {
    "xlm-r": xlmr,
    "mbert": mbert,
    "e5": e5,
    "bge-m3": bge_m3,
    "labse": labse,
    "mbart-50": mbart,
    "m2m100": m2m100,
    "mt5": mt5,
}
HALVES = ("mbart-50", "m2m100", "mt5")
AUTO = ("xlm-r", "mbert", "e5", "bge-m3")


@dataclass(frozen=True)
class Trained:
    name: str
    start: Path
    folder: Path  # the checkpoint of two steps
    encoder: Encoder


@pytest.fixture(scope="module")
def trained(vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    made: dict[str, Trained] = {}

    def make(name: str) -> Trained:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            torch.manual_seed(0)
            MAKERS[name](vocabulary, folder / "start")
            encoder = Encoder.load(folder / "start", **(PREFIXES if name == "e5" else {}))
            settings = TrainingSettings.of(strategy="hybrid", steps=2, batch_size=8, learning_rate=1e-3)
            train(encoder, [load_source("hybrid-demo")], folder / "checkpoint", settings)
            made[name] = Trained(name, folder / "start", folder / "checkpoint", encoder)
        return made[name]

    return make


@pytest.fixture(params=MAKERS)
def each(request: pytest.FixtureRequest, trained: Callable[[str], Trained]) -> Iterator[Trained]:
    """Each architecture, trained."""
    return trained(request.param)


def weight_names(folder: Path) -> set[str]:
    assert not list(folder.rglob("*.bin"))
    with safe_open(folder / "model.safetensors", "pt") as file:
        return set(file.keys())


def test_training_changes_the_vectors_and_reloading_does_not(each: Trained) -> None:
    found = each.encoder.encode(TEXTS, "query")
    assert np.abs(found - Encoder.load(each.start).encode(TEXTS, "query")).max() > 1e-3
    again = Encoder.load(each.folder)
    assert again.settings == each.encoder.settings
    for kind in ("query", "passage"):
        np.testing.assert_allclose(again.encode(TEXTS, kind), each.encoder.encode(TEXTS, kind), atol=1e-5)
    assert again.record["strategy"] == "hybrid"


def test_sentence_transformers_gives_the_same_vectors(each: Trained) -> None:
    theirs = SentenceTransformer(str(each.folder), device="cpu")
    assert theirs.get_embedding_dimension() == each.encoder.dimension
    for kind, prompt in (("query", "query"), ("passage", "document")):
        expected = theirs.encode(TEXTS, prompt_name=prompt)
        np.testing.assert_allclose(each.encoder.encode(TEXTS, kind), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["labse", *HALVES])
def test_openvino_gives_the_same_vectors(trained: Callable[[str], Trained], name: str) -> None:
    expected = trained(name).encoder.encode(TEXTS, "query")
    found = Encoder.load(trained(name).folder, runtime="openvino").encode(TEXTS, "query")
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["labse", *HALVES])
def test_a_checkpoint_trains_further(trained: Callable[[str], Trained], name: str, tmp_path: Path) -> None:
    first = trained(name)
    encoder = Encoder.load(first.folder)
    settings = TrainingSettings.of(strategy="mono", steps=1, batch_size=8, learning_rate=1e-3)
    train(encoder, [load_source("hybrid-demo")], tmp_path / "further", settings)
    again = Encoder.load(tmp_path / "further").encode(TEXTS, "query")
    np.testing.assert_allclose(again, encoder.encode(TEXTS, "query"), atol=1e-5)
    assert np.abs(again - first.encoder.encode(TEXTS, "query")).max() > 1e-3
    assert weight_names(tmp_path / "further") == weight_names(first.folder)


@pytest.mark.parametrize("name", HALVES)
def test_a_half_is_the_encoder_of_the_whole_model(trained: Callable[[str], Trained], name: str) -> None:
    start = trained(name).start
    whole, tokenizer = AutoModel.from_pretrained(start).eval(), AutoTokenizer.from_pretrained(start)
    rows = []
    for text in TEXTS:
        tokens = tokenizer(text, truncation=True, return_tensors="pt")
        with torch.no_grad():
            pooled = whole.get_encoder()(**tokens).last_hidden_state[0].mean(0)
        rows.append((pooled / pooled.norm()).numpy())
    np.testing.assert_allclose(Encoder.load(start).encode(TEXTS, "query"), np.stack(rows), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("mbart-50", lambda folder: AutoModel.from_pretrained(folder).get_encoder()),
        ("m2m100", M2M100Encoder.from_pretrained),
        ("mt5", MT5EncoderModel.from_pretrained),
    ],
)
def test_a_half_holds_no_decoder_and_transformers_loads_it(
    trained: Callable[[str], Trained], name: str, load: Callable[[Path], Any]
) -> None:
    half = trained(name)
    names = weight_names(half.folder)
    assert len(names) == len(list(half.encoder.model.parameters()))
    assert not any("decoder" in name or "lm_head" in name for name in names)
    ids = torch.tensor(half.encoder.tokenize(TEXTS[:1], "query")[0])[None].long()
    with torch.no_grad():
        found = load(half.folder).eval()(input_ids=ids).last_hidden_state
        assert torch.allclose(found, half.encoder.model(input_ids=ids).last_hidden_state, atol=1e-6)


@pytest.mark.parametrize(("name", "code"), [("mbart-50", "en_XX"), ("m2m100", "__en__")])
def test_every_text_begins_with_the_language_code_that_the_tokenizer_names(
    trained: Callable[[str], Trained], name: str, code: str
) -> None:
    half = trained(name)
    for kind in ("query", "passage"):
        for ids in Encoder.load(half.folder).tokenize(TEXTS, kind):
            tokens = half.encoder.tokenizer.convert_ids_to_tokens(ids)
            assert (tokens[0], tokens[-1]) == (code, "</s>")


def test_another_encoder_decoder_is_refused(vocabulary: Vocabulary, tmp_path: Path) -> None:
    xlmr_tokenizer(vocabulary).save_pretrained(tmp_path)
    BartModel(BartConfig(vocab_size=700, **HALF_SIZES)).save_pretrained(tmp_path)
    with pytest.raises(UserError) as raised:
        Encoder.load(tmp_path)
    assert str(raised.value) == (
        f"cannot load the encoder '{tmp_path}': it is an encoder-decoder of the type bart; "
        "those whose encoder half can be used are: t5, mt5, umt5, m2m_100, mbart"
    )


def test_a_dense_layer_is_trained_and_kept(trained: Callable[[str], Trained]) -> None:
    labse = trained("labse")
    assert labse.encoder.dimension == 24
    before, after = (Encoder.load(folder).dense[0].state_dict() for folder in (labse.start, labse.folder))
    for name, weights in before.items():
        assert not torch.equal(weights, after[name])
    assert not any("dense" in name and "sentence" in name for name in weight_names(labse.folder))
    kept = Encoder.load(labse.start, pooling="mean")
    assert (kept.settings.pooling, kept.dimension) == ("mean", 24)


def encode_arguments(corpus: Path, checkpoint: Path, output: Path, *options: str) -> list[str]:
    return [
        "pyserini.encode", "input", "--corpus", str(corpus), "output", "--embeddings", str(output),
        "encoder", "--encoder", str(checkpoint), "--device", "cpu", *options,
    ]  # fmt: skip


def test_pyserini_gives_the_same_vectors(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    """With ``hybrid-ir run``, all in one process: of every architecture by our class, of whole models by ``auto``."""
    (tmp_path / "corpus").mkdir()
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(TEXTS)]
    (tmp_path / "corpus" / "docs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    commands = {}
    for name in MAKERS:
        folder = trained(name).folder
        commands[f"{name}.hybrid-ir"] = (folder, "--encoder-class", "hybrid-ir")
        if name in AUTO:
            pooling = "cls" if name == "bge-m3" else "mean"
            prefix = ("--prefix", "passage:") if name == "e5" else ()
            auto = ("--encoder-class", "auto", "--pooling", pooling, "--l2-norm", "--max-length", "64", *prefix)
            commands[f"{name}.auto"] = (folder, *auto)
    arguments = [encode_arguments(tmp_path / "corpus", c[0], tmp_path / key, *c[1:]) for key, c in commands.items()]
    program = (
        "import json, sys; from hybrid_plugin.bridges.pyserini import run_module\n"
        "for command in json.load(sys.stdin): run_module(command[0], command[1:])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(arguments), capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr
    for key in commands:
        rows = [json.loads(line)["vector"] for line in (tmp_path / key / "embeddings.jsonl").open()]
        expected = trained(key.partition(".")[0]).encoder.encode(TEXTS, "passage")
        np.testing.assert_allclose(np.array(rows, np.float32), expected, atol=1e-5, err_msg=key)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("labse", "it has a Dense layer after pooling"),
        ("mbart-50", "it is the encoder half of a model of the type mbart"),
        ("m2m100", "it is the encoder half of a model of the type m2m_100"),
        ("mt5", "it is the encoder half of a model of the type mt5"),
    ],
)
@pytest.mark.parametrize("options", [("--encoder-class", "auto"), ()])
def test_what_auto_cannot_do_is_refused(
    trained: Callable[[str], Trained], name: str, reason: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    folder = trained(name).folder
    assert json.loads((folder / RECORD).read_text())["auto_obstacle"] == reason
    with pytest.raises(UserError) as raised:
        run_module("pyserini.encode", encode_arguments(tmp_path, folder, tmp_path / "out", *options)[1:])
    assert str(raised.value) == (
        f"Pyserini's encoder class 'auto' cannot encode with '{folder}', because {reason}; "
        "use --encoder-class hybrid-ir"
    )


@pytest.mark.parametrize("name", ["nowhere", "/nowhere/at/all", "no name of the hub"])
def test_what_is_no_checkpoint_is_left_to_pyserini(name: str, tiny: Path) -> None:
    assert auto_obstacle(name) is None
    assert auto_obstacle(str(tiny)) is None


def test_the_command_line_refuses_it_in_one_sentence(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    result = run_cli("run", *encode_arguments(tmp_path, trained("mt5").folder, tmp_path / "out"), check=2)
    assert result.stderr.startswith("hybrid-ir: Pyserini's encoder class 'auto' cannot encode with")
    assert result.stderr.count("\n") == 1
