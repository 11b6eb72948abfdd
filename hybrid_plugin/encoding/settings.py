"""How an encoder turns a text into a vector, and how one is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown

Pooling = Literal["mean", "cls", "last"]
Kind = Literal["query", "passage"]
Precision = Literal["float32", "bfloat16", "int8"]
Runtime = Literal["torch", "openvino"]
DEFAULT_MAX_LENGTH = 256  # Pyserini's, so that its plain commands and ours truncate alike


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder turns a text into a vector. Vectors are always scaled to unit length.

    Parameters
    ----------
    pooling : mean over tokens, the first token (cls), or the last one.
    query_prefix, passage_prefix : put before the text as they are, so they end in a space where one is wanted.
    max_length : tokens of prefix, text and special tokens together; longer texts are cut.
    query_max_length : the same for queries; None for the one of passages.
    lower_case : lower-case prefix and text before the tokenizer sees them.
    """

    pooling: Pooling = "mean"
    query_prefix: str = ""
    passage_prefix: str = ""
    max_length: int = DEFAULT_MAX_LENGTH
    lower_case: bool = False
    query_max_length: int | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.pooling not in get_args(Pooling):
            raise unknown("pooling", self.pooling, get_args(Pooling))
        for name in ("max_length", "query_max_length"):
            value = getattr(self, name)
            if value is not None and value < 4:
                raise UserError(f"{name.replace('_', ' ')} is {value}; it must be at least 4 tokens")

    def prefix(self, kind: Kind) -> str:
        """What is put before a text of this kind."""
        return self.query_prefix if kind == "query" else self.passage_prefix

    def longest(self, kind: Kind) -> int:
        """How many tokens a text of this kind has at most."""
        return self.query_max_length or self.max_length if kind == "query" else self.max_length


@dataclass(frozen=True)
class ModelOptions:
    """How a model is loaded, where its own files do not say it or are to be overruled."""

    pooling: str | None = None
    """mean, cls or last; by default as the model's own files say, or else mean."""
    query_prefix: str | None = None
    """Put before each query, with a space between; by default as the model's own files say, or else nothing."""
    passage_prefix: str | None = None
    """Put before each passage, with a space between; by default as the model's own files say, or else nothing."""
    max_length: int | None = None
    """Tokens a text; longer ones are cut. By default as the model's own files say, or else 256."""
    query_max_length: int | None = None
    """Tokens a query; by default as for passages, or as the checkpoint says."""
    device: str | None = None
    """cpu, cuda, cuda:1 ...; by default a GPU if there is one."""
    threads: int | None = None
    """Of the CPU to compute with; by default as many as torch takes, but fewer for a model so small that they would
    only wait for each other. Another number may change the last digits of the vectors."""
    batch_tokens: int | None = None
    """Tokens computed at a time, padding included; by default 1024 on a CPU, and on a GPU up to 65536, as many as fit.
    Another number may change the last digits of the vectors."""
    allow_pickle: bool = False
    """Load weights that are Python pickles; they can run their author's code."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model; without it, such a model is refused."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name in ("threads", "batch_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{name.replace('_', ' ')} is {value}; it must be 1 or above")


@dataclass(frozen=True)
class EncoderOptions(ModelOptions):
    """How an encoder is loaded to encode with."""

    precision: str | None = None
    """float32 or bfloat16, which is faster on processors that have it and a little less exact; by default bfloat16 on a
    GPU of CUDA and float32 elsewhere. With --runtime openvino also int8, less exact again."""
    runtime: str = "torch"
    """torch, or openvino, which is faster on CPUs (an extra of the package); a model is exported to it once."""
    transform: Path | None = None
    """A file of `hybrid-ir transform fit`, applied to the vectors; by default transform.safetensors in the model's own
    folder, where there is one."""
    truncate_dim: int | None = None
    """Cut vectors to so many of their first numbers, and scale them to unit length again, as suits encoders of the
    Matryoshka kind; by default whole."""

    __repr__ = brief

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.precision is not None and self.precision not in get_args(Precision):
            raise unknown("precision", self.precision, get_args(Precision))
        if self.runtime not in get_args(Runtime):
            raise unknown("runtime", self.runtime, get_args(Runtime))
        if self.runtime == "openvino" and self.device not in (None, "auto", "cpu"):
            raise UserError(f"--runtime openvino computes on the CPU, not on '{self.device}'")
        if self.runtime != "openvino" and self.precision == "int8":
            raise UserError("the precision int8 needs --runtime openvino")
        if self.truncate_dim is not None and self.truncate_dim < 1:
            raise UserError(f"truncate dim is {self.truncate_dim}; it must be 1 or above")


@dataclass(frozen=True)
class Sharding:
    """How vectors lie on disk, and which of them to make.

    Raises
    ------
    UserError
        A value is out of its range.

    Examples
    --------
    >>> [number for number in range(8) if Sharding(shard="2/3").makes(number)]
    [1, 4, 7]
    """

    dtype: Literal["float32", "float16"] = "float32"
    """Of the numbers on disk; float16 takes half the room, and changes scores in the fourth digit."""
    shard_size: int = 16384
    """Texts a shard: what is lost at most where the work is killed."""
    shard: str | None = None
    """i/n: make every n-th shard, from the i-th on; n jobs with i from 1 to n, on any machines that see the output's
    folder, share the work, and whoever comes last makes the folder whole."""

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "float16"):
            raise unknown("dtype", self.dtype, ("float32", "float16"))
        if self.shard_size < 1:
            raise UserError(f"shard size is {self.shard_size}; it must be 1 or above")
        if self.shard is not None and not re.fullmatch(r"\d+/\d+", self.shard):
            raise UserError(f"the shard is '{self.shard}'; it must be i/n, such as 1/4")
        part, parts = self.part
        if not 1 <= part <= parts:
            raise UserError(f"the shard is {self.shard}; i/n counts from 1/{parts} to {parts}/{parts}")

    @property
    def part(self) -> tuple[int, int]:
        """i and n; 1 and 1 where all shards are to be made."""
        part, parts = (self.shard or "1/1").split("/")
        return int(part), int(parts)

    def makes(self, number: int) -> bool:
        """Whether a shard, counted from 0, is to be made."""
        part, parts = self.part
        return number % parts == part - 1


@dataclass(frozen=True)
class Execution:
    """Who encodes.

    Raises
    ------
    UserError
        A value is out of its range, or does not go with the executor.
    """

    executor: Literal["local", "ray"] = "local"
    """local, this process; or ray, workers of Ray on this machine or on a cluster, all of which see the output."""
    ray_address: str | None = None
    """Of a Ray cluster: auto, that which this machine is part of, or HOST:PORT. By default Ray is started here, on this
    machine alone."""
    workers: int | None = None
    """Of Ray; by default one a GPU, or where there is none one for each four CPUs."""

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.executor not in ("local", "ray"):
            raise unknown("executor", self.executor, ("local", "ray"))
        for name in ("ray_address", "workers"):
            if self.executor == "local" and getattr(self, name) is not None:
                raise UserError(f"--{name.replace('_', '-')} goes with --executor ray")
        if self.workers is not None and self.workers < 1:
            raise UserError(f"workers is {self.workers}; it must be 1 or above")


def as_prefix(text: str) -> str:
    """A prefix as people type it (``Query:``), ready to be put before a text; Pyserini adds the same space."""
    return text if not text or text[-1].isspace() else text + " "
