"""What becomes of a command that is stopped: Ctrl-C and SIGTERM end it alike, and it says what is kept."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

_GOES_ON = "what is done is kept in {output}, and the same command goes on from there"
_UNTOUCHED = "nothing was written to {output}, and what stood there is untouched"
_LEFT = {  # of the commands that take their time
    "quickstart": _GOES_ON,
    "sweep": _GOES_ON,
    "translate": "what is translated is kept, and the same command goes on from there",
    "encode": "the whole shards are kept in {output}, and the same command goes on from there",
    "index": "what is encoded is kept in {output}.vectors, and the same command goes on from there",
    "search": "run files that were done are kept in {output}, and the same command writes the others",
    **dict.fromkeys(("mine", "score", "merge", "transform", "evaluate", "compare", "report"), _UNTOUCHED),
}


class Terminated(KeyboardInterrupt):
    """The process got SIGTERM."""


@contextlib.contextmanager
def ended_as_interrupted() -> Iterator[None]:
    """While a command runs, SIGTERM stops it as Ctrl-C does, so that no scratch folder stays."""

    def stop(*_: object) -> NoReturn:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stopped(stop: KeyboardInterrupt, command: str, given: Mapping[str, Any]) -> tuple[str, int]:
    """What to say when a command was stopped, which is what it leaves behind, and the exit status.

    Parameters
    ----------
    stop : says what is kept, where the function that was stopped knows it.
    given : the arguments of the command, as far as they were read.
    """
    output = given.get("output")
    left = str(stop) or (_LEFT.get(command, "").format(output=output) if output else "")
    by_term = any(isinstance(one, Terminated) for one in (stop, stop.__context__))
    return f"interrupted; {left}" if left else "interrupted", 128 + (signal.SIGTERM if by_term else signal.SIGINT)
