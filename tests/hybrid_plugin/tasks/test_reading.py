"""What cannot be fetched or read is said in one sentence that names the id and the file."""

from __future__ import annotations

import gzip
from pathlib import Path

import ir_datasets
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import JsonlDocs, TrecQrels, TsvDocs, TsvQueries
from ir_datasets.util import GzipExtract, MetadataComponent, MetadataProvider
from ir_datasets.util.download import _DownloadConfig

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks import Judgements, Task, View, documents, load_dataset, queries
from hybrid_plugin.tasks.texts import count_documents, document_ids

NOBODY = "http://127.0.0.1:9"  # where nobody answers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of ``absent`` and ``damaged`` lie, or would."""
    folder = tmp_path_factory.mktemp("published")
    names = ("docs.tsv.gz", "queries.tsv", "qrels.txt", "cut.jsonl.gz", "list.json", "counts.json")
    entries = {name: {"url": f"{NOBODY}/{name}", "cache_path": name, "expected_md5": "0" * 32} for name in names}
    files = _DownloadConfig(contents=entries).context("", str(folder))
    whole = gzip.compress(b'{"doc_id": "1", "text": "The first of many words."}\n' * 2000)
    (folder / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])

    def listed(dataset_id: str, arguments: tuple[str, ...]) -> None:
        files["list.json"].path()

    docs = TsvDocs(GzipExtract(files["docs.tsv.gz"]), lang="sw")
    absent = Dataset(docs, TsvQueries(files["queries.tsv"], lang="sw"), TrecQrels(files["qrels.txt"], {}))
    ir_datasets.registry.register("absent", absent)
    ir_datasets.registry.register("damaged", Dataset(JsonlDocs([GzipExtract(files["cut.jsonl.gz"])], lang="sw")))
    ir_datasets.registry.register_pattern(r"^listed/(\w+)$", listed)
    counts = MetadataProvider(MetadataProvider.json_loader(files["counts.json"]))
    ir_datasets.registry.register("uncounted", Dataset(MetadataComponent("uncounted", absent, counts), docs))
    return folder


@pytest.fixture
def task(folder: Path) -> Task:
    return Task("sw/sw", (View("absent", "sw"),), View("absent", "sw"), ("absent",))


def sentence(folder: Path, name: str) -> str:
    return (
        f"'absent' needs {folder / name}, which is not there and cannot be downloaded (ConnectionError); put the "
        "published file there, or leave out what needs it"
    )


def test_a_file_that_cannot_be_downloaded_is_named(task: Task, folder: Path) -> None:
    for read, name in (
        (lambda: next(documents(task.docs[0])), "docs.tsv.gz"),
        (lambda: next(document_ids(task.docs[0])), "docs.tsv.gz"),
        (lambda: next(queries(task)), "queries.tsv"),
        (lambda: Judgements.load(task), "qrels.txt"),
    ):
        with pytest.raises(UserError) as caught:
            read()
        assert str(caught.value) == sentence(folder, name)


def test_a_list_of_files_that_cannot_be_downloaded_is_named(folder: Path) -> None:
    with pytest.raises(UserError, match=f"'listed/sw' needs {folder / 'list.json'}, which is not there"):
        load_dataset("listed/sw")


def test_what_is_damaged_is_named(folder: Path) -> None:
    with pytest.raises(UserError, match="'damaged' cannot be read: EOFError: Compressed file ended"):
        list(documents(View("damaged", "sw")))


def test_counts_that_cannot_be_fetched_are_unknown(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert count_documents(View("uncounted", "sw")) is None
    assert count_documents(View("uncounted", "sw")) is None  # without trying again
    assert capfd.readouterr().err.count("Download failed") == 1
