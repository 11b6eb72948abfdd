"""Exact search in the vectors as ``hybrid-ir encode`` wrote them: nothing is built, and nothing is missed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from hybrid_plugin.encoding.vectors import RECORD, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import file_checksum
from hybrid_plugin.retrieval.backends.base import Found, SearchBackend, doubt_of_float32, scored_again
from hybrid_plugin.retrieval.documents import Documents
from hybrid_plugin.retrieval.exact import exact_scores
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings
from hybrid_plugin.retrieval.top import Top

_STRETCHES = "rows.npy"
_VECTORS = "vectors"  # where they are kept in the index
_CELLS = {"cpu": 2**22, "cuda": 2**26}  # scores in a block
_EACH = 256  # documents of which one is wanted, from which on looking through in float32 first is less work


class ExactBackend(SearchBackend):
    """Every document is compared, from memory-mapped vectors where they lie; on a GPU if there is one.

    Documents are looked through in float32, and those that its error leaves in question are scored exactly
    (:mod:`hybrid_plugin.retrieval.exact`), so the result is the same on every device.
    """

    name = "exact"
    at_once = 1024

    def index(
        self, documents: Documents, settings: IndexSettings, *, name: str, passing: bool = False, progress: bool = False
    ) -> dict[str, Any]:
        if settings.index_factory or settings.uri:
            raise UserError("the back end exact builds nothing, so it takes no --index-factory and no --uri")
        np.save(self.folder / _STRETCHES, documents.stretches)
        if passing:
            shutil.copytree(documents.folder, self.folder / _VECTORS, copy_function=_linked)
        return {
            "vectors": _VECTORS if passing else str(documents.folder.resolve()),
            "vectors_checksum": file_checksum(documents.folder / RECORD),
        }

    @cached_property
    def documents(self) -> Documents:
        """Where their vectors lie.

        Raises
        ------
        UserError
            They have been moved, or are others than those that were indexed.
        """
        folder = self.folder / self.facts["vectors"]
        vectors = read_vectors(folder)
        if file_checksum(folder / RECORD) != self.facts["vectors_checksum"]:
            raise UserError(f"the vectors in {folder} are not those that {self.folder} was made of; index again")
        try:
            return Documents(folder, vectors, np.load(self.folder / _STRETCHES, allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{self.folder / _STRETCHES} is damaged: {error}") from error

    @property
    def dimension(self) -> int:
        return self.documents.dimension

    def search(
        self, queries: np.ndarray, hits: int, settings: SearchSettings, languages: Collection[str] | None = None
    ) -> Iterator[Found]:
        documents, numbers = self.documents, np.arange(len(self.documents))
        if languages is not None:
            numbers = np.flatnonzero(self.catalogue.of(languages))
            documents = documents.only(numbers)
        for found in search_vectors(documents, queries, hits, self.device):
            yield Found(numbers[found.numbers], found.scores)


def search_vectors(documents: Documents, queries: np.ndarray, hits: int, device: str | None = None) -> Iterator[Found]:
    """The best documents of each query, with all that tie with the last of them, by their exact scores.

    Memory is for a block of documents and of scores, and for some thousand documents a query.

    Parameters
    ----------
    queries : float32 [queries, dimension].
    device : of torch; None for a GPU if there is one.
    """
    import torch

    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    hits = min(hits, len(documents))
    if not hits:
        yield from [Found(np.empty(0, np.int64), np.empty(0, np.float32))] * len(queries)
        return
    at_once = place.type == "cpu" and len(documents) <= _EACH * hits
    asked, longest = torch.from_numpy(queries).to(place), 0.0
    top = Top(len(queries), hits)
    for start, block in documents.blocks(max(1, _CELLS.get(place.type, 2**22) // len(queries))):
        if at_once:
            scores = torch.from_numpy(exact_scores(queries, block))
        else:
            longest = max(longest, float(np.sqrt(np.einsum("ij,ij->i", block, block).max())))
            top.slack = 2 * doubt_of_float32(queries, longest)
            with _all_digits():
                scores = asked @ torch.from_numpy(block).to(place).T
        if np.isneginf(top.least).any() and hits <= len(block):
            top.raise_least(scores.topk(hits, sorted=True).values[:, -1].cpu().numpy())
        lines, columns = (scores >= torch.from_numpy(top.least).to(place)[:, None]).nonzero(as_tuple=True)
        top.keep(lines.cpu().numpy(), start + columns.cpu().numpy(), scores[lines, columns].cpu().numpy())
    top.prune()
    _, found, kept, starts = top.found()
    candidates = np.split(found, starts[1:])
    if at_once:
        yield from map(Found, candidates, np.split(kept, starts[1:]))
    else:
        yield from scored_again(queries, candidates, hits, documents.take)


@contextmanager
def _all_digits() -> Iterator[None]:
    """While torch multiplies: in float32 as it is, and not with the ten bits of TF32 or the seven of bfloat16."""
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _linked(source: str, target: str) -> None:
    """Give a file a second name; where the file system has none such, copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
