"""The collections whose files others publish, by name: each is made from its files by the module that reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from datasets_ext import afriqa, belebele, ciral, lareqa, mkqa, mtop, multieup, mupler, neuclir_bench, udhr, xm3600
from datasets_ext.parallel import (
    PackageDocumentation,
    ParallelCollection,
    register_collection,
    registered_collections,
    remove_stores,
)
from datasets_ext.published import PART_OF, Published

COLLECTIONS: dict[str, Callable[[Published], ParallelCollection]] = {
    "xquad-r": lareqa.collection,
    "mlqa-r": lareqa.collection,
    **dict.fromkeys(lareqa.PARTS, lareqa.collection),
    "belebele": belebele.collection,
    "mkqa": mkqa.collection,
    "xm3600": xm3600.collection,
    "mtop": mtop.collection,
    "mupler": mupler.collection,
    "udhr": udhr.collection,
    "multieup": multieup.collection,
    "neuclir-bench": neuclir_bench.collection,
    "neuclir-bench-mt": neuclir_bench.collection,
    **dict.fromkeys(ciral.PARTS, ciral.collection),
    "afriqa": afriqa.collection,
    "afriqa-questions": afriqa.questions,
}


def register() -> None:
    """Register all of them; downloads nothing."""
    for name, collection in COLLECTIONS.items():
        register_collection(collection(Published(name)), PackageDocumentation(f"{name}.yaml"))


def add(name: str, folder: Path) -> list[Path]:
    """Verify local copies of a collection's published files and put them where ir_datasets looks.

    Where no checksum of a file is known, what the files hold is read instead.

    Returns
    -------
    The installed files. None is touched unless all of them are right.
    """
    published = Published(name)
    if published.is_added(folder):
        return [published.path(file) for file in published.table]
    if not all("md5" in about or "sha256" in about for about in published.table.values()):
        local = COLLECTIONS[name](Published(name, folder))
        for lang in dict.fromkeys((*local.languages, *local.asked_in)):
            for _ in local.part(lang).docs:
                pass
    installed = published.add(folder)
    _forget(name)
    return installed


def remove(name: str) -> list[Path]:
    """Remove a collection's files, downloaded or added, and what was made of them; returns them."""
    removed = Published(name).remove()
    return [*removed, *_forget(name)]


def _forget(name: str) -> list[Path]:
    """Read a collection anew from now on; removes what was made of its files and returns it."""
    whole, removed = Published(name).whole, []
    for collection in registered_collections():
        if PART_OF.get(collection.name, collection.name) == whole:
            collection.forget()
            removed += remove_stores(collection.name)
    return removed
