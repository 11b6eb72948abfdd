"""Parallel multilingual collections as ir_datasets entries.

>>> import datasets_ext, ir_datasets
>>> datasets_ext.register()
>>> ir_datasets.load("xquad-r/de/en").queries_count()
1190
>>> ir_datasets.docs_parent_id("xquad-r/de/en")
'xquad-r/de'
"""

from __future__ import annotations

from pathlib import Path

from datasets_ext import catalogue, demo, jsonl, neuclir
from datasets_ext.errors import CollectionError
from datasets_ext.jsonl import register_parallel
from datasets_ext.parallel import MULTI, Again, LanguagePart, ParallelDoc, ParallelQuery
from datasets_ext.published import Published

__all__ = [
    "MULTI",
    "Again",
    "CollectionError",
    "LanguagePart",
    "ParallelDoc",
    "ParallelQuery",
    "add",
    "is_added",
    "register",
    "register_parallel",
    "remove",
]


def __dir__() -> list[str]:
    return list(__all__)


def register() -> None:
    """Make every collection of this package known to ir_datasets. Calling it again does nothing.

    Those that others publish are downloaded when they are first read, not here.
    """
    catalogue.register()
    demo.register()
    jsonl.register()
    neuclir.register()


def add(name: str, folder: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Verify local files and put them where ir_datasets looks, so that nothing is downloaded.

    Parameters
    ----------
    name : of a published collection, such as ``xquad-r``, for its files as they are published, or a new name for a
        folder of parallel JSON lines (see :mod:`datasets_ext.jsonl`).
    overwrite : replace a collection of this name that was added from other files; of the same, nothing is done.

    Returns
    -------
    The installed files.

    Raises
    ------
    CollectionError
        A file is missing, damaged or not the published one, or the name has other files; nothing was installed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CollectionError(f"{folder} is not a folder")
    if name in catalogue.COLLECTIONS:
        return catalogue.add(name, folder)
    register()  # so that no name of ours is taken for a new one
    return jsonl.add(name, folder, overwrite=overwrite)


def is_added(name: str, folder: str | Path) -> bool:
    """Whether the files of a folder are those that :func:`add` has put where ir_datasets looks."""
    if name in catalogue.COLLECTIONS:
        return Published(name).is_added(Path(folder))
    return jsonl.is_added(name, Path(folder))


def remove(name: str) -> list[Path]:
    """Remove what :func:`add` has put where ir_datasets looks, and the document stores made of it.

    Published collections stay known without their files, and are downloaded when they are next read.

    Returns
    -------
    What was removed.

    Raises
    ------
    CollectionError
        There is no such collection, or it has no files there.
    """
    register()
    if name in catalogue.COLLECTIONS:
        return catalogue.remove(name)
    if name in demo.NAMES:
        raise CollectionError(f"'{name}' comes with this package and cannot be removed")
    return jsonl.remove(name)
