"""Starts two processes that train together, many times, kills some of them, and looks at what they make and say.

    python tests/benchmarks/distributed_starts.py [--starts 300] [--launched 3] [--seed 0]

A run is one start, or up to three that are killed at random moments (all processes, or one of them, whereupon its
launcher ends the others, as torchrun does) and one that goes on to the end. It must end with the bytes of a run that
nobody disturbed and with nothing beside them; no process may wait for ever, fail without having been killed, or say
more than one sentence.
The cache is empty at first, so that every run stores its source. Each process is a fork of this one, which has imported
all that they need; ``--launched`` runs are started by torchrun and by accelerate. Exit status 1: it was otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import transformers.models.auto
import transformers.models.bert.modeling_bert  # noqa: F401
from torch.distributed import TCPStore
from tqdm.auto import tqdm

import hybrid_plugin.evaluation.encoder
import hybrid_plugin.training.prospect
import hybrid_plugin.training.train  # noqa: F401
from hybrid_plugin.cli.main import main as command_line
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.quickstart import BENCHMARK, training_texts
from hybrid_plugin.training.sources.named import load_source

PROCESSES = 2
PATIENCE = 120.0  # seconds, after which a process counts as hanging
LOOK, GRACE = 0.1, 30.0  # seconds until torchrun tells the others to end, and until it kills those that have not
LAUNCHERS = {
    "torchrun": ["torch.distributed.run", f"--nproc-per-node={PROCESSES}", "--standalone"],
    "accelerate": [
        *("accelerate.commands.launch", "--multi_gpu", f"--num_processes={PROCESSES}", "--num_machines=1"),
        *("--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0"),
    ],
}


def words(model: Path, place: Path) -> list[str]:
    """Of the command that trains into ``place / "out"``."""
    output = ["train", "--source", BENCHMARK, "--model", str(model), "--output", str(place / "out")]
    return [*output, "--steps", "2", "--save-every", "1", "--batch-size", "4"]


def forked(command: Sequence[str], rank: int, store: TCPStore, cache: Path, said: Path) -> int:
    """A process of the command, which appends what it says to a file; its number."""
    child = os.fork()
    if child:
        return child
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "WORLD_SIZE": str(PROCESSES),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "HYBRID_IR_CACHE": str(cache),
    }
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(file, 2)
    sys.argv = ["hybrid-ir", *command]
    status = 1
    try:
        command_line()
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        os._exit(status)


def start(command: Sequence[str], cache: Path, said: Path, kill: tuple[float, Sequence[int]] | None) -> list[str]:
    """Start all processes and wait for them, as a launcher does; what is wrong with how they ended.

    Parameters
    ----------
    kill : after so many seconds, these ranks.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    said.write_text("")
    running = {forked(command, rank, store, cache, said): rank for rank in range(PROCESSES)}
    begun, ending, warned, statuses, faults = time.monotonic(), float("inf"), False, dict[int, int](), list[str]()
    while running:
        time.sleep(0.02)
        now = time.monotonic()
        if kill is not None and now > begun + kill[0]:
            for child, rank in running.items():
                if rank in kill[1]:
                    os.kill(child, signal.SIGKILL)
            kill = None
        for child in list(running):
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                statuses[running.pop(child)] = os.waitstatus_to_exitcode(status)
                if status:
                    ending = min(ending, now)
        if now > ending + LOOK and not warned:
            warned = True
            for child in running:
                os.kill(child, signal.SIGTERM)
        if now > ending + GRACE:
            for child in running:
                os.kill(child, signal.SIGKILL)
        if now > begun + PATIENCE:
            faults.append(f"the ranks {sorted(running.values())} hang")
            for child in running:
                os.kill(child, signal.SIGKILL)
            begun = float("inf")
    printed = said.read_text(encoding="utf-8")
    if printed.count("hybrid-ir: ") > 1 or "Traceback" in printed:
        faults.append(f"they say: {printed}")
    if any(statuses.values()) and -signal.SIGKILL not in statuses.values():
        faults.append(f"they end with {statuses}: {printed}")
    return faults


def left(place: Path, expected: bytes) -> list[str]:
    """What is wrong with what a run has made."""
    found = sorted(path.name for path in place.iterdir())
    if found != ["cache", "out", "said"]:
        return [f"beside the output lie {found}"]
    hidden = [path.name for path in (place / "cache" / "sources").iterdir() if path.name.startswith(".")]
    if (place / "out" / "model.safetensors").read_bytes() != expected:
        return ["it ends with other weights"]
    return [f"in the cache lie {hidden}"] if hidden else []


def told(faults: Iterable[str]) -> list[str]:
    """Print faults as they are found."""
    found = list(faults)
    for fault in found:
        tqdm.write(fault)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=300)
    parser.add_argument("--launched", type=int, default=3, help="of each launcher")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, faults, starts, kills = random.Random(options.seed), [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        os.environ["IR_DATASETS_HOME"] = str(scratch / "home")
        os.environ["HYBRID_IR_CACHE"] = str(scratch / "cache")
        tiny_encoder(training_texts(load_source(BENCHMARK)), scratch / "model", width=32)
        place = scratch / "undisturbed"
        place.mkdir()
        begun = time.monotonic()
        undisturbed = start(words(scratch / "model", place), place / "cache", place / "said", None)
        if undisturbed:
            raise SystemExit(f"undisturbed: {undisturbed}")
        seconds, expected = time.monotonic() - begun, (place / "out" / "model.safetensors").read_bytes()
        with tqdm(total=options.starts, unit="start") as bar:
            while starts < options.starts:
                place = scratch / "run"
                place.mkdir()
                command = words(scratch / "model", place)
                for _ in range(draw.choice([0, 0, 1, 1, 2, 3])):
                    ranks = draw.choice([[0, 1], [0], [1]])
                    wrong = start(command, place / "cache", place / "said", (draw.uniform(0, seconds), ranks))
                    faults += told(f"start {starts}, {ranks} killed: {one}" for one in wrong)
                    starts, kills = starts + 1, kills + 1
                    bar.update()
                wrong = start(command, place / "cache", place / "said", None)
                faults += told(f"start {starts}: {one}" for one in wrong or left(place, expected))
                starts += 1
                bar.update()
                shutil.rmtree(place)
        launched = 0
        for name, launcher in LAUNCHERS.items():
            for _ in range(options.launched):
                place = scratch / "run"
                place.mkdir()
                program = [sys.executable, "-m", *launcher, "-m", "hybrid_plugin.cli", *words(scratch / "model", place)]
                environment = os.environ | {"HYBRID_IR_CACHE": str(place / "cache")}
                ended = subprocess.run(program, capture_output=True, text=True, env=environment)
                (place / "said").touch()
                wrong = [f"{ended.returncode}: {ended.stderr}"] if ended.returncode else left(place, expected)
                faults += told(f"{name}: {one}" for one in wrong)
                launched += 1
                shutil.rmtree(place)
    print(f"{starts} starts of {PROCESSES} processes, {kills} of them killed; {launched} by launchers")
    print(f"{len(faults)} faults" if faults else "no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
