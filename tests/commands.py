"""The command ``hybrid-ir`` in a process of its own, quickly: a fork of one that has imported the libraries it needs.

A command takes seconds to import torch, transformers and the like, and milliseconds for most of what tests ask of it.
The forks begin before any module of ours is imported, so that the product's own imports are those of a new process.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = (
    *("torch", "transformers.trainer", "transformers.models.auto", "transformers.models.bert.modeling_bert"),
    *("cyclopts", "faiss", "ir_datasets", "ir_measures", "jinja2", "lazy_loader", "matplotlib.pyplot"),
    *("openai", "pandas"),
    *("peer_measure", "pyarrow.parquet", "rich.console", "safetensors.torch", "scipy.optimize", "scipy.stats"),
    *("statsmodels.stats.multitest", "tqdm.auto"),
)
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(list(LIBRARIES))


def _command(words: list[str], environment: dict[str, str], out: Path, err: Path, largest: int | None) -> None:
    """Be the command, in a process that was forked for it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs, and theirs, ignore
    if largest is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for file, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), file)
    gc.freeze()  # no collection need look at what the libraries hold
    sys.argv = ["hybrid-ir", *words]
    from hybrid_plugin.cli.main import main

    main()


def start_cli(
    words: list[str], environment: dict[str, str], out: Path, err: Path, largest: int | None = None
) -> multiprocessing.process.BaseProcess:
    """The command ``hybrid-ir`` in a process of its own, running; it appends what it says to two files.

    Parameters
    ----------
    largest : bytes that its files may grow to, as if the disk were full then.
    """
    process = _FORKS.Process(target=_command, args=(words, environment, out, err, largest))
    process.start()
    return process


def run_cli(*arguments: object, check: int | None = 0, fresh: bool = False) -> subprocess.CompletedProcess[str]:
    """The command ``hybrid-ir`` in a process of its own.

    Parameters
    ----------
    check : the exit status that it must have.
    fresh : start Python anew, as users do.
    """
    words = [*map(str, arguments)]
    command = [sys.executable, "-m", "hybrid_plugin.cli", *words]
    if fresh:
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    else:
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            process = start_cli(words, dict(os.environ), out, err)
            process.join()
            assert process.exitcode is not None
            result = subprocess.CompletedProcess(
                command, process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
            )
    if check is not None:
        assert result.returncode == check, f"{command}\n{result.stdout}\n{result.stderr}"
    return result
