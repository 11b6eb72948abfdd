"""Texts to unit vectors: any Hugging Face or sentence-transformers encoder, and checkpoints that all of them load.

A checkpoint is a folder with the Hugging Face encoder (safetensors) and its tokenizer at its root, the files by which
sentence-transformers knows pooling and prompts, and ``hybrid_ir.json`` with settings and provenance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hybrid_plugin.encoding.architectures import half_of, save_model
from hybrid_plugin.encoding.batching import Counts, buckets, worthwhile_tokens
from hybrid_plugin.encoding.folders import RECORD, model_file
from hybrid_plugin.encoding.formats import record_of, sentence_transformers_files
from hybrid_plugin.encoding.identity import TRUNCATE_DIM, weights_checksum
from hybrid_plugin.encoding.load import DENSE, load_parts
from hybrid_plugin.encoding.settings import EncoderOptions, EncoderSettings, Kind, Precision, Runtime
from hybrid_plugin.encoding.threads import threads, worthwhile_threads
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.encoding.transforms.fitted import FILE, FittedTransform
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, write_json

if TYPE_CHECKING:
    import torch
    from tqdm import tqdm
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from hybrid_plugin.encoding.dense import Dense
    from hybrid_plugin.encoding.openvino import Compute
    from hybrid_plugin.encoding.tower import Tower

_CHUNK = 16384  # texts sorted by length at a time: enough for tight batches, little enough to stream


@dataclass
class Encoder:
    """A dense encoder for queries and passages.

    Examples
    --------
    >>> encoder = Encoder.load("intfloat/multilingual-e5-small",
    ...                        query_prefix="query:", passage_prefix="passage:")  # doctest: +SKIP
    >>> encoder.encode(["Wer war Ada Lovelace?"], "query").shape                  # doctest: +SKIP
    (1, 384)
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: EncoderSettings
    name: str  # the folder or hub name that it was loaded from
    record: dict[str, Any] = field(default_factory=dict)  # provenance, where the model is one of our checkpoints
    precision: Precision = "float32"  # of encoding; weights and vectors are float32 always
    runtime: Runtime = "torch"  # of encoding
    transform: FittedTransform | None = None  # of the vectors that encode gives; training does not see it
    threads: int | None = None  # of the CPU to compute with; None for as many as are worthwhile
    batch_tokens: int | None = None  # computed at a time, padding included; None for as many as are worthwhile
    truncate_dim: int | None = None  # to which encode cuts vectors, before a transform; training does not see it
    counts: Counts = field(default_factory=Counts, compare=False)  # of what was computed so far
    _reduced: tuple[Any, Tower] | None = field(default=None, init=False, compare=False)
    _compiled: tuple[Any, Compute] | None = field(default=None, init=False, compare=False)

    def __repr__(self) -> str:
        taken_out = "" if self.transform is None else f", transform={self.transform.about['name']}"
        return f"Encoder({self.name!r}, dimension={self.dimension}, {self.precision}{taken_out}, {self.settings})"

    @classmethod
    def load(cls, name: str | Path, options: EncoderOptions | None = None, **changes: Any) -> Encoder:
        """Load a Hugging Face or sentence-transformers encoder, or one of our checkpoints.

        Of mBART, M2M100, T5, mT5 and UMT5 the encoder half is loaded.

        Parameters
        ----------
        name : a folder or a name on the Hugging Face hub.
        options, changes : what overrules the model's own files; ``changes`` are fields of
            :class:`~hybrid_plugin.encoding.EncoderOptions` by name, such as ``query_prefix="query:"``.

        Raises
        ------
        UserError
            The model cannot be loaded or a setting does not fit it; names the file or setting.
        """
        asked = replace(options or EncoderOptions(), **changes)
        if asked.runtime == "openvino":
            from hybrid_plugin.encoding.openvino import check_installed

            check_installed(asked.precision)
            asked = replace(asked, device="cpu")
        parts = load_parts(str(name), asked)
        precision = asked.precision or ("bfloat16" if parts.model.device.type == "cuda" else "float32")
        encoder = cls(
            parts.model,
            parts.tokenizer,
            parts.settings,
            str(name),
            parts.record,
            precision,  # type: ignore[arg-type]
            asked.runtime,  # type: ignore[arg-type]
            threads=asked.threads,
            batch_tokens=asked.batch_tokens,
        )
        encoder = encoder.truncated(asked.truncate_dim or parts.record.get(TRUNCATE_DIM))
        path = asked.transform or model_file(str(name), FILE)
        return encoder if path is None else encoder.with_transform(Path(path))

    def truncated(self, truncate_dim: int | None) -> Encoder:
        """The same encoder with vectors cut to their first numbers and scaled to unit length again.

        Source: Kusupati et al., "Matryoshka Representation Learning", NeurIPS 2022, https://arxiv.org/abs/2205.13147.

        Parameters
        ----------
        truncate_dim : how many numbers to keep; None, or all that there are, for whole vectors.

        Raises
        ------
        UserError
            The vectors have fewer.
        """
        if truncate_dim is not None and truncate_dim > self._whole_dimension:
            raise UserError(
                f"truncate dim is {truncate_dim}, but '{self.name}' gives vectors of {self._whole_dimension} dimensions"
            )
        return replace(self, truncate_dim=None if truncate_dim == self._whole_dimension else truncate_dim)

    def with_transform(self, path: StrPath) -> Encoder:
        """The same encoder with the transform of a file.

        Raises
        ------
        UserError
            The file is no transform, or one for another encoder; names it.
        """
        path = Path(path)
        fitted = FittedTransform.load(path)
        fitted.check(self, path)
        return replace(self, transform=fitted)

    def untransformed(self) -> Encoder:
        """The same encoder, without the transform of its vectors."""
        return replace(self, transform=None)

    @property
    def dense(self) -> list[Dense]:
        """The layers between pooling and the vector, as in LaBSE; part of the model, so that they train with it."""
        return list(getattr(self.model, DENSE, []))

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        return self.truncate_dim or self._whole_dimension

    @property
    def _whole_dimension(self) -> int:
        return int(self.dense[-1].linear.out_features if self.dense else self.model.config.hidden_size)

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides its vectors, as JSON, whatever its folder is called; recorded with what it makes."""
        return {
            "weights": weights_checksum(self.model),
            **vars(self.settings),
            "precision": self.precision,
            "runtime": None if self.runtime == "torch" else self.runtime,
            "transform": self.transform and self.transform.checksum,
            # Only where it is given, so that what was made before there was such a thing goes on to fit.
            **({TRUNCATE_DIM: self.truncate_dim} if self.truncate_dim else {}),
        }

    @property
    def device(self) -> torch.device:
        return self.model.device

    def on_threads(self) -> AbstractContextManager[None]:
        """While it computes, torch has the threads that were asked for, or that are worthwhile on a CPU."""
        import torch

        return threads(self._cpu_threads if self.device.type == "cpu" else self.threads or torch.get_num_threads())

    @property
    def _cpu_threads(self) -> int:
        return self.threads or worthwhile_threads(self.model)

    def tokenize(self, texts: Sequence[str], kind: Kind) -> Tokens:
        """Token ids of each text with its prefix, special tokens included, cut to the maximum length of its kind."""
        prefix = self.settings.prefix(kind)
        texts = [prefix + text for text in texts]  # blanks around a text count, as in sentence-transformers
        if self.settings.lower_case:
            from tokenizers.normalizers import Lowercase

            texts = [Lowercase().normalize_str(text) for text in texts]
        encoded = self.tokenizer(
            texts,
            truncation=True,
            max_length=self.settings.longest(kind),
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        return Tokens.of(encoded["input_ids"])

    @property
    def tower(self) -> Tower:
        """The model, pooling and what follows, as one module with the same weights."""
        from torch import nn

        from hybrid_plugin.encoding.tower import Tower

        return Tower(self.model, self.settings.pooling, getattr(self.model, DENSE, nn.Sequential()))

    def forward(self, tokens: Tokens) -> torch.Tensor:
        """Unit vectors [texts, dimension] of one batch, on the model's device, with gradients where enabled."""
        return self._rectangle(self.tower, tokens, np.arange(len(tokens)))

    @property
    def padding(self) -> int:
        """The word id that fills up the shorter texts of a batch."""
        return self.tokenizer.pad_token_id or 0

    def forward_by_length(self, tokens: Tokens) -> torch.Tensor:
        """As :meth:`forward`, in batches of similar length, which spares the work that padding costs."""
        return self._by_length(self.tower, tokens)

    def _by_length(self, tower: Tower, tokens: Tokens, seen: Callable[[int], object] = int) -> torch.Tensor:
        import torch

        batches = self._batches(tokens)
        found = []
        for batch in batches:
            found.append(self._computed(tower, tokens, batch))
            seen(len(batch))
        vectors = torch.cat(found)
        return vectors[torch.from_numpy(np.argsort(np.concatenate(batches))).to(vectors.device)]

    def _batches(self, tokens: Tokens) -> list[np.ndarray]:
        """Which texts are computed together; they are counted."""
        batches = buckets(tokens.lengths, self.batch_tokens or worthwhile_tokens(self.model, self.settings.max_length))
        self.counts.add(tokens.lengths, batches)
        return batches

    def _computed(self, tower: Tower, tokens: Tokens, batch: np.ndarray) -> torch.Tensor:
        """The vectors of a batch; where memory runs out, in halves, and all that come in smaller batches."""
        import torch

        longest, half = int(tokens.lengths[batch].max()), len(batch) // 2
        if not half or not self.batch_tokens or len(batch) * longest <= self.batch_tokens:
            try:
                return self._rectangle(tower, tokens, batch)
            except torch.OutOfMemoryError as error:
                if not half:
                    raise UserError(
                        f"'{self.name}' runs out of memory on {self.device} with one text of {longest} tokens; give a "
                        "lower --max-length, or another --device"
                    ) from error
            torch.cuda.empty_cache()
            self.batch_tokens = half * longest
        return torch.cat([self._computed(tower, tokens, part) for part in (batch[:half], batch[half:])])

    def _rectangle(self, tower: Tower, tokens: Tokens, batch: np.ndarray) -> torch.Tensor:
        import torch

        padded = tokens.padded(batch, self.padding)
        ids, mask = (torch.from_numpy(one).to(self.device, non_blocking=True) for one in padded)
        return tower(ids, mask)

    @property
    def _encoding_tower(self) -> Tower:
        """The tower in the precision of encoding: in bfloat16 a copy, as long as the weights stay."""
        import torch

        if self.precision != "bfloat16":
            return self.tower
        if self._reduced is None or self._reduced[0] != self._state:
            self._reduced = self._state, deepcopy(self.tower).to(torch.bfloat16)
        return self._reduced[1]

    @property
    def _state(self) -> list[tuple[int, int]]:
        """Another one where weights have changed."""
        return [(weight.data_ptr(), weight._version) for weight in self.model.parameters()]

    @property
    def _by_openvino(self) -> Compute:
        """What computes vectors with the runtime openvino, as long as the weights stay."""
        from hybrid_plugin.encoding.calibration import calibration_tokens
        from hybrid_plugin.encoding.openvino import compiled

        if self._compiled is None or self._compiled[0] != self._state:
            tokens = calibration_tokens(self.tokenize, len(self.tokenizer))
            weights = weights_checksum(self.model)
            with self.on_threads():
                compute = compiled(self.tower, weights, self.precision, tokens, self._cpu_threads)
            self._compiled = self._state, compute
        return self._compiled[1]

    def encode(
        self,
        texts: Sequence[str],
        kind: Kind,
        *,
        langs: Iterable[str | None] | None = None,
        progress: bool = False,
    ) -> np.ndarray:
        """Unit vectors of queries or passages.

        The same text gets the same vector, bit for bit, within 16,384 texts, since each distinct one of them is
        encoded once; beyond that, other neighbours in its batch may change its last digits, and so may another number
        of threads.

        Parameters
        ----------
        langs : the language of each text, for a transform that needs it; it goes by the vectors where it is None.
        progress : show a progress bar, which says how much of the work padding is.

        Returns
        -------
        float32 array [len(texts), dimension].

        Raises
        ------
        UserError
            The model gives a vector that is not finite; names the text.
        """
        with self.bar(kind, len(texts), progress) as bar:
            parts = [*self.encode_chunks([texts], kind, langs=langs, seen=bar.update)]
        return np.concatenate(parts) if parts else np.empty((0, self.dimension), np.float32)

    def encode_chunks(
        self,
        chunks: Iterable[Sequence[str]],
        kind: Kind,
        *,
        langs: Iterable[str | None] | None = None,
        seen: Callable[[int], object] = int,
    ) -> Iterator[np.ndarray]:
        """Encode texts that come in chunks, two chunks in memory at a time; yields the vectors of each.

        While one chunk is computed, a thread cuts the texts of the next into tokens. More than 16,384 texts are several
        chunks.

        Parameters
        ----------
        langs : as in :meth:`encode`.
        seen : is told of so many more texts, while they are computed.
        """
        known = repeat(None) if langs is None else iter(langs)
        self.model.eval()
        for texts, distinct, tokens in self._tokenized(chunks, kind):
            vectors = self._cut(self._vectors(tokens, seen))
            bad = np.flatnonzero(~np.isfinite(vectors).all(1))
            if len(bad):
                raise UserError(
                    f"the encoder '{self.name}' gives a vector that is not finite for the {kind} "
                    f"'{list(distinct)[bad[0]][:80]}'"
                )
            seen(len(texts) - len(distinct))
            vectors = vectors[[distinct[text] for text in texts]]
            spoken = list(islice(known, len(texts)))
            yield vectors if self.transform is None else self.transform.apply(vectors, spoken, kind)

    def bar(self, kind: Kind, total: int | None, progress: bool) -> tqdm[Any]:
        """A progress bar of texts that are encoded, which says how much of the work padding is."""
        from tqdm.auto import tqdm

        class Bar(tqdm):  # type: ignore[type-arg]
            counts = self.counts

            def update(self, n: float | None = 1) -> bool | None:
                self.set_postfix_str(f"{self.counts.padding:.1%} padding", refresh=False)
                return super().update(n)

        return Bar(total=total, desc=f"encode {kind}", unit="text", disable=not progress)

    def _tokenized(
        self, chunks: Iterable[Sequence[str]], kind: Kind
    ) -> Iterator[tuple[Sequence[str], dict[str, int], Tokens]]:
        """Chunks of texts, their distinct ones numbered, and the tokens of these, made while others are computed."""
        with ThreadPoolExecutor(1) as ahead:
            before: tuple[Sequence[str], dict[str, int], Future[Tokens]] | None = None
            for texts in _split(chunks, _CHUNK):
                distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
                now = texts, distinct, ahead.submit(self.tokenize, list(distinct), kind)
                if before is not None:
                    yield *before[:2], before[2].result()
                before = now
            if before is not None:
                yield *before[:2], before[2].result()

    def _vectors(self, tokens: Tokens, seen: Callable[[int], object]) -> np.ndarray:
        """Vectors of texts in the precision of encoding, float32 [texts, dimension]; one copy to the host."""
        import torch

        if self.runtime == "openvino":
            return self._side_by_side(self._by_openvino, tokens, seen)
        with self.on_threads(), torch.inference_mode():
            return self._by_length(self._encoding_tower, tokens, seen).float().cpu().numpy()

    def _cut(self, vectors: np.ndarray) -> np.ndarray:
        """The first numbers of vectors, as many as are asked for, as unit vectors."""
        if self.truncate_dim is None:
            return vectors
        left = vectors[:, : self.truncate_dim]
        return left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), np.finfo(np.float32).tiny)

    def _side_by_side(self, compute: Compute, tokens: Tokens, seen: Callable[[int], object]) -> np.ndarray:
        """The vectors of texts in batches, each of which one thread computes."""
        batches = self._batches(tokens)
        vectors = np.empty((len(tokens), self._whole_dimension), np.float32)
        pool = ThreadPoolExecutor(self._cpu_threads)
        try:
            found = pool.map(lambda batch: compute(*tokens.padded(batch, self.padding)), batches)
            for batch, computed in zip(batches, found, strict=True):
                vectors[batch] = computed
                seen(len(batch))
        finally:
            pool.shutdown(cancel_futures=True)
        return vectors

    @property
    def auto_obstacle(self) -> str | None:
        """Why Pyserini's encoder class ``auto`` cannot give this encoder's vectors; None where it can."""
        if half_of(self.model):
            return f"it is the encoder half of a model of the type {self.model.config.model_type}"
        if self.dense:
            return "it has a Dense layer after pooling"
        if self.settings.pooling == "last":
            return "it pools the last token"
        if self.settings.lower_case:
            return "its texts are lower-cased before the tokenizer sees them"
        if self.transform is not None:
            return "its vectors are transformed"
        if self.truncate_dim is not None:
            return f"its vectors are cut to {self.truncate_dim} dimensions"
        return None

    def save(self, folder: StrPath, provenance: dict[str, Any] | None = None) -> None:
        """Write a checkpoint into a folder: for transformers, sentence-transformers, Pyserini and ourselves.

        The record says in ``auto_obstacle`` why Pyserini's ``auto`` cannot use it, and null where it can.

        Parameters
        ----------
        provenance : further facts for the record, such as the sources trained on.
        """
        folder = Path(folder)
        save_model(self.model, folder, leave_out=DENSE)
        self.tokenizer.save_pretrained(folder)
        dense = {f"{place}_Dense": layer for place, layer in enumerate(self.dense, start=2)}
        for path, layer in dense.items():
            layer.save(folder / path)
        half = half_of(self.model)
        files = sentence_transformers_files(
            self.settings, self.model.config.hidden_size, list(dense), half.sentence_transformers if half else {}
        )
        for path, value in files.items():
            write_json(folder / path, value)
        record = record_of(self.settings, list(dense), self.auto_obstacle)
        told = {key: value for key, value in (provenance or {}).items() if key != TRUNCATE_DIM}
        cut = {} if self.truncate_dim is None else {TRUNCATE_DIM: self.truncate_dim}
        write_json(folder / RECORD, {**told, **record, **cut})


def _split(chunks: Iterable[Sequence[str]], size: int) -> Iterator[Sequence[str]]:
    """The same texts in chunks of at most ``size``."""
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]
