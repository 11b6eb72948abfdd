"""What every engine that searches vectors does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.files import StrPath
from hybrid_plugin.retrieval.documents import Catalogue, Documents
from hybrid_plugin.retrieval.exact import exact_scores
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings

_FEW = 8  # queries whose candidates are scored again at a time
_TAKEN = 16384  # candidates whose vectors are in memory
_MORE = 64  # documents beyond those wanted that are looked at first


class Found(NamedTuple):
    """Documents that a query found.

    Parameters
    ----------
    numbers : of the documents, int64 [found].
    scores : float32 [found].
    """

    numbers: np.ndarray
    scores: np.ndarray

    def __repr__(self) -> str:
        return brief(self)


class SearchBackend(ABC):
    """The index in a folder, by one engine.

    The folder has the ids and languages of its documents (``docid``, ``languages.npy``) before :meth:`index` is called,
    which puts there whatever else the engine needs.

    Parameters
    ----------
    folder : of the index.
    facts : what :meth:`index` returned when the index was built.
    catalogue : the ids and languages of its documents.
    device : to compute on, where the engine leaves a choice; None for a GPU if there is one.
    """

    name: ClassVar[str]
    """By which ``--backend`` and ``index.json`` call the engine."""
    at_once: ClassVar[int] = 256
    """Queries to search with at a time."""

    def __init__(
        self, folder: StrPath, catalogue: Catalogue, facts: Mapping[str, Any] | None = None, device: str | None = None
    ):
        self.folder, self.catalogue, self.facts, self.device = Path(folder), catalogue, facts or {}, device

    @classmethod
    def summary(cls) -> str:
        """The first line of its docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0]

    @abstractmethod
    def index(
        self, documents: Documents, settings: IndexSettings, *, name: str, passing: bool = False, progress: bool = False
    ) -> dict[str, Any]:
        """Build the index; the folder is moved to its place when this returns, and nothing of it may be open then.

        Parameters
        ----------
        name : what the engine may call the index, where it has a place for many; the same whenever this index is built.
        passing : the vectors are removed when the index is built.

        Returns
        -------
        JSON, kept in ``index.json``: what a search must know, and under ``approximate`` whether it may miss documents.
        """

    @abstractmethod
    def search(
        self, queries: np.ndarray, hits: int, settings: SearchSettings, languages: Collection[str] | None = None
    ) -> Iterator[Found]:
        """The best documents of each query, in any order, and all that tie with the last of them, if the engine knows.

        Parameters
        ----------
        queries : float32 [queries, dimension]; as a rule ``at_once`` of them.
        languages : of the documents to look at; None for all documents.
        """

    @property
    def dimension(self) -> int:
        """Of its vectors; opens the index, so that one which is damaged is noticed before anything is searched for."""
        return int(self.facts["dimension"])

    def delete(self) -> None:  # noqa: B027 - most keep nothing there
        """Remove what the index keeps outside of its folder."""

    def close(self) -> None:  # noqa: B027 - most have nothing open
        """Let go of files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


Take = Callable[[np.ndarray], np.ndarray]  # numbers of documents -> their vectors, float32 [numbers, dimension]


def doubt_of_float32(queries: np.ndarray, longest: float) -> float:
    """How far a dot product in float32 may be from the score, in whatever order it is added up.

    It is gamma_n |q||d| (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), and what rounding the
    score to float32 adds; doubled to be safe.

    Parameters
    ----------
    longest : the length of the longest vector of a document.
    """
    length = float(np.sqrt(np.einsum("ij,ij->i", queries, queries, dtype=np.float64).max(initial=0)))
    return 2 * (queries.shape[1] + 2) * 2.0**-24 * length * longest


def scored_again(queries: np.ndarray, candidates: Sequence[np.ndarray], hits: int, take: Take) -> Iterator[Found]:
    """The best of some candidates for each query, with all that tie with the last of them, by their exact scores.

    Parameters
    ----------
    candidates : numbers of documents for each query.
    """
    for start in range(0, len(queries), _FEW):
        few = candidates[start : start + _FEW]
        numbers, place = np.unique(np.concatenate(few), return_inverse=True)
        # Of all few queries and all their candidates, which is less work than to pair them.
        scores = np.empty((len(few), len(numbers)), np.float32)
        for first in range(0, len(numbers), _TAKEN):
            some = slice(first, first + _TAKEN)
            scores[:, some] = exact_scores(queries[start : start + _FEW], take(numbers[some]))
        for one, columns, line in zip(few, np.split(place, np.cumsum([*map(len, few)])[:-1]), scores, strict=True):
            own = line[columns]
            kept = own >= np.partition(own, -hits)[-hits] if len(own) > hits else np.ones(len(own), bool)
            yield Found(one[kept], own[kept])


def settled(
    search: Callable[[np.ndarray, int], Iterator[Found]],
    queries: np.ndarray,
    hits: int,
    take: Take,
    *,
    longest: float,
    most: int,
) -> Iterator[Found]:
    """The exact result from an engine that compares every document, but in float32.

    Documents within the error of float32 of the last one wanted are looked at, too, however many they are.

    Parameters
    ----------
    search : finds so many documents of each query, the best by its own scores, or all there are.
    longest : as :func:`doubt_of_float32` takes it.
    most : documents that it can find.
    """
    doubt = doubt_of_float32(queries, longest)
    candidates: list[np.ndarray] = [np.empty(0, np.int64)] * len(queries)
    todo, width = np.arange(len(queries)), max(1, min(hits + _MORE, most))
    while len(todo):
        again = []
        for line, found in zip(todo, search(queries[todo], width), strict=True):
            candidates[line] = found.numbers
            if width <= len(found.scores) and width < most:
                last = np.partition(found.scores, -hits)[-hits]
                if found.scores.min() >= last - 2 * doubt:
                    again.append(line)
        todo, width = np.array(again, np.int64), min(4 * width, most)
    yield from scored_again(queries, candidates, hits, take)
