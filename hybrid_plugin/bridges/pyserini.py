"""Pyserini as host: our encoder as one of its classes, and its commands with this plugin active."""

from __future__ import annotations

import argparse
import contextlib
import runpy
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

import numpy as np

from datasets_ext.errors import CollectionError
from hybrid_plugin.bridges.failures import ModuleError, reason_of
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.formats import auto_obstacle
from hybrid_plugin.errors import UserError
from hybrid_plugin.java import import_pyserini
from hybrid_plugin.measures.named import register_measures
from hybrid_plugin.tasks.named import register_datasets

ENCODER_CLASS = "hybrid-ir"
_PACKAGES = ("pyserini", "ir_datasets", "ir_measures")


class QueryEncoder:
    """What Pyserini calls a query encoder, from any encoder that :class:`~hybrid_plugin.encoding.Encoder` loads.

    Parameters
    ----------
    encoder_dir : a checkpoint's folder, or a hub name.
    prefix : overrides the checkpoint's own.
    """

    def __init__(self, encoder_dir: str, device: str = "cpu", prefix: str | None = None, **_: Any):
        self._encoder = Encoder.load(encoder_dir, device=device, query_prefix=prefix)

    def encode(self, query: str, **_: Any) -> np.ndarray:
        """float32 [dimension]."""
        return self._encoder.encode([query], "query")[0]

    def encode_batch(self, queries: Sequence[str]) -> np.ndarray:
        """float32 [len(queries), dimension]."""
        return self._encoder.encode(queries, "query")


class DocumentEncoder:
    """What Pyserini calls a document encoder; the maximum length is the checkpoint's own.

    Parameters
    ----------
    model_name : a checkpoint's folder, or a hub name.
    prefix : overrides the checkpoint's own.
    """

    def __init__(self, model_name: str, device: str = "cpu", prefix: str | None = None, **_: Any):
        self._encoder = Encoder.load(model_name, device=device, passage_prefix=prefix)

    def encode(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        """float32 [len(texts), dimension]."""
        return self._encoder.encode(texts, "passage")


def activate(document_prefix: str | None = None) -> None:
    """Import Pyserini with a JVM that suits it, and make the encoder class ``hybrid-ir`` known to it.

    Parameters
    ----------
    document_prefix : of documents, instead of the checkpoint's own; Pyserini hands its ``--query-prefix`` to any class
        of query encoders, but its ``--prefix`` of documents to its own alone.

    Raises
    ------
    UserError
        Pyserini cannot be imported; says why.
    """
    import_pyserini()
    from pyserini import encode

    encode.query_encoder_class_map[ENCODER_CLASS] = QueryEncoder
    encode.document_encoder_class_map[ENCODER_CLASS] = partial(DocumentEncoder, prefix=document_prefix)


@contextlib.contextmanager
def _encoder_class_offered() -> Iterator[None]:
    """Add ``hybrid-ir`` to the closed list of ``--encoder-class`` in Pyserini's argument parsers."""
    original = argparse._ActionsContainer.add_argument

    def add_argument(self: Any, *names: str, **options: Any) -> Any:
        if "--encoder-class" in names and options.get("choices"):
            options["choices"] = [*options["choices"], ENCODER_CLASS]
        return original(self, *names, **options)

    argparse._ActionsContainer.add_argument = add_argument  # type: ignore[method-assign]
    try:
        yield
    finally:
        argparse._ActionsContainer.add_argument = original  # type: ignore[method-assign]


def _option(name: str, arguments: Sequence[str], default: str | None = None) -> str | None:
    """The value of one option of a command of Pyserini, whose own parser will say what is wrong with it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument(name, dest="value", default=default)
    with contextlib.suppress(argparse.ArgumentError):
        return parser.parse_known_args(arguments)[0].value
    return None


def _check_encoder_class(arguments: Sequence[str]) -> None:
    """Refuse ``--encoder CHECKPOINT`` with Pyserini's own encoder classes where its record says that they cannot do."""
    encoder = _option("--encoder", arguments)
    asked = _option("--encoder-class", arguments, "auto")
    obstacle = auto_obstacle(encoder) if encoder and asked and asked != ENCODER_CLASS else None
    if obstacle:
        raise UserError(
            f"Pyserini's encoder class '{asked}' cannot encode with '{encoder}', because {obstacle}; "
            f"use --encoder-class {ENCODER_CLASS}"
        )


def run_module(module: str, arguments: Sequence[str]) -> None:
    """Run ``python -m MODULE ARGUMENTS`` of Pyserini, or of ir_datasets or ir_measures, with this plugin active.

    Its collections, measures and encoder class are then known to the module. Ends as the module ends, which may be
    by ``SystemExit`` with its status.

    Raises
    ------
    UserError
        The module is not of these packages, does not exist or is no command, or it is to encode with one of our
        checkpoints by an encoder class that cannot give its vectors.
    ModuleError
        The module failed; says of what, if that is known.
    """
    package = module.partition(".")[0]
    if package not in _PACKAGES:
        raise UserError(f"'{module}' is not of {', '.join(_PACKAGES)}")
    register_datasets()
    register_measures()
    if package == "pyserini":
        _check_encoder_class(arguments)
        activate(_option("--prefix", arguments))
    _check_module(module)
    before = sys.argv
    sys.argv = [module, *arguments]
    try:
        with _encoder_class_offered():
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        # Pyserini's searches and scorers leave by a bare exit(), with status 0, where an index or a run is missing.
        if end.code is None and module.startswith(("pyserini.search", "pyserini.eval")):
            raise ModuleError(f"{module} gave up, see above") from end
        raise
    except (UserError, CollectionError, BrokenPipeError):
        raise
    except Exception as error:
        raise ModuleError(reason_of(module, error)) from error
    finally:
        sys.argv = before


def _check_module(module: str) -> None:
    """Refuse what ``python -m`` cannot run."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        raise UserError(f"there is no module '{module}'")
    inside = spec.submodule_search_locations
    if inside is not None and find_spec(f"{module}.__main__") is None:
        names = ", ".join(one.name for one in iter_modules(inside) if not one.name.startswith("_"))
        raise UserError(f"'{module}' is no command; it holds: {names}")
