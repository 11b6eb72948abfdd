"""Rows to disk, once for each state of what they are read from."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from errno import EIO
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm.auto import tqdm

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder, scratch_folder, write_json
from hybrid_plugin.training.sources.origins import known_origins, with_origins
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import BLOCK, Source, scored_pairs

_TEXTS = pa.list_(pa.struct([("lang", pa.string()), ("text", pa.string())]))
_CONTENTS = [("id", pa.string()), ("queries", _TEXTS), ("passages", _TEXTS), ("negatives", _TEXTS)]
_SCHEMA = pa.schema([*_CONTENTS, ("origins", pa.uint32()), ("scores", pa.list_(pa.float32()))])
_FORMAT = 3  # of the files; those of another are left alone


def store(
    name: str,
    rows: Iterable[Row],
    *,
    key: str | None = None,
    docs: Mapping[str, str] | None = None,
    share: float = 1,
) -> Source:
    """Write rows to disk, one block in memory at a time, and open them as a source.

    Parameters
    ----------
    rows : any number; no parallel id twice. Those without origins are compared with the benchmarks at hand, see
        :func:`with_origins`.
    key : names what the rows are read from and its state; where rows were stored under it before, nothing is read.
        By default the rows are always read, and stored under their contents and origins.
    docs : language -> the ir_datasets id whose document ids stand in the rows' passages and negatives; by default
        these are texts.
    share : of the rows of a larger source, if they are a part of one.

    Raises
    ------
    UserError
        There is no row, or a parallel id is there twice; names it.
    """
    folder = cache_folder("sources")
    if key is not None:
        key = _stored_under(key, docs)
    rows = tqdm(rows, desc=f"read {name}", unit="row", delay=5, disable=None)  # where somebody watches, and waits
    if key is None or not (folder / key).is_dir():
        with scratch_folder(folder, "source") as staging:
            written = _write(name, with_origins(rows), staging, docs or {}, share)
            key = key or _digest(_FORMAT, written)
            try:
                staging.rename(folder / key)
            except OSError:
                if not (folder / key).is_dir():  # another process has stored the same
                    raise
    return Source(name, folder / key)


def stored(name: str, key: str) -> Source | None:
    """The source that was stored under a key, if one was; as :func:`store` takes it, of rows that hold texts."""
    folder = cache_folder("sources") / _stored_under(key)
    return Source(name, folder) if folder.is_dir() else None


def _stored_under(key: str, docs: Mapping[str, str] | None = None) -> str:
    # Rows that hold ids know their origins, so a new benchmark is no reason to read them again.
    return _digest(_FORMAT, key, [] if docs else known_origins())


def _digest(*state: Any) -> str:
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _write(name: str, rows: Iterable[Row], folder: Path, docs: Mapping[str, str], share: float) -> str:
    """Write a source's files; returns what is the same where contents and origins are."""
    content = hashlib.sha256(json.dumps(dict(docs), sort_keys=True).encode())
    origins: dict[tuple[str, ...], int] = {}
    written_origins = hashlib.sha256()
    patterns: dict[tuple[tuple[str, ...], ...], int] = {}
    of_row, hashes = array("I"), array("q")
    rows = iter(rows)
    with _storing(name), ExitStack() as opened:
        sink = opened.enter_context(pa.OSFile(str(folder / "rows.arrow"), "wb"))
        writer = opened.enter_context(pa.ipc.new_file(sink, _SCHEMA))
        files = opened.pop_all()
    try:
        while block := list(islice(rows, BLOCK)):
            for row in block:
                pattern = tuple(sorted(row.queries)), tuple(sorted(row.passages))
                of_row.append(patterns.setdefault(pattern, len(patterns)))
                hashes.append(hash(row.parallel_id))
            try:
                columns, scores = _columns(block), _scores(block)
            except UnicodeEncodeError as error:
                raise UserError(
                    f"{name}: among the rows from '{block[0].parallel_id}' on is half a character"
                ) from error
            # Scores are no part of the checksum where there are none, as there were none in version 0.1.
            summed = [*columns, scores] if len(scores.values) else columns
            for buffer in filter(None, chain.from_iterable(column.buffers() for column in summed)):
                content.update(buffer)
            numbers = np.array([origins.setdefault(row.origins, len(origins)) for row in block], np.uint32)
            written_origins.update(numbers.tobytes())
            with _storing(name):
                writer.write_batch(pa.RecordBatch.from_arrays([*columns, pa.array(numbers), scores], schema=_SCHEMA))
    finally:
        with _storing(name):
            files.close()
    if not of_row:
        raise UserError(f"{name} holds no training pairs")
    checksum = f"sha256:{content.hexdigest()}"
    about = {"rows": len(of_row), "patterns": list(patterns), "checksum": checksum, "docs": dict(docs)}
    with _storing(name):
        np.save(folder / "patterns.npy", np.frombuffer(of_row, np.uint32))
    write_json(folder / "source.json", about | {"origins": list(origins), "share": share})
    _refuse_repeated(Source(name, folder), np.frombuffer(hashes, np.int64))
    return _digest(checksum, list(origins), written_origins.hexdigest())


@contextmanager
def _storing(name: str) -> Iterator[None]:
    """While a source's files are written."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno or EIO)
        raise UserError(f"cannot store '{name}' in {cache_folder('sources')}: {reason}") from error


def _columns(rows: Sequence[Row]) -> list[Any]:
    """Rows' contents as Arrow keeps them: languages in order, so that the same contents are the same bytes."""
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


def _scores(rows: Sequence[Row]) -> Any:
    """Rows' scores in the order of :func:`scored_pairs`, NaN for none; of a row without any, nothing."""
    found = array("f")
    ends = [0]
    for row in rows:
        if row.scores:
            pairs = scored_pairs(sorted(row.queries), *map(_sorted, (row.passages, row.negatives)))
            found.extend(row.score(*pair) for pair in pairs)
        ends.append(len(found))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(np.array(found, np.float32)))


def _sorted(side: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Languages and texts in the order in which :func:`_column` writes them."""
    return [(lang, text) for lang in sorted(side) for text in side[lang]]


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

    key = f"{source.folder.name} share {share}"
    return store(source.name, filter(among, source), key=key, docs=source.docs, share=min(share, source.share))


def file_key(kind: str, paths: Iterable[Path]) -> str:
    """What :func:`store` knows files by: which they are, and their sizes and times of change."""
    state = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return _digest(kind, *state)
