"""What the timed comparisons of this folder have in common: figures, how they are measured, and the command line.

A script has a function ``figures`` that yields one :class:`Figure` after the other, and ends with ``main(figures)``.
That makes it a member of the suite (``python -m tests.benchmarks``) and a command of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

_LESS_IS_BETTER = ("s", "GB", "difference", "AP lost")


@dataclass(frozen=True)
class Figure:
    """Something measured, beside a peer where there is one.

    Parameters
    ----------
    name : of what is measured.
    unit : s, GB, difference or AP lost, of which less is better, or a rate such as texts/s, of which more is.
    ours, theirs : in this unit.
    peer : what theirs is of.
    limit : the least ratio; without a peer, the most that ours may be (of a rate the least).
    gigabytes, peer_gigabytes : peak memory of the processes, where each has one of its own.
    processor, peer_processor : seconds of processor time, which other work on the machine disturbs less.
    """

    name: str
    unit: str
    ours: float
    peer: str | None = None
    theirs: float | None = None
    limit: float | None = None
    gigabytes: float | None = None
    peer_gigabytes: float | None = None
    processor: float | None = None
    peer_processor: float | None = None

    @classmethod
    def of_times(
        cls,
        name: str,
        ours: Measured,
        peer: str | None = None,
        theirs: Measured | None = None,
        limit: float | None = None,
    ) -> Figure:
        """The time that something takes."""
        own = cls(name, "s", ours.seconds, limit=limit, gigabytes=ours.gigabytes, processor=ours.processor)
        if theirs is None:
            return own
        beside = {"peer_gigabytes": theirs.gigabytes, "peer_processor": theirs.processor}
        return replace(own, peer=peer, theirs=theirs.seconds, **beside)

    @property
    def ratio(self) -> float | None:
        """How many times as fast, or as small, as the peer."""
        return None if self.theirs is None else self.times_as_good_as(self.theirs)

    @property
    def processor_ratio(self) -> float | None:
        """How many times the processor time of ours the peer takes."""
        return self.peer_processor / self.processor if self.processor and self.peer_processor else None

    def times_as_good_as(self, other: float) -> float:
        """Ours beside another number in the same unit."""
        return other / self.ours if self.unit in _LESS_IS_BETTER else self.ours / other

    @property
    def missed(self) -> bool:
        """Whether the limit is not kept."""
        if self.limit is None:
            return False
        return self.times_as_good_as(self.limit) < 1 if self.ratio is None else self.ratio < self.limit

    @property
    def ratios(self) -> str:
        """The ratio in words, with that of processor time in brackets."""
        cpu = self.processor_ratio
        return ("" if self.ratio is None else f"{self.ratio:.2f}") + ("" if cpu is None else f" (processor {cpu:.2f})")

    @property
    def bound(self) -> str:
        """The limit in words, and whether it is missed."""
        if self.limit is None:
            return ""
        least = self.peer is not None or self.unit not in _LESS_IS_BETTER
        return f"at {'least' if least else 'most'} {self.limit:g}{' (missed)' if self.missed else ''}"

    def __str__(self) -> str:
        parts = [f"{self.name}: {quantity(self.ours, self.unit)}{memory(self.gigabytes)}"]
        if self.theirs is not None:
            parts += [f"{self.peer}: {quantity(self.theirs, self.unit)}{memory(self.peer_gigabytes)}"]
            parts += [f"{self.ratios} times as good"]
        return "; ".join([*parts, *([self.bound] if self.bound else [])])


def quantity(value: float, unit: str) -> str:
    """A number with three digits that count, and its unit."""
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def memory(gigabytes: float | None) -> str:
    """Peak memory, to be put behind a quantity."""
    return "" if gigabytes is None else f", {gigabytes:.2f} GB"


class Skipped(Exception):
    """What a benchmark needs is not at hand; the message says what."""


@dataclass(frozen=True)
class Measured:
    """What a call took in a process of its own, and returned."""

    seconds: float
    processor: float  # seconds
    gigabytes: float
    value: Any = None

    def scaled(self, factor: float) -> Measured:
        """What so many times the work would have taken."""
        return replace(self, seconds=self.seconds * factor, processor=self.processor * factor)


_begun = (0.0, 0.0)


def start() -> None:
    """Count the time of a function that is called :func:`apart` from here on: what it did before was preparation."""
    global _begun
    _begun = (time.perf_counter(), time.process_time())


def apart(function: Callable[..., Any], *arguments: Any) -> Measured:
    """Call a function in a process of its own; importing the file that it stands in is not counted."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_measured, function, arguments).result()


def _measured(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Measured:
    start()
    value = function(*arguments)
    seconds, processor = time.perf_counter() - _begun[0], time.process_time() - _begun[1]
    return Measured(seconds, processor, peak_gigabytes(), value)


def peak_gigabytes() -> float:
    """The largest resident set that this process had."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike the one below, it begins anew with the program
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 2**20
    return _gigabytes(resource.getrusage(resource.RUSAGE_SELF))


def _gigabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 2 ** (30 if sys.platform == "darwin" else 20)


def command(*words: object) -> Measured:
    """Run a command to its end; its start is counted.

    Its memory is at least what this process had, which starts it; so import and make what is large :func:`apart`.
    """
    started = time.perf_counter()
    with subprocess.Popen([*map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))} failed: {errors}")
    return Measured(seconds, used.ru_utime + used.ru_stime, _gigabytes(used))


def in_turns(
    rounds: int, *calls: Callable[[], Measured], by: Callable[[Measured], float] = lambda one: one.seconds
) -> list[Measured]:
    """The best of some rounds of each call, one after the other in each round.

    Parameters
    ----------
    by : what is least for the best.
    """
    found = [[call() for call in calls] for _ in range(rounds)]
    return [min(some, key=by) for some in zip(*found, strict=True)]


def need_collection(name: str) -> None:
    """Skip where a benchmark's data would have to be downloaded."""
    from hybrid_plugin.tasks import load_benchmark
    from hybrid_plugin.tasks.listing import listed

    if listed(load_benchmark(name)).here != "here":
        raise Skipped(f"needs {name}: hybrid-ir evaluate {name} downloads it, where there is a network")


def main(
    figures: Callable[[argparse.Namespace], Iterator[Figure]],
    options: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    """Print the figures of the script that is run.

    Parameters
    ----------
    figures : is handed ``quick``, ``model`` and the options.
    options : name -> default, and default with ``--quick``.
    """
    about = sys.modules["__main__"].__doc__
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small, to see that it works, and without limits")
    parser.add_argument("--model", help="the encoder, a Hugging Face folder or hub name, where one is needed")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    for name, (usual, quick) in (options or {}).items():
        shown = f"default: {usual}" + (f", with --quick {quick}" if quick != usual else "")
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(usual), help=shown)
    arguments = parser.parse_args()
    for name, (usual, quick) in (options or {}).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, quick if arguments.quick else usual)
    found: list[Figure] = []
    ended: dict[str, str] = {}
    try:
        for figure in figures(arguments):
            found.append(replace(figure, limit=None) if arguments.quick else figure)
            print(found[-1], flush=True)
    except Skipped as reason:
        print(f"skipped: {reason}", flush=True)
        ended["skipped"] = str(reason)
    except Exception as error:
        ended["failed"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        if arguments.json:
            arguments.json.write_text(json.dumps({"figures": [*map(asdict, found)], **ended}), encoding="utf-8")
    if any(figure.missed for figure in found):
        raise SystemExit(1)


def model_of(arguments: argparse.Namespace) -> str:
    """The encoder that was given; skips without one."""
    if not arguments.model:
        raise Skipped("needs a real encoder: --model FOLDER")
    return arguments.model
