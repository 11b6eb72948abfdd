"""One index of the pool serves every task of a benchmark, whichever engine searches it, and nothing is done twice."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Sharding
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.stored import stored_vectors
from hybrid_plugin.evaluation.vectors import RankingOptions, evaluate_vectors
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.plugins import manager
from hybrid_plugin.retrieval.index import delete_index, index_dataset, index_record
from hybrid_plugin.retrieval.search import search_dataset
from hybrid_plugin.retrieval.settings import IndexSettings
from hybrid_plugin.tasks.named import load_benchmark
from tests.conftest import ROOT
from tests.hybrid_plugin.news import write_news


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark whose pool puts prefixes before ids that its languages have in common."""
    return write_news(tmp_path_factory.mktemp("news"))


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module", params=["float32", "float16"])
def vectors(
    request: pytest.FixtureRequest, news: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    encode_dataset(str(news), encoder, folder, sharding=Sharding(dtype=request.param, shard_size=5))
    return folder


def runs_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.trec"))}


@pytest.mark.parametrize("backend", ["exact", "faiss", "milvus", "no index"])
def test_a_benchmark_is_searched_in_one_index_as_it_is_evaluated(
    news: Path, vectors: Path, encoder: Encoder, backend: str, tmp_path: Path
) -> None:
    benchmark = load_benchmark(news)
    pool = benchmark.address(next(task for task in benchmark.tasks if task.setting == "multi"))
    index = vectors
    if backend != "no index":
        index = index_dataset(pool, None, tmp_path / "index", backend=backend, vectors=vectors)
    for hits in (6, 100):  # fewer and more than there are documents
        search_dataset(str(news), None, index, tmp_path / f"runs-{hits}", vectors=vectors, hits=hits)
        options = RankingOptions(depth=hits, runs=tmp_path / f"expected-{hits}", runs_depth=hits)
        expected = evaluate_vectors(benchmark, *stored_vectors(benchmark, vectors), options=options)
        found = runs_of(tmp_path / f"runs-{hits}")
        for name, lines in runs_of(tmp_path / f"expected-{hits}").items():
            assert set(lines.splitlines()) <= set(found[name].splitlines()), "unjudged queries are searched for, too"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scores = evaluate_runs(benchmark, tmp_path / f"runs-{hits}", depth=hits)
        assert scores.tasks["AP"].tolist() == expected.tasks["AP"].tolist()


def test_what_was_interrupted_goes_on(news: Path, encoder: Encoder, tmp_path: Path) -> None:
    encode_dataset(str(news), encoder, tmp_path / "vectors")
    search = lambda **options: search_dataset(  # noqa: E731
        str(news), encoder, tmp_path / "vectors", tmp_path / "runs", **options
    )
    search()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    gone = sorted((tmp_path / "runs").glob("*.trec"))[2]
    text = gone.read_text()
    gone.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search()
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert {path for path in before if before[path] != after[path]} == {gone, gone.with_name(f"{gone.name}.json")}
    assert gone.read_text() == text
    with pytest.warns(AlreadyDone):
        search()
    with pytest.raises(UserError, match="hits was 1000, is 3"):
        search(hits=3)
    search(hits=3, overwrite=True)


def test_an_index_goes_on_from_the_vectors_of_one_that_was_killed(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = []
    encode_chunks = Encoder.encode_chunks

    def counted(self: Encoder, chunks: object, *arguments: object, **options: object) -> object:
        for vectors in encode_chunks(self, chunks, *arguments, **options):
            encoded.append(len(vectors))
            yield vectors

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(Encoder, "encode_chunks", counted)
    for backend in ("exact", "faiss"):
        encoded.clear()
        with monkeypatch.context() as patch:
            patch.setattr("hybrid_plugin.retrieval.index.documents_of", killed)
            with pytest.raises(Killed):
                index_dataset("hybrid-demo/de", encoder, tmp_path / backend, backend=backend)
        assert not (tmp_path / backend).exists()
        assert (tmp_path / f"{backend}.vectors").is_dir()
        index_dataset("hybrid-demo/de", encoder, tmp_path / backend, backend=backend)
        assert sum(encoded) == 161, "no text twice"
        assert {path.name for path in tmp_path.iterdir()} <= {"exact", "faiss"}, "nothing is left beside it"
        search_dataset("hybrid-demo/de/en", encoder, tmp_path / backend, tmp_path / backend / "run.trec")
    assert (tmp_path / "exact" / "run.trec").read_text() == (tmp_path / "faiss" / "run.trec").read_text()


def test_vectors_that_are_not_of_the_documents_or_the_encoder_are_refused(
    news: Path, encoder: Encoder, tmp_path: Path
) -> None:
    encode_dataset("hybrid-demo/de/en", encoder, tmp_path / "vectors")
    other = tiny_encoder(["other words"], tmp_path / "tiny")
    build = lambda name, encoder: index_dataset(  # noqa: E731
        name, encoder, tmp_path / "index", vectors=tmp_path / "vectors"
    )
    with pytest.raises(UserError, match="was made by another encoder"):
        build("hybrid-demo/de", other)
    with pytest.raises(UserError, match="has no vector of"):
        build("hybrid-demo/en", encoder)
    with pytest.raises(UserError, match="holds no vectors"):
        index_dataset("hybrid-demo/de", encoder, tmp_path / "index", vectors=tmp_path / "tiny")
    with pytest.raises(UserError, match="without an encoder or a folder of vectors"):
        index_dataset("hybrid-demo/de", None, tmp_path / "index")
    with pytest.raises(UserError, match="unknown back end 'lucene'; known: exact, faiss, milvus"):
        index_dataset("hybrid-demo/de", encoder, tmp_path / "index", backend="lucene")
    index = index_dataset("hybrid-demo/de", encoder, tmp_path / "index", backend="exact", vectors=tmp_path / "vectors")
    with pytest.raises(UserError, match=r"of 'hybrid-demo/en/de', but of 'hybrid-demo/de'.* \(0 documents of .*'en'"):
        search_dataset("hybrid-demo/en/de", encoder, index, tmp_path / "run.trec")
    encode_dataset("hybrid-demo/de/en", other, tmp_path / "vectors", overwrite=True)
    with pytest.raises(UserError, match=r"are not those that .* was made of; index again"):
        search_dataset("hybrid-demo/de/en", encoder, index, tmp_path / "run.trec")
    shutil.rmtree(tmp_path / "vectors")
    with pytest.raises(UserError, match="holds no vectors"):
        search_dataset("hybrid-demo/de/en", encoder, index, tmp_path / "run.trec")
    assert not (tmp_path / "run.trec").exists()


def test_an_approximate_index_records_what_it_finds(encoder: Encoder, tmp_path: Path) -> None:
    settings = IndexSettings(index_factory="IVF8,Flat", nprobe=2)
    index = index_dataset("hybrid-demo/de", encoder, tmp_path / "index", settings=settings)
    recall = index_record(index)["recall"]
    assert [*recall] == ["10", "100"]
    assert 0.1 < recall["100"] < 1
    assert "recall" not in index_record(index_dataset("hybrid-demo/de", encoder, tmp_path / "flat"))
    with pytest.raises(UserError, match="nprobe was 2, is 8"):
        index_dataset("hybrid-demo/de", encoder, index, settings=IndexSettings(index_factory="IVF8,Flat", nprobe=8))


def test_an_index_is_deleted_and_nothing_else(encoder: Encoder, tmp_path: Path) -> None:
    index = index_dataset("hybrid-demo/de", encoder, tmp_path / "index")
    delete_index(index)
    assert not index.exists()
    (tmp_path / "thesis").mkdir()
    with pytest.raises(UserError, match="not ours to remove"):
        delete_index(tmp_path / "thesis")


def test_documents_that_lie_apart_are_found_by_their_ids(news: Path, encoder: Encoder, tmp_path: Path) -> None:
    """As in vectors of version 0.1, which do not say what they are of."""
    encode_dataset("hybrid-demo/multi/zh", encoder, tmp_path / "vectors")
    path = tmp_path / "vectors" / "docs" / "vectors.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in record.items() if key not in ("views", "dataset")}))
    for backend in ("exact", "faiss"):
        index = index_dataset(
            "hybrid-demo/zh", encoder, tmp_path / backend, backend=backend, vectors=tmp_path / "vectors"
        )
        search_dataset("hybrid-demo/zh/zh", encoder, index, tmp_path / f"{backend}.trec")
    assert (tmp_path / "exact.trec").read_text() == (tmp_path / "faiss.trec").read_text()
    assert np.load(tmp_path / "exact" / "rows.npy").shape[1] == 2


def test_the_engine_of_the_documentation_works(encoder: Encoder, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    exec(next(code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "class Loaded" in code), found)
    manager().register(SimpleNamespace(hybrid_ir_backends=found["hybrid_ir_backends"]), name="loaded")
    try:
        for backend in ("loaded", "exact"):
            index_dataset("hybrid-demo/multi", encoder, tmp_path / backend, backend=backend)
            search_dataset("hybrid-demo/de/en", encoder, tmp_path / backend, tmp_path / f"{backend}.trec", hits=5)
    finally:
        manager().unregister(name="loaded")
    one, other = (
        [line.split()[:4] for line in (tmp_path / f"{backend}.trec").read_text().splitlines()]
        for backend in ("loaded", "exact")
    )
    assert np.mean([first == second for first, second in zip(one, other, strict=True)]) > 0.95, "but for last digits"


def test_cut_vectors_are_searched_by_the_same_cut(news: Path, tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark(news)
    pool = benchmark.address(next(task for task in benchmark.tasks if task.setting == "multi"))
    whole, cut = Encoder.load(tiny), Encoder.load(tiny, truncate_dim=32)
    index = index_dataset(pool, cut, tmp_path / "index")
    assert index_record(index)["dimension"] == 32
    search_dataset(pool, cut, index, tmp_path / "run.trec", hits=3)
    with pytest.raises(UserError, match="made with the truncate dim '32'"):
        search_dataset(pool, whole, index, tmp_path / "other.trec", hits=3)
