"""The loss is InfoNCE, number for number, and its gradients are its own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.training.losses.info_nce import info_nce


def unit_vectors(rng: np.random.Generator, count: int, dimension: int) -> torch.Tensor:
    vectors = rng.normal(size=(count, dimension))
    return torch.from_numpy(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def off_diagonal(rng: np.random.Generator, count: int) -> torch.Tensor:
    mask = rng.random((count, count)) < 0.3
    np.fill_diagonal(mask, False)
    return torch.from_numpy(mask)


def reference(queries: torch.Tensor, passages: torch.Tensor, masked: torch.Tensor, temperature: float) -> float:
    """The formula of the docstring, term by term."""
    total = 0.0
    for i, query in enumerate(queries.tolist()):
        scores = [math.fsum(a * b for a, b in zip(query, passage, strict=True)) for passage in passages.tolist()]
        terms = [math.exp(score / temperature) for j, score in enumerate(scores) if not masked[i, j]]
        total -= math.log(math.exp(scores[i] / temperature) / math.fsum(terms))
    return total / len(queries)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(2, 12),
    dimension=st.integers(1, 9),
    temperature=st.sampled_from([0.01, 0.05, 0.3, 1.0, 4.0]),
)
@settings(max_examples=100, deadline=None)
def test_the_loss_is_the_formula_with_false_negatives_left_out(
    seed: int, count: int, dimension: int, temperature: float
) -> None:
    rng = np.random.default_rng(seed)
    queries, passages = unit_vectors(rng, count, dimension), unit_vectors(rng, count, dimension)
    masked = off_diagonal(rng, count)
    loss = info_nce(queries, passages, masked, temperature)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(reference(queries, passages, masked, temperature), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_the_loss(seed: int) -> None:
    rng = np.random.default_rng(seed)
    queries = unit_vectors(rng, 5, 4).requires_grad_()
    passages = unit_vectors(rng, 5, 4).requires_grad_()
    masked = off_diagonal(rng, 5)
    assert torch.autograd.gradcheck(lambda q, p: info_nce(q, p, masked, 0.3), (queries, passages))


def test_a_passage_that_is_everybodys_false_negative_is_pulled_by_its_own_query_alone() -> None:
    rng = np.random.default_rng(0)
    queries = unit_vectors(rng, 4, 6)
    passages = unit_vectors(rng, 4, 6).requires_grad_()
    masked = torch.zeros(4, 4, dtype=torch.bool)
    masked[[0, 1, 3], 2] = True
    info_nce(queries, passages, masked, 0.1).backward()
    gradient = passages.grad[2]
    along = gradient @ queries[2]
    assert along < 0
    assert torch.allclose(gradient, along * queries[2])


def test_a_batch_of_false_negatives_alone_has_no_loss() -> None:
    rng = np.random.default_rng(0)
    masked = ~torch.eye(3, dtype=torch.bool)
    assert info_nce(unit_vectors(rng, 3, 4), unit_vectors(rng, 3, 4), masked, 0.05).item() == 0


def test_confident_scores_in_float32_do_not_overflow() -> None:
    vectors = torch.eye(6)
    none = torch.zeros(6, 6, dtype=torch.bool)
    assert info_nce(vectors, vectors, none, 0.001).item() == 0
    assert info_nce(vectors, vectors.roll(1, 0), none, 0.001).item() == pytest.approx(1000)
