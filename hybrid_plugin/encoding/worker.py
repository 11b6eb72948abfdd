"""One of several processes that make the shards of a folder, perhaps on another machine: what it is told, and does."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from datasets_ext.errors import CollectionError
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.batching import Counts
from hybrid_plugin.encoding.encode import kind_of, texts_to_encode
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.encoding.shards import Block, Shards
from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import Request
from hybrid_plugin.tasks.checksum import checksum
from hybrid_plugin.tasks.sides import views_of
from hybrid_plugin.tasks.texts import Text


@dataclass(frozen=True)
class Job:
    """What a worker must know; it can be pickled.

    Parameters
    ----------
    side : ``docs`` or ``queries`` of the dataset.
    encoder : a folder or a name on the hub.
    identity : that the encoder must have.
    shards : of the folder, which has been begun.
    directory : from which relative paths are meant.
    """

    dataset_id: str
    side: str
    encoder: str
    options: EncoderOptions
    identity: Request
    shards: Shards
    directory: str

    __repr__ = brief


class Worker:
    """Makes one shard after the other; reads the collection anew only for one that stands before what it has read."""

    def __init__(self, job: Job):
        self._job = job
        self._encoder: Encoder | None = None
        self._texts: Iterator[Text] = iter(())
        self._read = -1  # texts so far; none is open yet

    def __call__(self, task: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Make a shard.

        Parameters
        ----------
        task : ``number`` of the shard and ``checksum`` of its texts, one of each.

        Returns
        -------
        ``texts`` of the shard; of those that were computed the number of ``distinct`` ones and their ``tokens``,
        ``padded`` or not; and ``obstacle``, why it was not made, or "".
        """
        counts, texts, obstacle = Counts(), 0, ""
        try:
            self._encoder = self._encoder or self._begin()
            counts = self._encoder.counts = Counts()  # of this shard
            block = self._block(int(task["number"][0]), str(task["checksum"][0]))
            if not self._job.shards.has(block):  # else a worker that was lost could no longer say that it was made
                for _ in self._job.shards.fill(self._encoder, kind_of(self._job.side), [block]):
                    pass
            texts = len(block.texts)
        except (UserError, CollectionError) as error:
            obstacle = str(error)
        return {
            "texts": [texts],
            "distinct": [counts.texts],
            "tokens": [counts.tokens],
            "padded": [counts.padded],
            "obstacle": [obstacle],
        }

    def _begin(self) -> Encoder:
        """Look whether this machine has what the job is about; the encoder."""
        with suppress(OSError):  # where it is not there, the folder is not, either
            os.chdir(self._job.directory)
        if not self._job.shards.are_here():
            raise UserError(
                f"the machine {socket.gethostname()} does not see {self._job.shards.folder}, which must lie where all "
                "that encode into it see it"
            )
        encoder = Encoder.load(self._job.encoder, self._job.options)
        if encoder.identity != self._job.identity:
            raise UserError(f"'{self._job.encoder}' is another encoder on the machine {socket.gethostname()}")
        return encoder

    def _block(self, number: int, said: str) -> Block:
        """The texts of a shard."""
        size, dataset_id = self._job.shards.sharding.shard_size, self._job.dataset_id
        if not 0 <= self._read <= number * size:
            self._texts, self._read = texts_to_encode(dataset_id, views_of(dataset_id), self._job.side, []), 0
        texts = list(islice(self._texts, number * size - self._read, (number + 1) * size - self._read))
        self._read = (number + 1) * size
        if checksum(texts) != said:
            raise UserError(f"the texts of '{dataset_id}' are others on the machine {socket.gethostname()}")
        return Block(number, texts)
