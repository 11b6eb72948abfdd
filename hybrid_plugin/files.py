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

from filelock import BaseFileLock, FileLock, Timeout

from hybrid_plugin.errors import UserError

StrPath = str | os.PathLike[str]  # as public functions take paths
SCORES = "scores.json"  # by which a finished evaluation is known
SWEEP_RUN = "run.json"  # the settings of one run of a sweep, beside its checkpoint and evaluations

_HIDDEN = ".hybrid-ir"  # how the names of hidden folders of ours end, so that they are known from the first moment
# In one of them:
_LOCK = "hybrid-ir.lock"  # held while its process lives
_SCRATCH = "scratch"  # made under the lock
_OLD = "old"  # what stood where the scratch folder goes


def cache_folder(kind: str) -> Path:
    """Where things of a kind are kept that can be made again: ``$HYBRID_IR_CACHE/{kind}``, by default in
    ``~/.cache/hybrid-ir``. Safe to delete."""
    return Path(os.environ.get("HYBRID_IR_CACHE", Path.home() / ".cache" / "hybrid-ir")) / kind


@contextlib.contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from error


@contextlib.contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """An empty folder on the file system of ``parent``, removed when the block ends; it may be renamed away before.

    It lies in a hidden folder ``.{name}.*.hybrid-ir`` of ``parent``, beside a lock. What killed processes left in
    ``parent`` is removed first, whatever its name, and a folder that one of them moved aside gets its name back.

    Raises
    ------
    UserError
        ``parent`` cannot be written to.
    """
    with contextlib.ExitStack() as stack:
        with _writing(parent / name):
            parent.mkdir(parents=True, exist_ok=True)
            _sweep(parent)
            folder, lock = _locked_folder(parent, name)
            stack.callback(_clear, folder)  # when the lock is let go: not every system removes an open file
            stack.callback(lock.release)
            scratch = folder / _SCRATCH
            scratch.mkdir()
        yield scratch


def _locked_folder(parent: Path, name: str) -> tuple[Path, BaseFileLock]:
    """A new hidden folder, and its lock; another where a sweep has taken the first for one that was left."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=f".{name}.", suffix=_HIDDEN))
        lock = FileLock(folder / _LOCK, blocking=False)
        with contextlib.suppress(Timeout, FileNotFoundError, FileExistsError):
            lock.acquire()
            return folder, lock


def _is_ours(path: Path) -> bool:
    """Whether a path is a hidden folder of :func:`scratch_folder`, of a live process or a killed one."""
    known = path.name.endswith(_HIDDEN) or os.path.exists(path / _LOCK)  # the latter, as version 0.1 called them
    return path.name.startswith(".") and known


def _sweep(parent: Path) -> None:
    """Clear what killed processes left in a folder."""
    with contextlib.suppress(PermissionError):  # a folder may be written to and not listed
        for folder in filter(_is_ours, parent.iterdir()):
            # Passed over: what a live process holds, and what another sweep has just cleared.
            with contextlib.suppress(OSError), FileLock(folder / _LOCK, blocking=False):
                _clear(folder)


def _clear(folder: Path) -> None:
    """Remove a hidden folder; if :func:`whole_folder` ended between its two renames, undo the first of them before."""
    scratch, old = folder / _SCRATCH, folder / _OLD
    target = folder.parent / folder.name.removesuffix(_HIDDEN)[1:].rpartition(".")[0]
    if scratch.exists() and not target.exists():
        with contextlib.suppress(FileNotFoundError):
            old.rename(target)
    # In this order, so that a part of the old folder never gets its name back, and what is half removed stays known.
    for path in (scratch, old, folder):
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def whole_file(target: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that gets its name only when the block ends without an error.

    Parameters
    ----------
    mode : ``w`` for UTF-8 text (gzipped where the name ends in ``.gz``) or ``wb`` for bytes.
    """
    with scratch_folder(target.parent, target.name) as folder:
        if target.is_dir():
            raise UserError(f"{target} is a folder, not a file; choose another output")
        path = folder / target.name
        if mode == "wb":
            file: IO[Any] = path.open("wb")
        elif target.suffix == ".gz":
            file = gzip.open(path, "wt", encoding="utf-8", newline="\n")  # noqa: SIM115 - entered below
        else:
            file = path.open("w", encoding="utf-8", newline="\n")
        with file:
            yield file
        with _writing(target):
            os.replace(path, target)


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
    # A process that was killed while it wrote the marker has left a folder of ours.
    others = (path for path in sorted(target.iterdir()) if path.name not in parts and not _is_ours(path))
    strange = next((path.name for path in others), None)
    if strange is not None:
        raise UserError(f"{target} exists and holds '{strange}', so it is not ours to replace; choose another output")


@contextlib.contextmanager
def whole_folder(target: Path, marker: str) -> Iterator[Path]:
    """A folder that gets its name only when the block ends without an error; replaces an older one of its kind.

    The older one is there until the new one is: where the process ends between the two renames, it gets its name back,
    at once or, if the process was killed, when the next file or folder is written beside it.
    """
    with scratch_folder(target.parent, target.name) as staging:
        check_output(target, marker)
        yield staging
        with _writing(target):
            with contextlib.suppress(FileNotFoundError):
                target.rename(staging.with_name(_OLD))
            staging.rename(target)


def remove_folder(target: Path) -> None:
    """Remove a folder of ours, which is gone at once for whoever looks."""
    with scratch_folder(target.parent, target.name) as scratch:
        target.rename(scratch / target.name)


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


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    UserError
        It cannot be read or is not valid YAML; names the file.
    """
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from error
