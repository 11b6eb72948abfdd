"""The best documents of some queries, found block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.ids import take_ids
from hybrid_plugin.retrieval.exact import Block, Part


class Top:
    """Collects the best documents of some queries, with all that tie with the last of them.

    Parameters
    ----------
    queries : how many there are.
    depth : documents a query, 1 or more; None for all.
    """

    def __init__(self, queries: int, depth: int | None):
        self._depth = depth
        self.slack = 0.0  # how far below the last of the best a score may be to be kept, too
        self._least = np.full(queries, -np.inf, np.float32)  # of the documents that may still be among the best
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
        self._kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [nothing]  # query, document, score
        self._size = 0

    def add(self, block: Block, offset: int) -> None:
        """Look at a block, whose documents are numbered from ``offset``."""
        if self._depth is not None and np.isneginf(self._least).any() and self._depth <= block.scores.shape[1]:
            self._least = np.maximum(self._least, block.ordered[:, -self._depth])
        queries, columns = np.nonzero(block.scores >= self._least[:, None])
        self.keep(queries, offset + block.rows[columns], block.scores[queries, columns])

    @property
    def least(self) -> np.ndarray:
        """The lowest score that is still kept, of each query, float32 [queries]."""
        return self._least

    def raise_least(self, scores: np.ndarray) -> None:
        """Let go of what is below a score of each query that ``depth`` documents reach, float32 [queries]."""
        self._least = np.maximum(self._least, scores - np.float32(self.slack))

    def keep(self, queries: np.ndarray, docs: np.ndarray, scores: np.ndarray) -> None:
        """Add documents that may be among the best: of which query, the document's number, and its score."""
        self._kept.append((queries, docs, scores))
        self._size += len(queries)
        if self._depth is not None and self._size > 4 * self._depth * len(self._least):
            self.prune()

    def prune(self) -> None:
        """Let go of what cannot be among the best any more."""
        queries, docs, scores, starts = self.found()
        if self._depth is not None:
            lengths = np.diff([*starts, len(queries)])
            full = np.flatnonzero(lengths >= self._depth)
            self._least[full] = scores[starts[full] + self._depth - 1] - np.float32(self.slack)
        kept = scores >= self._least[queries]
        self._kept = [(queries[kept], docs[kept], scores[kept])]
        self._size = int(kept.sum())

    def found(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Queries, documents and scores, by query and from the best down (ties in any order), and where each query's
        begin; perhaps with documents that are not among the best.
        """
        queries, docs, scores = (np.concatenate(column) for column in zip(*self._kept, strict=True))
        kept = scores > -np.inf  # what a ranking does not have
        queries, docs, scores = queries[kept], docs[kept], scores[kept]
        order = np.lexsort((-scores, queries))
        starts = np.searchsorted(queries[order], np.arange(len(self._least)))
        return queries[order], docs[order], scores[order], starts

    def lists(self, parts: Sequence[tuple[Part, str]]) -> Lists:
        """The documents of each query as trec_eval orders them.

        Parameters
        ----------
        parts : that were looked at, in the order of their documents' numbers, and what goes before their ids.
        """
        self.prune()
        queries, docs, scores, starts = self.found()
        numbers, place = np.unique(docs, return_inverse=True)
        names, langs = _described(numbers, parts)
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(names, kind="stable")] = np.arange(len(names))
        order = np.lexsort((-rank[place], -scores, queries))
        bounds = starts[1:]
        return Lists(
            np.split(names[place[order]], bounds), np.split(scores[order], bounds), dict(zip(names, langs, strict=True))
        )


class Lists(NamedTuple):
    """Ranked lists of some queries."""

    doc_ids: list[np.ndarray]
    """Of each query, from the best down, object [documents]."""
    scores: list[np.ndarray]
    """Theirs, float32."""
    langs: dict[str, str | None]
    """Of every document in them."""

    def __repr__(self) -> str:
        return brief(self)


def _described(numbers: np.ndarray, parts: Sequence[tuple[Part, str]]) -> tuple[np.ndarray, np.ndarray]:
    """The ids and languages of numbered documents, object [numbers]; the numbers ascend."""
    ends = np.cumsum([len(part) for part, _ in parts])
    names, langs = [np.empty(0, object)], [np.empty(0, object)]
    for (part, prefix), end in zip(parts, ends, strict=True):
        start = end - len(part)
        own = numbers[np.searchsorted(numbers, start) : np.searchsorted(numbers, end)] - start
        found = take_ids(part.vectors.ids, own)
        names.append(prefix + found if prefix else found)
        langs.append(part.langs_of(own))
    return np.concatenate(names), np.concatenate(langs)
