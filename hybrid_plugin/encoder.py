"""Texts to unit vectors: any Hugging Face or sentence-transformers encoder, and checkpoints that all of them load.

A checkpoint is a folder with the Hugging Face encoder (safetensors) and its tokenizer at its root, the files by which
sentence-transformers knows pooling and prompts, and ``hybrid_ir.json`` with settings and provenance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from hybrid_plugin.architectures import half_of, load_model, save_model
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json, write_json

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from hybrid_plugin.dense import Dense
    from hybrid_plugin.transforms import FittedTransform

Pooling = Literal["mean", "cls", "last"]
Kind = Literal["query", "passage"]
Precision = Literal["float32", "bfloat16"]

RECORD = "hybrid_ir.json"  # settings and provenance of a checkpoint
DEFAULT_MAX_LENGTH = 256  # Pyserini's, so that its plain commands and ours truncate alike
_DENSE = "sentence_dense"  # the submodule that holds the layers after pooling, so that they train with the model
_GROUP_TOKENS = 512  # tokens that keep a CPU busy; larger groups only add padding
_OLD_POOLING = {  # the flags of sentence-transformers 2 to 4, in the order in which it joins several
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_CHUNK = 16384  # texts sorted by length at a time: enough for tight batches, little enough to stream


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

    def __post_init__(self) -> None:
        if self.pooling not in get_args(Pooling):
            raise UserError(f"unknown pooling '{self.pooling}'; known: {', '.join(get_args(Pooling))}")
        if self.max_length < 4:
            raise UserError(f"max length is {self.max_length}; it must be at least 4 tokens")

    def prefix(self, kind: Kind) -> str:
        return self.query_prefix if kind == "query" else self.passage_prefix


def as_prefix(text: str) -> str:
    """A prefix as people type it (``Query:``), ready to be put before a text; Pyserini adds the same space."""
    return text if not text or text[-1].isspace() else text + " "


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

    @classmethod
    def load(
        cls,
        name: str | Path,
        *,
        pooling: str | None = None,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        max_length: int | None = None,
        device: str | None = None,
        allow_pickle: bool = False,
        precision: str | None = None,
        transform: str | Path | None = None,
    ) -> Encoder:
        """Load a Hugging Face or sentence-transformers encoder, or one of our checkpoints.

        Of mBART, M2M100, T5, mT5 and UMT5 the encoder half is loaded.

        Parameters
        ----------
        name : a folder or a name on the Hugging Face hub.
        pooling, query_prefix, passage_prefix, max_length : override what the model's own files say; without a word
            from them, mean pooling, no prefixes and 256 tokens.
        device : ``cpu``, ``cuda``, ``cuda:1`` ...; by default a GPU where there is one.
        allow_pickle : also load weights that are Python pickles, which can run code of their author.
        precision : of encoding, ``float32`` or ``bfloat16`` (faster where the processor has it, a little less exact);
            by default bfloat16 on a GPU of CUDA and float32 elsewhere.
        transform : the file of a vector transform; by default ``transform.safetensors`` in the model's own folder,
            where there is one.

        Raises
        ------
        UserError
            The model cannot be loaded or a setting does not fit it; names the file or setting.
        """
        from safetensors import SafetensorError
        from transformers import AutoTokenizer, logging

        logging.set_verbosity_error()  # its load report calls unused heads missing
        logging.disable_progress_bar()
        target = resolve_device(device)
        precision = precision or ("bfloat16" if target.startswith("cuda") else "float32")
        if precision not in get_args(Precision):
            raise UserError(f"unknown precision '{precision}'; known: {', '.join(get_args(Precision))}")
        if looks_like_path(name):
            _check_folder(Path(name), allow_pickle)
        else:
            _check_hub(str(name))
        said, subfolder = _settings_from_files(str(name), bare=pooling is not None)
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, subfolder=subfolder)
            # float32: transformers loads weights in the type they are stored in, and a CPU is slow in half precision.
            model, missing = load_model(
                name, subfolder, dtype="float32", use_safetensors=None if allow_pickle else True
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            first_line = str(error).strip().split("\n")[0]
            raise UserError(f"cannot load the encoder '{name}': {first_line}") from error
        lacking = sorted(key for key in missing if "pooler" not in key)
        if lacking:  # transformers would go on with random numbers in their place
            raise UserError(f"cannot load the encoder '{name}': its weights lack {lacking[0]} ({len(lacking)} in all)")
        if getattr(model, "pooler", None) is not None:
            model.pooler = None  # type: ignore[assignment]  # never used, often untrained
        if said.get("dense"):
            model.add_module(_DENSE, _dense_layers(str(name), said["dense"], model.config.hidden_size, allow_pickle))
        limit = _length_limit(model, tokenizer)
        settings = EncoderSettings(
            pooling=said.get("pooling", "mean") if pooling is None else pooling,  # type: ignore[arg-type]
            query_prefix=said.get("query_prefix", "") if query_prefix is None else as_prefix(query_prefix),
            passage_prefix=said.get("passage_prefix", "") if passage_prefix is None else as_prefix(passage_prefix),
            max_length=min(said.get("max_length", DEFAULT_MAX_LENGTH), limit) if max_length is None else max_length,
            lower_case=said.get("lower_case", False),
        )
        if said.get("prompt_left_out") and pooling is None and (settings.query_prefix or settings.passage_prefix):
            raise UserError(
                f"'{name}' leaves its prompts out of pooling (include_prompt: false), which is not supported; pass "
                "--pooling to pool over prefix and text, or empty prefixes"
            )
        if settings.max_length > limit:
            raise UserError(f"max length is {settings.max_length}, but '{name}' takes at most {limit} tokens")
        encoder = cls(model.to(target).eval(), tokenizer, settings, str(name), said.get("record", {}), precision)  # type: ignore[arg-type]
        from hybrid_plugin.transforms import FILE, with_transform

        path = _model_file(str(name), FILE) if transform is None else Path(transform)
        return encoder if path is None else with_transform(encoder, path)

    @property
    def dense(self) -> list[Dense]:
        """The layers between pooling and the vector, as in LaBSE; part of the model, so that they train with it."""
        return list(getattr(self.model, _DENSE, []))

    @property
    def dimension(self) -> int:
        return int(self.dense[-1].linear.out_features if self.dense else self.model.config.hidden_size)

    @property
    def device(self) -> torch.device:
        return self.model.device

    def tokenize(self, texts: Sequence[str], kind: Kind) -> list[list[int]]:
        """Token ids of each text with its prefix, special tokens included, cut to the maximum length."""
        prefix = self.settings.prefix(kind)
        texts = [prefix + text.strip() for text in texts]
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
        encoded once; beyond that, other neighbours in its batch may change its last digits.

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
        chunks: Iterator[Sequence[str]] | Sequence[Sequence[str]],
        kind: Kind,
        *,
        langs: Iterable[str | None] | None = None,
        total: int | None = None,
        batch_size: int | None = None,
        progress: bool = False,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Encode texts that come in chunks, one chunk in memory at a time; yields (texts so far, vectors)."""
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
                with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=reduced):
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

    def save(self, folder: Path, provenance: dict[str, Any] | None = None) -> None:
        """Write a checkpoint into a folder: for transformers, sentence-transformers, Pyserini and ourselves.

        The record says in ``auto_obstacle`` why Pyserini's ``auto`` cannot use it, and null where it can.
        """
        save_model(self.model, folder, leave_out=_DENSE)
        self.tokenizer.save_pretrained(folder)
        dense = {f"{place}_Dense": layer for place, layer in enumerate(self.dense, start=2)}
        for path, layer in dense.items():
            layer.save(folder / path)
        half = half_of(self.model)
        files = _sentence_transformers_files(
            self.settings, self.model.config.hidden_size, list(dense), half.sentence_transformers if half else {}
        )
        for path, value in files.items():
            write_json(folder / path, value)
        record = {"format": 1, **asdict(self.settings), "normalize": True, "dense": list(dense)}
        write_json(folder / RECORD, {**(provenance or {}), **record, "auto_obstacle": self.auto_obstacle})


def _split(chunks: Iterator[Sequence[str]] | Sequence[Sequence[str]], size: int) -> Iterator[Sequence[str]]:
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def resolve_device(device: str | None) -> str:
    """The device to compute on.

    Raises
    ------
    UserError
        It does not exist here.
    """
    import torch

    if device is None or device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"cannot use the device '{device}': {str(error).splitlines()[0]}") from error
    return device


def looks_like_path(name: str | Path) -> bool:
    """Whether a model's name means a folder rather than a repository on the hub (``owner/name`` or ``name``)."""
    text = str(name)
    return Path(text).exists() or text.startswith((".", "/", "~")) or text.count("/") > 1


def _check_folder(folder: Path, allow_pickle: bool) -> None:
    if not folder.is_dir():
        raise UserError(f"there is no encoder folder '{folder}'")
    inner = [folder, *(path for path in folder.iterdir() if path.is_dir())]  # sentence-transformers may nest it
    present = {path.name for part in inner for path in part.iterdir()}
    if "config.json" not in present:
        raise UserError(f"the encoder folder '{folder}' has no config.json")
    if not present & {
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
        "sentencepiece.bpe.model",
        "spiece.model",
    }:
        raise UserError(f"the encoder folder '{folder}' has no tokenizer")
    if not any(name.endswith(".safetensors") for name in present):
        if not any(name.startswith("pytorch_model") for name in present):
            raise UserError(f"the encoder folder '{folder}' has no weights (model.safetensors)")
        if not allow_pickle:
            raise UserError(
                f"the weights in '{folder}' are a Python pickle, which can run code of its author; "
                "convert them to safetensors, or pass --allow-pickle if you trust them"
            )


def _check_hub(name: str) -> None:
    """Ask the hub once, so that an unknown name fails before each file is asked for in turn."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        if try_to_load_from_cache(name, "config.json") is None:
            hf_hub_download(name, "config.json")
    except LocalEntryNotFoundError as error:
        raise UserError(
            f"there is no encoder folder '{name}', and the Hugging Face hub cannot be asked for it"
        ) from error
    except EntryNotFoundError:
        return  # sentence-transformers may keep it in a subfolder
    except (OSError, ValueError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise UserError(f"there is no encoder folder '{name}', and the Hugging Face hub says: {first_line}") from error


def _settings_from_files(name: str, bare: bool) -> tuple[dict[str, Any], str]:
    """What a model's own files say of its settings, and the subfolder that holds its transformer.

    Parameters
    ----------
    bare : take the transformer alone, whatever modules sentence-transformers would put after it.
    """

    record = _read_object(name, RECORD)
    if record is not None:
        try:
            settings = {key: record[key] for key in ("pooling", "query_prefix", "passage_prefix", "max_length")}
        except KeyError as error:
            raise UserError(f"{name}/{RECORD} lacks {error}") from error
        settings |= {key: record[key] for key in ("lower_case", "dense") if key in record}  # younger than format 1
        return {**settings, "record": record}, ""
    path = _model_file(name, "modules.json")
    if path is None:
        return {}, ""
    modules = read_json(path)
    try:
        kinds, paths = zip(*((module["type"].rsplit(".", 1)[-1], module["path"]) for module in modules), strict=True)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name}/modules.json is not a list of modules, each with a type and a path") from error
    said: dict[str, Any] = {}
    after = kinds[2:-1] if kinds[-1] == "Normalize" else kinds[2:]
    if kinds[:2] == ("Transformer", "Pooling") and set(after) <= {"Dense"}:
        said["dense"] = list(paths[2 : 2 + len(after)])
    elif not bare:
        raise UserError(
            f"'{name}' has the sentence-transformers modules {', '.join(kinds)}; only Transformer, Pooling, Dense and "
            "Normalize, in this order, are supported; pass --pooling to use its transformer alone"
        )
    if "Pooling" in kinds:
        pooling = _read_object(name, f"{paths[kinds.index('Pooling')]}/config.json") or {}
        modes = pooling.get("pooling_mode") or [key for key, on in pooling.items() if key in _OLD_POOLING and on]
        modes = [modes] if isinstance(modes, str) else modes or ["mean"]
        said["pooling"] = "+".join(_OLD_POOLING.get(mode, mode) for mode in modes).replace("lasttoken", "last")
        said["prompt_left_out"] = pooling.get("include_prompt") is False
    prompts = (_read_object(name, "config_sentence_transformers.json") or {}).get("prompts") or {}
    said["query_prefix"] = prompts.get("query") or ""
    said["passage_prefix"] = next((prompts[key] for key in ("document", "passage", "corpus") if prompts.get(key)), "")
    transformer = _read_object(name, f"{paths[0]}/sentence_bert_config.json".lstrip("/")) or {}
    # without a length, sentence-transformers cuts where the model or tokenizer must
    said["max_length"] = transformer.get("max_seq_length") or sys.maxsize
    said["lower_case"] = bool(transformer.get("do_lower_case"))
    return said, paths[0]


def _read_object(name: str, filename: str) -> dict[str, Any] | None:
    path = _model_file(name, filename)
    value = None if path is None else read_json(path)
    if not isinstance(value, dict | None):
        raise UserError(f"{name}/{filename} is not a JSON object")
    return value


def auto_obstacle(name: str) -> str | None:
    """What a checkpoint's record says of :attr:`Encoder.auto_obstacle`; None for any other model."""
    try:
        record = _read_object(name, RECORD)
    except OSError:  # no name that the hub knows; Pyserini has encoders that live elsewhere
        return None
    return (record or {}).get("auto_obstacle")


def _dense_layers(name: str, paths: Sequence[str], dimension: int, allow_pickle: bool) -> torch.nn.Sequential:
    from torch.nn import Sequential

    from hybrid_plugin.dense import Dense

    layers = Sequential()
    for path in paths:
        config = _model_file(name, f"{path}/config.json")
        if config is None:
            raise UserError(f"'{name}' has no {path}/config.json")
        weights = _model_file(name, f"{path}/model.safetensors")
        if weights is None and allow_pickle:
            weights = _model_file(name, f"{path}/pytorch_model.bin")
        if weights is None:
            hint = "" if allow_pickle else "; pass --allow-pickle if it has a pickle that you trust"
            raise UserError(f"'{name}' has no {path}/model.safetensors{hint}")
        layer = Dense.load(config, weights, dimension)
        layers.append(layer)
        dimension = layer.linear.out_features
    return layers


def _model_file(name: str, filename: str) -> Path | None:
    if looks_like_path(name):
        path = Path(name) / filename
        return path if path.is_file() else None
    from transformers.utils.hub import cached_file

    found = cached_file(
        name,
        filename,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return Path(found) if found else None


def _length_limit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    positions = getattr(model.config, "max_position_embeddings", None) or 10**9
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    if padding is not None:  # RoBERTa and its kin count positions from there
        positions -= padding + 1
    return min(int(tokenizer.model_max_length), positions)


def _sentence_transformers_files(
    settings: EncoderSettings, dimension: int, dense: Sequence[str], transformer: Mapping[str, Any]
) -> dict[str, Any]:
    # The layout of sentence-transformers 2 to 4, which every later version reads as well.
    package = "sentence_transformers.models"
    prompts = {"query": settings.query_prefix, "document": settings.passage_prefix, "passage": settings.passage_prefix}
    kinds = {"": "Transformer", "1_Pooling": "Pooling", **dict.fromkeys(dense, "Dense")}
    normalize = f"{len(kinds)}_Normalize"
    return {
        "modules.json": [
            {"idx": place, "name": str(place), "path": path, "type": f"{package}.{kind}"}
            for place, (path, kind) in enumerate({**kinds, normalize: "Normalize"}.items())
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": dimension,
            "pooling_mode_cls_token": settings.pooling == "cls",
            "pooling_mode_mean_tokens": settings.pooling == "mean",
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
            "pooling_mode_lasttoken": settings.pooling == "last",
            "include_prompt": True,
        },
        f"{normalize}/config.json": {},
        "sentence_bert_config.json": {
            "max_seq_length": settings.max_length,
            "do_lower_case": settings.lower_case,
            **transformer,
        },
        "config_sentence_transformers.json": {"prompts": prompts, "similarity_fn_name": "cosine"},
    }
