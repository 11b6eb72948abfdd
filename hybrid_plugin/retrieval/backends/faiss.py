"""FAISS, in the folders that Pyserini reads: ``index``, and ``docid`` with an id a line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.backends.base import Found, SearchBackend, settled
from hybrid_plugin.retrieval.documents import Documents
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings

INDEX = "index"
_SAMPLE = 100_000  # documents to train on
_EACH = 64  # of them for each list of an IVF index, at least
_QUERIES = 20  # that are worth a multiplication of matrices: FAISS's own number until version 1.15, which has 128,000
_LIMITS = {"nprobe": "IVF", "ef_search": "HNSW"}  # the settings of a search, and the indexes that have them


class FaissBackend(SearchBackend):
    """FAISS, by its index factory; Pyserini searches the same folder."""

    name = "faiss"

    def index(
        self, documents: Documents, settings: IndexSettings, *, name: str, passing: bool = False, progress: bool = False
    ) -> dict[str, Any]:
        import faiss
        from tqdm.auto import tqdm

        if settings.uri:
            raise UserError("the back end faiss writes files, so it takes no --uri; --backend milvus does")
        factory, longest = settings.index_factory or "Flat", 0.0
        with _told(f"FAISS cannot build the index '{factory}'"):
            index = faiss.index_factory(documents.dimension, factory, faiss.METRIC_INNER_PRODUCT)
            if not index.is_trained:
                index.train(self._sample(documents, index))
            with tqdm(total=len(documents), desc="index", unit="doc", disable=not progress) as bar:
                for _, block in documents.blocks():
                    index.add(block)
                    longest = max(longest, float(np.sqrt(np.einsum("ij,ij->i", block, block).max())))
                    bar.update(len(block))
        _set(index, settings)
        faiss.write_index(index, str(self.folder / INDEX))
        flat = isinstance(index, faiss.IndexFlat)
        return {"index_factory": factory, "approximate": not flat, "longest": longest}

    def _sample(self, documents: Documents, index: Any) -> np.ndarray:
        import faiss

        lists = faiss.extract_index_ivf(index).nlist if _has(index, "nprobe") else 0
        size = min(len(documents), max(_SAMPLE, _EACH * lists))
        return documents.take(np.sort(np.random.default_rng(0).choice(len(documents), size, replace=False)))

    @cached_property
    def _index(self) -> Any:
        """The index, memory-mapped as far as FAISS can."""
        import faiss

        for name in (INDEX, "docid"):
            if not (self.folder / name).is_file():
                raise UserError(f"{self.folder} is not a FAISS folder: it has no file '{name}'")
        try:
            index = faiss.read_index(str(self.folder / INDEX), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise UserError(f"{self.folder / INDEX} is damaged: FAISS cannot read it") from error
        count = len(self.catalogue.ids)
        if count != index.ntotal:
            raise UserError(f"{self.folder} is damaged: {index.ntotal} vectors, but {count} ids in 'docid'")
        return index

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(
        self, queries: np.ndarray, hits: int, settings: SearchSettings, languages: Collection[str] | None = None
    ) -> Iterator[Found]:
        import faiss

        index = self._index
        _set(index, settings)
        chosen = None if languages is None else np.flatnonzero(self.catalogue.of(languages))
        parameters = None if chosen is None else _only(index, chosen)

        def search(some: np.ndarray, width: int) -> Iterator[Found]:
            alone = "" if chosen is None else f" in {', '.join(sorted(languages or ()))} alone"
            with _told(f"FAISS cannot search {self.folder}{alone}"), _multiplied():
                scores, numbers = index.search(some, width, params=parameters and parameters[0])
            for line, own in zip(scores, numbers, strict=True):
                yield Found(own[own >= 0], line[own >= 0])

        if isinstance(index, faiss.IndexFlat) and "longest" in self.facts:
            most = index.ntotal if chosen is None else len(chosen)
            longest = self.facts["longest"]
            yield from settled(search, queries, hits, index.reconstruct_batch, longest=longest, most=most)
        else:
            yield from search(queries, min(hits, index.ntotal))


def _has(index: Any, setting: str) -> bool:
    """Whether a kind of index has a setting of its search."""
    import faiss

    if setting == "nprobe":
        return faiss.try_extract_index_ivf(index) is not None
    return isinstance(index, faiss.IndexHNSW)


def _set(index: Any, settings: SearchSettings) -> None:
    import faiss

    for name, kind in _LIMITS.items():
        value = getattr(settings, name)
        if value is not None and not _has(index, name):
            raise UserError(f"--{name.replace('_', '-')} is for {kind}, and this index of FAISS is none")
        if value is not None and name == "nprobe":
            faiss.extract_index_ivf(index).nprobe = value
        elif value is not None:
            index.hnsw.efSearch = value


def _only(index: Any, chosen: np.ndarray) -> tuple[Any, ...]:
    """What makes FAISS look at some documents alone; the rest of the tuple must live as long."""
    import faiss as library

    faiss: Any = library  # whose types do not know the keyword arguments
    if len(chosen) and chosen[-1] - chosen[0] + 1 == len(chosen):
        selector, bits = faiss.IDSelectorRange(int(chosen[0]), int(chosen[-1]) + 1), None
    else:
        mask = np.zeros(index.ntotal, bool)
        mask[chosen] = True
        bits = np.packbits(mask, bitorder="little")
        selector = faiss.IDSelectorBitmap(index.ntotal, faiss.swig_ptr(bits))
    if _has(index, "nprobe"):
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=faiss.extract_index_ivf(index).nprobe)
    elif _has(index, "ef_search"):
        parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=index.hnsw.efSearch)
    else:
        parameters = faiss.SearchParameters(sel=selector)
    return parameters, selector, bits


@contextmanager
def _told(what: str) -> Iterator[None]:
    """An error of FAISS as one sentence."""
    try:
        yield
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1].rsplit("failed: ", 1)[-1].rsplit(": ", 1)[-1]
        raise UserError(f"{what}: {said}") from error


@contextmanager
def _multiplied() -> Iterator[None]:
    """While FAISS multiplies matrices for more than a few queries, which takes it a seventh of the time."""
    import faiss

    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = _QUERIES
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before
