"""Published training pairs as sources of one name: what is known of them, and how they are read.

Each is a short file of this folder that reads from top to bottom: what it is, whose, where its files are at a fixed
revision, and a function that makes questions with their answers of one file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_datasets

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder, scratch_folder
from hybrid_plugin.training.sources.formats import SourceFormat
from hybrid_plugin.training.sources.irds import from_ir_datasets
from hybrid_plugin.training.sources.pieces import Piece, answered
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import file_key, store, stored

_BLOCK = 1000  # rows that are read at a time
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_KINDS = {str: "a text", int: "a whole number", list: "a list", bool: "true or false"}


@dataclass(frozen=True)
class PublishedPairs:
    """Training pairs that somebody has published, by a name of their own.

    Parameters
    ----------
    name : as ``--source`` takes it; ``NAME:FOLDER`` reads the same files from a folder.
    description : in a line.
    pairs : how many questions there are with an answer, as far as is known without reading them.
    licence, citation : of the data.
    files : paths below ``root`` or the user's folder, with ``*`` for what varies in the latter.
    pieces : a file, as ``datasets`` takes it, to its questions.
    get : how the files come into a folder, as the end of a sentence.
    root : what the files are below, with their revision: a URL, or ``hf://datasets/OWNER/NAME@REVISION``; empty where
        the user must fetch them.
    languages : of the texts.
    """

    name: str
    description: str
    pairs: int
    licence: str
    citation: str
    files: tuple[str, ...]
    pieces: Callable[[str], Iterator[Piece]]
    get: str
    root: str = ""
    languages: tuple[str, ...] = ("en",)

    __repr__ = brief

    def __call__(self) -> Source:
        """The source, downloaded the first time.

        Raises
        ------
        UserError
            It cannot be downloaded, or must not be: says how to get it.
        """
        if not self.root:
            raise UserError(f"'{self.name}' is not downloaded: {self.get}, then name it {self.name}:FOLDER")
        return store(self.name, self._fetched(), key=self._key)

    def at_hand(self) -> Source | None:
        """The source, if it was read before."""
        return stored(self.name, self._key) if self.root else None

    @property
    def _key(self) -> str:
        return f"{self.name} {self.root} {self.files}"

    @property
    def format(self) -> SourceFormat:
        """The same files in a folder of the user's."""
        described = f"the files of {self.name} in a folder: {', '.join(self.files)}"
        return SourceFormat(self.name, "FOLDER", described, self._from_folder, lambda what: False)

    def _from_folder(self, name: str, folder: str) -> Source:
        found = [sorted(Path(folder).glob(file)) for file in self.files]
        if not all(found):
            lacking = self.files[found.index([])]
            raise UserError(f"there is no {Path(folder) / lacking}; to have the files of '{self.name}': {self.get}")
        paths = [path for some in found for path in some]
        return store(name, self._rows([str(path) for path in paths]), key=file_key(self.name, paths))

    def _fetched(self) -> Iterator[Row]:
        try:
            for file in self.files:
                with _within_reach(f"{self.root}/{file}") as reached:
                    yield from self._rows([reached])
        except UserError as error:
            raise UserError(f"{error}; or fetch its files: {self.get}, and name it {self.name}:FOLDER") from error

    def _rows(self, files: list[str]) -> Iterator[Row]:
        for file in files:
            for piece in answered(self.pieces(file), file):
                passages, negatives = (
                    {piece.lang: tuple(dict.fromkeys(side))} if side else {}
                    for side in (piece.passages, piece.negatives)
                )
                yield Row(piece.parallel_id, {piece.lang: piece.query}, passages, negatives, origins=(self.name,))


@dataclass(frozen=True)
class PublishedIds:
    """Training pairs of ir_datasets, by a name of their own; see :class:`PublishedPairs`.

    Parameters
    ----------
    pattern : as :func:`~hybrid_plugin.training.sources.from_ir_datasets` takes it.
    """

    name: str
    description: str
    pairs: int
    licence: str
    citation: str
    pattern: str
    languages: tuple[str, ...] = ("en",)

    __repr__ = brief

    def __call__(self) -> Source:
        return from_ir_datasets(self.name, self.pattern)


@contextmanager
def _within_reach(file: str) -> Iterator[str]:
    """A file that ``datasets`` can read: of one on the web, a copy, which is removed at the end."""
    if not file.startswith(("http:", "https:")):
        yield file
        return
    with scratch_folder(cache_folder("sources"), "download") as folder:
        copy = folder / file.rsplit("/", 1)[-1]
        try:
            ir_datasets.util.Download([ir_datasets.util.RequestsDownload(file)], cache_path=copy).path()
        except Exception as error:  # whatever requests raises, or ir_datasets after it
            raise UserError(f"cannot download {file}: {error}") from error
        yield str(copy)


def rows(file: str, columns: Mapping[str, type], kind: str, field: str | None = None) -> Iterator[tuple[str, Any]]:
    """The rows of one file, each with where it stands; read as a stream, whether it lies here or elsewhere.

    Parameters
    ----------
    file : a path or ``hf://datasets/OWNER/NAME@REVISION/PATH``.
    columns : those that it must have, and what they hold; any value may be missing.
    kind : ``parquet`` or ``json``.
    field : the key of a JSON object that holds its rows.

    Raises
    ------
    UserError
        Names the file, and the row and column at fault.
    """
    number = 0
    for table in _tables(file, kind, field):
        lacking = [name for name in columns if name not in table.column_names]
        if lacking:
            raise UserError(f"{file} has no column '{lacking[0]}'; its columns are {', '.join(table.column_names)}")
        for row in table.select([*columns]).to_pylist():
            number += 1
            for name, value in row.items():
                if value is not None and type(value) is not columns[name]:
                    raise UserError(f"{file} row {number}: '{name}' is {value!r}, not {_KINDS[columns[name]]}")
            yield f"{file} row {number}", row


def _tables(file: str, kind: str, field: str | None) -> Iterator[Any]:
    """The contents of a file as Arrow tables of some rows."""
    import datasets

    options = {} if field is None else {"field": field}
    try:
        found = datasets.load_dataset(kind, data_files=file, split="train", streaming=True, **options)
        yield from found.with_format("arrow").iter(_BLOCK)
    except Exception as error:  # whatever datasets, its file systems and its parsers raise
        raise UserError(f"cannot read {file}: {type(error).__name__}: {str(error).strip()}") from error


def plain(text: str | None) -> str:
    """A text without HTML's tags and entities, in one line."""
    return " ".join(html.unescape(_TAG.sub(" ", text or "")).split())


def paragraphs_with(text: str | None, answers: list[str]) -> list[str]:
    """The lines of a text in which an answer stands."""
    wanted = [answer.strip() for answer in answers if answer and answer.strip()]
    return [line.strip() for line in (text or "").splitlines() if any(answer in line for answer in wanted)]
