"""Sources: parallel training pairs on disk, by parallel id and language, of which only the rows drawn are read.

A source is written once, row by row, as an Arrow file, which is then memory-mapped: whatever its size, it costs the
memory of a few bytes a row. What must be known of a row before it is drawn (which languages its queries and its
passages have) is its *pattern*: rows are many, patterns few.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import ir_datasets
import numpy as np
import pyarrow as pa
from tqdm.auto import tqdm

from datasets_ext.jsonl import read_jsonl
from hybrid_plugin.benchmarks import hybrid_ir_benchmarks as registered_collections
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json, write_json
from hybrid_plugin.plugins import blame, hookimpl, named, register_datasets

_BLOCK = 1024  # rows written, and rows scanned, at a time
_TEXTS = pa.list_(pa.struct([("lang", pa.string()), ("text", pa.string())]))
_SCHEMA = pa.schema([("id", pa.string()), ("queries", _TEXTS), ("passages", _TEXTS), ("negatives", _TEXTS)])


def _itself(lang: str, stored: str) -> str:
    return stored


@dataclass(frozen=True)
class Row:
    """One question in the languages that have it, and the passages that answer it in the languages that have them.

    Parameters
    ----------
    parallel_id : what links the question across languages.
    queries : its text by language.
    passages : the passages that answer it by language: their texts, or what ``text`` finds them by.
    negatives : passages that do not answer it, judged or mined, by language.
    text : (language, stored passage) -> the passage's text.
    """

    parallel_id: str
    queries: Mapping[str, str]
    passages: Mapping[str, tuple[str, ...]]
    negatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: Callable[[str, str], str] = field(default=_itself, compare=False, repr=False)


NegativeLanguages = Literal["query", "others", "both"]


def negative_languages(wanted: NegativeLanguages, query_lang: str, langs: Iterable[str]) -> list[str]:
    """Of some languages those in which hard negatives are wanted: the query's, the others, or both."""
    return [lang for lang in langs if wanted == "both" or (lang == query_lang) == (wanted == "query")]


class Pattern(NamedTuple):
    """The languages that a row has."""

    queries: tuple[str, ...]  # sorted
    passages: tuple[str, ...]  # sorted


class Source(Sequence[Row]):
    """Parallel training pairs of one origin: a sequence of rows, memory-mapped. Written by :func:`store`.

    Parameters
    ----------
    name : as ``--source`` takes it.
    folder : holds ``rows.arrow``, ``patterns.npy`` (uint32 [rows]: the pattern of each row) and ``source.json``.
    """

    def __init__(self, name: str, folder: Path):
        self.name, self.folder = name, folder
        about = read_json(folder / "source.json")
        self.patterns = tuple(Pattern(tuple(queries), tuple(passages)) for queries, passages in about["patterns"])
        self.checksum: str = about["checksum"]  # of the contents, recorded with every checkpoint
        self.docs: dict[str, str] = about["docs"]
        self._size: int = about["rows"]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of its queries and passages, sorted."""
        return tuple(sorted({lang for pattern in self.patterns for side in pattern for lang in side}))

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
        for start in range(0, self._size, _BLOCK):
            yield from self.take(range(start, min(start + _BLOCK, self._size)))

    def take(self, places: Sequence[int]) -> list[Row]:
        """The rows at some places, in their order."""
        mapped, batches = self._file
        inside: dict[int, list[int]] = {}
        for place in places:
            inside.setdefault(place // _BLOCK, []).append(place)
        found: dict[int, Row] = {}
        for block, here in inside.items():
            columns = batches.get_batch(block).take(pa.array([place % _BLOCK for place in here])).to_pydict()
            for place, parallel_id, queries, passages, negatives in zip(here, *columns.values(), strict=True):
                by_lang = {one["lang"]: one["text"] for one in queries}
                found[place] = Row(parallel_id, by_lang, _grouped(passages), _grouped(negatives), self._text)
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)  # or all that was ever drawn would count as resident
        return [found[place] for place in places]

    def having(self, accepts: Callable[[Pattern], bool]) -> Places:
        """The places of the rows whose pattern is accepted."""
        return Places([self._places[i] for i, pattern in enumerate(self.patterns) if accepts(pattern)])

    @cached_property
    def _file(self) -> tuple[mmap.mmap, Any]:
        """The rows, mapped, and their batches of ``_BLOCK`` rows."""
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
        return self._looked_up if self.docs else _itself

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

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._parts) else 0

    def draw(self, rng: np.random.Generator, size: int) -> list[int]:
        """So many different places, uniformly."""
        chosen = rng.choice(len(self), size, replace=False)
        parts = np.searchsorted(self._ends, chosen, side="right")
        return [int(self._parts[part][one - self._ends[part]]) for part, one in zip(parts, chosen, strict=True)]


def _grouped(pairs: Iterable[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    result: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        result[pair["lang"]] = (*result.get(pair["lang"], ()), pair["text"])
    return result


def cache_folder() -> Path:
    """Where sources are kept: ``$HYBRID_IR_CACHE/sources``, by default in ``~/.cache/hybrid-ir``. Safe to delete."""
    return Path(os.environ.get("HYBRID_IR_CACHE", Path.home() / ".cache" / "hybrid-ir")) / "sources"


def store(name: str, rows: Iterable[Row], *, key: str | None = None, docs: Mapping[str, str] | None = None) -> Source:
    """Write rows to disk, one block in memory at a time, and open them as a source.

    Parameters
    ----------
    rows : any number; no parallel id twice.
    key : names what the rows are read from and its state; where rows were stored under it before, nothing is read.
        By default the rows are always read, and stored under their checksum.
    docs : language -> the ir_datasets id whose document ids stand in the rows' passages and negatives; by default
        these are texts.

    Raises
    ------
    UserError
        There is no row, or a parallel id is there twice; names it.
    """
    folder = cache_folder()
    rows = tqdm(rows, desc=f"read {name}", unit="row", delay=5, disable=None)  # where somebody watches, and waits
    if key is None or not (folder / key).is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
            staging = Path(scratch) / "source"
            staging.mkdir()
            checksum = _write(name, rows, staging, docs or {})
            key = key or checksum.removeprefix("sha256:")
            try:
                staging.rename(folder / key)
            except OSError:
                if not (folder / key).is_dir():  # another process has stored the same
                    raise
    return Source(name, folder / key)


def _write(name: str, rows: Iterable[Row], folder: Path, docs: Mapping[str, str]) -> str:
    content = hashlib.sha256(json.dumps(dict(docs), sort_keys=True).encode())
    patterns: dict[tuple[tuple[str, ...], ...], int] = {}
    of_row, hashes = array("I"), array("q")
    rows = iter(rows)
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        while block := list(islice(rows, _BLOCK)):
            for row in block:
                pattern = tuple(sorted(row.queries)), tuple(sorted(row.passages))
                of_row.append(patterns.setdefault(pattern, len(patterns)))
                hashes.append(hash(row.parallel_id))
            try:
                columns = _columns(block)
            except UnicodeEncodeError as error:
                raise UserError(
                    f"{name}: among the rows from '{block[0].parallel_id}' on is half a character"
                ) from error
            for buffer in filter(None, chain.from_iterable(column.buffers() for column in columns)):
                content.update(buffer)
            try:
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
            except OSError as error:
                raise UserError(f"cannot store '{name}' in {folder.parent.parent}: {error.strerror}") from error
    if not of_row:
        raise UserError(f"{name} holds no training pairs")
    np.save(folder / "patterns.npy", np.frombuffer(of_row, np.uint32))
    checksum = f"sha256:{content.hexdigest()}"
    about = {"rows": len(of_row), "patterns": list(patterns), "checksum": checksum, "docs": dict(docs)}
    write_json(folder / "source.json", about)
    _refuse_repeated(Source(name, folder), np.frombuffer(hashes, np.int64))
    return checksum


def _columns(rows: Sequence[Row]) -> list[Any]:
    """Rows as Arrow keeps them: languages in order, so that the same contents are the same bytes."""
    return [
        pa.array([row.parallel_id for row in rows], pa.string()),
        _column({lang: (text,) for lang, text in row.queries.items()} for row in rows),
        _column(row.passages for row in rows),
        _column(row.negatives for row in rows),
    ]


def _column(sides: Iterable[Mapping[str, tuple[str, ...]]]) -> Any:
    langs: list[str] = []
    texts: list[str] = []
    ends = [0]
    for side in sides:
        for lang in sorted(side):
            found = side[lang]
            langs += [lang] * len(found)
            texts += found
        ends.append(len(texts))
    pairs = pa.StructArray.from_arrays([pa.array(langs, pa.string()), pa.array(texts, pa.string())], ["lang", "text"])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pairs)


def _refuse_repeated(source: Source, hashes: np.ndarray) -> None:
    ordered = np.sort(hashes)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    suspects = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    first: dict[str, int] = {}
    for place in np.flatnonzero(np.isin(hashes, list(suspects))).tolist():
        parallel_id = source[place].parallel_id
        if parallel_id in first:
            rows = f"rows {first[parallel_id] + 1} and {place + 1}"
            raise UserError(f"{source.name} repeats the id '{parallel_id}': {rows}")
        first[parallel_id] = place


SourceLoader = Callable[[], Source]


@dataclass(frozen=True)
class SourceFormat:
    """What a source can be read from, by a name of the form ``FORMAT:WHAT``, or ``WHAT`` where no other format fits.

    Parameters
    ----------
    name : the ``FORMAT``.
    form : what ``WHAT`` is, in a word, for help texts.
    description : in a line, for help texts.
    load : (name to give the source, ``WHAT``) -> the source.
    fits : whether a name without a format means this one.
    """

    name: str
    form: str
    description: str
    load: Callable[[str, str], Source]
    fits: Callable[[str], bool]


def from_collection(name: str, dataset_id: str) -> Source:
    """The pairs of a parallel collection: all queries of an ir_datasets id with the documents that answer them.

    Queries need ``parallel_id`` and ``lang``, documents ``lang``, as the collections of ``datasets_ext`` have them.
    """
    dataset = ir_datasets.load(dataset_id)
    docs = {doc.doc_id: doc for doc in dataset.docs_iter()}
    relevant: dict[str, list[str]] = {}
    for qrel in dataset.qrels_iter():
        if qrel.relevance > 0:
            relevant.setdefault(qrel.query_id, []).append(qrel.doc_id)
    queries: dict[str, dict[str, str]] = {}
    passages: dict[str, dict[str, tuple[str, ...]]] = {}
    for query in dataset.queries_iter():
        queries.setdefault(query.parallel_id, {})[query.lang] = query.text
        if query.parallel_id not in passages:  # a parallel id has the same relevant documents in every language
            by_lang: dict[str, list[str]] = {}
            for doc_id in relevant.get(query.query_id, ()):
                by_lang.setdefault(docs[doc_id].lang, []).append(docs[doc_id].text)
            passages[query.parallel_id] = {lang: tuple(dict.fromkeys(texts)) for lang, texts in by_lang.items()}
    return store(name, (Row(key, queries[key], passages[key]) for key in queries))


def from_jsonl(path: Path) -> Source:
    """The pairs of a JSON lines file.

    Each line is ``{"id": "q3", "queries": {"en": "...", "de": "..."}, "passages": {"en": "...", "fr": ["..."]}}``;
    languages may be missing on either side. ``"negatives"``, of the form of ``"passages"``, may be added.

    Raises
    ------
    CollectionError, UserError
        Names the file and line.
    """
    if not path.is_file():
        raise UserError(f"there is no file '{path}'")
    return store(str(path), _jsonl_rows(path), key=file_key("jsonl", [path]))


def part_of(source: Source, share: float) -> Source:
    """A share of a source's rows, always the same ones, and among those of any larger share.

    Raises
    ------
    UserError
        The share is not above 0 and at most 1, or no row is in it.
    """
    if share == 1:
        return source
    if not 0 < share < 1:
        raise UserError(f"the share of '{source.name}' to train on is {share}; it must be above 0 and at most 1")

    def among(row: Row) -> bool:
        return int(hashlib.sha256(row.parallel_id.encode()).hexdigest()[:8], 16) < share * 2**32

    key = hashlib.sha256(f"{source.checksum} {share}".encode()).hexdigest()
    return store(source.name, filter(among, source), key=key, docs=source.docs)


def file_key(kind: str, paths: Iterable[Path]) -> str:
    """What :func:`store` knows files by: which they are, and their sizes and times of change."""
    state = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256(json.dumps([kind, *state]).encode()).hexdigest()


def _jsonl_rows(path: Path) -> Iterator[Row]:
    for number, row in read_jsonl(path, {"id": str, "queries": dict, "passages": dict}):
        queries, passages, negatives = row["queries"], _several(row["passages"]), row.get("negatives")
        if negatives and not isinstance(negatives, dict):
            raise UserError(f"{path} line {number} needs an object of languages in 'negatives'")
        negatives = _several(negatives) if negatives else {}
        texts = chain(queries.values(), *passages.values(), *negatives.values())
        if not queries or not passages or not all(map(_is_text, texts)):
            raise UserError(f"{path} line {number} needs at least one query and one passage, and no empty text")
        if not all(passages.values()) or not all(negatives.values()):
            sides = {"passages": passages, "negatives": negatives}
            side, lang = next((side, lang) for side, by_lang in sides.items() for lang in by_lang if not by_lang[lang])
            raise UserError(f"{path} line {number} has an empty list of {side} in '{lang}'; leave the language out")
        yield Row(row["id"], queries, passages, negatives)


def _several(given: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {lang: tuple(texts) if isinstance(texts, list) else (texts,) for lang, texts in given.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


@hookimpl
def hybrid_ir_sources() -> dict[str, SourceLoader]:
    """Every parallel collection is a source; of those with a train part, that part."""
    names = {benchmark.name for benchmark in registered_collections()}
    trained = {name: f"{name}-train" if f"{name}-train" in names else name for name in names}
    return {name: partial(from_collection, name, dataset_id) for name, dataset_id in trained.items()}


@hookimpl
def hybrid_ir_source_formats() -> list[SourceFormat]:
    description = "JSON lines, one question in all its languages a line"
    return [
        SourceFormat(
            "jsonl", "FILE", description, lambda _, what: from_jsonl(Path(what)), lambda what: Path(what).is_file()
        )
    ]


def load_source(name: str) -> Source:
    """A source by its plugin name, or from files or ids: ``FORMAT:WHAT``, or ``WHAT`` where one format fits it.

    Raises
    ------
    UserError
        It is neither; names the known ones.
    """
    register_datasets()
    offers = named("hybrid_ir_sources")
    if name in offers:
        return _offered(name, offers[name])
    formats: dict[str, SourceFormat] = named("hybrid_ir_source_formats")
    kind, _, what = name.partition(":")
    if what and kind in formats:
        return _offered(name, formats[kind].load, name, what)
    fitting = sorted(one.name for one in formats.values() if one.fits(name))
    if len(fitting) > 1:
        raise UserError(f"'{name}' may be {' or '.join(fitting)}; write {fitting[0]}:{name} or {fitting[1]}:{name}")
    if fitting:
        return _offered(name, formats[fitting[0]].load, name, name)
    raise UserError(
        f"unknown source '{name}': no such file, no folder of a known format, no ir_datasets id, "
        f"and the known ones are {', '.join(sorted(offers))}"
    )


def _offered(name: str, load: Callable[..., object], *arguments: str) -> Source:
    with blame(f"the source '{name}'", load):
        source = load(*arguments)
        if not isinstance(source, Source):
            raise TypeError(f"it gives a {type(source).__name__}, not a Source")
        return source


def load_sources(names: Iterable[str]) -> list[Source]:
    """Several sources, each once."""
    return [load_source(name) for name in dict.fromkeys(names)]
