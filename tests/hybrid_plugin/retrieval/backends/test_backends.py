"""Every engine finds what an exact search finds, with ties and copies, in one language and in all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.backends.base import Found, SearchBackend, settled
from hybrid_plugin.retrieval.backends.exact import ExactBackend, search_vectors
from hybrid_plugin.retrieval.backends.faiss import FaissBackend
from hybrid_plugin.retrieval.backends.milvus import MilvusBackend
from hybrid_plugin.retrieval.backends.named import backend_kinds
from hybrid_plugin.retrieval.documents import Catalogue, Documents
from hybrid_plugin.retrieval.exact import exact_scores
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings

Open = Callable[..., SearchBackend]
COUNT, DIMENSION = 600, 24


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    """Vectors of which some are equal, and some so close that float32 cannot tell which is nearer."""
    rng = np.random.default_rng(1)
    found = unit(rng.normal(size=(COUNT, DIMENSION)))
    found[100:180] = found[0]
    found[200:280] = unit(found[1] + rng.normal(size=(80, DIMENSION)) * 3e-8)
    return found


@pytest.fixture(scope="module")
def queries(matrix: np.ndarray) -> np.ndarray:
    return np.concatenate([matrix[:3], unit(np.random.default_rng(2).normal(size=(4, DIMENSION)))])


def in_memory(matrix: np.ndarray, stretches: list[list[int]] | None = None) -> Documents:
    vectors = Vectors([str(row) for row in range(len(matrix))], matrix)
    return Documents(Path("nowhere"), vectors, np.array(stretches or [[0, len(matrix)]], np.int64))


def best(queries: np.ndarray, matrix: np.ndarray, hits: int, chosen: np.ndarray) -> list[dict[int, float]]:
    """The documents of each query that have one of the highest scores, ties with the last included."""
    scores = exact_scores(queries, matrix)
    scores[:, ~chosen] = -np.inf
    least = np.sort(scores, axis=1)[:, -min(hits, chosen.sum())]
    return [
        {int(row): float(line[row]) for row in np.flatnonzero(line >= low)}
        for line, low in zip(scores, least, strict=True)
    ]


def as_found(found: Iterator[Found]) -> list[dict[int, float]]:
    return [dict(zip(one.numbers.tolist(), one.scores.tolist(), strict=True)) for one in found]


@pytest.fixture(scope="module", params=["faiss", "milvus"])
def engine(
    request: pytest.FixtureRequest, matrix: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchBackend]:
    folder = tmp_path_factory.mktemp(request.param)
    documents = in_memory(matrix)
    numbers = np.array([row % 3 for row in range(COUNT)], np.int16)
    (folder / "docid").write_text("".join(f"{doc_id}\n" for doc_id in documents.vectors.ids))
    catalogue = Catalogue(documents.vectors.ids, ("de", "en", 'od"d'), numbers)
    kind = backend_kinds()[request.param]
    facts = kind(folder, catalogue).index(documents, IndexSettings(), name="test")
    with kind(folder, catalogue, {**facts, "dimension": DIMENSION}) as opened:
        yield opened


@pytest.mark.parametrize("hits", [1, 7, 70, COUNT - 1, COUNT, 5000])
@pytest.mark.parametrize("languages", [None, ("de",), ("en", 'od"d'), ("xx",)])
def test_a_flat_index_finds_what_an_exact_search_finds(
    engine: SearchBackend, matrix: np.ndarray, queries: np.ndarray, hits: int, languages: tuple[str, ...] | None
) -> None:
    chosen = np.ones(COUNT, bool) if languages is None else engine.catalogue.of(languages)
    found = as_found(engine.search(queries, hits, SearchSettings(), languages))
    if languages == ("xx",):
        assert found == [{}] * len(queries)
    else:
        assert found == best(queries, matrix, hits, chosen)
    assert engine.dimension == DIMENSION


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("precision", ["highest", "medium"])
@pytest.mark.parametrize("hits", [1, 5, 90, COUNT])
def test_an_exact_search_is_exact_by_either_way(
    matrix: np.ndarray, queries: np.ndarray, hits: int, precision: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    expected = best(queries, matrix, hits, np.ones(COUNT, bool))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)  # as a user's program may have it
    try:
        for each in (0, 10**6):  # look through in float32 first, and score everything at once
            monkeypatch.setattr("hybrid_plugin.retrieval.backends.exact._EACH", each)
            for cells in (len(queries) * 50, 2**22):
                monkeypatch.setattr(
                    "hybrid_plugin.retrieval.backends.exact._CELLS", dict.fromkeys(["cpu", "cuda"], cells)
                )
                assert as_found(search_vectors(in_memory(matrix), queries, hits, device)) == expected
        assert torch.get_float32_matmul_precision() == precision
    finally:
        torch.set_float32_matmul_precision(before)


def test_scores_are_the_same_on_a_device(matrix: np.ndarray, queries: np.ndarray) -> None:
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        np.testing.assert_array_equal(exact_scores(queries, matrix, device), exact_scores(queries, matrix))


def test_vectors_of_any_length_are_told_apart(
    matrix: np.ndarray, queries: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybrid_plugin.retrieval.backends.exact._EACH", 0)
    lengths = np.geomspace(1e-3, 1e3, COUNT, dtype=np.float32)[:, None]
    for longer in (matrix * lengths, matrix * lengths[::-1], np.zeros_like(matrix)):
        expected = best(queries, longer, 9, np.ones(COUNT, bool))
        assert as_found(search_vectors(in_memory(longer), queries, 9, "cpu")) == expected


def test_documents_are_stretches_of_vectors(matrix: np.ndarray) -> None:
    stretches = [[500, 600], [7, 7], [3, 4], [0, 2], [100, 300]]
    rows = np.concatenate([np.arange(*one) for one in stretches])
    documents = in_memory(matrix, stretches)
    assert len(documents) == len(rows)
    for size in (1, 3, 64, 1000):
        starts, blocks = zip(*documents.blocks(size), strict=True)
        assert starts == tuple(range(0, len(rows), size))
        np.testing.assert_array_equal(np.concatenate(blocks), matrix[rows])
    some = np.array([302, 0, 100, 101, 99, 5])
    np.testing.assert_array_equal(documents.take(some), matrix[rows[some]])
    np.testing.assert_array_equal(next(documents.only(np.sort(some)).blocks())[1], matrix[rows[np.sort(some)]])
    assert documents.only(np.arange(100)).stretches.tolist() == [[500, 600]]
    assert not len(documents.only(np.arange(0)))


def test_a_vector_that_is_no_number_is_named(queries: np.ndarray, matrix: np.ndarray) -> None:
    broken = matrix.copy()
    broken[77, 3] = np.nan
    with pytest.raises(UserError, match=r"the vector of '77'.* is not finite"):
        [*search_vectors(in_memory(broken), queries, 5)]


def test_an_engine_of_float32_is_asked_again_where_its_error_leaves_a_doubt(
    matrix: np.ndarray, queries: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybrid_plugin.retrieval.backends.base._MORE", 1)
    noise = np.random.default_rng(3).uniform(-1e-6, 1e-6, (len(queries), COUNT)).astype(np.float32)
    widths = []

    def rough(some: np.ndarray, width: int) -> Iterator[Found]:
        widths.append(width)
        for query in some:
            line = int(np.flatnonzero((queries == query).all(1))[0])
            scores = matrix @ query + noise[line]
            order = np.argsort(-scores)[:width]
            yield Found(order, scores[order])

    documents = in_memory(matrix)
    found = as_found(settled(rough, queries, 10, documents.take, longest=1.0, most=COUNT))
    assert found == best(queries, matrix, 10, np.ones(COUNT, bool))
    assert widths == [11, 44, 176], "80 documents tie with the tenth of the first query"


@pytest.fixture
def build(matrix: np.ndarray, tmp_path: Path) -> Open:
    def index(kind: type[SearchBackend], settings: IndexSettings) -> SearchBackend:
        documents = in_memory(matrix)
        (tmp_path / "docid").write_text("".join(f"{doc_id}\n" for doc_id in documents.vectors.ids))
        catalogue = Catalogue(
            documents.vectors.ids, ("de", "en"), np.array([row % 2 for row in range(COUNT)], np.int16)
        )
        facts = kind(tmp_path, catalogue).index(documents, settings, name="test")
        return kind(tmp_path, catalogue, {**facts, "dimension": DIMENSION})

    return index


@pytest.mark.parametrize("factory", ["SQfp16", "HNSW16", "PQ4x4", "OPQ4,IVF2,SQ8"])
def test_faiss_builds_what_its_factory_knows(build: Open, queries: np.ndarray, factory: str) -> None:
    with build(FaissBackend, IndexSettings(index_factory=factory)) as index:
        assert index.facts["approximate"]
        assert all(len(one.numbers) == 10 for one in index.search(queries[3:], 10, SearchSettings()))
        if factory.startswith("PQ"):
            with pytest.raises(UserError, match=r"FAISS cannot search .* in de alone: invalid search params"):
                [*index.search(queries, 10, SearchSettings(), ["de"])]
        else:
            for one in index.search(queries, 10, SearchSettings(), ["de"]):
                assert len(one.numbers)
                assert not (one.numbers % 2).any()


def test_a_more_careful_search_finds_more(build: Open, queries: np.ndarray, matrix: np.ndarray) -> None:
    index = build(FaissBackend, IndexSettings(index_factory="IVF20,Flat", nprobe=1))
    few = [len(one.numbers) for one in index.search(queries, COUNT, SearchSettings())]
    all_of_them = [len(one.numbers) for one in index.search(queries, COUNT, SearchSettings(nprobe=20))]
    assert max(few) < COUNT == min(all_of_them)
    with pytest.raises(UserError, match="--ef-search is for HNSW"):
        [*index.search(queries, 5, SearchSettings(ef_search=5))]


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        (
            FaissBackend,
            {"index_factory": "Nonsense"},
            "cannot build the index 'Nonsense': could not parse index string",
        ),
        (FaissBackend, {"index_factory": "PQ7"}, "dimension of the vector .* should be a multiple"),
        (FaissBackend, {"index_factory": "IVF1000,Flat"}, "Number of training points"),
        (FaissBackend, {"uri": "http://localhost:1"}, "takes no --uri"),
        (ExactBackend, {"index_factory": "Flat"}, "takes no --index-factory"),
        (MilvusBackend, {"index_factory": "NONSENSE"}, "Milvus cannot build the index 'NONSENSE': .*"),
        (MilvusBackend, {"index_factory": "HNSW,32"}, "write it as HNSW"),
        (MilvusBackend, {"uri": "nowhere"}, "cannot reach the Milvus cluster nowhere: "),
    ],
)
def test_what_cannot_be_built_is_told(
    build: Open, kind: type[SearchBackend], settings: dict[str, str], said: str
) -> None:
    with pytest.raises(UserError, match=said) as told:
        build(kind, IndexSettings(**settings))
    assert "\n" not in str(told.value)


def test_settings_of_a_search_are_above_0() -> None:
    with pytest.raises(UserError, match="nprobe is 0"):
        SearchSettings(nprobe=0)
