"""A tiny cross-encoder."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cross_encoder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained two-layer cross-encoder with the vocabulary of the tiny encoder."""
    return untrained_cross_encoder(tiny, tmp_path_factory.mktemp("models") / "cross-encoder")


def untrained_cross_encoder(tiny: Path, folder: Path, labels: int = 1) -> Path:
    """Write one with so many labels."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(tiny)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        num_labels=labels, initializer_range=0.5, max_position_embeddings=128,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
