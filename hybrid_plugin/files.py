"""Files and folders that exist whole or not at all, and are recognised as ours."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

from hybrid_plugin.errors import UserError


def _temporary(target: Path) -> Path:
    """A hidden name beside the target, so that the final rename stays on one file system."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}") from error


@contextlib.contextmanager
def whole_file(target: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that gets its name only when the block ends without an error.

    Parameters
    ----------
    mode : ``w`` for UTF-8 text (gzipped where the name ends in ``.gz``) or ``wb`` for bytes.
    """
    if target.is_dir():
        raise UserError(f"{target} is a folder, not a file; choose another output")
    folder = _temporary(target)
    try:
        path = folder / target.name
        if mode == "wb":
            file: IO[Any] = path.open("wb")
        elif target.suffix == ".gz":
            file = gzip.open(path, "wt", encoding="utf-8", newline="\n")  # noqa: SIM115 - entered below
        else:
            file = path.open("w", encoding="utf-8", newline="\n")
        with file:
            yield file
        os.replace(path, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_output(target: Path, marker: str | None, parts: Collection[str] = ()) -> None:
    """Refuse an output folder that holds something we did not write.

    Parameters
    ----------
    marker : the file by which a finished folder of this kind is known, if it has one.
    parts : what such a folder may hold before it has its marker, where it is not written in one go.

    Raises
    ------
    UserError
        The folder exists, lacks the marker and holds other things, or a file is in its place.
    """
    if target.is_file():
        raise UserError(f"{target} is a file, not a folder; choose another output")
    if not target.is_dir() or (marker and (target / marker).exists()):
        return
    strange = next((path.name for path in sorted(target.iterdir()) if path.name not in parts), None)
    if strange is not None:
        raise UserError(f"{target} exists and holds '{strange}', so it is not ours to replace; choose another output")


@contextlib.contextmanager
def whole_folder(target: Path, marker: str) -> Iterator[Path]:
    """A folder that gets its name only when the block ends without an error; replaces an older one of its kind."""
    check_output(target, marker)
    folder = _temporary(target)
    try:
        staging = folder / "new"
        staging.mkdir()
        yield staging
        if target.exists():
            target.rename(folder / "old")
        staging.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_json(target: Path, value: Any) -> None:
    """Write a JSON file, whole, for people and programs to read."""
    with whole_file(target) as file:
        json.dump(value, file, ensure_ascii=False, indent=2, allow_nan=False)
        file.write("\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    UserError
        It is not valid JSON; names the file and line.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid JSON: {error}") from error
