"""How an encoder turns a text into a vector, and how one is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown

Pooling = Literal["mean", "cls", "last"]
Kind = Literal["query", "passage"]
Precision = Literal["float32", "bfloat16"]
DEFAULT_MAX_LENGTH = 256  # Pyserini's, so that its plain commands and ours truncate alike


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder turns a text into a vector. Vectors are always scaled to unit length.

    Parameters
    ----------
    pooling : mean over tokens, the first token (cls), or the last one.
    query_prefix, passage_prefix : put before the text as they are, so they end in a space where one is wanted.
    max_length : tokens of prefix, text and special tokens together; longer texts are cut.
    lower_case : lower-case prefix and text before the tokenizer sees them.
    """

    pooling: Pooling = "mean"
    query_prefix: str = ""
    passage_prefix: str = ""
    max_length: int = DEFAULT_MAX_LENGTH
    lower_case: bool = False

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.pooling not in get_args(Pooling):
            raise unknown("pooling", self.pooling, get_args(Pooling))
        if self.max_length < 4:
            raise UserError(f"max length is {self.max_length}; it must be at least 4 tokens")

    def prefix(self, kind: Kind) -> str:
        """What is put before a text of this kind."""
        return self.query_prefix if kind == "query" else self.passage_prefix


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
    device: str | None = None
    """cpu, cuda, cuda:1 ...; by default a GPU if there is one."""
    threads: int | None = None
    """Of the CPU to compute with; by default as many as torch takes, but fewer for a model so small that they would
    only wait for each other. Another number may change the last digits of the vectors."""
    allow_pickle: bool = False
    """Load weights that are Python pickles; they can run their author's code."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model; without it, such a model is refused."""

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise UserError(f"threads is {self.threads}; it must be 1 or above")


@dataclass(frozen=True)
class EncoderOptions(ModelOptions):
    """How an encoder is loaded to encode with."""

    precision: str | None = None
    """float32 or bfloat16, which is faster on processors that have it and a little less exact; by default bfloat16 on a
    GPU of CUDA and float32 elsewhere."""
    transform: Path | None = None
    """A file of `hybrid-ir transform fit`, applied to the vectors; by default transform.safetensors in the model's own
    folder, where there is one."""

    __repr__ = brief

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.precision is not None and self.precision not in get_args(Precision):
            raise unknown("precision", self.precision, get_args(Precision))


def as_prefix(text: str) -> str:
    """A prefix as people type it (``Query:``), ready to be put before a text; Pyserini adds the same space."""
    return text if not text or text[-1].isspace() else text + " "
