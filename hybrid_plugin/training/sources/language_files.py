"""Sources from files that hold one language each, read as streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.sources.pieces import Piece, answered, joined
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import file_key, store

_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
_KINDS = {str: "text", list: "list", int: "number", dict: "mapping"}


def from_files(name: str, what: str, ending: str, kind: str, read: Callable[[Path, str], Iterator[Piece]]) -> Source:
    """The rows of some files; questions without an answer are left out, with a warning that counts them.

    Parameters
    ----------
    what, ending : see :func:`language_files`.
    kind : of the files.
    read : a file and its language -> its questions.
    """
    files = language_files(what, ending)

    def pieces() -> Iterator[Piece]:
        for lang, path in files.items():
            yield from answered(read(path, lang), path)

    return store(name, joined(pieces()), key=file_key(" ".join([kind, *files]), files.values()))


def language_files(what: str, ending: str) -> dict[str, Path]:
    """The file of each language.

    Parameters
    ----------
    what : a folder with ``{lang}.json`` or ``anything.{lang}.json`` (or what else ``ending`` is), or
        ``LANG=FILE,LANG=FILE``.

    Raises
    ------
    UserError
        A file does not exist, or the language of one is not clear; names it.
    """
    if Path(what).is_dir():
        found = sorted(Path(what).glob(f"*{ending}"))
        pairs = [(path.name.removesuffix(ending).rsplit(".", 1)[-1], path) for path in found]
        if not pairs:
            raise UserError(f"{what} holds no {{lang}}{ending}")
    elif "=" in what:
        pairs = [(lang, Path(path)) for lang, _, path in (part.partition("=") for part in what.split(","))]
    else:
        raise UserError(f"'{what}' is not a folder with {{lang}}{ending}; for other names write LANG=FILE,LANG=FILE")
    files: dict[str, Path] = {}
    for lang, path in pairs:
        if not _LANG.fullmatch(lang):
            raise UserError(
                f"'{lang}' of {path} is not a language; call it {{lang}}{ending}, or write LANG=FILE,LANG=FILE"
            )
        if lang in files:
            raise UserError(f"{files[lang]} and {path} are both in '{lang}'")
        if not path.is_file():
            raise UserError(f"there is no file '{path}'")
        files[lang] = path
    return files


def given(value: Any, key: str, kind: type, where: str) -> Any:
    """A value of a JSON object that must be there and not empty; an empty list may be."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, kind) or (isinstance(found, str) and not found.strip()):
        raise UserError(f"{where} needs the key '{key}' with a {_KINDS[kind]}")
    return found


def holds(ending: str) -> Callable[[str], bool]:
    """Whether something is a folder with such files."""
    return lambda what: Path(what).is_dir() and any(Path(what).glob(f"*{ending}"))
