"""Exact scores of vectors, block by block, the same numbers on every machine.

The score of a query and a document is the dot product of their float32 vectors, rounded to float32 once. Products of
two float32 numbers are exact in float64, and a sum of n of them is known there to n * 2^-53 of the product of the two
lengths; where that leaves open to which float32 the sum rounds, it is added up exactly. So equal vectors have equal
scores wherever they stand, whatever the blocks and the library that multiplies matrices, and ties are real ties.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.vectors import Vectors

QUERIES = 512  # scored at a time
_CELLS = 2**21  # scores in a block


@dataclass(frozen=True)
class Part:
    """Documents of one view: their vectors, and their languages.

    Parameters
    ----------
    lang : of all of them, or of each (object [documents]); None where nobody knows.
    """

    vectors: Vectors
    lang: str | np.ndarray | None = None

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.vectors.ids)

    @cached_property
    def languages(self) -> set[str]:
        """Those of its documents, as far as they are known."""
        return {lang for lang in (self.lang if isinstance(self.lang, np.ndarray) else [self.lang]) if lang}

    def lang_of(self, row: int) -> str | None:
        """The language of a row."""
        return self.lang[row] if isinstance(self.lang, np.ndarray) else self.lang

    def langs_of(self, rows: np.ndarray) -> np.ndarray:
        """The languages of some rows, object [rows]."""
        return self.lang[rows] if isinstance(self.lang, np.ndarray) else np.full(len(rows), self.lang, object)


@dataclass(frozen=True)
class Block:
    """Scores of some queries and some documents of one language of a part.

    Parameters
    ----------
    rows : int64 [documents], which of the part.
    lang : of these documents.
    scores : float32 [queries, documents].
    """

    rows: np.ndarray
    lang: str | None
    scores: np.ndarray

    @cached_property
    def ordered(self) -> np.ndarray:
        """The scores of each query, ascending."""
        return np.sort(self.scores, axis=1)


def score_blocks(queries: np.ndarray, part: Part, device: str | None = None) -> Iterator[Block]:
    """The scores of some queries and all documents of a part; a block's size follows from the number of queries.

    Parameters
    ----------
    queries : float32 [queries, dimension].
    device : as :func:`exact_scores` takes it.

    Raises
    ------
    UserError
        A vector is not finite.
    """
    size = max(1, _CELLS // max(1, len(queries)))
    for start in range(0, len(part), size):
        docs = part.vectors.block(start, start + size)
        rows = np.arange(start, start + len(docs))
        if isinstance(part.lang, np.ndarray):
            scores, langs = exact_scores(queries, docs, device), part.lang[rows]
            for lang in dict.fromkeys(langs):
                chosen = np.flatnonzero(langs == lang)
                yield Block(rows[chosen], lang, scores[:, chosen])
        else:
            yield Block(rows, part.lang, exact_scores(queries, docs, device))


def exact_scores(queries: np.ndarray, docs: np.ndarray, device: str | None = None) -> np.ndarray:
    """The score of each query and document, float32 [queries, documents]; the same on every device.

    Parameters
    ----------
    device : of torch, to multiply on in float64, such as cuda; None for the CPU.
    """
    queries, docs = queries.astype(np.float64), docs.astype(np.float64)
    sums = queries @ docs.T if device is None else _product_on(device, queries, docs)
    doubt = _doubt(queries, docs)
    scores = (sums - doubt).astype(np.float32)
    rows, columns = np.nonzero(scores != (sums + doubt).astype(np.float32))
    scores[rows, columns] = _settled(queries, rows, docs, columns)
    return scores


def exact_pairs(queries: np.ndarray, docs: np.ndarray) -> np.ndarray:
    """The score of each query and the document in the same row, float32 [rows]."""
    queries, docs = queries.astype(np.float64), docs.astype(np.float64)
    sums = np.einsum("ij,ij->i", queries, docs)
    doubt = _doubt(queries, docs)
    scores = (sums - doubt).astype(np.float32)
    rows = np.flatnonzero(scores != (sums + doubt).astype(np.float32))
    scores[rows] = _settled(queries, rows, docs, rows)
    return scores


def _product_on(device: str, queries: np.ndarray, docs: np.ndarray) -> np.ndarray:
    import torch

    product: np.ndarray = (torch.from_numpy(queries).to(device) @ torch.from_numpy(docs).to(device).T).cpu().numpy()
    return product


def _doubt(queries: np.ndarray, docs: np.ndarray) -> float:
    """How far a sum of products in float64 may be from the true one, doubled to be safe."""
    lengths = [float(np.sqrt(np.einsum("ij,ij->i", one, one).max(initial=0))) for one in (queries, docs)]
    return 2 * queries.shape[1] * 2.0**-53 * lengths[0] * lengths[1]


def _settled(queries: np.ndarray, rows: np.ndarray, docs: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The scores of pairs of which the sum in float64 leaves them in doubt, float32 [rows]."""
    sums = np.zeros(len(rows))
    step = max(1, _CELLS // max(1, queries.shape[1]))
    for start in range(0, len(rows), step):
        pairs = slice(start, start + step)
        products = queries[rows[pairs]] * docs[columns[pairs]]
        for place in np.flatnonzero(products.any(1)):
            sums[start + place] = _odd_sum(products[place].tolist())
    return sums.astype(np.float32)


def _odd_sum(numbers: list[float]) -> float:
    """The sum of some numbers in float64; of the two beside one that lies between, the one whose last bit is odd.

    So it rounds to the float32 that the true sum rounds to, while the nearest may lie halfway between two.
    """
    total = math.fsum(numbers)
    rest = math.fsum([*numbers, -total])
    if rest and not np.float64(total).view(np.int64) & 1:
        return math.nextafter(total, math.copysign(math.inf, rest))
    return total
