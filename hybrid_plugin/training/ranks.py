"""Several processes that train one encoder, started by ``torchrun`` or ``accelerate launch``: ranks 0, 1 ...

What decides where a training goes (is it done, where does it go on, is a state saved) is done by rank 0, and the others
are told, through the key-value store that the launcher has for its processes. Waiting there takes as long as it takes,
where a barrier gives up after half an hour; and a failure reaches everyone.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed import PrefixStore, rendezvous  # type: ignore[attr-defined]

from hybrid_plugin.errors import UserError

_Told = TypeVar("_Told")
_PAUSE = 0.02  # seconds from one look into the store to the next
_GONE = "another process of this training has ended; see what it said, or whether it was killed"
_numbers = count()


def rank() -> int:
    """The number of this process."""
    return int(os.environ["RANK"]) if ranks() > 1 else 0


def ranks() -> int:
    """How many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def told(make: Callable[[], _Told]) -> _Told:
    """What rank 0 makes, in all processes, each of which must call this as often and in the same order.

    Parameters
    ----------
    make : called by rank 0 alone; gives something that can be pickled.

    Raises
    ------
    UserError
        It failed; the same sentence in all processes.
    """
    if ranks() == 1:
        return make()
    key = f"told {next(_numbers)}"
    if rank() > 0:
        failure, value = pickle.loads(_awaited(key))
        if failure is not None:
            raise UserError(failure)
        return value
    try:
        value = make()
    except Exception as error:
        _store().set(key, pickle.dumps((str(error), None)))
        raise
    _store().set(key, pickle.dumps((None, value)))
    return value


@contextmanager
def rank_0_first() -> Iterator[None]:
    """Let rank 0 through before the others, so that they find what it has prepared; all go on together.

    That, too: where torch has them wait for each other, as when it makes their group, no signal is heard.

    Raises
    ------
    UserError
        One of them failed.
    """
    if ranks() == 1:
        yield
        return
    number = next(_numbers)
    if rank() > 0:
        _awaited(f"through {number}")
    try:
        yield
    except BaseException:
        ends_first()  # for those who wait
        raise
    if rank() == 0:
        _store().set(f"through {number}", "")
    if _store().add(f"here {number}", 1) == ranks():
        _store().set(f"all here {number}", "")
    _awaited(f"all here {number}")


def ends_first() -> bool:
    """Whether this process is the first of all to end before its time: the one that says why, where others follow."""
    if ranks() == 1:
        return True
    if not _store.cache_info().currsize and "TORCHELASTIC_USE_AGENT_STORE" not in os.environ:
        return rank() == 0  # which has the store, and may be gone before the others ask
    try:
        return int(_store().compare_set("ended", "", str(rank()))) == rank()
    except dist.DistError:  # the store is gone with the process that had it
        return True


def gathered(vectors: torch.Tensor, own: np.ndarray, texts: int) -> torch.Tensor:
    """The vectors of all texts, of which each process has computed some; gradients flow into its own.

    Parameters
    ----------
    vectors : [own, dimension], on the device that the processes share by.
    own : the numbers of the texts that they are of.
    texts : how many there are in all.

    Raises
    ------
    UserError
        Another process has ended.
    """
    places = torch.from_numpy(own).to(vectors.device)
    everything = vectors.new_zeros(texts, vectors.shape[1]).index_copy(0, places, vectors.detach())
    with others_alive():
        dist.all_reduce(everything)
    return everything.index_copy(0, places, vectors)


@contextmanager
def others_alive() -> Iterator[None]:
    """While processes wait for each other.

    Raises
    ------
    UserError
        Another process has ended.
    """
    try:
        yield
    except RuntimeError as error:
        gone = isinstance(error, dist.DistError) or "closed by peer" in str(error) or "reset by peer" in str(error)
        if ranks() > 1 and gone:
            raise UserError(_GONE) from error
        raise


def _awaited(key: str) -> bytes:
    """What the store has under a key, as soon as it is there, unless a process ends before."""
    with others_alive():
        while not _store().check([key]):  # its own `wait` hears no signals, and warns of its time-outs
            if _store().check(["ended"]):
                raise UserError(_GONE)
            time.sleep(_PAUSE)
        return _store().get(key)


@lru_cache(maxsize=1)
def _store() -> Any:
    """The launcher's store, or that of rank 0."""
    store, _, _ = next(rendezvous("env://"))
    return PrefixStore("hybrid-ir", store)
