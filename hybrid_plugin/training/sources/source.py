"""Sources: parallel training pairs on disk, by parallel id and language, of which only the rows drawn are read.

A source is written once, row by row, as an Arrow file, which is then memory-mapped: whatever its size, it costs the
memory of a few bytes a row. What must be known of a row before it is drawn (which languages its queries and its
passages have) is its *pattern*: rows are many, patterns few.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import ir_datasets
import numpy as np
import pyarrow as pa

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json
from hybrid_plugin.training.sources.row import Pattern, Row, Scores, itself

BLOCK = 1024  # rows written, and rows scanned, at a time


class Source(Sequence[Row]):
    """Parallel training pairs under one name: a sequence of rows, memory-mapped. Written by :func:`store`.

    Parameters
    ----------
    name : as ``--source`` takes it.
    folder : holds ``rows.arrow``, ``patterns.npy`` (uint32 [rows]: the pattern of each row) and ``source.json``.
    """

    def __init__(self, name: str, folder: StrPath):
        folder = Path(folder)
        self.name, self.folder = name, folder
        about = read_json(folder / "source.json")
        self.patterns = tuple(Pattern(tuple(queries), tuple(passages)) for queries, passages in about["patterns"])
        self.checksum: str = about["checksum"]  # of the contents, recorded with every checkpoint
        self.docs: dict[str, str] = about["docs"]
        self.share: float = about.get("share", 1)  # of the rows of a larger source, see :func:`part_of`
        self._size: int = about["rows"]
        self._origins = [tuple(names) for names in about["origins"]]  # the column of origins holds places in it

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self):,} rows, languages: {' '.join(self.languages)})"

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of its queries and passages, sorted."""
        return tuple(sorted({lang for pattern in self.patterns for side in pattern for lang in side}))

    @property
    def origins(self) -> tuple[str, ...]:
        """The benchmarks, collections or ir_datasets ids that its rows were made from, sorted."""
        return tuple(sorted({name for names in self._origins for name in names}))

    @property
    def made_from(self) -> tuple[str, ...]:
        """Its origins, sorted; with its own name where rows do not know theirs."""
        return tuple(sorted({*self.origins, *([self.name] if () in self._origins else [])}))

    @property
    def known_by(self) -> str:
        """Its name, of a file without the folders that lead there, and the beginning of its checksum."""
        path = Path(self.name)
        return f"{path.name if path.exists() else self.name} ({self.checksum[:19]})"

    @cached_property
    def has_negatives(self) -> bool:
        """Whether any of its rows has a hard negative."""
        return self._has("negatives")

    @cached_property
    def has_scores(self) -> bool:
        """Whether any of its rows has a teacher's score."""
        return self._has("scores")

    def _has(self, column: str) -> bool:
        _, batches = self._file
        return any(len(batches.get_batch(i).column(column).values) for i in range(batches.num_record_batches))

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return self.take(range(*place.indices(self._size)))
        if not -self._size <= place < self._size:
            raise IndexError(place)
        return self.take([place % self._size])[0]

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, self._size, BLOCK):
            yield from self.take(range(start, min(start + BLOCK, self._size)))

    def take(self, places: Sequence[int]) -> list[Row]:
        """The rows at some places, in their order."""
        mapped, batches = self._file
        inside: dict[int, list[int]] = {}
        for place in places:
            inside.setdefault(place // BLOCK, []).append(place)
        found: dict[int, Row] = {}
        for block, here in inside.items():
            columns = batches.get_batch(block).take(pa.array([place % BLOCK for place in here])).to_pydict()
            for place, parallel_id, *sides, origins, scores in zip(here, *columns.values(), strict=True):
                queries, passages, negatives = ([(one["lang"], one["text"]) for one in side] for side in sides)
                by_lang = dict(queries)
                found[place] = Row(
                    *(parallel_id, by_lang, _grouped(passages), _grouped(negatives), self._text),
                    *(self._origins[origins], _by_pair(scored_pairs(by_lang, passages, negatives), scores)),
                )
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)  # or all that was ever drawn would count as resident
        return [found[place] for place in places]

    def prepare(self) -> None:
        """Build what its texts are looked up in: ir_datasets does so at the first look, and only for one process."""
        for store in self._stores.values():
            store.get_many([])

    def having(self, accepts: Callable[[Pattern], bool]) -> Places:
        """The places of the rows whose pattern is accepted."""
        return Places([self._places[i] for i, pattern in enumerate(self.patterns) if accepts(pattern)])

    @cached_property
    def _file(self) -> tuple[mmap.mmap, Any]:
        """The rows, mapped, and their batches of ``BLOCK`` rows."""
        with (self.folder / "rows.arrow").open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if hasattr(mmap, "MADV_RANDOM"):
            mapped.madvise(mmap.MADV_RANDOM)
        return mapped, pa.ipc.open_file(pa.py_buffer(mapped))

    @cached_property
    def _places(self) -> list[Sequence[int] | np.ndarray]:
        """The places of each pattern, ascending."""
        if len(self.patterns) == 1:
            return [range(self._size)]
        of_row = np.load(self.folder / "patterns.npy", mmap_mode="r")
        by_pattern = np.argsort(of_row, kind="stable").astype(np.uint32)
        return list(np.split(by_pattern, np.bincount(of_row, minlength=len(self.patterns)).cumsum()[:-1]))

    @property
    def _text(self) -> Callable[[str, str], str]:
        return self._looked_up if self.docs else itself

    @cached_property
    def _stores(self) -> dict[str, Any]:
        return {lang: ir_datasets.load(dataset_id).docs_store() for lang, dataset_id in self.docs.items()}

    def _looked_up(self, lang: str, doc_id: str) -> str:
        try:
            return str(self._stores[lang].get(doc_id).default_text())
        except KeyError as error:
            raise UserError(f"{self.docs[lang]} has no document '{doc_id}', which '{self.name}' refers to") from error


class Places:
    """Some rows of a source, of which a batch is drawn without looking at the others."""

    def __init__(self, parts: Sequence[Sequence[int] | np.ndarray]):
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])

    def __repr__(self) -> str:
        return f"Places({len(self):,} rows)"

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._parts) else 0

    def draw(self, rng: np.random.Generator, size: int) -> list[int]:
        """So many different places, uniformly."""
        chosen = rng.choice(len(self), size, replace=False)
        parts = np.searchsorted(self._ends, chosen, side="right")
        return [int(self._parts[part][one - self._ends[part]]) for part, one in zip(parts, chosen, strict=True)]


def scored_pairs(
    query_langs: Iterable[str], passages: Iterable[tuple[str, str]], negatives: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """What a row's scores on disk are of, in their order: query's language, passage's language, stored passage."""
    both = [*passages, *negatives]
    return ((query_lang, lang, stored) for query_lang in query_langs for lang, stored in both)


def _by_pair(pairs: Iterable[tuple[str, str, str]], scores: Sequence[float]) -> Scores:
    result: dict[str, dict[str, dict[str, float]]] = {}
    if scores:
        for (query_lang, lang, stored), score in zip(pairs, scores, strict=True):
            if not math.isnan(score):
                result.setdefault(query_lang, {}).setdefault(lang, {})[stored] = score
    return result


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    result: dict[str, tuple[str, ...]] = {}
    for lang, text in pairs:
        result[lang] = (*result.get(lang, ()), text)
    return result
