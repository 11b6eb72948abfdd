"""The files beside a model's weights: what they say of pooling, prompts and lengths, and how we write them.

Two layouts are read and written: our own record, ``hybrid_ir.json``, and the modules of sentence-transformers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from hybrid_plugin.encoding.folders import RECORD, model_file, read_object
from hybrid_plugin.encoding.settings import DEFAULT_MAX_LENGTH, EncoderSettings
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json

_OLD_POOLING = {  # the flags of sentence-transformers 2 to 4, in the order in which it joins several
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_OWN_CODE = ("AutoConfig", "AutoModel", "AutoTokenizer")  # the classes that we load, of all that a model may bring


@dataclass(frozen=True)
class Description:
    """What a model's own files say of it; where they say nothing, what holds for a plain transformer.

    Parameters
    ----------
    pooling : as they call it, whether or not we have it.
    max_length : ``sys.maxsize`` where the model or tokenizer sets the limit.
    dense : the folders of the layers between pooling and the vector.
    prompt_left_out : the tokens of a prompt are left out of pooling.
    subfolder : holds the transformer; empty where it is in the model's own folder.
    record : of a checkpoint of ours, whole.
    pools : sentence-transformers' files say how it is pooled.
    """

    pooling: str = "mean"
    query_prefix: str = ""
    passage_prefix: str = ""
    max_length: int = DEFAULT_MAX_LENGTH
    query_max_length: int | None = None
    lower_case: bool = False
    dense: tuple[str, ...] = ()
    prompt_left_out: bool = False
    subfolder: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    pools: bool = False


def describe(name: str, bare: bool) -> Description:
    """What a model's own files say of it.

    Parameters
    ----------
    bare : take the transformer alone, whatever modules sentence-transformers would put after it.

    Raises
    ------
    UserError
        A file is damaged, or there are modules that we lack; names the file or the modules.
    """
    record = read_object(name, RECORD)
    if record is not None:
        return _of_record(name, record)
    path = model_file(name, "modules.json")
    return Description() if path is None else _of_modules(name, read_json(path), bare)


def _of_record(name: str, record: dict[str, Any]) -> Description:
    try:
        said = {key: record[key] for key in ("pooling", "query_prefix", "passage_prefix", "max_length")}
    except KeyError as error:
        raise UserError(f"{name}/{RECORD} lacks {error}") from error
    # These are younger than format 1.
    said |= {key: record[key] for key in ("lower_case", "query_max_length") if key in record}
    return Description(**said, dense=tuple(record.get("dense", ())), record=record)


def _of_modules(name: str, modules: Any, bare: bool) -> Description:
    try:
        kinds, paths = zip(*((module["type"].rsplit(".", 1)[-1], module["path"]) for module in modules), strict=True)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name}/modules.json is not a list of modules, each with a type and a path") from error
    after = kinds[2:-1] if kinds[-1] == "Normalize" else kinds[2:]
    known = kinds[:2] == ("Transformer", "Pooling") and set(after) <= {"Dense"}
    if not known and not bare:
        raise UserError(
            f"'{name}' has the sentence-transformers modules {', '.join(kinds)}; only Transformer, Pooling, Dense and "
            "Normalize, in this order, are supported; pass --pooling to use its transformer alone"
        )
    pooling: dict[str, Any] = {}
    if "Pooling" in kinds:
        pooling = read_object(name, f"{paths[kinds.index('Pooling')]}/config.json") or {}
    modes = pooling.get("pooling_mode") or [key for key, on in pooling.items() if key in _OLD_POOLING and on]
    modes = [modes] if isinstance(modes, str) else modes or ["mean"]
    prompts = (read_object(name, "config_sentence_transformers.json") or {}).get("prompts") or {}
    transformer = read_object(name, f"{paths[0]}/sentence_bert_config.json".lstrip("/")) or {}
    return Description(
        pooling="+".join(_OLD_POOLING.get(mode, mode) for mode in modes).replace("lasttoken", "last"),
        query_prefix=prompts.get("query") or "",
        passage_prefix=next((prompts[key] for key in ("document", "passage", "corpus") if prompts.get(key)), ""),
        # Without a length, sentence-transformers cuts where the model or tokenizer must.
        max_length=transformer.get("max_seq_length") or sys.maxsize,
        lower_case=bool(transformer.get("do_lower_case")),
        dense=tuple(paths[2 : 2 + len(after)]) if known else (),
        prompt_left_out=pooling.get("include_prompt") is False,
        subfolder=paths[0],
        pools="Pooling" in kinds,
    )


def check_code(name: str, subfolder: str) -> None:
    """Refuse a model that comes with Python code of its own.

    Also one whose architecture transformers has: transformers would then leave the code out without a word, and the
    vectors would be another model's.

    Raises
    ------
    UserError
        Its configuration, model or tokenizer is to be loaded by code of its own; names the file that says so.
    """
    for filename in ("config.json", "tokenizer_config.json"):
        path = f"{subfolder}/{filename}".lstrip("/")
        code = (read_object(name, path) or {}).get("auto_map")
        if code and (not isinstance(code, dict) or code.keys() & set(_OWN_CODE)):  # older tokenizers have a list
            raise UserError(
                f"'{name}' comes with Python code of its own (auto_map in {path}), which is not run; pass "
                "--trust-remote-code if you trust its author"
            )


def auto_obstacle(name: str) -> str | None:
    """What a checkpoint's record says of :attr:`Encoder.auto_obstacle`; None for any other model."""
    try:
        record = read_object(name, RECORD)
    except OSError:  # no name that the hub knows; Pyserini has encoders that live elsewhere
        return None
    return (record or {}).get("auto_obstacle")


def record_of(settings: EncoderSettings, dense: Sequence[str], obstacle: str | None) -> dict[str, Any]:
    """Our own record of a checkpoint, but for its provenance.

    Parameters
    ----------
    dense : the folders of the layers after pooling.
    obstacle : why Pyserini's encoder class ``auto`` cannot give its vectors, if it cannot.
    """
    return {"format": 1, **asdict(settings), "normalize": True, "dense": list(dense), "auto_obstacle": obstacle}


def sentence_transformers_files(
    settings: EncoderSettings, dimension: int, dense: Sequence[str], transformer: Mapping[str, Any]
) -> dict[str, Any]:
    """What sentence-transformers needs beside the transformer: JSON values by the path in the folder.

    Parameters
    ----------
    dimension : of the transformer's output.
    dense : the folders of the layers after pooling.
    transformer : further settings of its module Transformer.
    """
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


def known_sources(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sources that a checkpoint was trained on, by its record, and those that its teacher was."""
    return [*record.get("sources", []), *record.get("teacher", {}).get("sources", [])]
