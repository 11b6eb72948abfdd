"""Towers computed by OpenVINO, which is faster on CPUs than torch, and has int8.

A model is exported once and kept in the cache folder, under all that decides what it computes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.settings import Precision
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.encoding.tower import Tower
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder, read_json, remove_folder, scratch_folder, write_json
from hybrid_plugin.outputs import file_checksum
from hybrid_plugin.versions import versions

Compute = Callable[[np.ndarray, np.ndarray], np.ndarray]

_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "bf16"}  # of int8, for what is not in int8
_FORMAT = 1  # of how a model is exported and quantised; what was made by another is left alone
_PROBE = 8  # texts by which an exported model is compared with its tower
_UNEVEN = 100  # standard deviations from zero to the largest input; int8 has 127 steps for them
_EQUAL, _ALIKE = 0.999999, 0.9  # the least cosine with a vector of the tower, in float32 and in int8


def check_installed(precision: str | None) -> None:
    """Refuse where a package is missing.

    Raises
    ------
    UserError
        It says what to install.
    """
    for package in ("openvino", "nncf")[: 2 if precision == "int8" else 1]:
        if find_spec(package) is None:
            raise UserError(f"--runtime openvino needs the package {package}; pip install 'hybrid-ir[openvino]'")


def compiled(tower: Tower, weights: str, precision: Precision, calibration: Tokens, threads: int = 1) -> Compute:
    """A tower as OpenVINO computes it.

    Parameters
    ----------
    tower : on a CPU.
    weights : the checksum of its weights.
    precision : in int8 are the linear layers, but for those whose inputs are too uneven; what is not, is in bfloat16
        where the processor has it.
    calibration : texts by which the ranges of int8 are chosen, and an exported model is compared with the tower.
    threads : so many callers compute side by side, each on one thread; their number changes no vector.

    Returns
    -------
    What the tower gives, unit vectors float32 [texts, dimension], for ids and mask, both int64 [texts, width]. Several
    threads may call it at once.

    Raises
    ------
    UserError
        A package is missing, the cache cannot be written to, or OpenVINO cannot give this model's vectors.
    """
    check_installed(precision)
    openvino = _imported("openvino")
    model = openvino.Core().read_model(_exported(tower, weights, precision == "int8", calibration))
    return _calls(openvino, model, precision, threads)


def _calls(openvino: Any, model: Any, precision: Precision, threads: int) -> Compute:
    settings = {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": threads,
        "ENABLE_CPU_PINNING": False,  # or two processes would compute on the same cores
    }
    network = openvino.Core().compile_model(model, "CPU", settings)
    own = threading.local()

    def call(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if not hasattr(own, "request"):
            own.request = network.create_infer_request()
        found: np.ndarray = own.request.infer([ids, mask])[0]
        return found

    one = np.ones((1, 2), np.int64)
    call(one, one)  # the first calls of a process, if two threads make them at once, wait for each other for ever
    return call


def _exported(tower: Tower, weights: str, quantized: bool, calibration: Tokens) -> Path:
    """The file of a model in the cache, where it is put if it is not there, or damaged."""
    model: Any = tower.model
    about = {
        "format": _FORMAT,
        "weights": weights,
        "pooling": tower.pooling,
        "dense": str(tower.dense),
        "config": hashlib.sha256(model.config.to_json_string().encode()).hexdigest(),
        "precision": "int8" if quantized else "float32",
        "calibration": _checksum(calibration) if quantized else None,
        "versions": versions("openvino", *(["nncf"] if quantized else [])),
    }
    folder = cache_folder("openvino")
    entry = folder / hashlib.sha256(json.dumps(about).encode()).hexdigest()
    if not _is_whole(entry):
        with scratch_folder(folder, "model") as staging:
            _export(tower, staging / "model.xml", quantized, calibration)
            files = {path.name: file_checksum(path) for path in sorted(staging.iterdir())}
            write_json(staging / "about.json", about | {"files": files})
            with suppress(FileNotFoundError):
                remove_folder(entry)  # it is damaged
            try:
                staging.rename(entry)
            except OSError:
                if not _is_whole(entry):  # else another process has made the same
                    raise
    return entry / "model.xml"


def _checksum(tokens: Tokens) -> str:
    return hashlib.sha256(tokens.ids.tobytes() + tokens.ends.tobytes()).hexdigest()


def _is_whole(entry: Path) -> bool:
    try:
        files = read_json(entry / "about.json")["files"]
        return bool(files) and all(file_checksum(entry / name) == said for name, said in files.items())
    except (OSError, UserError, KeyError, TypeError, AttributeError):
        return False


def _export(tower: Tower, file: Path, quantized: bool, calibration: Tokens) -> None:
    """Write a model, and see that its vectors are those of the tower."""
    import torch
    from tqdm.auto import tqdm

    openvino, name = _imported("openvino"), str(tower.model.name_or_path)
    order = np.argsort(calibration.lengths, kind="stable")
    ids, mask = calibration.padded(order[:: -(-len(order) // _PROBE)], pad=0)  # of different lengths
    probe = torch.from_numpy(ids), torch.from_numpy(mask)
    with tqdm(total=3, desc=f"export '{name}' to OpenVINO, once", unit="step", disable=None) as bar:
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that what is traced may not hold for other texts; which is looked at
                expected = tower(*probe).numpy()
                model = openvino.convert_model(tower, example_input=tuple(one[:2, :5] for one in probe))
        except Exception as error:  # it raises all sorts
            raise _cannot(name, str(error).strip().partition("\n")[0]) from error
        bar.update()
        if quantized:
            model = _in_int8(model, tower, calibration)
        bar.update()
        try:
            openvino.save_model(model, file, compress_to_fp16=False)
            found = _calls(openvino, openvino.Core().read_model(file), "float32", 1)(ids, mask)
        except RuntimeError as error:
            raise _cannot(name, str(error).strip().splitlines()[-1]) from error
        bar.update()
    alike = float((found * expected).sum(1).min()) if found.shape == expected.shape else 0.0
    if not alike > (_ALIKE if quantized else _EQUAL):
        raise _cannot(name, f"the cosine of a vector with that of torch is {alike:.4f}")


def _cannot(name: str, reason: str) -> UserError:
    return UserError(f"OpenVINO cannot compute '{name}': {reason}; --runtime torch can")


def _in_int8(model: Any, tower: Tower, calibration: Tokens) -> Any:
    """A model with its linear layers in int8, as far as they bear it."""
    nncf = _imported("nncf")
    nncf.set_log_level(logging.ERROR)
    texts = [calibration.padded(np.array([text]), pad=0) for text in range(len(calibration))]
    left = [rf"__module\.{re.escape(name)}/.*" for name in _uneven(tower, texts)]
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # its progress bars
        return nncf.quantize(
            model,
            nncf.Dataset(texts, list),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.PERFORMANCE,
            subset_size=len(texts),
            ignored_scope=nncf.IgnoredScope(types=["ScaledDotProductAttention"], patterns=left, validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(disable_bias_correction=True),  # it changes nothing
        )


def _uneven(tower: Tower, texts: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """The linear layers some of whose inputs are so large that int8 has hardly a step left for the others."""
    import torch

    reach: dict[str, float] = {}

    def seen(name: str, inputs: torch.Tensor) -> None:
        reach[name] = max(reach.get(name, 0.0), float(inputs.abs().max() / inputs.std()))

    hooks = [
        layer.register_forward_pre_hook(lambda _, inputs, name=name: seen(name, inputs[0]))
        for name, layer in tower.named_modules()
        if isinstance(layer, torch.nn.Linear)
    ]
    with torch.no_grad():
        for ids, mask in texts:
            tower(torch.from_numpy(ids), torch.from_numpy(mask))
    for hook in hooks:
        hook.remove()
    return [name for name, found in reach.items() if found > _UNEVEN]


def _imported(package: str) -> Any:
    with _without_telemetry():
        return import_module(package)


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """While OpenVINO and NNCF are imported: they tell their makers who uses them, unless this package is missing."""
    package = "openvino_telemetry"
    known = package in sys.modules
    if not known:
        sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not known:
            del sys.modules[package]
