"""Tiny untrained translation models of every architecture, saved as their authors publish them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import sentencepiece
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    M2M100Config,
    M2M100ForConditionalGeneration,
    M2M100Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    MBart50Tokenizer,
    MBartConfig,
    MBartForConditionalGeneration,
    NllbTokenizer,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)

SIZES = {
    "d_model": 32,
    **dict.fromkeys(("encoder_layers", "decoder_layers"), 1),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 64),
    "max_position_embeddings": 256,
    "init_std": 0.5,  # so that other texts get other translations
}


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary of some texts, as SentencePiece and as a byte-pair encoding."""

    file: Path
    pieces: list[tuple[str, float]]
    texts: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str], file: Path) -> Vocabulary:
        model = BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=model, vocab_size=600, hard_vocab_limit=False, minloglevel=2
        )
        file.write_bytes(model.getvalue())
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(3, processor.get_piece_size())]
        return cls(file, pieces, texts)


def nllb(vocabulary: Vocabulary, folder: Path) -> None:
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    trained.train_from_iterator(vocabulary.texts, trainer)
    merges = json.loads(trained.to_str())["model"]["merges"]
    tokenizer = NllbTokenizer(vocab=trained.get_vocab(), merges=[tuple(pair) for pair in merges])
    tokenizer.save_pretrained(folder)
    M2M100ForConditionalGeneration(M2M100Config(vocab_size=len(tokenizer), **SIZES)).save_pretrained(folder)


def m2m100(vocabulary: Vocabulary, folder: Path) -> None:
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece, _ in vocabulary.pieces)]
    file = vocabulary.file.with_name("vocab.json")
    file.write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    M2M100Tokenizer(str(file), str(vocabulary.file)).save_pretrained(folder)
    M2M100ForConditionalGeneration(M2M100Config(vocab_size=len(tokens) + 108, **SIZES)).save_pretrained(folder)


def mbart50(vocabulary: Vocabulary, folder: Path) -> None:
    tokenizer = MBart50Tokenizer(vocab=[("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *vocabulary.pieces])
    tokenizer.save_pretrained(folder)
    MBartForConditionalGeneration(MBartConfig(vocab_size=len(tokenizer), **SIZES)).save_pretrained(folder)


def t5(vocabulary: Vocabulary, folder: Path, languages: Sequence[str] = ()) -> None:
    special = ["<pad>", "</s>", "<unk>", *(f"<2{lang}>" for lang in languages)]
    tokenizer = T5Tokenizer(vocab=[*((token, 0.0) for token in special), *vocabulary.pieces], extra_ids=0)
    tokenizer.save_pretrained(folder)
    sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "initializer_factor": 3.0}
    config = T5Config(vocab_size=len(tokenizer), decoder_start_token_id=0, **sizes)
    T5ForConditionalGeneration(config).save_pretrained(folder)


def madlad(vocabulary: Vocabulary, folder: Path) -> None:
    t5(vocabulary, folder, ("de", "en", "iw", "zh", "zh_Latn"))


def marian(vocabulary: Vocabulary, folder: Path, languages: Sequence[str] = ()) -> None:
    tokens = ["</s>", "<unk>", *(f">>{lang}<<" for lang in languages), *(piece for piece, _ in vocabulary.pieces)]
    file = vocabulary.file.with_name("marian.json")
    file.write_text(json.dumps({token: i for i, token in enumerate([*tokens, "<pad>"])}))
    pair = {} if languages else {"source_lang": "en", "target_lang": "de"}
    MarianTokenizer(str(vocabulary.file), str(vocabulary.file), str(file), **pair).save_pretrained(folder)
    pad = len(tokens)
    config = MarianConfig(
        vocab_size=pad + 1, pad_token_id=pad, decoder_start_token_id=pad, eos_token_id=0, forced_eos_token_id=0, **SIZES
    )
    MarianMTModel(config).save_pretrained(folder)


def marian_group(vocabulary: Vocabulary, folder: Path) -> None:
    marian(vocabulary, folder, ("deu", "fra", "cmn_Hans", "cmn_Hant"))


MAKERS: dict[str, Callable[[Vocabulary, Path], None]] = {
    "nllb": nllb,
    "m2m100": m2m100,
    "mbart-50": mbart50,
    "madlad": madlad,
    "marian": marian,
    "marian-group": marian_group,
}


def make(name: str, vocabulary: Vocabulary, folder: Path) -> Path:
    """The folder of a model, the same one each time."""
    torch.manual_seed(0)
    MAKERS[name](vocabulary, folder)
    return folder
