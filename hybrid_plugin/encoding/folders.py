"""Model folders and hub repositories: which files they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json

RECORD = "hybrid_ir.json"  # settings and provenance of a checkpoint
_TOKENIZERS = {"tokenizer.json", "tokenizer_config.json", "vocab.txt", "sentencepiece.bpe.model", "spiece.model"}


def looks_like_path(name: str | Path) -> bool:
    """Whether a model's name means a folder rather than a repository on the hub (``owner/name`` or ``name``)."""
    text = str(name)
    return Path(text).exists() or text.startswith((".", "/", "~")) or text.count("/") > 1


def check_folder(folder: Path, allow_pickle: bool, kind: str = "encoder") -> None:
    """Refuse a folder that holds no model, before transformers complains in its own words.

    Parameters
    ----------
    kind : of model, for messages.

    Raises
    ------
    UserError
        The folder or one of its parts is missing, or its weights are pickled and that is not allowed.
    """
    if not folder.is_dir():
        raise UserError(f"there is no {kind} folder '{folder}'")
    inner = [folder, *(path for path in folder.iterdir() if path.is_dir())]  # sentence-transformers may nest it
    present = {path.name for part in inner for path in part.iterdir()}
    if "config.json" not in present:
        raise UserError(f"the {kind} folder '{folder}' has no config.json")
    if not present & _TOKENIZERS:
        raise UserError(f"the {kind} folder '{folder}' has no tokenizer")
    if not any(name.endswith(".safetensors") for name in present):
        if not any(name.startswith("pytorch_model") for name in present):
            raise UserError(f"the {kind} folder '{folder}' has no weights (model.safetensors)")
        if not allow_pickle:
            raise UserError(
                f"the weights in '{folder}' are a Python pickle, which can run code of its author; "
                "convert them to safetensors, or pass --allow-pickle if you trust them"
            )


def check_hub(name: str, kind: str = "encoder") -> None:
    """Ask the hub once, so that an unknown name fails before each file is asked for in turn.

    Parameters
    ----------
    kind : of model, for messages.

    Raises
    ------
    UserError
        The hub has no such repository, or cannot be asked.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        if try_to_load_from_cache(name, "config.json") is None:
            hf_hub_download(name, "config.json")
    except LocalEntryNotFoundError as error:
        raise UserError(
            f"there is no {kind} folder '{name}', and the Hugging Face hub cannot be asked for it"
        ) from error
    except EntryNotFoundError:
        return  # sentence-transformers may keep it in a subfolder
    except (OSError, ValueError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise UserError(f"there is no {kind} folder '{name}', and the Hugging Face hub says: {first_line}") from error


def model_file(name: str, filename: str) -> Path | None:
    """A file of a model's folder, or of its repository on the hub, fetched where it is not at hand; None without it."""
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


def read_object(name: str, filename: str) -> dict[str, Any] | None:
    """The JSON object in a file of a model, see :func:`model_file`.

    Raises
    ------
    UserError
        The file holds something else; names it.
    """
    path = model_file(name, filename)
    value = None if path is None else read_json(path)
    if not isinstance(value, dict | None):
        raise UserError(f"{name}/{filename} is not a JSON object")
    return value
