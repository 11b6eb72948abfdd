"""Texts to unit vectors: any Hugging Face or sentence-transformers encoder, and checkpoints that all of them load.

A checkpoint is a folder with the Hugging Face encoder (safetensors) and its tokenizer at its root, the files by which
sentence-transformers knows pooling and prompts, and ``hybrid_ir.json`` with settings and provenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hybrid_plugin.encoding.architectures import half_of, save_model
from hybrid_plugin.encoding.folders import RECORD, model_file
from hybrid_plugin.encoding.formats import record_of, sentence_transformers_files
from hybrid_plugin.encoding.identity import weights_checksum
from hybrid_plugin.encoding.load import DENSE, load_parts
from hybrid_plugin.encoding.settings import EncoderOptions, EncoderSettings, Kind, Precision
from hybrid_plugin.encoding.threads import threads, worthwhile_threads
from hybrid_plugin.encoding.transforms.fitted import FILE, FittedTransform
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, write_json

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from hybrid_plugin.encoding.dense import Dense

_GROUP_TOKENS = 512  # tokens that keep a CPU busy; larger groups only add padding
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
    transform: FittedTransform | None = None  # of the vectors that encode gives; training does not see it
    threads: int | None = None  # of the CPU to compute with; None for as many as are worthwhile

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
        parts = load_parts(str(name), asked)
        precision = asked.precision or ("bfloat16" if parts.model.device.type == "cuda" else "float32")
        encoder = cls(
            parts.model,
            parts.tokenizer,
            parts.settings,
            str(name),
            parts.record,
            precision,  # type: ignore[arg-type]
            threads=asked.threads,
        )
        path = asked.transform or model_file(str(name), FILE)
        return encoder if path is None else encoder.with_transform(Path(path))

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
        return int(self.dense[-1].linear.out_features if self.dense else self.model.config.hidden_size)

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides its vectors, as JSON, whatever its folder is called; recorded with what it makes."""
        return {
            "weights": weights_checksum(self.model),
            **vars(self.settings),
            "precision": self.precision,
            "transform": self.transform and self.transform.checksum,
        }

    @property
    def device(self) -> torch.device:
        return self.model.device

    def on_threads(self) -> AbstractContextManager[None]:
        """While it computes, torch has the threads that were asked for, or that are worthwhile on a CPU."""
        import torch

        own = worthwhile_threads(self.model) if self.device.type == "cpu" else torch.get_num_threads()
        return threads(self.threads or own)

    def tokenize(self, texts: Sequence[str], kind: Kind) -> list[list[int]]:
        """Token ids of each text with its prefix, special tokens included, cut to the maximum length."""
        prefix = self.settings.prefix(kind)
        texts = [prefix + text for text in texts]  # blanks around a text count, as in sentence-transformers
        if self.settings.lower_case:
            from tokenizers.normalizers import Lowercase

            texts = [Lowercase().normalize_str(text) for text in texts]
        encoded = self.tokenizer(
            texts,
            truncation=True,
            max_length=self.settings.max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def forward(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Unit vectors [len(ids), dimension] of one batch, on the model's device, with gradients where enabled."""
        import torch
        from torch.nn.functional import normalize

        width = max(map(len, ids))
        pad = self.tokenizer.pad_token_id or 0
        tokens = torch.tensor([[*row, *[pad] * (width - len(row))] for row in ids], device=self.device)
        lengths = torch.tensor([len(row) for row in ids], device=self.device)
        mask = (torch.arange(width, device=self.device) < lengths[:, None]).long()
        hidden = self.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        if self.settings.pooling == "mean":
            pooled = (hidden * mask[..., None]).sum(1) / lengths[:, None]
        elif self.settings.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            pooled = hidden[torch.arange(len(ids), device=self.device), lengths - 1]
        for layer in self.dense:
            pooled = layer(pooled)
        return normalize(pooled.float(), dim=-1)

    def forward_by_length(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """As :meth:`forward`, on a CPU in groups of similar length, which spares the work that padding costs."""
        import torch

        if self.device.type != "cpu":
            return self.forward(ids)
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        groups: list[list[int]] = []
        for place in order:
            if not groups or len(ids[place]) * (len(groups[-1]) + 1) > _GROUP_TOKENS:
                groups.append([])
            groups[-1].append(place)
        vectors = torch.cat([self.forward([ids[place] for place in places]) for places in groups])
        return vectors[torch.tensor(order).argsort()]

    def encode(
        self,
        texts: Sequence[str],
        kind: Kind,
        *,
        langs: Iterable[str | None] | None = None,
        batch_size: int | None = None,
        progress: bool = False,
    ) -> np.ndarray:
        """Unit vectors of queries or passages.

        The same text gets the same vector, bit for bit, within 16,384 texts, since each distinct one of them is
        encoded once; beyond that, other neighbours in its batch may change its last digits, and so may another number
        of threads.

        Parameters
        ----------
        langs : the language of each text, for a transform that needs it; it goes by the vectors where it is None.
        batch_size : texts a batch; by default 32 on a CPU and 256 on a GPU.
        progress : show a progress bar.

        Returns
        -------
        float32 array [len(texts), dimension].

        Raises
        ------
        UserError
            The model gives a vector that is not finite; names the text.
        """
        chunks = self.encode_chunks([texts], kind, langs=langs, batch_size=batch_size, progress=progress)
        parts = [vectors for _, vectors in chunks]
        return np.concatenate(parts) if parts else np.empty((0, self.dimension), np.float32)

    def encode_chunks(
        self,
        chunks: Iterable[Sequence[str]],
        kind: Kind,
        *,
        langs: Iterable[str | None] | None = None,
        total: int | None = None,
        batch_size: int | None = None,
        progress: bool = False,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Encode texts that come in chunks, one chunk in memory at a time; yields (texts so far, vectors).

        Parameters
        ----------
        total : the number of texts, for the progress bar; the others are as in :meth:`encode`.
        """
        import torch
        from tqdm.auto import tqdm

        size = batch_size or (256 if self.device.type == "cuda" else 32)
        reduced = self.precision == "bfloat16"
        if total is None and isinstance(chunks, Sequence):
            total = sum(map(len, chunks))
        done = 0
        known = repeat(None) if langs is None else iter(langs)
        self.model.eval()
        with tqdm(total=total, desc=f"encode {kind}", unit="text", disable=not progress) as bar:
            for texts in _split(chunks, _CHUNK):
                distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
                ids = self.tokenize(list(distinct), kind)
                # Longest first: batches pad little, and memory runs out at once or never.
                order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
                vectors = np.empty((len(ids), self.dimension), np.float32)
                with (
                    self.on_threads(),
                    torch.inference_mode(),
                    torch.autocast(self.device.type, torch.bfloat16, enabled=reduced),
                ):
                    for start in range(0, len(order), size):
                        batch = order[start : start + size]
                        vectors[batch] = self.forward([ids[place] for place in batch]).float().cpu().numpy()
                        bar.update(len(batch))
                bar.update(len(texts) - len(ids))
                bad = np.flatnonzero(~np.isfinite(vectors).all(1))
                if len(bad):
                    raise UserError(
                        f"the encoder '{self.name}' gives a vector that is not finite for the {kind} "
                        f"'{list(distinct)[bad[0]][:80]}'"
                    )
                done += len(texts)
                vectors = vectors[[distinct[text] for text in texts]]
                spoken = list(islice(known, len(texts)))
                yield done, vectors if self.transform is None else self.transform.apply(vectors, spoken)

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
        write_json(folder / RECORD, {**(provenance or {}), **record})


def _split(chunks: Iterable[Sequence[str]], size: int) -> Iterator[Sequence[str]]:
    """The same texts in chunks of at most ``size``."""
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]
