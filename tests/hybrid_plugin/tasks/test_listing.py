"""The list of benchmarks says what is known of each without reading or downloading anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid_plugin.tasks import Benchmark, Qrels, Task, View
from hybrid_plugin.tasks.listing import Listed, benchmark_table, listed
from tests.conftest import ROOT


def table() -> dict[str, Listed]:
    return {one.benchmark.name: one for one in benchmark_table()}


def one(*ids: str, files: tuple[str, ...] = ()) -> Benchmark:
    docs = tuple(View(dataset_id, "en") for dataset_id in ids)
    return Benchmark("one", (Task("en/en", docs, View(ids[0], "en"), (Qrels(ids[0]),)),), files=files)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for ir_datasets."""
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_documents_are_counted_once_a_dataset_and_not_for_each_task() -> None:
    found = table()
    assert found["xquad-r"].documents == 13014
    assert found["hybrid-demo"].documents == 1288
    assert listed(one("hybrid-demo/de", "hybrid-demo/en")).documents == 161 * 2
    assert listed(one("vaswani")).documents == 11429
    assert found["clirmatrix"].documents is None


def test_what_is_here_is_told_from_files_and_collections(home: Path) -> None:
    assert table()["hybrid-demo"].here == "here"
    assert table()["xquad-r"].here == "no"
    (home / "xquad-r").mkdir(parents=True)
    (home / "xquad-r" / "de.json").touch()
    assert table()["xquad-r"].here == "partly"
    assert listed(one("xquad-r/de")).here == "here"

    files = ("some/*.gz", "some/qrels")
    assert listed(one("vaswani", files=files)).here == "no"
    (home / "some").mkdir()
    (home / "some" / "docs.gz").touch()
    assert listed(one("vaswani", files=files)).here == "partly"
    (home / "some" / "qrels").touch()
    assert listed(one("vaswani", files=files)).here == "here"


def test_what_nobody_knows_is_blank() -> None:
    assert listed(one("vaswani")).here == ""
    assert listed(one("hybrid-demo/de", "vaswani")).here == ""
    unknown = listed(one("no-such-id"))
    assert (unknown.documents, unknown.here) == (None, "")


def test_a_list_reads_and_downloads_nothing(tmp_path: Path) -> None:
    program = """
import json, sys
def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect"):
        raise ConnectionError("reached for the network")
sys.addaudithook(watch)
from hybrid_plugin.tasks import benchmark_table
print(json.dumps([one.benchmark.name for one in benchmark_table()]))
"""
    home = tmp_path / "home"
    (home / "parallel" / "faq").mkdir(parents=True)
    for name in ("docs.de.jsonl", "queries.de.jsonl"):
        (home / "parallel" / "faq" / name).write_text("not read\n")
    environment = {**os.environ, "IR_DATASETS_HOME": str(home), "IR_DATASETS_DL_TRIES": "1"}
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert result.returncode == 0, result.stderr
    names = json.loads(result.stdout)
    assert names == sorted(names)
    assert {"clirmatrix", "faq", "hybrid-demo", "miracl", "mlqa-r", "mmarco", "neuclir", "xquad-r"} <= set(names)
    assert {path.parent.name for path in home.rglob("*") if path.is_file()} == {"faq"}
