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

from datasets_ext import demo, jsonl, lareqa, neuclir
from datasets_ext.errors import CollectionError
from datasets_ext.jsonl import register_parallel
from datasets_ext.parallel import MULTI, LanguagePart, ParallelDoc, ParallelQuery

__all__ = [
    "MULTI",
    "CollectionError",
    "LanguagePart",
    "ParallelDoc",
    "ParallelQuery",
    "add",
    "register",
    "register_parallel",
]


def register() -> None:
    """Make every collection of this package known to ir_datasets. Calling it again does nothing.

    ``xquad-r`` and ``mlqa-r`` are downloaded when they are first read, not here.
    """
    lareqa.register()
    demo.register()
    jsonl.register()
    neuclir.register()


def add(name: str, folder: str | Path) -> list[Path]:
    """Verify local files and put them where ir_datasets looks, so that nothing is downloaded.

    Parameters
    ----------
    name : ``xquad-r`` or ``mlqa-r`` for the published files, or a new name for a folder of parallel JSON lines
        (see :mod:`datasets_ext.jsonl`).

    Returns
    -------
    The installed files.

    Raises
    ------
    CollectionError
        A file is missing, damaged or not the published one; nothing was installed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CollectionError(f"{folder} is not a folder")
    if name in lareqa.LANGUAGES:
        return lareqa.add(name, folder)
    register()  # so that no name of ours is taken for a new one
    return jsonl.add(name, folder)
