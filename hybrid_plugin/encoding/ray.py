"""Shards made by workers of Ray, on this machine or on the machines of a cluster: they are the tasks of Ray Data.

The process that asks holds the lock of the folder, finds what is to be made and makes the folder whole; what it hands
out are the numbers of shards. The shard of a worker that is lost is made by the one that Ray starts in its place.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import EncoderOptions, Execution
from hybrid_plugin.encoding.shards import Block, Shards
from hybrid_plugin.encoding.worker import Job, Worker
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.checksum import checksum

_CPUS = 4  # of a worker without a GPU: more add little to the batches that a CPU computes
_STORE = 200 * 2**20  # bytes in memory for what workers hand each other: nothing but numbers of shards
_PATIENCE = 6 * 3600  # seconds without a shard, after which something is wrong
_SECONDS = 5.0  # in which an address answers


@dataclass(frozen=True)
class RayWorkers:
    """Workers of Ray that make shards; from :func:`ray_workers`.

    Parameters
    ----------
    encoder : as all of them load it, on this machine's CPU.
    options : with which they load it.
    count : of workers, at most.
    share : of the cluster that each has, ``num_gpus`` or ``num_cpus``.
    """

    encoder: Encoder
    options: EncoderOptions
    count: int
    share: dict[str, Any]

    __repr__ = brief

    def make(
        self, dataset_id: str, side: str, shards: Shards, blocks: Iterable[Block], seen: Callable[[int], object] = int
    ) -> Iterator[None]:
        """Make some shards, as :class:`~hybrid_plugin.encoding.encode.Workers` says.

        Raises
        ------
        UserError
            A worker does not see the folder, reads other texts or loads another encoder; or Ray cannot go on.
        """
        import ray

        tasks = [{"number": block.number, "checksum": checksum(block.texts)} for block in blocks]
        if not tasks:
            return
        job = Job(dataset_id, side, self.encoder.name, self.options, self.encoder.identity, shards, os.getcwd())
        # One task a shard, in their order, so that a worker reads the collection forward; a shard at a time, so that
        # the first worker that is there does not take them all.
        pool = ray.data.ActorPoolStrategy(size=min(self.count, len(tasks)), max_tasks_in_flight_per_actor=1)
        made = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map_batches(
            Worker, batch_size=1, compute=pool, fn_constructor_args=(job,), **self.share
        )
        made.context.enable_progress_bars = made.context.print_on_execution_start = False
        made.context.execution_no_progress_timeout_s = _PATIENCE
        try:
            with redirect_stdout(sys.stderr):  # Ray says there when it has lost a worker
                for shard in made.iter_rows():
                    if shard["obstacle"]:
                        raise UserError(shard["obstacle"])
                    self.encoder.counts.texts += shard["distinct"]
                    self.encoder.counts.tokens += shard["tokens"]
                    self.encoder.counts.padded += shard["padded"]
                    seen(shard["texts"])
                    yield
        except (ray.exceptions.RayError, ray.data.exceptions.ExecutionTimeoutError) as error:
            raise UserError(
                f"the workers of Ray failed: {_said(error)}; the same command goes on after what is written"
            ) from error


@contextmanager
def ray_workers(
    encoder: str, options: EncoderOptions | None = None, execution: Execution | None = None
) -> Iterator[RayWorkers]:
    """Workers of Ray for :func:`~hybrid_plugin.encoding.encode_dataset`, on this machine or on a cluster.

    Parameters
    ----------
    encoder : a folder, which all machines see under this name, or a name on the hub.
    options : by default bfloat16 where workers have GPUs.
    execution : its address and number of workers. Where this process is connected to Ray already, it stays with that.

    Raises
    ------
    UserError
        Ray is not installed, the address does not answer, the cluster is too small, or the encoder cannot be loaded.
    """
    options, execution = options or EncoderOptions(), execution or Execution("ray")
    with _connected(execution.ray_address):
        import ray

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        on_cpu = options.device == "cpu" or options.runtime == "openvino"
        gpus = 0 if on_cpu else sum(int(node.get("GPU", 0)) for node in nodes)
        count, share = shared_out([int(node.get("CPU", 0)) for node in nodes], gpus, execution.workers)
        options = replace(options, precision=options.precision or ("bfloat16" if gpus else "float32"))
        yield RayWorkers(Encoder.load(encoder, replace(options, device="cpu")), options, count, share)


def shared_out(cpus: Sequence[int], gpus: int, workers: int | None = None) -> tuple[int, dict[str, int]]:
    """How many workers a cluster has, and what each of them has.

    Parameters
    ----------
    cpus : of each machine.
    gpus : of all.
    workers : so many; by default one a GPU, or where there is none one for each four CPUs.

    Raises
    ------
    UserError
        There are too few GPUs, or CPUs, for so many.

    Examples
    --------
    >>> shared_out([16, 16], gpus=8)
    (8, {'num_gpus': 1})
    >>> shared_out([2, 6], gpus=0)
    (4, {'num_cpus': 2})
    >>> shared_out([2, 6], gpus=0, workers=1)
    (1, {'num_cpus': 6})
    """
    if gpus:
        if workers is not None and workers > gpus:
            raise UserError(f"Ray has {gpus} GPUs, too few for {workers} workers; give --workers {gpus} or fewer")
        return workers or gpus, {"num_gpus": 1}
    if workers is None:
        each = min([_CPUS, *filter(None, cpus)])
        return sum(of // each for of in cpus), {"num_cpus": each}
    for each in range(max(cpus), 0, -1):
        if sum(of // each for of in cpus) >= workers:
            return workers, {"num_cpus": each}
    raise UserError(f"Ray has {sum(cpus)} CPUs, too few for {workers} workers; give --workers {sum(cpus)} or fewer")


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """While this process is connected to a cluster, or to a Ray that it has started."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # of what it starts itself
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its logs are in its own folder
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UserError("--executor ray needs Ray; pip install 'hybrid-ir[ray]'") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    if ray.is_initialized():
        yield
        return
    own: dict[str, Any] = {} if address else {"include_dashboard": False, "object_store_memory": _STORE}
    if address:
        _check(address)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with _silent():
            ray.init(address or "local", log_to_driver=False, logging_level=logging.CRITICAL, **own)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        said = f"cannot start Ray: {_said(error)}"
        if address:
            said = (
                f"cannot connect to Ray at '{address}': {_said(error)}; a cluster that asks for a token needs "
                "RAY_AUTH_MODE=token here, too"
            )
        raise UserError(said) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray has put its own there
    try:
        yield
    finally:
        ray.shutdown()


def _check(address: str) -> None:
    """Refuse an address at once that Ray would ask for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"the Ray address is '{address}'; it must be auto or HOST:PORT")
    if "://" in address:
        raise UserError(
            f"Ray Data does not work by Ray's client ({address}); give the command on a machine of the cluster, with "
            "--ray-address auto"
        )
    try:
        socket.create_connection((host, int(port)), _SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"no Ray answers at '{address}': {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def _silent() -> Iterator[None]:
    """While what is not Python says nothing on standard error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _said(error: BaseException) -> str:
    """What an error of Ray comes down to: the first error in what a worker says, else its first line."""
    found = re.search(r"^[\w.]+(Error|Exception): .*", str(error), re.MULTILINE)
    return found[0] if found else str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
