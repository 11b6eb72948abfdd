"""Parallel multilingual collections as ir_datasets entries.

>>> import datasets_ext, ir_datasets
>>> datasets_ext.register()
>>> ir_datasets.load("xquad-r/de/en").queries_count()
1190
>>> ir_datasets.docs_parent_id("xquad-r/de/en")
'xquad-r/de'
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets_ext import catalogue, demo, hc4, hub, jsonl, neuclir
from datasets_ext.errors import CollectionError
from datasets_ext.hub import register_hub
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
    "is_hub",
    "register",
    "register_hub",
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
    hub.register()
    hc4.register()
    neuclir.register()


def add(
    name: str, folder: str | Path, *, columns: Mapping[str, Any] | None = None, overwrite: bool = False
) -> list[Path]:
    """Verify local files and put them where ir_datasets looks, so that nothing is downloaded; or name a data set.

    Parameters
    ----------
    name : of a published collection, such as ``xquad-r``, for its files as they are published, or a new name for a
        folder of parallel JSON lines (see :mod:`datasets_ext.jsonl`) or for a data set.
    folder : holds the files; or ``hf:OWNER/NAME``, a data set of the Hugging Face hub, or ``hf:FOLDER``.
    columns : where a data set has its texts, see :mod:`datasets_ext.hub`: the fields of its ``HubCollection``. Not
        needed for one of MTEB's form.
    overwrite : replace a collection of this name that was added from other files; of the same, nothing is done.

    Returns
    -------
    The installed files.

    Raises
    ------
    CollectionError
        A file is missing, damaged or not the published one, or the name has other files; nothing was installed.
    """
    if is_hub(folder):
        register()
        path = str(folder).removeprefix(hub.PREFIX)
        columns = columns or {}
        about = hub.read(path, columns) if {*columns} - {"revision"} else hub.guess(path, columns.get("revision"))
        return hub.add(name, about, overwrite=overwrite)
    folder = Path(folder)
    if not folder.is_dir():
        raise CollectionError(f"{folder} is not a folder")
    if name in catalogue.COLLECTIONS:
        return catalogue.add(name, folder)
    register()  # so that no name of ours is taken for a new one
    return jsonl.add(name, folder, overwrite=overwrite)


def is_hub(name: str | Path) -> bool:
    """Whether something names a data set of the Hugging Face hub."""
    return str(name).startswith(hub.PREFIX)


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
    return hub.remove(name) if hub.is_kept(name) else jsonl.remove(name)
