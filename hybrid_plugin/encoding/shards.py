"""A folder of vectors that is written shard by shard: it goes on where it was killed, and several can share the work.

A shard is a file of vectors and one of ids, of so many texts in the order of the collection, each written whole. Until
all are there, each has a record beside it and ``encoding.json`` says what they are of; then ``vectors.json`` has the
records of all, and by it the folder is known as whole. Which shards somebody makes follows from their numbers alone, so
those who share a folder need not know of each other.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice, repeat
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib import format as npy

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Kind, Sharding
from hybrid_plugin.encoding.vectors import RECORD, damage_of
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, whole_file, write_json
from hybrid_plugin.outputs import OVERWRITE, REQUEST, Request, difference, file_checksum
from hybrid_plugin.tasks.checksum import Summed, checksum
from hybrid_plugin.tasks.texts import Text, check_id

BEGUN = "encoding.json"  # what the shards of a folder are of, until it is whole
_OURS = re.compile(r"\d{5,}\.(npy|ids\.txt|json)|vectors\.npy|ids\.txt")  # the latter of version 0.1
_LOCK = ".{}.hybrid-ir"  # as hidden files of ours are called
_PART = re.compile(r"\.(\d+)-of-(\d+)\.hybrid-ir")


@dataclass(frozen=True)
class Block:
    """The texts of a shard."""

    number: int
    texts: Sequence[Text]

    __repr__ = brief


class Shards:
    """The shards of a folder, there and to come.

    Parameters
    ----------
    request : all that decides the vectors; shards of another are not taken for these.
    overwrite : replace what is there; None where nobody can ask for it.

    Raises
    ------
    UserError
        The folder holds vectors of another request, or something that is not ours; names the difference.
    """

    def __init__(self, folder: Path, request: Request, sharding: Sharding, overwrite: bool | None = False):
        self.folder, self.sharding, self._overwrite = folder, sharding, overwrite
        self._request = {**request, "dtype": sharding.dtype, "shard_size": sharding.shard_size}
        self._is_begun()
        self._finished = self._records()

    def _is_begun(self) -> bool:
        """Whether the folder holds what is to be kept; refuses what is not to be replaced."""
        check_output(self.folder, BEGUN if (self.folder / BEGUN).exists() else RECORD)
        finished = (self.folder / RECORD).exists()
        if not finished and not (self.folder / BEGUN).exists():
            return False
        made = self._made(BEGUN) or self._made(RECORD) or {}
        said = difference(made, self._request)
        if said and not self._overwrite:
            advice = "choose another folder" if self._overwrite is None else OVERWRITE
            if not made:
                raise UserError(f"{self.folder} does not say how it was made; {advice}")
            what = "a finished result" if finished else "the beginning of a result"
            raise UserError(f"{self.folder} holds {what} of other settings ({said}); {advice}")
        return not said and not (self._overwrite and finished)

    def _made(self, name: str) -> dict[str, Any] | None:
        """The request in a file of the folder, if it is there and readable."""
        try:
            found = read_json(self.folder / name)
            found = found.get(REQUEST) if name == RECORD else found
        except (FileNotFoundError, UserError, AttributeError):
            return None
        return found if isinstance(found, dict) else None

    def _records(self) -> list[dict[str, Any]] | None:
        """Of the shards, where the folder was made whole by the same request."""
        made = self._made(RECORD)
        return None if made is None or difference(made, self._request) else read_json(self.folder / RECORD)["shards"]

    @contextmanager
    def _lock(self, name: str, wait: bool = True) -> Iterator[None]:
        lock = FileLock(self.folder / _LOCK.format(name))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=wait)
        except Timeout:
            raise
        except OSError as error:
            raise UserError(f"cannot write {self.folder}: {error.strerror or error}") from error
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While it is written to, nobody else makes the same shards.

        Raises
        ------
        UserError
            Another process does.
        """
        part, parts = self.sharding.part
        with ExitStack() as stack:
            stack.callback(self._remove_if_empty)
            with self._lock("begin"):  # of several that begin at once, one clears what was there
                begun = self._is_begun()
                for other, others in self._at_work():
                    if not begun or (part - other) % gcd(parts, others) == 0:
                        raise UserError(
                            f"another process is encoding into {self.folder}; wait for it, or take --shard i/n"
                        )
                if not begun:
                    write_json(self.folder / BEGUN, self._request)
                    (self.folder / RECORD).unlink(missing_ok=True)
                    self._tidy()
                self._finished = self._records()
                stack.enter_context(self._lock(f"{part}-of-{parts}", wait=False))
            try:
                yield
            finally:
                with suppress(UserError), self._lock("begin"):
                    if {*self._at_work()} <= {(part, parts)}:
                        self._remove_leftovers()
                        if not self._ours():  # nothing was made of what was begun
                            (self.folder / BEGUN).unlink(missing_ok=True)

    def _at_work(self) -> Iterator[tuple[int, int]]:
        """The parts that are being made; of what killed processes left, the locks are removed."""
        for path in self.folder.glob(_LOCK.format("*-of-*")):
            found = _PART.fullmatch(path.name)
            if found:
                try:
                    with self._lock(f"{found[1]}-of-{found[2]}", wait=False):
                        pass
                except Timeout:
                    yield int(found[1]), int(found[2])

    def _remove_leftovers(self) -> None:
        """Remove what killed processes were writing, when nobody writes."""
        for path in self.folder.glob(_LOCK.format("*")):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def _remove_if_empty(self) -> None:
        with suppress(OSError):
            self.folder.rmdir()

    def _ours(self) -> list[Path]:
        """The files of shards, old ones included."""
        return [path for path in self.folder.iterdir() if _OURS.fullmatch(path.name)]

    def _tidy(self, shards: Iterable[dict[str, Any]] = ()) -> None:
        """Remove what belongs to no shard of these."""
        kept = {shard[key] for shard in shards for key in ("vectors", "ids")}
        for path in self._ours():
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def are_here(self) -> bool:
        """Whether this machine sees the folder, and as it was begun."""
        made = self._made(BEGUN) or self._made(RECORD)
        return made is not None and not difference(made, self._request)

    def is_whole(self) -> bool:
        """Whether all shards are there, none is damaged and they are to stay.

        What killed processes left in a whole folder is removed.
        """
        shards = self._finished
        if self._overwrite or shards is None or any(damage_of(self.folder, shard) for shard in shards):
            return False
        with suppress(UserError, OSError), self._lock("begin"):
            if not [*self._at_work()]:
                self._remove_leftovers()
                (self.folder / BEGUN).unlink(missing_ok=True)
                self._tidy(shards)
        return True

    def blocks(self, texts: Iterable[Text]) -> Iterator[Block]:
        """All texts, a shard at a time.

        Raises
        ------
        UserError
            An id is empty or has white space.
        """
        stream, number = iter(texts), 0
        while block := list(islice(stream, self.sharding.shard_size)):
            for text in block:
                check_id(text.id)
            yield Block(number, block)
            number += 1

    def has(self, block: Block) -> bool:
        """Whether a shard is there, of these texts, and not damaged."""
        record = self._record(block.number)
        return (
            record is not None
            and record.get("texts_checksum") == checksum(block.texts)
            and damage_of(self.folder, record) is None
        )

    def _record(self, number: int) -> dict[str, Any] | None:
        """The record of a shard: what was made since the folder was whole, if it was, stands in the place of before."""
        with suppress(FileNotFoundError, UserError, AttributeError):
            record = read_json(self._path(number, "json"))
            if record.pop("checksum", None) == self._sum(record):
                return dict(record)
        finished = self._finished or []
        return finished[number] if number < len(finished) else None

    def _sum(self, record: dict[str, Any]) -> str:
        """Of a shard's record, and of what the shard is of."""
        found = json.dumps([self._request, record], sort_keys=True, default=str)
        return f"sha256:{hashlib.sha256(found.encode()).hexdigest()}"

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"{number:05}.{suffix}"

    def fill(
        self, encoder: Encoder, kind: Kind, blocks: Iterable[Block], seen: Callable[[int], object] = int
    ) -> Iterator[Block]:
        """Encode some shards and write them; yields each when it is written.

        Parameters
        ----------
        seen : is told of so many more texts, while they are computed.

        Raises
        ------
        UserError
            A file cannot be written; those before are kept.
        """
        waiting: deque[Block] = deque()
        langs: deque[str | None] = deque()

        def chunks() -> Iterator[list[str]]:
            for block in blocks:
                waiting.append(block)
                langs.extend(text.lang for text in block.texts)
                yield [text.text for text in block.texts]

        spoken = (langs.popleft() for _ in repeat(None))
        parts: list[np.ndarray] = []
        before = replace(encoder.counts)
        for vectors in encoder.encode_chunks(chunks(), kind, langs=spoken, seen=seen):
            parts.append(vectors)  # of a large shard there are several
            if sum(map(len, parts)) == len(waiting[0].texts):
                now = replace(encoder.counts)
                cost = {"tokens": now.tokens - before.tokens, "padded_tokens": now.padded - before.padded}
                try:
                    self._write(waiting[0], np.concatenate(parts), cost)
                except OSError as error:
                    raise UserError(
                        f"cannot write shard {waiting[0].number} of {self.folder}: {error.strerror or error}; the same "
                        "command goes on after those before it"
                    ) from error
                parts, before = [], now
                yield waiting.popleft()

    def _write(self, block: Block, vectors: np.ndarray, cost: dict[str, int]) -> None:
        paths = {"vectors": self._path(block.number, "npy"), "ids": self._path(block.number, "ids.txt")}
        with whole_file(paths["vectors"], "wb") as file:
            # Not by numpy's own way of writing, which cannot say why it failed.
            array = np.ascontiguousarray(vectors, self.sharding.dtype)
            npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(array))
            file.write(array.data)
        with whole_file(paths["ids"]) as file:
            file.writelines(f"{text.id}\n" for text in block.texts)
        record = {
            **{key: path.name for key, path in paths.items()},
            **{f"{key}_checksum": file_checksum(path) for key, path in paths.items()},
            "texts_checksum": checksum(block.texts),
            "count": len(block.texts),
            **cost,
        }
        write_json(self._path(block.number, "json"), {**record, "checksum": self._sum(record)})

    def finish(self, count: int, about: dict[str, Any]) -> list[int]:
        """Make the folder whole if all its shards are there.

        Parameters
        ----------
        count : of shards.
        about : for the record.

        Returns
        -------
        The numbers of those that are not there yet.
        """
        shards = [self._record(number) for number in range(count)]
        missing = [number for number, shard in enumerate(shards) if shard is None]
        if missing:
            return [] if len(self._records() or ()) == count else missing  # somebody else has just made it whole
        write_json(
            self.folder / RECORD, {**about, "dtype": self.sharding.dtype, "shards": shards, REQUEST: self._request}
        )
        (self.folder / BEGUN).unlink(missing_ok=True)
        self._tidy(filter(None, shards))
        return []


# As Shards.fill does it: is handed what to make, and what to tell of so many more texts; yields when one is written.
Make = Callable[[Shards, Iterable[Block], Callable[[int], object]], Iterator[object]]


def encode_shards(
    encoder: Encoder,
    texts: Iterable[Text],
    kind: Kind,
    folder: Path,
    sharding: Sharding,
    request: Request,
    about: dict[str, Any],
    *,
    total: int | None = None,
    progress: bool = False,
    overwrite: bool | None = False,
    make: Make | None = None,
) -> list[int]:
    """Encode a stream of texts into the shards of a folder, but for those that are there or that others make.

    Parameters
    ----------
    make : has the shards of some blocks made by others; by default they are made here.

    Returns
    -------
    The numbers of the shards that are not there yet, which others make; none where the folder is whole.
    """
    shards = Shards(folder, request, sharding, overwrite)
    if shards.is_whole():
        return []
    summed = Summed(texts)
    seen = 0  # shards
    with shards.locked(), encoder.bar(kind, total, progress) as bar:

        def to_do() -> Iterator[Block]:
            nonlocal seen
            for block in shards.blocks(summed):
                seen += 1
                if sharding.makes(block.number) and not shards.has(block):
                    yield block
                else:
                    bar.update(len(block.texts))

        if make is None:
            made: Iterable[object] = shards.fill(encoder, kind, to_do(), bar.update)
        else:
            made = make(shards, to_do(), bar.update)
        for _ in made:
            pass
        facts = {"kind": kind, "count": summed.count, "dimension": encoder.dimension, "checksum": summed.checksum}
        return shards.finish(seen, {**about, **facts})
