"""Positions are exact: those of trec_eval's order, score descending and then document id descending."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.exact import Pool, top
from hybrid_plugin.retrieval.positions import PositionCounter
from hybrid_plugin.retrieval.ranks import Ranks, stack_ranks

GROUPS = ("de", "en", "zh")
ids = st.text(st.sampled_from("ab1é文\U0001f600_"), min_size=1, max_size=4)


def matrix(draw: st.DrawFn, count: int, dimension: int) -> np.ndarray:
    """Vectors on a coarse grid, on which float32 products are exact and ties abound."""
    values = st.lists(st.integers(-2, 2), min_size=count * dimension, max_size=count * dimension)
    return np.array(draw(values), np.float32).reshape(count, dimension) / 2


@st.composite
def problems(draw: st.DrawFn) -> tuple[Vectors, list[str], Vectors, dict[str, list[str]]]:
    """Documents with groups, queries, and the relevant documents of each query."""
    dimension = draw(st.integers(1, 3))
    doc_ids = draw(st.lists(ids, min_size=1, max_size=25, unique=True))
    groups = [draw(st.sampled_from(GROUPS)) for _ in doc_ids]
    query_ids = [f"q{number}" for number in range(draw(st.integers(1, 4)))]
    relevant = {query_id: draw(st.lists(st.sampled_from(doc_ids), max_size=5, unique=True)) for query_id in query_ids}
    docs = Vectors(doc_ids, matrix(draw, len(doc_ids), dimension))
    return docs, groups, Vectors(query_ids, matrix(draw, len(query_ids), dimension)), relevant


def ranking(docs: Vectors, query: np.ndarray, kept: Sequence[bool]) -> list[str]:
    """The slow way: sort by score and id."""
    scored = [
        (math.fsum(a * b for a, b in zip(vector.tolist(), query.tolist(), strict=True)), doc_id)
        for doc_id, vector, keep in zip(docs.ids, docs.matrix, kept, strict=True)
        if keep
    ]
    return [doc_id for _, doc_id in sorted(scored, reverse=True)]


def as_dict(ranks: Ranks) -> dict[str, list[float]]:
    return {
        query_id: [position for position in row.tolist() if not math.isnan(position)]
        for query_id, row in zip(ranks.query_ids, ranks.positions, strict=True)
    }


@given(problems())
@settings(max_examples=300, deadline=None)
def test_positions_and_tops_are_those_of_a_full_sort(
    problem: tuple[Vectors, list[str], Vectors, dict[str, list[str]]],
) -> None:
    docs, groups, queries, relevant = problem
    pool = Pool(docs, groups)
    present = [group for group in GROUPS if group in groups]
    counter = PositionCounter(pool, relevant, present, whole=True)
    for rows, scores in pool.scores(queries):
        counter.add([queries.ids[row] for row in rows], scores)
        for row, found in zip(rows, scores, strict=True):
            for group in (None, *present):
                columns = pool.whole if group is None else pool.members[group]
                expected = ranking(docs, queries.matrix[row], [group in (None, own) for own in groups])
                for depth in (None, 1, 2, len(expected), len(expected) + 1):
                    assert pool.ids[top(found, columns, depth)].tolist() == expected[:depth]
    for group in (None, *present):
        kept = [group in (None, own) for own in groups]
        expected_positions = {}
        for query_id, query in zip(queries.ids, queries.matrix, strict=True):
            order = ranking(docs, query, kept)
            places = sorted(order.index(doc_id) + 1 for doc_id in relevant[query_id] if doc_id in order)
            if places:
                expected_positions[query_id] = places
        ranks = counter.ranks(group)
        assert as_dict(ranks) == expected_positions
        assert ranks.retrieved.tolist() == [sum(kept)] * len(expected_positions)
        assert ranks.relevant.tolist() == [len(places) for places in expected_positions.values()]


def test_groups_that_are_not_asked_for_are_not_counted() -> None:
    docs = Vectors(["a", "b", "c"], np.eye(3, dtype=np.float32))
    pool = Pool(docs, ["en", "de", "en"])
    counter = PositionCounter(pool, {"q": ["a", "b", "elsewhere"]}, ["de"], whole=False)
    for _, scores in pool.scores(Vectors(["q"], np.array([[1, 2, 3]], np.float32))):
        counter.add(["q"], scores)
    assert as_dict(counter.ranks("de")) == {"q": [1]}
    assert as_dict(counter.ranks("en")) == as_dict(counter.ranks(None)) == {}


def test_a_pool_without_groups_ranks_as_one() -> None:
    pool = Pool(Vectors(["a", "b", "c"], np.array([[1], [1], [2]], np.float32)))
    counter = PositionCounter(pool, {"q": ["a", "b"]}, [], whole=True)
    for _, scores in pool.scores(Vectors(["q"], np.array([[1]], np.float32))):
        counter.add(["q"], scores)
    assert as_dict(counter.ranks(None)) == {"q": [2, 3]}


def test_many_queries_are_scored_block_by_block_in_order() -> None:
    rng = np.random.default_rng(0)
    docs, queries = (rng.normal(size=(count, 8)).astype(np.float32) for count in (30, 1000))
    pool = Pool(Vectors([f"d{i:02}" for i in range(30)], docs))
    blocks = list(pool.scores(Vectors([f"q{i}" for i in range(1000)], queries)))
    assert len(blocks) > 1
    assert [row for rows, _ in blocks for row in rows] == list(range(1000))
    assert np.allclose(np.concatenate([scores for _, scores in blocks]), queries @ docs[::-1].T, atol=1e-5)


@pytest.mark.parametrize("queries", [1, 7, 100, 166, 256])
@pytest.mark.parametrize("documents", [17, 1180])
def test_equal_vectors_tie_whatever_their_place_in_the_product(queries: int, documents: int) -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=384).astype(np.float32)
    docs = rng.normal(size=(documents, 384)).astype(np.float32)
    copies = [*range(0, documents, 3), documents - 1]
    docs[copies] = one
    pool = Pool(Vectors([f"d{i:05}" for i in range(documents)], docs))
    columns = [pool.column[f"d{i:05}"] for i in copies]
    asked = rng.normal(size=(queries, 384)).astype(np.float32)
    for rows, scores in pool.scores(Vectors([f"q{i}" for i in range(queries)], asked)):
        assert (scores[:, columns] == scores[:, columns[:1]]).all()
        assert np.allclose(scores, asked[rows.start : rows.stop] @ docs[::-1].T, atol=1e-3)
        assert (np.ptp(scores, axis=1) > 1).all()


def test_a_cut_at_a_depth_is_the_ranking_so_far() -> None:
    ranks = stack_ranks(["a", "b"], [[7, 1, 3], [math.inf]], [9, 2])
    assert as_dict(ranks) == {"a": [1, 3, 7], "b": [math.inf]}
    cut = ranks.at_depth(3)
    assert as_dict(cut) == {"a": [1, 3, math.inf], "b": [math.inf]}
    assert cut.retrieved.tolist() == [3, 2]
    assert cut.relevant.tolist() == ranks.relevant.tolist() == [3, 1]
    assert ranks.at_depth(None) is ranks


@given(st.lists(st.lists(st.integers(1, 50), unique=True, max_size=6), max_size=5), st.integers(1, 60))
def test_a_deeper_cut_after_a_cut_changes_nothing(positions: list[list[int]], depth: int) -> None:
    ranks = stack_ranks([f"q{i}" for i in range(len(positions))], positions, [50] * len(positions))
    cut = ranks.at_depth(depth)
    assert as_dict(cut.at_depth(depth + 1)) == as_dict(cut)
    assert as_dict(ranks.at_depth(50)) == as_dict(ranks)


def test_queries_and_documents_of_different_encoders_are_refused() -> None:
    pool = Pool(Vectors(["a"], np.ones((1, 4), np.float32)))
    with pytest.raises(UserError, match="the queries have 3 dimensions, the documents 4"):
        list(pool.scores(Vectors(["q"], np.ones((1, 3), np.float32))))


def test_a_document_id_that_occurs_twice_is_refused() -> None:
    with pytest.raises(UserError, match="1 document ids occur more than once"):
        Pool(Vectors(["a", "b", "a"], np.ones((3, 2), np.float32)))
