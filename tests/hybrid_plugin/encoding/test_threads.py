"""As many threads as a model's work is worth, and afterwards the process's own number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.identity import weights_checksum
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.encoding.threads import worthwhile_threads
from hybrid_plugin.errors import UserError
from hybrid_plugin.training import TrainingSettings, load_source, train


@pytest.fixture(autouse=True)
def four() -> Iterator[None]:
    """The process has four threads, whatever the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    assert torch.get_num_threads() == 4
    torch.set_num_threads(before)


def used(encoder: Encoder) -> set[int]:
    """With how many threads the model computes."""
    found = set()
    hook = encoder.model.register_forward_hook(lambda *_: found.add(torch.get_num_threads()))
    for _ in encoder.encode_chunks([["one", "two"], ["three"]], "query"):
        assert torch.get_num_threads() == 4  # for what is done with the vectors
    hook.remove()
    return found


def test_a_tiny_model_takes_one_thread_and_threads_says_otherwise(tiny: Path) -> None:
    assert used(Encoder.load(tiny)) == {1}
    assert used(Encoder.load(tiny, threads=3)) == {3}


def test_a_model_of_real_size_takes_all_threads_but_no_more() -> None:
    sizes = {"hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536}
    with torch.device("meta"):
        small = BertModel(BertConfig(num_hidden_layers=12, **sizes))
        one_layer = BertModel(BertConfig(num_hidden_layers=1, **sizes))
    assert worthwhile_threads(small) == 4  # of the size of multilingual-e5-small
    assert worthwhile_threads(one_layer) == 1


def test_the_number_of_threads_comes_back_after_an_error(tiny: Path) -> None:
    encoder = Encoder.load(tiny)

    def fail(*_: object) -> None:
        raise MemoryError

    encoder.model.register_forward_hook(fail)
    with pytest.raises(MemoryError):
        encoder.encode(["one"], "query")


def test_vectors_are_the_same_up_to_the_last_digits(tiny: Path) -> None:
    encoder = Encoder.load(tiny)
    texts = [f"{number} times {number}" for number in range(100)]
    vectors = [replace(encoder, threads=count).encode(texts, "query") for count in (None, 1, 2)]
    assert np.array_equal(vectors[0], vectors[1])
    assert np.allclose(vectors[0], vectors[2], atol=1e-6)


def test_a_tiny_model_is_trained_alike_on_any_number_of_threads(tiny: Path, tmp_path: Path) -> None:
    def trained(count: int) -> str:
        torch.set_num_threads(count)
        settings = TrainingSettings.of(steps=2, batch_size=8)
        train(Encoder.load(tiny), [load_source("hybrid-demo-train")], tmp_path / str(count), settings)
        return weights_checksum(Encoder.load(tmp_path / str(count)).model)

    assert trained(2) == trained(4)


def test_less_than_one_thread_is_refused() -> None:
    with pytest.raises(UserError, match="threads is 0; it must be 1 or above"):
        EncoderOptions(threads=0)
