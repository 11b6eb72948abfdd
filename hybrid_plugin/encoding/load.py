"""A model's folder, or its name on the hub, to what an encoder is made of."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hybrid_plugin.encoding.architectures import load_model
from hybrid_plugin.encoding.families import misuse
from hybrid_plugin.encoding.folders import check_folder, check_hub, looks_like_path
from hybrid_plugin.encoding.formats import Description, check_code, describe
from hybrid_plugin.encoding.settings import EncoderSettings, ModelOptions, as_prefix
from hybrid_plugin.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DENSE = "sentence_dense"  # the submodule that holds the layers after pooling, so that they train with the model


class Parts(NamedTuple):
    """A model on its device, ready to encode, its tokenizer, its settings and, of a checkpoint, its record."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: EncoderSettings
    record: dict[str, Any]


def load_parts(name: str, options: ModelOptions) -> Parts:
    """Load a Hugging Face or sentence-transformers encoder, or one of our checkpoints.

    Raises
    ------
    UserError
        The model cannot be loaded or an option does not fit it; names the file or setting.
    """
    device = resolve_device(options.device)
    if looks_like_path(name):
        check_folder(Path(name), options.allow_pickle)
    else:
        check_hub(name)
    said = describe(name, bare=options.pooling is not None)
    if not options.trust_remote_code:
        check_code(name, said.subfolder)
    model, tokenizer = _transformer(name, said.subfolder, options)
    if said.dense:
        from hybrid_plugin.encoding.dense import load_dense  # imports torch, which commands without a model spare

        model.add_module(DENSE, load_dense(name, said.dense, model.config.hidden_size, options.allow_pickle))
    settings = _settings(name, said, options, _length_limit(model, tokenizer))
    warning = misuse(name, said, settings)
    if warning:
        warnings.warn(warning, stacklevel=3)
    return Parts(model.to(device).eval(), tokenizer, settings, said.record)  # type: ignore[arg-type]


def resolve_device(device: str | None) -> str:
    """The device to compute on: by default a GPU if there is one, and one of its own for each process of ``torchrun``.

    Raises
    ------
    UserError
        It does not exist here.
    """
    import torch

    if device is None or device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and "LOCAL_RANK" in os.environ:  # cards are dealt out as accelerate deals them
        device = f"cuda:{int(os.environ['LOCAL_RANK']) % max(1, torch.cuda.device_count())}"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"cannot use the device '{device}': {str(error).splitlines()[0]}") from error
    return device


def _transformer(name: str, subfolder: str, options: ModelOptions) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The transformer and its tokenizer, all of whose weights were there."""
    from safetensors import SafetensorError
    from transformers import AutoTokenizer, logging

    logging.set_verbosity_error()  # its load report calls unused heads missing
    logging.disable_progress_bar()
    trust = options.trust_remote_code
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, subfolder=subfolder, trust_remote_code=trust)
        model, missing = load_model(
            name,
            subfolder,
            trust_remote_code=trust,
            # transformers loads weights in the type they are stored in, and a CPU is slow in half precision.
            dtype="float32",
            use_safetensors=None if options.allow_pickle else True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise UserError(f"cannot load the encoder '{name}': {first_line}") from error
    lacking = sorted(key for key in missing if "pooler" not in key)
    if lacking:  # transformers would go on with random numbers in their place
        raise UserError(f"cannot load the encoder '{name}': its weights lack {lacking[0]} ({len(lacking)} in all)")
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # type: ignore[assignment]  # never used, often untrained
    return model, tokenizer


def _settings(name: str, said: Description, options: ModelOptions, limit: int) -> EncoderSettings:
    """The settings that a model's own files say, overruled by the options, of which ``None`` overrules nothing."""
    asked = {
        "pooling": options.pooling,
        "query_prefix": None if options.query_prefix is None else as_prefix(options.query_prefix),
        "passage_prefix": None if options.passage_prefix is None else as_prefix(options.passage_prefix),
        "max_length": options.max_length,
        "query_max_length": options.query_max_length,
    }
    stated: dict[str, Any] = {
        "pooling": said.pooling,
        "query_prefix": said.query_prefix,
        "passage_prefix": said.passage_prefix,
        "max_length": min(said.max_length, limit),
        "query_max_length": said.query_max_length,
        "lower_case": said.lower_case,
    }
    settings = EncoderSettings(**stated | {key: value for key, value in asked.items() if value is not None})
    if said.prompt_left_out and options.pooling is None and (settings.query_prefix or settings.passage_prefix):
        raise UserError(
            f"'{name}' leaves its prompts out of pooling (include_prompt: false), which is not supported; pass "
            "--pooling to pool over prefix and text, or empty prefixes"
        )
    for key in ("max_length", "query_max_length"):
        if (getattr(settings, key) or 0) > limit:
            said_length = f"{key.replace('_', ' ')} is {getattr(settings, key)}"
            raise UserError(f"{said_length}, but '{name}' takes at most {limit} tokens")
    return settings


def _length_limit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """How many tokens a model takes."""
    positions = getattr(model.config, "max_position_embeddings", None) or 10**9
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    if padding is not None:  # RoBERTa and its kin count positions from there
        positions -= padding + 1
    return min(int(tokenizer.model_max_length), positions)
