"""The nearest passages, against sorting them all; ties go by number wherever blocks end."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hybrid_plugin.training.mining.nearest import nearest

devices = pytest.mark.parametrize(
    "device",
    ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))],
)


@devices
@pytest.mark.parametrize(("depth", "passages", "read", "cells"), [(5, 100, 33, 64), (20, 90, 7, 10), (90, 90, 40, 999)])
def test_the_nearest_are_those_of_a_full_sort_ties_included(
    device: str, depth: int, passages: int, read: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybrid_plugin.training.mining.nearest._PASSAGES", read)
    monkeypatch.setattr("hybrid_plugin.training.mining.nearest._CELLS", {"cpu": cells, "cuda": cells})
    rng = np.random.default_rng(0)
    # Small whole numbers: products are exact in any order, and many are equal.
    asked = rng.integers(-2, 3, (13, 4)).astype(np.float32)
    given = rng.integers(-2, 3, (passages, 4)).astype(np.float32)
    scores, numbers = nearest(asked, given, depth, device)
    expected = np.argsort(-(asked @ given.T), axis=1, kind="stable")[:, :depth]
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(scores, np.take_along_axis(asked @ given.T, expected, 1))
