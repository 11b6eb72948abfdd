"""Milvus as a file, which one process at a time can have open, and by a URI, where a collection outlives no index."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.backends import milvus
from hybrid_plugin.retrieval.index import delete_index, index_dataset, index_record
from hybrid_plugin.retrieval.search import search_dataset
from hybrid_plugin.retrieval.settings import IndexSettings

TASK = "hybrid-demo/multi/de"
client = pytest.importorskip("pymilvus", reason="needs the extra milvus")


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of Milvus by its address, such as a cluster has; here that of Milvus Lite."""
    from milvus_lite.adapter.grpc.server import start_server_in_thread

    started, data, port = start_server_in_thread(
        data_dir=str(tmp_path_factory.mktemp("server")), host="127.0.0.1", port=0
    )
    yield f"http://127.0.0.1:{port}"
    started.stop(grace=0)
    data.close()


def collections(uri: str) -> list[str]:
    return list(client.MilvusClient(uri).list_collections())


def test_an_index_in_a_cluster_is_built_searched_and_dropped(encoder: Encoder, server: str, tmp_path: Path) -> None:
    for name, settings in (("here", IndexSettings()), ("there", IndexSettings(uri=server))):
        index_dataset("hybrid-demo/multi", encoder, tmp_path / name, backend="milvus", settings=settings)
        search_dataset(TASK, encoder, tmp_path / name, tmp_path / f"{name}.trec", hits=30)
    assert (tmp_path / "here.trec").read_bytes() == (tmp_path / "there.trec").read_bytes()
    assert not (tmp_path / "there" / "milvus.db").exists()
    assert collections(server) == [index_record(tmp_path / "there")["facts"]["collection"]]
    with pytest.raises(UserError, match=r"uri was http.*, is not given"):
        index_dataset("hybrid-demo/multi", encoder, tmp_path / "there", backend="milvus")
    index_dataset("hybrid-demo/de", encoder, tmp_path / "other", backend="milvus", settings=IndexSettings(uri=server))
    assert len(collections(server)) == 2
    index_dataset("hybrid-demo/multi", encoder, tmp_path / "there", backend="faiss", overwrite=True)
    delete_index(tmp_path / "other")
    assert collections(server) == []
    assert not (tmp_path / "other").exists()


def test_a_collection_that_lacks_documents_is_noticed(encoder: Encoder, server: str, tmp_path: Path) -> None:
    index = index_dataset(
        "hybrid-demo/de", encoder, tmp_path / "it", backend="milvus", settings=IndexSettings(uri=server)
    )
    client.MilvusClient(server).drop_collection(index_record(index)["facts"]["collection"])
    with pytest.raises(UserError, match=r"has 0 of the 161 documents of .*; index again"):
        search_dataset("hybrid-demo/de/de", encoder, index, tmp_path / "run.trec")


def test_a_cluster_gives_so_many_documents(
    encoder: Encoder, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus, "MOST", 100)
    index = index_dataset(
        "hybrid-demo/de", encoder, tmp_path / "it", backend="milvus", settings=IndexSettings(uri=server)
    )
    search_dataset("hybrid-demo/de/de", encoder, index, tmp_path / "run.trec", hits=100)
    with pytest.raises(UserError, match="hits is 101; a Milvus cluster gives a query 100 documents at most"):
        search_dataset("hybrid-demo/de/de", encoder, index, tmp_path / "more.trec", hits=101)
    delete_index(index)


def test_a_file_serves_one_process_at_a_time(encoder: Encoder, tmp_path: Path) -> None:
    index = index_dataset("hybrid-demo/de", encoder, tmp_path / "it", backend="milvus")
    program = "import sys, milvus_lite; it = milvus_lite.MilvusLite(sys.argv[1]); print('open', flush=True); input()"
    command = [sys.executable, "-c", program, str(index / "milvus.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(UserError, match=r"cannot open .*milvus\.db: another process has it open"):
            search_dataset("hybrid-demo/de/de", encoder, index, tmp_path / "run.trec")
        other.communicate("\n")
    search_dataset("hybrid-demo/de/de", encoder, index, tmp_path / "run.trec")


def test_an_approximate_index_says_what_it_finds(encoder: Encoder, tmp_path: Path) -> None:
    settings = IndexSettings(index_factory="HNSW,M=8", ef_search=200)
    index = index_dataset("hybrid-demo/de", encoder, tmp_path / "it", backend="milvus", settings=settings)
    recall = index_record(index)["recall"]
    assert [*recall] == ["10", "100"]
    assert 0.5 < recall["100"] <= 1
    search_dataset("hybrid-demo/de/de", encoder, index, tmp_path / "run.trec", hits=10)
    assert len((tmp_path / "run.trec").read_text().splitlines()) % 10 == 0
