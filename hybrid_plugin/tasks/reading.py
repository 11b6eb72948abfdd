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


class NotHere(UserError):
    """Something would have to be downloaded, and nothing is to be."""


@contextmanager
def no_downloads() -> Iterator[None]:
    """While it lasts, ir_datasets downloads nothing: what it lacks raises :class:`NotHere`."""
    path, stream = Download.path, Download.stream

    def here(download: Download) -> bool:
        places = [download._path, download._cache_path, *(getattr(one, "_path", None) for one in download.mirrors)]
        return any(place is not None and Path(place).exists() for place in places)

    def refusal(download: Download) -> NotHere:
        file = download._cache_path or next((one.url for one in download.mirrors if hasattr(one, "url")), "a file")
        return NotHere(f"{file} is not here, and would be downloaded")

    def path_here(self: Download, force: bool = True) -> Any:
        if force and not here(self):
            raise refusal(self)
        return path(self, force)

    def stream_here(self: Download) -> Any:
        if self._stream and not here(self):
            raise refusal(self)
        return stream(self)

    Download.path, Download.stream = path_here, stream_here
    try:
        yield
    finally:
        Download.path, Download.stream = path, stream


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
