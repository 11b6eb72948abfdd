"""How an index is built, and how it is searched."""

from __future__ import annotations

from dataclasses import dataclass

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError


@dataclass(frozen=True)
class SearchSettings:
    """How carefully an approximate index is searched.

    Raises
    ------
    UserError
        A value is below 1.
    """

    nprobe: int | None = None
    """How many lists of an IVF index are looked at: more find more, and take longer."""
    ef_search: int | None = None
    """How many neighbours are followed in an HNSW index: more find more, and take longer."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name in ("nprobe", "ef_search"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{name.replace('_', ' ')} is {value}; it must be at least 1")


@dataclass(frozen=True)
class IndexSettings(SearchSettings):
    """How an index is built, and searched where a search does not say it."""

    index_factory: str | None = None
    """Of FAISS, as its index_factory reads it: Flat (the default), SQfp16, IVF1024,Flat, HNSW32, IVF1024,PQ48 ...; of
    Milvus, the type of its index: FLAT (the default), HNSW, or with settings of its own IVF_FLAT,nlist=1024."""
    uri: str | None = None
    """Of a Milvus cluster, such as http://localhost:19530; MILVUS_TOKEN has its token. By default the index is a file
    of Milvus Lite in the output folder."""

    __repr__ = brief
