"""Kills ``hybrid-ir encode`` and ``hybrid-ir index`` at random moments, and looks at what they make when they go on.

    python tests/benchmarks/kills.py [--kills 50] [--seed 0] [--dataset hybrid-demo]

Each run is killed one to three times (SIGKILL), then left alone. It must end with the bytes of a run that nobody
disturbed and with nothing beside them, and no shard that was whole may be made again. Exit status 1: it was otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

# All that the commands need is imported once; each is a fork of this process, which itself computes nothing.
os.environ["OMP_NUM_THREADS"] = "1"

import faiss  # noqa: F401
import torch  # noqa: F401
import transformers.models.auto
import transformers.models.bert.modeling_bert  # noqa: F401

import datasets_ext
import hybrid_plugin.encoding.encode as encoding
from hybrid_plugin.cli.main import main as command_line
from hybrid_plugin.encoding.settings import Sharding
from hybrid_plugin.encoding.shards import Shards
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.encoding.vectors import RECORD
from hybrid_plugin.quickstart import BENCHMARK, training_texts
from hybrid_plugin.retrieval import index_dataset  # noqa: F401
from hybrid_plugin.training.sources.named import load_source

SHARD = 64  # texts


@dataclass
class Found:
    """What became of the runs of a command."""

    runs: int = 0
    kills: int = 0
    kept: int = 0
    """Shards that were whole when a process was killed."""
    faults: list[str] = field(default_factory=list)


def command(words: Sequence[str], log: Path) -> None:
    """Be the command, with small shards; notes in ``log`` which are written."""
    write = Shards._write

    def noted(shards: Shards, block, *others) -> None:
        write(shards, block, *others)
        with log.open("a") as file:
            file.write(f"{shards.folder.name} {block.number}\n")

    Shards._write = noted
    encoding.Sharding = partial(Sharding, shard_size=SHARD)  # of index, which has no option for it
    sys.argv = ["hybrid-ir", *words]
    with open(os.devnull, "w") as silent, redirect_stdout(silent), redirect_stderr(silent):
        command_line()


def start(work) -> int:
    """A process that does some work; its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        os._exit(status)


def finished(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def whole_shards(place: Path) -> set[tuple[str, str]]:
    """The folder's name and the number of each shard that is whole, wherever in a folder."""
    found = set()
    for vectors in place.rglob("*.npy"):
        number = vectors.name.removesuffix(".npy")
        known = (vectors.with_name(f"{number}.json"), vectors.with_name(RECORD))
        if number.isdigit() and any(path.exists() for path in known):
            found.add((vectors.parent.name, str(int(number))))
    return found


def contents(place: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(place)): path.read_bytes() if path.is_file() else None for path in place.rglob("*")}


def examine(name: str, words: Sequence[str], kills: int, draw: random.Random, scratch: Path) -> Found:
    """Run a command many times, with so many kills in all."""
    found = Found()
    place = scratch / f"{name}-undisturbed"
    begun = time.perf_counter()
    if finished(start(lambda: command([name, *words, "--output", str(place / "out")], scratch / "log"))):
        raise SystemExit(f"{name} fails undisturbed")
    seconds, expected = time.perf_counter() - begun, contents(place)
    while found.kills < kills:
        found.runs += 1
        place, log = scratch / f"{name}-{found.runs}", scratch / f"{name}-{found.runs}.log"
        there: set[tuple[str, str]] = set()
        for _ in range(min(draw.randint(1, 3), kills - found.kills)):
            log.write_text("")
            child = start(lambda place=place, log=log: command([name, *words, "--output", str(place / "out")], log))
            time.sleep(draw.uniform(0, seconds))
            os.kill(child, signal.SIGKILL)
            found.kills += finished(child) == -signal.SIGKILL
            check(found, place, log, there)
            there = whole_shards(place)
            found.kept += len(there)
        log.write_text("")
        if finished(start(lambda place=place, log=log: command([name, *words, "--output", str(place / "out")], log))):
            found.faults.append(f"{place} did not go on")
        check(found, place, log, there)
        made = contents(place)
        different = sorted(path for path in expected.keys() & made.keys() if expected[path] != made[path])
        odd = sorted(expected.keys() ^ made.keys())
        found.faults += [f"{place} differs in {path}" for path in different]
        found.faults += [f"{place} {'lacks' if path in expected else 'was left with'} {path}" for path in odd]
    return found


def check(found: Found, place: Path, log: Path, there: set[tuple[str, str]]) -> None:
    """Whether shards were made that were there."""
    made = [tuple(line.split()) for line in log.read_text().splitlines()]
    found.faults += [
        f"{place} made shard {number} of {folder} again" for folder, number in made if (folder, number) in there
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="half of them of each command")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--dataset", default=BENCHMARK, help="an ir_datasets id or a benchmark")
    arguments = parser.parse_args()
    draw, faults = random.Random(arguments.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        model = scratch / "tiny"

        def build() -> None:
            datasets_ext.register()
            tiny_encoder(training_texts(load_source(BENCHMARK)), model)

        if finished(start(build)):
            raise SystemExit("the tiny encoder cannot be made")
        given = [arguments.dataset, "--encoder", str(model)]
        for name, words in (("encode", [*given, "--shard-size", str(SHARD)]), ("index", given)):
            found = examine(name, words, arguments.kills // 2, draw, scratch)
            print(
                f"{name}: {found.kills} kills in {found.runs} runs, {found.kept} whole shards found after them; "
                f"{len(found.faults)} faults",
                *found.faults,
                sep="\n  ",
            )
            faults += len(found.faults)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
