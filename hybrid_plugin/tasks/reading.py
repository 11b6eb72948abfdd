"""What goes wrong while ir_datasets fetches or reads a collection, in one sentence that names its id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from typing import Any

from ir_datasets.util.download import Download

from datasets_ext.errors import CollectionError
from hybrid_plugin.errors import UserError


@contextmanager
def reading(dataset_id: str, *expected: type[Exception]) -> Iterator[None]:
    """Around whatever makes ir_datasets fetch or read a collection.

    Parameters
    ----------
    expected : errors that the caller sees to.

    Raises
    ------
    UserError
        A file is not there and cannot be downloaded, which it names; or something cannot be read.
    """
    try:
        yield
    except Exception as error:  # ir_datasets raises whatever its libraries raise
        if isinstance(error, (UserError, CollectionError, *expected)):
            raise
        kind, file = type(error).__name__, _fetched(error)
        if file is not None and not file.exists():
            raise UserError(
                f"'{dataset_id}' needs {file}, which is not there and cannot be downloaded ({kind}); put the published "
                "file there, or leave out what needs it"
            ) from error
        raise UserError(f"'{dataset_id}' cannot be read: {kind}: {error}") from error


def read_records(dataset_id: str, read: Callable[[], Any]) -> Iterator[Any]:
    """What a function of an entry of ir_datasets gives, such as its ``docs_iter``."""
    with reading(dataset_id):
        yield from read()


def _fetched(error: Exception) -> Path | None:
    """The file that was to be fetched, of which the errors say nothing, while ir_datasets' own object knows."""
    for frame, _ in walk_tb(error.__traceback__):
        download = frame.f_locals.get("self")
        if isinstance(download, Download) and download._cache_path is not None:
            return Path(download._cache_path)
    return None
