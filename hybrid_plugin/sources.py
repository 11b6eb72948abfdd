"""Sources: parallel training pairs, by parallel id and language."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import ir_datasets

from datasets_ext.jsonl import read_jsonl
from hybrid_plugin.benchmarks import hybrid_ir_benchmarks as registered_collections
from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import blame, hookimpl, named, register_datasets


@dataclass(frozen=True)
class Row:
    """One question in the languages that have it, and the passages that answer it in the languages that have them."""

    parallel_id: str
    queries: Mapping[str, str]
    passages: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Source:
    """Parallel training pairs of one origin."""

    name: str
    rows: tuple[Row, ...]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of its queries and passages, sorted."""
        return tuple(sorted({lang for row in self.rows for side in (row.queries, row.passages) for lang in side}))

    @cached_property
    def checksum(self) -> str:
        """A digest of the contents, recorded with every checkpoint."""
        state = hashlib.sha256()
        for row in self.rows:
            content = [row.parallel_id, dict(row.queries), {lang: list(texts) for lang, texts in row.passages.items()}]
            state.update(json.dumps(content, ensure_ascii=False, sort_keys=True).encode())
        return f"sha256:{state.hexdigest()}"


SourceLoader = Callable[[], Source]


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
    return Source(name, tuple(Row(key, queries[key], passages[key]) for key in queries))


def from_jsonl(path: Path) -> Source:
    """The pairs of a JSON lines file.

    Each line is ``{"id": "q3", "queries": {"en": "...", "de": "..."}, "passages": {"en": "...", "fr": ["..."]}}``;
    languages may be missing on either side.

    Raises
    ------
    CollectionError, UserError
        Names the file and line.
    """
    rows: dict[str, Row] = {}
    for number, row in read_jsonl(path, {"id": str, "queries": dict, "passages": dict}):
        where = f"{path} line {number}"
        if row["id"] in rows:
            raise UserError(f"{where} repeats the id '{row['id']}'")
        passages = {lang: texts if isinstance(texts, list) else [texts] for lang, texts in row["passages"].items()}
        texts = [*row["queries"].values(), *(text for found in passages.values() for text in found)]
        if not row["queries"] or not passages or not all(isinstance(text, str) and text.strip() for text in texts):
            raise UserError(f"{where} needs at least one query and one passage, and no empty text")
        for lang, found in passages.items():
            if not found:
                raise UserError(f"{where} has an empty list of passages in '{lang}'; leave the language out")
        rows[row["id"]] = Row(row["id"], row["queries"], {lang: tuple(found) for lang, found in passages.items()})
    if not rows:
        raise UserError(f"{path} holds no training pairs")
    return Source(str(path), tuple(rows.values()))


@hookimpl
def hybrid_ir_sources() -> dict[str, SourceLoader]:
    """Every parallel collection is a source; of those with a train part, that part."""
    names = {benchmark.name for benchmark in registered_collections()}
    trained = {name: f"{name}-train" if f"{name}-train" in names else name for name in names}
    return {name: partial(from_collection, name, dataset_id) for name, dataset_id in trained.items()}


def load_source(name: str) -> Source:
    """A source by its plugin name, or the JSON lines file of that path.

    Raises
    ------
    UserError
        Neither exists; names the known ones.
    """
    register_datasets()
    offers = named("hybrid_ir_sources")
    if name in offers:
        with blame(f"the source '{name}'", offers[name]):
            source = offers[name]()
            if not isinstance(source, Source):
                raise TypeError(f"it gives a {type(source).__name__}, not a Source")
            return source
    if Path(name).is_file():
        return from_jsonl(Path(name))
    raise UserError(f"unknown source '{name}': no such file, and the known ones are {', '.join(sorted(offers))}")


def load_sources(names: Iterable[str]) -> list[Source]:
    """Several sources, each once."""
    return [load_source(name) for name in dict.fromkeys(names)]
