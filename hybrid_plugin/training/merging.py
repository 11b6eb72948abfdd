"""Several checkpoints merged into one, weight by weight, without training.

Sources: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", ICML 2022, https://arxiv.org/abs/2203.05482; Shoemake, "Animating Rotation with Quaternion
Curves", SIGGRAPH 1985, as mergekit applies it to weights: Goddard et al. 2024, https://arxiv.org/abs/2403.13257.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.formats import known_sources
from hybrid_plugin.encoding.identity import weights_checksum
from hybrid_plugin.errors import UserError, unknown
from hybrid_plugin.files import StrPath, check_output, read_json, whole_folder
from hybrid_plugin.outputs import REQUEST, folder_is_done, say_done
from hybrid_plugin.training.card import CARD, model_card
from hybrid_plugin.versions import versions

if TYPE_CHECKING:
    from torch import Tensor

MERGED = "merge"  # the strategy in the record of a merged checkpoint
_COLINEAR = 0.9995  # mergekit's: beyond this cosine the angle is too small to divide by its sine
_NO_DIRECTION = 1e-8  # a length below which a tensor has none
_TOKENIZER_PARTS = {  # that decide the ids of a text, as tokenizer.json calls them and as people do
    "model": "vocabulary",
    "added_tokens": "added tokens",
    "normalizer": "normalizer",
    "pre_tokenizer": "pre-tokenizer",
    "post_processor": "special tokens",
}
_BOOKKEEPING = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}  # of a configuration


def merge(
    checkpoints: Sequence[StrPath],
    output: StrPath,
    weights: Sequence[float] | None = None,
    method: str = "linear",
    overwrite: bool = False,
) -> Encoder:
    """Merge checkpoints of one architecture into one, whose weights lie between theirs.

    Computed in float64, of every tensor by itself; integer buffers must be equal. A transform of the vectors is
    dropped.

    Parameters
    ----------
    checkpoints : folders or names on the hub, two or more.
    output : the checkpoint's folder; its record names the checkpoints and all that they were trained on.
    weights : of each checkpoint, 0 or above; scaled to the sum 1. By default all the same.
    method : ``linear``, the weighted mean; or ``spherical``, of two checkpoints along the arc between the two tensors,
        and straight where these are nearly colinear or one of them is zero.
    overwrite : replace a checkpoint of another request in the output.

    Returns
    -------
    The merged encoder.

    Raises
    ------
    UserError
        The checkpoints differ in architecture, shapes, tokenizer, settings or Dense layers, the weights or the method
        do not fit, or the output holds something else; names what.

    Examples
    --------
    >>> merged = merge(["e5-mono", "e5-cross"], "e5-merged", weights=[0.25, 0.75])   # doctest: +SKIP
    """
    names, output = [str(name) for name in checkpoints], Path(output)
    shares = shares_of(names, weights, method)
    check_output(output, RECORD)
    if output.resolve() in {Path(name).resolve() for name in names}:
        raise UserError(f"{output} is one of the checkpoints to merge; choose another output")
    encoders = [Encoder.load(name, device="cpu") for name in names]
    for other in encoders[1:]:
        difference = _difference(encoders[0], other)
        if difference:
            raise UserError(f"'{encoders[0].name}' and '{other.name}' cannot be merged: {difference}")
    checksums = [weights_checksum(one.model) for one in encoders]
    request = {
        "checkpoint": dict(enumerate(checksums, start=1)),
        "weight": dict(enumerate(shares, start=1)),
        "method": method,
        **_settings(encoders[0]),
    }
    if folder_is_done(output, RECORD, request, overwrite):
        say_done(output)
        return Encoder.load(output)
    for one in encoders:
        if one.transform is not None:
            warnings.warn(
                f"merging drops the transform of '{one.name}', which was fitted on its vectors as they are; fit "
                "another on those of the merged checkpoint",
                stacklevel=2,
            )
    record = _provenance(encoders, checksums, shares, method) | {REQUEST: request}
    encoders[0].model.load_state_dict(_merged(encoders, shares, method))
    with whole_folder(output, RECORD) as staging:
        replace(encoders[0], transform=None).save(staging, record)
        (staging / CARD).write_text(model_card(read_json(staging / RECORD)), encoding="utf-8")
    return Encoder.load(output)


def shares_of(names: Sequence[str], weights: Sequence[float] | None, method: str) -> list[float]:
    """The weights, scaled to the sum 1.

    Raises
    ------
    UserError
        They or the method do not fit the checkpoints.
    """
    if method not in _METHODS:
        raise unknown("method", method, _METHODS)
    if method == "spherical" and len(names) != 2:
        raise UserError(f"spherical takes two checkpoints, not {len(names)}; merge two, and the result with the next")
    if len(names) < 2:
        raise UserError(f"merging takes two checkpoints or more, not {len(names)}")
    weights = [1.0] * len(names) if weights is None else [float(weight) for weight in weights]
    said = " ".join(f"{weight:g}" for weight in weights)
    if len(weights) != len(names):
        raise UserError(f"there are {len(weights)} weights ({said}) for {len(names)} checkpoints; give one for each")
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not sum(weights):
        raise UserError(f"the weights are {said}; none may be below 0, and one at least is above")
    return [weight / math.fsum(weights) for weight in weights]


def _settings(encoder: Encoder) -> dict[str, Any]:
    return {**vars(encoder.settings), "truncate_dim": encoder.truncate_dim}


def _difference(one: Encoder, other: Encoder) -> str:
    """Why two encoders have no weights between theirs; empty where they have."""
    kinds = [type(encoder.model).__name__ for encoder in (one, other)]
    if kinds[0] != kinds[1]:
        return f"their architectures are {kinds[0]} and {kinds[1]}"
    rules = [_tokenizer(encoder) for encoder in (one, other)]
    for key, said in _TOKENIZER_PARTS.items():
        if rules[0].get(key) != rules[1].get(key):
            return f"their tokenizers differ in the {said}"
    for what, values in (
        ("configurations", [_configuration(encoder) for encoder in (one, other)]),
        ("settings", [_settings(encoder) for encoder in (one, other)]),
    ):
        for key in {**values[0], **values[1]}:
            here, there = (value.get(key) for value in values)
            if here != there:
                return f"their {what} differ in {key.replace('_', ' ')}, '{here}' and '{there}'"
    if bool(one.dense) != bool(other.dense):
        with_dense, without = (one, other) if one.dense else (other, one)
        return f"'{with_dense.name}' has a Dense layer after pooling, which '{without.name}' lacks"
    if str(one.dense) != str(other.dense):
        return f"their Dense layers differ, {one.dense} and {other.dense}"
    return _difference_of_weights(one.model.state_dict(), other.model.state_dict())


def _tokenizer(encoder: Encoder) -> Mapping[str, Any]:
    """The parts of its tokenizer that decide the ids of a text."""
    backend = getattr(encoder.tokenizer, "backend_tokenizer", None)
    if backend is None:
        return {"model": encoder.tokenizer.get_vocab()}
    rules: dict[str, Any] = json.loads(backend.to_str())
    return rules


def _configuration(encoder: Encoder) -> dict[str, Any]:
    return {key: value for key, value in encoder.model.config.to_dict().items() if key not in _BOOKKEEPING}


def _difference_of_weights(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str:
    alone = sorted(ours.keys() ^ theirs.keys())
    if alone:
        return f"only one has the weight {alone[0]} ({len(alone)} such in all)"
    for name, tensor in ours.items():
        if tensor.shape != theirs[name].shape:
            return f"the shapes of {name} are {[*tensor.shape]} and {[*theirs[name].shape]}"
        if not tensor.is_floating_point() and not tensor.equal(theirs[name]):
            return f"the whole numbers in {name} differ"
    return ""


def _merged(encoders: Sequence[Encoder], shares: Sequence[float], method: str) -> dict[str, Tensor]:
    """The weights and buffers of all as one; in new tensors, since names may share one (tied weights)."""
    states = [encoder.model.state_dict() for encoder in encoders]
    return {
        name: _METHODS[method]([state[name] for state in states], shares) if tensor.is_floating_point() else tensor
        for name, tensor in states[0].items()
    }


def _linear(tensors: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """The weighted mean."""
    total = tensors[0].double() * shares[0]
    for tensor, share in zip(tensors[1:], shares[1:], strict=True):
        total += tensor.double() * share
    return total.to(tensors[0].dtype)


def _spherical(tensors: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """Along the arc between two tensors, seen as vectors; their lengths are interpolated with them."""
    one, other = (tensor.double().flatten() for tensor in tensors)
    lengths = [float(vector.norm()) for vector in (one, other)]
    if min(lengths) < _NO_DIRECTION:
        return _linear(tensors, shares)
    cosine = float(one @ other) / math.prod(lengths)
    if abs(cosine) > _COLINEAR:
        return _linear(tensors, shares)
    angle = math.acos(cosine)
    mixed = (math.sin(shares[0] * angle) * one + math.sin(shares[1] * angle) * other) / math.sin(angle)
    return mixed.view(tensors[0].shape).to(tensors[0].dtype)


_METHODS: dict[str, Callable[[Sequence[Tensor], Sequence[float]], Tensor]] = {
    "linear": _linear,
    "spherical": _spherical,
}


def _provenance(
    encoders: Sequence[Encoder], checksums: Sequence[str], shares: Sequence[float], method: str
) -> dict[str, Any]:
    """What the merged checkpoint records: of each what it is, and of all together what they were trained on."""
    parts = [
        {
            "name": one.name,
            "checksum": checksum,
            "weight": share,
            "base_model": one.record.get("base_model", one.name),
            **{key: one.record.get(key) for key in ("strategy", "alpha", "seed")},
            **({"transform_dropped": one.transform.about} if one.transform is not None else {}),
        }
        for one, checksum, share in zip(encoders, checksums, shares, strict=True)
    ]
    sources: list[dict[str, Any]] = []
    for one in encoders:
        sources += [source for source in known_sources(one.record) if source not in sources]
    seeds = {part["seed"] for part in parts}
    return {
        "base_model": " + ".join(dict.fromkeys(part["base_model"] for part in parts)),
        "merged": {"method": method, "checkpoints": parts},
        "strategy": MERGED,
        "alpha": None,
        "seed": seeds.pop() if len(seeds) == 1 else None,
        "sources": sources,
        "languages": sorted({lang for source in sources for lang in source["languages"]}),
        "versions": versions(),
    }
