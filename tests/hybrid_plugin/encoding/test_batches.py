"""Batches of a budget of tokens: what is in them does not show in the vectors, and is counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hybrid_plugin.cli.main import parse
from hybrid_plugin.encoding.batching import LIKE, Counts, buckets
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.settings import EncoderSettings
from hybrid_plugin.errors import UserError

TEXTS = ["who?", "and again " * 40, *(f"number {number} {'more ' * (number % 9)}" for number in range(60))]


@pytest.fixture
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny, threads=1)


@given(st.lists(st.integers(0, 300), max_size=200), st.integers(1, 1000))
def test_every_text_is_in_one_batch_of_like_lengths_within_the_budget(lengths: list[int], budget: int) -> None:
    tokens = np.array(lengths, np.int64)
    batches = buckets(tokens, budget)
    assert sorted(np.concatenate(batches).tolist() if batches else []) == [*range(len(lengths))]
    for batch in batches:
        longest = tokens[batch].max()
        assert len(batch) == 1 or longest * len(batch) <= budget
        assert len(batch) == 1 or tokens[batch].min() >= LIKE * longest
    firsts = [tokens[batch].max() for batch in batches]
    assert firsts == sorted(firsts, reverse=True)


def test_the_share_of_padding_is_counted(encoder: Encoder) -> None:
    assert (encoder.counts, encoder.counts.padding) == (Counts(), 0.0)
    encoder.encode(TEXTS, "query")
    lengths = encoder.tokenize(TEXTS, "query").lengths
    assert encoder.counts.texts == len(set(TEXTS))
    assert encoder.counts.tokens == lengths.sum()
    assert 0 < encoder.counts.padding < 0.4
    assert encoder.counts.padding == pytest.approx(1 - lengths.sum() / encoder.counts.padded)
    alone = replace(encoder, batch_tokens=1, counts=Counts())
    alone.encode(TEXTS, "query")
    assert alone.counts.padding == 0.0


def test_queries_may_have_a_length_of_their_own(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny, max_length=30, query_max_length=7)
    assert [encoder.settings.longest(kind) for kind in ("query", "passage")] == [7, 30]
    assert encoder.tokenize(TEXTS[1:2], "query").lengths.tolist() == [7]
    assert encoder.tokenize(TEXTS[1:2], "passage").lengths.tolist() == [30]
    encoder.save(tmp_path / "saved")
    saved = Encoder.load(tmp_path / "saved")
    assert saved.settings == encoder.settings
    assert saved.identity == encoder.identity
    assert Encoder.load(tmp_path / "saved", query_max_length=9).settings.query_max_length == 9
    record = json.loads((tmp_path / "saved" / RECORD).read_text(encoding="utf-8"))
    del record["query_max_length"]
    (tmp_path / "saved" / RECORD).write_text(json.dumps(record), encoding="utf-8")
    older = Encoder.load(tmp_path / "saved").settings
    assert (older.query_max_length, older.longest("query")) == (None, 30)


def test_a_length_of_queries_that_does_not_fit_is_refused(tiny: Path) -> None:
    with pytest.raises(UserError, match="query max length is 3; it must be at least 4 tokens"):
        EncoderSettings(query_max_length=3)
    with pytest.raises(UserError, match=r"query max length is 999, but .* takes at most 128 tokens"):
        Encoder.load(tiny, query_max_length=999)


@pytest.mark.parametrize("room", [1, 2, 5])
def test_where_memory_runs_out_batches_are_halved_and_stay_so(
    room: int, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rectangle, tried = Encoder._rectangle, []

    def limited(self: Encoder, tower: Any, tokens: Any, batch: np.ndarray) -> torch.Tensor:
        tried.append(len(batch))
        if len(batch) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return rectangle(self, tower, tokens, batch)

    expected = encoder.encode(TEXTS, "query")
    monkeypatch.setattr(Encoder, "_rectangle", limited)
    small = replace(encoder, batch_tokens=512)
    assert np.allclose(small.encode(TEXTS, "query"), expected, atol=1e-6)
    assert small.batch_tokens is not None
    assert small.batch_tokens < 512
    assert max(tried) > room
    assert (encoder.batch_tokens, encoder.counts.texts) == (None, small.counts.texts)


def test_one_text_that_does_not_fit_into_memory_is_told(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Encoder, "_rectangle", full)
    with pytest.raises(
        UserError, match=r"runs out of memory on cpu with one text of \d+ tokens; give a lower --max-leng"
    ):
        encoder.encode(TEXTS, "query")


def test_the_copy_in_bfloat16_is_made_anew_when_weights_have_changed_and_not_before(tiny: Path) -> None:
    encoder = Encoder.load(tiny, precision="bfloat16", threads=1)
    before, first = encoder.encode(TEXTS, "query"), encoder._encoding_tower
    encoder.encode(TEXTS, "passage")
    assert encoder._encoding_tower is first
    optimizer = torch.optim.AdamW(encoder.model.parameters(), lr=1e-2)
    encoder.forward(encoder.tokenize(TEXTS[:4], "query"))[:, 0].sum().backward()
    optimizer.step()
    assert encoder._encoding_tower is not first
    assert np.abs(encoder.encode(TEXTS, "query") - before).max() > 1e-3
    second = encoder._encoding_tower
    encoder.model.load_state_dict(encoder.model.state_dict())
    assert encoder._encoding_tower is not second
    assert {weight.dtype for weight in encoder.model.parameters()} == {torch.float32}


@pytest.mark.parametrize("option", ["--batch-size 8", "--batch-size=8"])
def test_the_size_of_batches_in_texts_is_an_option_that_only_warns(option: str) -> None:
    for command in ("encode hybrid-demo --output o", "evaluate hybrid-demo --output o", "mine --source s --output=o"):
        with pytest.warns(UserWarning, match="--batch-size does nothing here: batches are cut by --batch-tokens"):
            _, bound = parse(f"{command} --encoder e {option} --batch-tokens 99 --query-max-length 12".split())
        options = bound.arguments["options"]
        assert (options.batch_tokens, options.query_max_length) == (99, 12)
