"""Shards by workers of Ray: the same bytes as by one process, whatever becomes of a worker."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from hybrid_plugin.cli.main import main
from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.ray import RayWorkers, ray_workers, shared_out
from hybrid_plugin.encoding.settings import EncoderOptions, Execution, Sharding
from hybrid_plugin.encoding.shards import Shards
from hybrid_plugin.encoding.worker import Job, Worker
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.checksum import checksum
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.texts import Text, texts_of

pytestmark = pytest.mark.xdist_group("ray")  # one worker of pytest starts Ray

DATASET = "hybrid-demo/de"  # documents alone
SHARDING = Sharding(shard_size=4)
OPTIONS = EncoderOptions(threads=1)


@pytest.fixture(scope="session")
def ray_here(tiny: Path) -> Iterator[None]:
    """This process is connected to a Ray on this machine."""
    pytest.importorskip("ray", reason="needs Ray")
    with ray_workers(str(tiny), OPTIONS, Execution("ray")):
        yield


@pytest.fixture(scope="module")
def by_one(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents as one process encodes them."""
    output = tmp_path_factory.mktemp("by-one") / "vectors"
    encode_dataset(DATASET, Encoder.load(tiny, OPTIONS), output, sharding=SHARDING)
    return output / "docs"


def command(*words: object, status: int = 0) -> None:
    """The command ``hybrid-ir`` in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hybrid-ir", *map(str, words)])
        if status:
            with pytest.raises(SystemExit, match=str(status)):
                main()
        else:
            main()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def job(tiny: Path, tmp_path: Path) -> Job:
    """Of the documents, in a folder that has been begun."""
    encoder = Encoder.load(tiny, OPTIONS)
    shards = Shards(tmp_path / "docs", {"of": "the documents"}, SHARDING)
    shards.folder.mkdir()
    (shards.folder / "encoding.json").write_text('{"of": "the documents", "dtype": "float32", "shard_size": 4}')
    return Job(DATASET, "docs", str(tiny), OPTIONS, encoder.identity, shards, os.getcwd())


def task(number: int, texts: list[Text] | None = None) -> dict[str, Any]:
    found = list(texts_of(load_dataset(DATASET), "docs")) if texts is None else texts
    return {"number": np.array([number]), "checksum": np.array([checksum(found[4 * number : 4 * number + 4])])}


def test_a_command_without_ray_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    command("encode", DATASET, "--encoder", "any", "--output", tmp_path, "--executor", "ray", status=2)
    assert capsys.readouterr().err == "hybrid-ir: --executor ray needs Ray; pip install 'hybrid-ir[ray]'\n"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nowhere", "the Ray address is 'nowhere'; it must be auto or HOST:PORT"),
        ("ray://head:10001", "with --ray-address auto"),
        ("127.0.0.1:{closed}", "no Ray answers at '127.0.0.1:{closed}': Connection refused"),
        ("127.0.0.1:99999", "no Ray answers at '127.0.0.1:99999'"),
    ],
)
def test_an_address_that_does_not_answer_is_told_at_once(address: str, said: str) -> None:
    pytest.importorskip("ray", reason="needs Ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    with pytest.raises(UserError) as error, ray_workers("any", None, Execution("ray", address.format(closed=closed))):
        pass
    assert said.format(closed=closed) in str(error.value)


def test_options_of_ray_are_for_ray() -> None:
    for options in ({"ray_address": "auto"}, {"workers": 2}):
        with pytest.raises(UserError, match=r"^--(ray-address|workers) goes with --executor ray$"):
            Execution(**options)
    with pytest.raises(UserError, match="workers is 0; it must be 1 or above"):
        Execution("ray", workers=0)
    with pytest.raises(UserError, match="unknown executor 'slurm'; known: local, ray"):
        Execution("slurm")  # type: ignore[arg-type]


def test_a_cluster_is_shared_out_so_that_all_workers_fit() -> None:
    assert shared_out([0, 0], gpus=4, workers=3) == (3, {"num_gpus": 1})  # a head without CPUs
    assert shared_out([2], gpus=0) == (1, {"num_cpus": 2})
    assert shared_out([0, 8, 8], gpus=0) == (4, {"num_cpus": 4})
    assert shared_out([6, 6], gpus=0, workers=3) == (3, {"num_cpus": 3})
    with pytest.raises(UserError, match="Ray has 4 GPUs, too few for 5 workers; give --workers 4 or fewer"):
        shared_out([64], gpus=4, workers=5)
    with pytest.raises(UserError, match="Ray has 3 CPUs, too few for 4 workers"):
        shared_out([1, 2], gpus=0, workers=4)


def test_a_worker_makes_a_shard_whatever_it_made_before(job: Job) -> None:
    worker = Worker(job)
    made = [worker(task(number))["texts"] for number in (3, 5, 5, 0)]
    assert made == [[4]] * 4
    assert sorted(path.name for path in job.shards.folder.glob("*.npy")) == ["00000.npy", "00003.npy", "00005.npy"]
    again = worker(task(3))  # its worker was lost when it was written, before it could say so
    assert (again["texts"], again["distinct"], again["obstacle"]) == ([4], [0], [""])
    last = load_dataset(DATASET).docs_count() // 4
    assert worker(task(last))["texts"] == [1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"directory": "/nowhere"}, "does not see docs, which must lie where all that encode into it see it"),
        ({"identity": {"weights": "others"}}, "is another encoder on the machine"),
        ({"encoder": "/no/encoder"}, "/no/encoder"),
        ({"dataset_id": "hybrid-demo/en"}, "the texts of 'hybrid-demo/en' are others on the machine"),
    ],
)
def test_a_worker_says_what_its_machine_lacks(
    job: Job, change: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(job.directory)  # which a worker leaves
    if "directory" in change:
        job.shards.folder = Path(job.shards.folder.name)
    (obstacle,) = Worker(replace(job, **change))(task(0))["obstacle"]
    assert said in obstacle
    assert "\n" not in obstacle
    assert not [*job.shards.folder.glob("*.npy")]


def test_the_command_ends_with_the_same_bytes_in_a_half_done_folder_and_with_a_worker_lost(
    ray_here: None,
    by_one: Path,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "vectors"
    words = ["encode", DATASET, "--encoder", tiny, "--output", output, "--threads", 1, "--shard-size", 4]
    command(*words, "--shard", "1/2")
    first, whole = output / "docs" / "00000.npy", len([*by_one.glob("*.npy")])
    before = first.stat().st_mtime_ns
    there = []  # shards, when a worker is lost
    make = RayWorkers.make

    def losing(*what: Any) -> Iterator[None]:
        for _ in make(*what):
            if not there:
                worker = next(one for one in psutil.Process().children(recursive=True) if "MapWorker" in one.name())
                there.append(len([*(output / "docs").glob("*.npy")]))
                worker.kill()
            yield

    monkeypatch.setattr(RayWorkers, "make", losing)
    capfd.readouterr()
    command(*words, "--executor", "ray", "--workers", 2)
    assert files(output / "docs") == files(by_one)
    assert first.stat().st_mtime_ns == before
    assert whole / 2 < there[0] < whole
    said = capfd.readouterr()
    assert said.out == f"{output / 'docs'}\n"
    assert said.err.splitlines()[-1].endswith(" of the work")
