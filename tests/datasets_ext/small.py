"""Small collections in the formats of their publishers: a folder as its module reads it, under a name of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from datasets_ext.parallel import PackageDocumentation, ParallelCollection, register_collection
from datasets_ext.published import Published


def small(
    name: str, make: Callable[[Published], ParallelCollection], folder: Path, files: Mapping[str, str | bytes]
) -> ParallelCollection:
    """A collection of these files, known to ir_datasets by a name of its own."""
    for file, contents in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    published = Published(name, folder)
    published.table = {file: {} for file in files}  # with no checksums: these are not the published files
    collection = make(published)
    collection.name = f"{name}-{uuid.uuid4().hex[:8]}"
    register_collection(collection, PackageDocumentation(f"{name}.yaml"))
    return collection
