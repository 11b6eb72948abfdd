"""A score is the exact dot product of two vectors, rounded once; so it is the same wherever the vectors stand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval import exact
from hybrid_plugin.retrieval.exact import Part, exact_pairs, exact_scores, score_blocks

# Some that cancel each other's products, some that vanish beside others, and numbers of any kind.
numbers = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 0.5, 3.0, 2.0**-12, -(2.0**-12), 2.0**-24, 2.0**-30, 2.0**30]),
    st.floats(-(2.0**60), 2.0**60, width=32),
)
vectors = st.integers(1, 5).flatmap(
    lambda dimension: st.tuples(
        *[st.lists(st.lists(numbers, min_size=dimension, max_size=dimension), min_size=1, max_size=6)] * 2
    )
)


def true_score(query: np.ndarray, doc: np.ndarray) -> float:
    """The float32 that is nearest to the dot product; of two that are equally near, the one whose last bit is 0."""
    total = sum((Fraction(a) * Fraction(b) for a, b in zip(query.tolist(), doc.tolist(), strict=True)), Fraction())
    near = np.float32(float(total))
    around = (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf)))
    return float(min(around, key=lambda one: (abs(Fraction(float(one)) - total), int(one.view(np.int32)) & 1)))


def true_scores(queries: np.ndarray, docs: np.ndarray) -> list[list[float]]:
    return [[true_score(query, doc) for doc in docs] for query in queries]


@given(vectors)
@settings(max_examples=400, deadline=None)
def test_scores_are_true_dot_products_rounded_once(found: tuple[list[list[float]], list[list[float]]]) -> None:
    queries, docs = (np.array(rows, np.float32) for rows in found)
    expected = true_scores(queries, docs)
    assert exact_scores(queries, docs).tolist() == expected
    lines, columns = np.indices((len(queries), len(docs))).reshape(2, -1)
    assert exact_pairs(queries[lines], docs[columns]).tolist() == [score for row in expected for score in row]


@pytest.mark.parametrize("length", [1e-15, 1e-4, 1, 1e4, 1e15])
@pytest.mark.parametrize("dimension", [1, 8, 384])
def test_they_are_for_vectors_of_any_length(dimension: int, length: float) -> None:
    rng = np.random.default_rng(0)
    queries, docs = ((rng.normal(size=(n, dimension)) * length).astype(np.float32) for n in (7, 30))
    docs[::4] = docs[0]
    docs[5] = 0
    queries[2] = 0
    assert exact_scores(queries, docs).tolist() == true_scores(queries, docs)
    assert exact_pairs(queries[:5], docs[:5]).tolist() == [
        true_score(*pair) for pair in zip(queries[:5], docs[:5], strict=True)
    ]


@pytest.mark.parametrize(
    ("query", "doc", "score"),
    [
        ([1, 2**-30, 1], [1, 2**-30, -1], 2.0**-60),  # float64 adds it up to 0
        ([1, 2**-24, 2**-40], [1, 1, 2**-40], 1 + 2.0**-23),  # nearer to 1 + 2^-24 than float64 can say
        ([1, 2**-24, 2**-40], [1, 1, -(2**-40)], 1),
        ([1, 2**-24, 2**-23], [1, 1, 0], 1),  # halfway: to the even one
        ([1, 2**-24, 2**-23], [1, 1, 1], 1 + 2.0**-22),
        ([0, 0, 0], [1, 2, 3], 0),
    ],
)
def test_what_float64_loses_decides(query: list[float], doc: list[float], score: float) -> None:
    one, other = (np.array([vector], np.float32) for vector in (query, doc))
    for sign in (1, -1):
        assert exact_scores(sign * one, other).tolist() == [[sign * score]]
        assert exact_pairs(one, sign * other).tolist() == [sign * score]


@st.composite
def repeated(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Queries and documents of a few vectors, each perhaps several times."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dimension = draw(st.sampled_from([1, 2, 3, 17, 64]))
    few = rng.normal(size=(4, dimension)) * 10.0 ** rng.integers(-8, 8, size=(4, 1))
    few = np.concatenate([few, few[:1] + few[1:2], np.zeros((1, dimension))]).astype(np.float32)
    lines, columns = (draw(st.lists(st.integers(0, 5), min_size=1, max_size=n)) for n in (9, 40))
    return few[lines], few[columns]


@given(repeated(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_pair_of_vectors_has_one_score_in_blocks_of_any_shape_and_order(
    found: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    queries, docs = found
    whole = exact_scores(queries, docs)
    of_pair: dict[tuple[bytes, bytes], float] = {}
    for line, query in enumerate(queries):
        for column, doc in enumerate(docs):
            score = of_pair.setdefault((query.tobytes(), doc.tobytes()), whole[line, column])
            assert whole[line, column] == score
            assert exact_scores(queries[line : line + 1], docs[column : column + 1])[0, 0] == score
    order = np.array(data.draw(st.permutations(range(len(docs)))))
    some = np.array(data.draw(st.lists(st.sampled_from(range(len(queries))), min_size=1, max_size=12)))
    size = data.draw(st.integers(1, len(docs)))
    for start in range(0, len(docs), size):
        chosen = order[start : start + size]
        assert (exact_scores(queries[some], docs[chosen]) == whole[np.ix_(some, chosen)]).all()
        assert (exact_pairs(queries[some[:1].repeat(len(chosen))], docs[chosen]) == whole[some[0], chosen]).all()


@pytest.mark.parametrize("queries", [1, 7, 100, 166, 256])
@pytest.mark.parametrize("documents", [17, 1180])
def test_equal_vectors_tie_whatever_their_place_in_the_product(
    queries: int, documents: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=384).astype(np.float32)
    docs = rng.normal(size=(documents, 384)).astype(np.float32)
    copies = [*range(0, documents, 3), documents - 1]
    docs[copies] = one
    asked = rng.normal(size=(queries, 384)).astype(np.float32)
    part = Part(Vectors([f"d{i:05}" for i in range(documents)], docs))
    whole = exact_scores(asked, docs)
    assert (whole[:, copies] == whole[:, copies[:1]]).all()
    assert np.allclose(whole, asked @ docs.T, atol=1e-3)
    assert (np.ptp(whole, axis=1) > 1).all()
    monkeypatch.setattr(exact, "_CELLS", 97 * queries)
    blocks = list(score_blocks(asked, part))
    assert len(blocks) == -(-documents // 97)
    assert np.array_equal(np.concatenate([block.scores for block in blocks], axis=1), whole)
    assert np.array_equal(np.concatenate([block.rows for block in blocks]), np.arange(documents))


def test_sums_in_doubt_are_settled_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = np.tile(np.float32([1, 2**-24, 2**-40]), (9, 1))
    docs = np.tile(np.float32([[1, 1, 2**-40], [1, 1, -(2**-40)]]), (20, 1))
    monkeypatch.setattr(exact, "_CELLS", 21)
    assert exact_scores(queries, docs).tolist() == [[1 + 2.0**-23, 1] * 20] * 9


def test_a_block_is_of_one_language() -> None:
    docs = Vectors([*"abcde"], np.arange(5, dtype=np.float32)[:, None])
    part = Part(docs, np.array(["de", "en", "de", None, "en"], object))
    assert part.languages == {"de", "en"}
    blocks = list(score_blocks(np.float32([[1], [2]]), part))
    assert [(block.lang, block.rows.tolist()) for block in blocks] == [("de", [0, 2]), ("en", [1, 4]), (None, [3])]
    assert [block.scores.tolist() for block in blocks] == [[[0, 2], [0, 4]], [[1, 4], [2, 8]], [[3], [6]]]
    assert [block.lang for block in score_blocks(np.float32([[1]]), Part(docs, "zh"))] == ["zh"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_is_refused_by_its_id(bad: float) -> None:
    matrix = np.ones((5, 2), np.float32)
    matrix[3, 1] = bad
    with pytest.raises(UserError, match=r"^the vector of 'd3' is not finite; encode again$"):
        list(score_blocks(np.ones((1, 2), np.float32), Part(Vectors([f"d{i}" for i in range(5)], matrix))))
