"""Texts are dealt to processes so that all finish together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_plugin.encoding.batching import buckets
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.training.dealing import deal
from hybrid_plugin.training.prepared import Preparation
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.train import batches_of


def cost(lengths: np.ndarray, budget: int) -> int:
    """Padded tokens that texts are computed as."""
    return sum(int(lengths[batch].max()) * len(batch) for batch in buckets(lengths, budget))


@given(st.lists(st.integers(1, 300), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 2000))
def test_every_text_is_dealt_once_and_no_process_goes_without(lengths: list[int], parts: int, budget: int) -> None:
    parts = min(parts, len(lengths))
    dealt = deal(np.array(lengths), parts, budget)
    assert len(dealt) == parts
    assert min(map(len, dealt)) >= 1
    assert sorted(np.concatenate(dealt).tolist()) == list(range(len(lengths)))


@given(st.lists(st.integers(1, 300), min_size=8, max_size=60), st.integers(100, 2000))
def test_the_costliest_part_is_at_most_a_text_above_the_cheapest_dealing(lengths: list[int], budget: int) -> None:
    """Compared with all places where two parts may be parted."""
    numbers = np.array(lengths)
    falling = -np.sort(-numbers)
    best = min(max(cost(falling[:end], budget), cost(falling[end:], budget)) for end in range(1, len(falling)))
    assert max(cost(numbers[part], budget) for part in deal(numbers, 2, budget)) <= best + max(lengths)


@pytest.mark.parametrize("budget", [1024, 65536])
def test_eight_processes_finish_together_on_real_batches(tiny: Path, lareqa: Path, budget: int) -> None:
    encoder = Encoder.load(tiny, max_length=128)
    batches = batches_of([load_source("mlqa-r")], TrainingSettings.of(batch_size=100, steps=20))
    slowest, mean = 0.0, 0.0
    for batch in batches:
        lengths = Preparation(encoder)(batch).tokens.lengths
        assert cost(lengths, budget) < 1.4 * lengths.sum()  # queries are not padded to the length of passages
        costs = [cost(lengths[part], budget) for part in deal(lengths, 8, budget)]
        slowest, mean = slowest + max(costs), mean + sum(costs) / len(costs)
    assert slowest / mean < 1.1
