"""Documents to search in, numbered from 0: where their vectors lie, and their ids and languages beside an index.

Of each language it is known how many documents there are, what goes before their ids, and a checksum, so that an index
of a pool is known to hold the documents of a task on one of its languages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.ids import StoredIds, take_ids
from hybrid_plugin.encoding.vectors import Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.stored import rows_of_view
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import check_id
from hybrid_plugin.tasks.texts import documents as texts_of_docs

IDS = "docid"  # one a line, as Pyserini has it
LANGUAGES = "languages.npy"
_BLOCK = 65536  # documents at a time


@dataclass(frozen=True)
class Documents:
    """The vectors of numbered documents.

    Parameters
    ----------
    folder : of ``hybrid-ir encode``.
    vectors : all that lie there.
    stretches : the rows of the documents, stretch by stretch, int64 [stretches, 2]: the first, and that after the last.
    """

    folder: Path
    vectors: Vectors
    stretches: np.ndarray

    __repr__ = brief

    def __len__(self) -> int:
        return int(np.diff(self.stretches).sum())

    @property
    def dimension(self) -> int:
        return self.vectors.dimension

    def blocks(self, size: int = _BLOCK) -> Iterator[tuple[int, np.ndarray]]:
        """The number of the first document and the vectors, float32 [documents, dimension], of each block.

        Raises
        ------
        UserError
            A vector is not finite; names its document.
        """
        kept, start, waiting = [self.vectors.block(0, 0)], 0, 0
        for first, last in self.stretches.tolist():
            while first < last:
                stop = min(last, first + size - waiting)
                kept.append(self.vectors.block(first, stop))
                waiting, first = waiting + stop - first, stop
                if waiting == size:
                    yield start, np.concatenate(kept)
                    kept, start, waiting = [], start + size, 0
        if waiting:
            yield start, np.concatenate(kept)

    def only(self, numbers: np.ndarray) -> Documents:
        """Some of them, numbered anew."""
        rows = self._rows(numbers)
        return Documents(self.folder, self.vectors, _joined(_stretches(rows)))

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """The vectors of any documents, float32 [numbers, dimension]."""
        return self.vectors.take(self._rows(numbers))

    def _rows(self, numbers: np.ndarray) -> np.ndarray:
        ends = np.cumsum(np.diff(self.stretches))
        place = np.searchsorted(ends, numbers, "right")
        rows: np.ndarray = numbers - ends[place] + self.stretches[place, 1]
        return rows


@dataclass(frozen=True)
class Catalogue:
    """The ids and languages of numbered documents.

    Parameters
    ----------
    languages : that there are, in the order of their numbers; "" stands for what nobody knows.
    numbers : of each document's language, int16 [documents].
    """

    ids: Sequence[str]
    languages: tuple[str, ...] = ()
    numbers: np.ndarray | None = None

    __repr__ = brief

    @classmethod
    def load(cls, folder: Path, languages: Sequence[str] = ()) -> Catalogue:
        """That of the index in a folder."""
        try:
            numbers = np.load(folder / LANGUAGES, mmap_mode="r", allow_pickle=False) if languages else None
            return cls(StoredIds(folder / IDS), tuple(languages), numbers)
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{folder} is damaged ({error}); index again") from error

    def names(self, numbers: np.ndarray) -> np.ndarray:
        """The ids of some documents, object [numbers]."""
        return take_ids(self.ids, numbers)

    def languages_of(self, numbers: np.ndarray) -> list[str]:
        """The languages of some documents, "" where nobody knows."""
        if self.numbers is None:
            return [""] * len(numbers)
        return [self.languages[one] for one in self.numbers[numbers].tolist()]

    def of(self, languages: Collection[str]) -> np.ndarray:
        """Which documents are of some languages, bool [documents]."""
        if self.numbers is None:
            return np.zeros(len(self.ids), bool)
        return np.isin(self.numbers, [self.languages.index(one) for one in languages if one in self.languages])


@dataclass(frozen=True)
class Said:
    """What tells the documents of one language from others, as JSON holds it.

    Parameters
    ----------
    checksum : the sum of the SHA-256 of each id, without prefix, and text, so that their order is no matter.
    prefix : goes before their ids.
    """

    count: int
    checksum: str
    prefix: str = ""

    __repr__ = brief


class Heard:
    """Listens to the documents of some views, and knows of each language what it has heard."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._prefixes: dict[str, str] = {}

    def listen(self, view: View) -> Iterator[tuple[str, str]]:
        """The id, without prefix, and the language of each document of a view."""
        for text in texts_of_docs(view.plain):
            lang = text.lang or ""
            digest = hashlib.sha256(f"{text.id}\0{text.text}\0".encode()).digest()
            self._sums[lang] = (self._sums.get(lang, 0) + int.from_bytes(digest)) % 2**256
            self._counts[lang] = self._counts.get(lang, 0) + 1
            if self._prefixes.setdefault(lang, view.prefix) != view.prefix:
                raise UserError(
                    f"documents of the language '{lang}' have the prefixes '{self._prefixes[lang]}' and "
                    f"'{view.prefix}'; an index takes one a language"
                )
            yield text.id, lang

    @property
    def said(self) -> dict[str, Said]:
        """By language, in the order in which they were first heard; "" where nobody knows it."""
        return {
            lang: Said(self._counts[lang], f"sha256:{total:064x}", self._prefixes[lang])
            for lang, total in self._sums.items()
        }


def hear(views: Iterable[View]) -> dict[str, Said]:
    """What tells the documents of some views from others, by language; reads them all."""
    heard = Heard()
    for view in views:
        for _ in heard.listen(view):
            pass
    return heard.said


def documents_of(folder: Path, views: Sequence[View], index: Path) -> tuple[Documents, Mapping[str, Said]]:
    """The documents of some views whose vectors lie in a folder, and what tells them from others, by language.

    Parameters
    ----------
    index : the folder of an index, which gets their ids and languages, as :class:`Catalogue` reads them.

    Raises
    ------
    UserError
        The folder lacks some of them, or has vectors of other texts; or a document's id cannot stand in a run file.
    """
    vectors, heard = read_vectors(folder), Heard()
    stretches = [np.empty((0, 2), np.int64)]
    languages: dict[str, int] = {}
    numbers = [np.empty(0, np.int16)]
    with (index / IDS).open("w", encoding="utf-8", newline="\n") as file:
        for view in views:
            rows = rows_of_view(folder, vectors, view.plain, texts_of_docs)
            ids = vectors.part(rows).ids if isinstance(rows, range) else take_ids(vectors.ids, rows)
            found = np.empty(len(ids), np.int16)
            for place, (stored, (text_id, lang)) in enumerate(zip_longest(ids, heard.listen(view), fillvalue=("", ""))):
                if stored != text_id:
                    raise UserError(f"{folder} has other documents than '{view.dataset_id}'; encode again")
                check_id(text_id)
                file.write(f"{view.prefix}{text_id}\n")
                found[place] = languages.setdefault(lang, len(languages))
            numbers.append(found)
            stretches.append(_stretches(rows))
    np.save(index / LANGUAGES, np.concatenate(numbers))
    return Documents(folder, vectors, _joined(np.concatenate(stretches))), heard.said


def _stretches(rows: range | np.ndarray) -> np.ndarray:
    """Rows as stretches, int64 [stretches, 2]."""
    if isinstance(rows, range):
        return np.array([[rows.start, rows.stop]], np.int64)
    return np.stack([rows, rows + 1], 1)


def _joined(stretches: np.ndarray) -> np.ndarray:
    """Stretches of which no two follow each other without a gap."""
    begins = np.ones(len(stretches), bool)
    begins[1:] = stretches[1:, 0] != stretches[:-1, 1]
    return np.stack([stretches[begins, 0], stretches[np.roll(begins, -1), 1]], 1)
