"""Milvus: a file in the folder of the index by Milvus Lite, or a collection of a cluster, by the same calls.

Each document is an entity with its number, its id, its language and its vector, in one collection: a filter on the
language makes a monolingual or cross-lingual search of it, and without one it is the multilingual pool.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.backends.base import Found, SearchBackend, settled
from hybrid_plugin.retrieval.documents import Documents
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings

TOKEN = "MILVUS_TOKEN"
MOST = 16_384  # documents that a cluster gives a query
_FILE = "milvus.db"  # of Milvus Lite, in the folder of the index
_INSERTED = 4096  # documents at a time
_FETCHED = 8192  # vectors at a time
_PATIENCE = 30  # seconds for a cluster to answer


class MilvusBackend(SearchBackend):
    """Milvus: a file by Milvus Lite, or a cluster by its --uri."""

    name = "milvus"
    at_once = 64

    def index(
        self, documents: Documents, settings: IndexSettings, *, name: str, passing: bool = False, progress: bool = False
    ) -> dict[str, Any]:
        from tqdm.auto import tqdm

        factory, longest = settings.index_factory or "FLAT", 0.0
        kind, *parameters = factory.split(",")
        if not all("=" in one for one in parameters):
            raise UserError(f"'{factory}' is no index of Milvus; write it as HNSW or IVF_FLAT,nlist=1024")
        self.facts = {"uri": settings.uri, "collection": name}
        with _told(f"Milvus cannot build the index '{factory}'"):
            self.delete()  # of a process that was killed
            self._create(documents.dimension)
            with tqdm(total=len(documents), desc="index", unit="doc", disable=not progress) as bar:
                for start, block in documents.blocks(_INSERTED):
                    self._client.insert(name, self._entities(start, block))
                    longest = max(longest, float(np.sqrt(np.einsum("ij,ij->i", block, block).max())))
                    bar.update(len(block))
            self._client.flush(name)
            # In this order: a file is indexed when it is loaded, and where it is loaded before, in the background.
            index = self._client.prepare_index_params()
            given = dict(one.split("=", 1) for one in parameters)
            index.add_index("vector", index_type=kind.upper(), metric_type="IP", params=given)
            self._client.create_index(name, index)
            self._client.load_collection(name)
        self.close()
        return {
            **self.facts,
            "index_factory": factory,
            "approximate": kind.upper() != "FLAT",
            "longest": longest,
            "nprobe": settings.nprobe,
            "ef": settings.ef_search,
        }

    def _create(self, dimension: int) -> None:
        DataType, MilvusClient = _pymilvus().DataType, _pymilvus().MilvusClient
        schema = MilvusClient.create_schema()
        schema.add_field("number", DataType.INT64, is_primary=True)
        schema.add_field("docid", DataType.VARCHAR, max_length=65_535)
        schema.add_field("lang", DataType.VARCHAR, max_length=256)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
        self._client.create_collection(self.facts["collection"], schema=schema, consistency_level="Strong")

    def _entities(self, start: int, block: np.ndarray) -> list[dict[str, Any]]:
        numbers = np.arange(start, start + len(block))
        columns = zip(
            numbers.tolist(), self.catalogue.names(numbers), self.catalogue.languages_of(numbers), block, strict=True
        )
        return [dict(zip(("number", "docid", "lang", "vector"), row, strict=True)) for row in columns]

    @cached_property
    def _client(self) -> Any:
        """A client of the cluster, or of the file, which this process alone can have open."""
        pymilvus, uri = _pymilvus(), self.facts["uri"]
        try:
            if uri:
                return pymilvus.MilvusClient(uri, token=os.environ.get(TOKEN, ""), timeout=_PATIENCE)
            with _unlogged():
                return pymilvus.MilvusClient(str(self.folder / _FILE))
        except pymilvus.MilvusException as error:
            if uri:
                raise UserError(f"cannot reach the Milvus cluster {uri}: {_sentence(error)}") from error
            raise UserError(
                f"cannot open {self.folder / _FILE}: another process has it open, or it is damaged; Milvus Lite "
                "serves one process at a time, a cluster (--uri) any number"
            ) from error

    @cached_property
    def _loaded(self) -> str:
        """The name of the collection, ready to be searched."""
        name = self.facts["collection"]
        with _told(f"Milvus cannot search {self.folder}"):
            found = self._client.get_collection_stats(name)["row_count"] if self._client.has_collection(name) else 0
            if found != len(self.catalogue.ids):
                raise UserError(
                    f"the collection '{name}' of Milvus has {found} of the {len(self.catalogue.ids)} documents of "
                    f"{self.folder}; index again"
                )
            self._client.load_collection(name)
        return str(name)

    @property
    def dimension(self) -> int:
        return int(self._loaded and self.facts["dimension"])

    def search(
        self, queries: np.ndarray, hits: int, settings: SearchSettings, languages: Collection[str] | None = None
    ) -> Iterator[Found]:
        most = len(self.catalogue.ids)
        if self.facts["uri"]:
            if min(hits, most) > MOST:
                raise UserError(f"hits is {hits}; a Milvus cluster gives a query {MOST:,} documents at most")
            most = min(most, MOST)
        chosen = "" if languages is None else f"lang in [{', '.join(map(_quoted, sorted(languages)))}]"
        asked = {"nprobe": settings.nprobe or self.facts["nprobe"], "ef": settings.ef_search or self.facts["ef"]}
        given = {name: value for name, value in asked.items() if value is not None}

        def search(some: np.ndarray, width: int) -> Iterator[Found]:
            with _told(f"Milvus cannot search {self.folder}"):
                answers = self._client.search(
                    self._loaded,
                    list(some),
                    filter=chosen,
                    limit=width,
                    output_fields=["number"],
                    search_params={"metric_type": "IP", "params": given},
                )
            for answer in answers:
                yield Found(
                    np.array([hit["number"] for hit in answer], np.int64),
                    np.array([hit["distance"] for hit in answer], np.float32),
                )

        if self.facts["approximate"]:
            yield from search(queries, min(hits, most))
        else:
            yield from settled(search, queries, hits, self._take, longest=self.facts["longest"], most=most)

    def _take(self, numbers: np.ndarray) -> np.ndarray:
        """The vectors of some documents, as they were inserted."""
        found = {}
        with _told(f"Milvus cannot search {self.folder}"):
            for start in range(0, len(numbers), _FETCHED):
                for one in self._client.get(
                    self._loaded, numbers[start : start + _FETCHED].tolist(), output_fields=["number", "vector"]
                ):
                    found[one["number"]] = one["vector"]
        return np.array([found[number] for number in numbers.tolist()], np.float32)

    def delete(self) -> None:
        name = self.facts["collection"]
        if self.facts["uri"] and self._client.has_collection(name):
            self._client.drop_collection(name)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            if not self.facts["uri"]:
                from milvus_lite.server_manager import server_manager_instance

                server_manager_instance.release_server(str(self.folder / _FILE))
            del self.__dict__["_client"]
        self.__dict__.pop("_loaded", None)


def _quoted(lang: str) -> str:
    """A language as a filter has it."""
    escaped = lang.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sentence(error: Exception) -> str:
    return str(getattr(error, "message", "") or error).strip().splitlines()[0]


def _pymilvus() -> Any:
    try:
        import pymilvus
    except ImportError as error:
        raise UserError(
            "the back end milvus needs the packages pymilvus and milvus-lite; pip install 'hybrid-ir[milvus]'"
        ) from error
    return pymilvus


@contextmanager
def _told(what: str) -> Iterator[None]:
    """An error of Milvus as one sentence."""
    exception = _pymilvus().MilvusException
    try:
        with _unlogged():
            yield
    except exception as error:
        raise UserError(f"{what}: {_sentence(error)}") from error


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without the tracebacks that the libraries log of errors, which are told in a sentence."""
    loggers = [logging.getLogger(name) for name in ("grpc", "milvus_lite", "pymilvus")]
    before = [log.level for log in loggers]
    for log in loggers:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(loggers, before, strict=True):
            log.setLevel(level)
