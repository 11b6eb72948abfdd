"""Several processes of one command, as ``torchrun`` starts them: quickly, since each is a fork (``tests.commands``)."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

from torch.distributed import TCPStore

from tests.commands import start_cli


class Ended(NamedTuple):
    """How a process ended."""

    status: int
    out: str
    err: str


class Launch:
    """Processes of one command: ranks 0, 1 ... of a store that is the launcher's.

    Parameters
    ----------
    words : of the command, for each rank.
    folder : for what they say.
    files_may_grow_to : bytes, for each rank; as if the disk were full then.
    """

    def __init__(
        self, words: Sequence[Sequence[object]], folder: Path, files_may_grow_to: Sequence[int | None] | None = None
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self._store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        common = {
            **os.environ,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(self._store.port),
            "WORLD_SIZE": str(len(words)),
            "LOCAL_WORLD_SIZE": str(len(words)),
            "TORCHELASTIC_USE_AGENT_STORE": "True",
        }
        self._files = [(folder / f"{rank}.out", folder / f"{rank}.err") for rank in range(len(words))]
        self.processes = [
            start_cli(
                [*map(str, own)],
                common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                *self._files[rank],
                files_may_grow_to[rank] if files_may_grow_to else None,
            )
            for rank, own in enumerate(words)
        ]

    def kill(self, status: int = signal.SIGKILL) -> None:
        """Send a signal to all."""
        for process in self.processes:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, status)

    def ended(self) -> list[Ended]:
        """Wait for all; where one fails, the others are told to end, as torchrun does it."""
        running = {process.sentinel: process for process in self.processes}
        while running:
            for sentinel in wait(list(running)):
                process = running.pop(sentinel)  # type: ignore[call-overload]
                process.join()
                if process.exitcode:
                    wait(list(running), timeout=0.5)  # torchrun looks from time to time
                    self.kill(signal.SIGTERM)
        said = [tuple(path.read_text(encoding="utf-8") for path in files) for files in self._files]
        return [Ended(process.exitcode or 0, *texts) for process, texts in zip(self.processes, said, strict=True)]


def without_dropout(start: Path, folder: Path) -> Path:
    """A copy of a model that drops nothing out, so that its gradients do not depend on who draws what."""
    shutil.copytree(start, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder
