"""Each loss is its formula, written down a second time here, and its gradients are its own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.losses import EncodedBatch, Loss, LossSettings, Objective, Some
from hybrid_plugin.training.losses.builtin import hybrid_ir_losses

NAMES = sorted(hybrid_ir_losses())
T, TEACHER_T = 0.1, 0.3


def unit(rng: np.random.Generator, count: int, dimension: int = 6) -> torch.Tensor:
    vectors = rng.normal(size=(count, dimension))
    return torch.from_numpy(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def batch_of(seed: int, queries: int = 5, positives: int = 2, hard: int = 3) -> EncodedBatch:
    """Answers, further positives of some queries, and hard negatives; not every row has all that a loss wants."""
    rng = np.random.default_rng(seed)
    owners = [*range(queries), *sorted(rng.integers(queries, size=(positives - 1) * queries))]
    count = len(owners) + hard
    drawn = np.zeros((queries, count), bool)
    drawn[owners, range(len(owners))] = True
    excluded = (rng.random((queries, count)) < 0.2) & ~drawn
    scores = rng.normal(size=(queries, count))
    scores[rng.random((queries, count)) < 0.3] = np.nan

    def some(among: int) -> Some:
        places = np.sort(rng.choice(among, max(1, among - 2), replace=False))
        return Some(torch.from_numpy(places), unit(rng, len(places)))

    return EncodedBatch(
        unit(rng, queries),
        unit(rng, count),
        torch.from_numpy(drawn),
        torch.from_numpy(excluded),
        some(queries),
        some(queries),
        torch.from_numpy(scores),
        some(queries + count),
    )


def value(name: str, batch: EncodedBatch, **options: Any) -> float:
    return loss(name, **options)(batch).item()


def loss(name: str, temperature: float = T, teacher_temperature: float = TEACHER_T) -> Loss:
    return hybrid_ir_losses()[name](temperature, teacher_temperature)


def logits(batch: EncodedBatch) -> np.ndarray:
    return (batch.queries @ batch.passages.T).numpy() / T


def info_nce(scores: np.ndarray, positives: np.ndarray, excluded: np.ndarray) -> float:
    """Each positive of a query against its negatives alone."""
    values = []
    for row, good, out in zip(scores, positives, excluded, strict=True):
        negatives = row[~good & ~out]
        values.append(np.mean([-log_softmax([one, *negatives])[0] for one in row[good]]))
    return float(np.mean(values))


def contrast(one: np.ndarray, other: np.ndarray, excluded: np.ndarray) -> float:
    scores, same = one @ other.T / T, np.eye(len(one), dtype=bool)
    return (info_nce(scores, same, excluded) + info_nce(scores.T, same, excluded.T)) / 2


def reference(name: str, batch: EncodedBatch) -> float:
    scores, positives, excluded = logits(batch), batch.positives.numpy(), batch.excluded.numpy()
    if name == "info_nce":
        return info_nce(scores, positives, excluded)
    if name == "symmetric":
        some = positives.any(0)
        return (
            info_nce(scores, positives, excluded) + info_nce(scores.T[some], positives.T[some], excluded.T[some])
        ) / 2
    if name == "sup_con":
        each = []
        for row, good, out in zip(scores, positives, excluded, strict=True):
            chances = log_softmax(np.where(out, -np.inf, row))
            each.append(-np.mean(chances[good]))
        return float(np.mean(each))
    if name == "align_queries":
        places, others = batch.parallel_queries
        none = np.zeros((len(places), len(places)), bool)
        return contrast(batch.queries[places].numpy(), others.numpy(), none)
    if name == "align_passages":
        places, others = batch.parallel_passages
        return contrast(batch.passages[places].numpy(), others.numpy(), excluded[np.ix_(places, places)])
    if name in ("ranking_js", "ranking_kl"):
        places, others = batch.parallel_queries
        one = softmax(scores[places.numpy()], 1)
        other = softmax((others @ batch.passages.T).numpy() / T, 1)
        if name == "ranking_js":
            return float(np.mean(jensenshannon(one, other, axis=1) ** 2))
        return float(np.mean(entropy(one, other, axis=1) + entropy(other, one, axis=1)) / 2)
    teacher = batch.teacher_scores.numpy() / TEACHER_T
    known = np.isfinite(teacher)
    if name == "distill_kl":
        rows = [i for i in range(len(scores)) if known[i].sum() > 1]
        return float(np.mean([entropy(softmax(teacher[i][known[i]]), softmax(scores[i][known[i]])) for i in rows]))
    if name == "margin_mse":
        differences = [
            ((scores[i, i] - scores[i, j]) - (teacher[i, i] - teacher[i, j])) ** 2
            for i in range(len(scores))
            for j in range(scores.shape[1])
            if known[i, i] and known[i, j] and not positives[i, j]
        ]
        return float(np.mean(differences))
    assert name == "distill_vectors"
    places, targets = batch.teacher_vectors
    own = torch.cat([batch.queries, batch.passages])[places]
    return float(np.mean(np.linalg.norm((own - targets).numpy(), axis=1) ** 2))


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32 - 1), queries=st.integers(2, 7), hard=st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_the_loss_is_its_formula(name: str, seed: int, queries: int, hard: int) -> None:
    batch = batch_of(seed, queries, hard=hard)
    if name == "margin_mse" and not batch.teacher_scores.diagonal().isfinite().any():
        return
    if name == "distill_kl" and not (batch.teacher_scores.isfinite().sum(1) > 1).any():
        return
    expected = reference(name, batch)
    if math.isnan(expected):  # no margin at all
        expected = 0
    assert value(name, batch) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_loss(name: str) -> None:
    batch = batch_of(0)
    places = [one.places for one in (batch.parallel_queries, batch.parallel_passages)]

    def of(*vectors: torch.Tensor) -> torch.Tensor:
        queries, passages, others, answers = vectors
        return loss(name)(
            replace(
                batch,
                queries=queries,
                passages=passages,
                parallel_queries=Some(places[0], others),
                parallel_passages=Some(places[1], answers),
            )
        )

    vectors = [batch.queries, batch.passages, batch.parallel_queries.vectors, batch.parallel_passages.vectors]
    assert torch.autograd.gradcheck(of, [one.clone().requires_grad_() for one in vectors])


@pytest.mark.parametrize("name", ["info_nce", "sup_con"])
def test_with_one_positive_a_query_it_is_cross_entropy(name: str) -> None:
    batch = batch_of(1, positives=1)
    masked = torch.from_numpy(logits(batch)).masked_fill(batch.excluded, -math.inf)
    expected = torch.nn.functional.cross_entropy(masked, torch.arange(5)).item()
    assert value(name, batch) == pytest.approx(expected, rel=1e-12)


def test_sup_con_is_smallest_where_all_positives_score_alike() -> None:
    """Which InfoNCE does not mind once both are far above the negatives."""
    query = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    negative = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)

    def with_scores(one: float, other: float) -> EncodedBatch:
        positives = [[one, math.sqrt(1 - one**2), 0.0], [other, math.sqrt(1 - other**2), 0.0]]
        passages = torch.cat([torch.tensor(positives, dtype=torch.float64), negative[None]])
        drawn = torch.tensor([[True, True, False]])
        return EncodedBatch(query, passages, drawn, torch.zeros(1, 3, dtype=torch.bool))

    alike, unlike = with_scores(0.9, 0.9), with_scores(1.0, 0.8)
    assert value("sup_con", unlike) > value("sup_con", alike) + 0.1
    assert value("info_nce", unlike) == pytest.approx(value("info_nce", alike), abs=1e-3)


@pytest.mark.parametrize("name", ["distill_kl", "margin_mse", "distill_vectors", "ranking_js", "ranking_kl"])
def test_a_teacher_that_says_what_the_student_says_is_the_minimum(name: str) -> None:
    batch = batch_of(2)
    own = torch.cat([batch.queries, batch.passages])
    same = replace(
        batch,
        teacher_scores=batch.queries @ batch.passages.T,
        teacher_vectors=Some(torch.arange(len(own)), own),
        parallel_queries=Some(torch.arange(len(batch.queries)), batch.queries.clone()),
    )
    queries = same.queries.clone().requires_grad_()
    found = loss(name, teacher_temperature=T)(replace(same, queries=queries))
    assert found.item() == pytest.approx(0, abs=1e-12)
    found.backward()
    assert queries.grad.abs().max() < 1e-9
    assert value(name, batch) > 1e-3


@pytest.mark.parametrize("name", [name for name in NAMES if hybrid_ir_losses()[name].needs])
def test_where_no_row_has_what_it_needs_a_loss_is_nought(name: str) -> None:
    batch = batch_of(3)
    nobody = Some(torch.zeros(0, dtype=torch.long), torch.zeros(0, 6, dtype=torch.float64))
    queries = batch.queries.clone().requires_grad_()
    bare = EncodedBatch(
        queries,
        batch.passages,
        batch.positives,
        batch.excluded,
        nobody,
        nobody,
        torch.full_like(batch.teacher_scores, math.nan),
        nobody,
    )
    found = Objective(LossSettings({name: 1.0}), T)(bare)
    found.backward()
    assert found.item() == 0
    assert (queries.grad == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_confident_float32_scores_at_a_low_temperature_are_finite(name: str) -> None:
    batch = batch_of(4)
    batch = EncodedBatch(
        *(one.float() for one in (batch.queries, batch.passages)),
        batch.positives,
        batch.excluded,
        *(Some(one.places, one.vectors.float()) for one in (batch.parallel_queries, batch.parallel_passages)),
        batch.teacher_scores.float(),
        Some(batch.teacher_vectors.places, batch.teacher_vectors.vectors.float()),
    )
    trained = batch.queries.requires_grad_(), batch.passages.requires_grad_()
    loss(name, 0.001, 0.001)(batch).backward()
    assert all(one.grad is None or one.grad.isfinite().all() for one in trained)


def test_the_objective_is_the_weighted_sum_over_dimensions() -> None:
    batch = batch_of(5)
    objective = Objective(LossSettings({"info_nce": 2.0, "align_queries": 0.5}, matryoshka=(4, 2)), T)
    assert objective.needs == {"parallel_queries"}

    def cut(dimension: int) -> EncodedBatch:
        def short(vectors: torch.Tensor) -> torch.Tensor:
            return vectors[:, :dimension] / vectors[:, :dimension].norm(dim=1, keepdim=True)

        places, others = batch.parallel_queries
        return replace(
            batch,
            queries=short(batch.queries),
            passages=short(batch.passages),
            parallel_queries=Some(places, short(others)),
        )

    parts = [batch, cut(4), cut(2)]
    expected = {
        name: weight * sum(reference(name, part) for part in parts)
        for name, weight in (("info_nce", 2), ("align_queries", 0.5))
    }
    terms = objective.terms(batch)
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-9)
    assert objective(batch).item() == pytest.approx(sum(expected.values()), rel=1e-9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": {"info_nce": 0}}, "weight of the loss 'info_nce' is 0; it must be above 0"),
        ({"weights": {"info_nce": math.nan}}, "weight of the loss 'info_nce' is nan"),
        ({"weights": {}}, "no loss to train by"),
        ({"matryoshka": (0,)}, "takes numbers of components"),
        ({"teacher_temperature": 0.0}, "teacher temperature is 0.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        LossSettings(**settings)


def test_an_unknown_loss_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown loss 'infonce'; known: align_passages, .*did you mean 'info_nce'"):
        Objective(LossSettings({"infonce": 1}), T)


def test_more_components_than_there_are_are_refused() -> None:
    with pytest.raises(UserError, match="matryoshka has 512 components; the vectors have 384"):
        Objective(LossSettings(matryoshka=(64, 512)), T).check(384)
