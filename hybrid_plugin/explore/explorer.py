"""What the page asks: the questions of a benchmark, and where encoders rank the documents of its pool."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encode import encode_texts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.evaluation.seen import trained_on
from hybrid_plugin.evaluation.stored import stored_vectors
from hybrid_plugin.explore.collection import Collection, Document, Question
from hybrid_plugin.files import StrPath
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.measures.values import from_ranks
from hybrid_plugin.retrieval.exact import exact_scores
from hybrid_plugin.retrieval.ranks import stack_ranks
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import View

MEASURES = ("AP", "RankDistance")
MOST = 1000  # documents or questions in one answer
_BLOCK = 65536  # documents scored at a time
_SAME = 0.999  # cosine from which two vectors of a text are of one encoder, in whatever precision it ran


@dataclass(frozen=True)
class System:
    """An encoder, the documents that it encoded, and the vectors of the benchmark's questions where they are stored.

    Parameters
    ----------
    docs : one part after another, in the order of the explorer's documents.
    questions : query id -> float32 [dimension].
    """

    encoder: Encoder
    docs: Sequence[Vectors]
    questions: Mapping[str, np.ndarray] = field(default_factory=dict)

    __repr__ = brief

    def scores(self, query: np.ndarray) -> np.ndarray:
        """The score of each document, float32 [documents].

        Parameters
        ----------
        query : float32 [dimension].
        """
        blocks = [
            exact_scores(query[None], part.block(start, start + _BLOCK))[0]
            for part in self.docs
            for start in range(0, len(part.ids), _BLOCK)
        ]
        return np.concatenate(blocks)


@dataclass(frozen=True)
class Explorer:
    """A benchmark and the encoders to look at it with. Its answers are JSON as the page reads it.

    Parameters
    ----------
    docs, queries : by id.
    relevant : query id -> ids of its relevant documents.
    """

    benchmark: Benchmark
    docs: Mapping[str, Document]
    queries: Mapping[str, Question]
    relevant: Mapping[str, Sequence[str]]
    systems: Sequence[System]
    _encoding: threading.Lock = field(default_factory=threading.Lock, repr=False)  # tokenizers serve one at a time

    __repr__ = brief

    @classmethod
    def load(
        cls,
        benchmark: Benchmark,
        encoders: Sequence[Encoder],
        vectors: Sequence[StrPath] = (),
        *,
        progress: bool = False,
    ) -> Explorer:
        """Read a benchmark and encode its documents.

        Parameters
        ----------
        vectors : a folder that ``hybrid-ir encode BENCHMARK`` wrote for each encoder, instead of encoding.

        Raises
        ------
        UserError
            A folder of vectors lacks a document or is of another encoder.

        Examples
        --------
        >>> explorer = Explorer.load(load_benchmark("xquad-r"), [Encoder.load("out")])      # doctest: +SKIP
        >>> explorer.rank(text="Wer war Ada Lovelace?")["encoders"][0]["ranking"][0]        # doctest: +SKIP
        """
        if vectors and len(vectors) != len(encoders):
            raise UserError(f"{len(encoders)} encoders need as many folders of vectors, not {len(vectors)}")
        collection = Collection.load(benchmark)
        systems = []
        for place, encoder in enumerate(encoders):
            questions: dict[str, np.ndarray] = {}
            if vectors:
                parts, asked = stored_vectors(benchmark, vectors[place], encoder)
                docs = {view: parts[view].vectors for view in collection.texts}
                _check_origin(encoder, collection, docs, Path(vectors[place]))
                rows = {
                    view: dict(zip(some.ids, some.block(0, len(some.ids)), strict=True)) for view, some in asked.items()
                }
                questions = {shown: rows[view][query] for shown, (view, query) in collection.origins.items()}
            else:
                docs = {
                    view: encode_texts(encoder, texts, "passage", progress=progress)
                    for view, texts in collection.texts.items()
                }
            systems.append(System(encoder, [*docs.values()], questions))
        return cls(benchmark, collection.docs, collection.queries, collection.relevant, systems)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Those of documents and questions, sorted."""
        return tuple(sorted({record.lang for records in (self.docs, self.queries) for record in records.values()}))

    @cached_property
    def _ids(self) -> np.ndarray:
        return np.array([*self.docs], object)

    @cached_property
    def _langs(self) -> np.ndarray:
        return np.array([doc.lang for doc in self.docs.values()], object)

    @cached_property
    def _ties(self) -> np.ndarray:
        """Where each document stands by its id in its pool, the last first: what is above where scores are alike."""
        names = [(doc.pool_id, doc.id) for doc in self.docs.values()]
        places = np.empty(len(names), np.int64)
        places[sorted(range(len(names)), key=names.__getitem__, reverse=True)] = np.arange(len(names))
        return places

    def describe(self) -> dict[str, Any]:
        """The benchmark, its languages with their counts, and the encoders."""
        docs = _count(self.docs.values())
        queries = _count(self.queries.values())
        return {
            "benchmark": self.benchmark.name,
            "documents": len(self.docs),
            "languages": [
                {"lang": lang, "documents": docs.get(lang, 0), "questions": queries.get(lang, 0)}
                for lang in self.languages
            ],
            "encoders": [
                {
                    "name": system.encoder.name,
                    "trained_on": sorted(trained_on(system.encoder.record)),
                }
                for system in self.systems
            ],
        }

    def search(self, words: str = "", lang: str | None = None, limit: int = 50) -> dict[str, Any]:
        """The questions, in one language or all, with all of these words (or parts of words) in their text or id.

        Those that begin with them come first.
        """
        _check_count(limit)
        wanted = words.casefold().split()
        found = [
            query
            for query in self._questions(lang)
            if not wanted or all(word in f"{query.id} {query.text}".casefold() for word in wanted)
        ]
        if wanted:
            found.sort(key=lambda query: not query.text.casefold().startswith(" ".join(wanted)))
        return {"total": len(found), "questions": [_question(query) for query in found[:limit]]}

    def draw(self, lang: str | None = None) -> dict[str, Any]:
        """A random question, in one language or any."""
        questions = self._questions(lang)
        if not questions:
            raise UserError(f"{self.benchmark.name} has no question{'' if lang is None else f' in {lang}'}")
        return _question(random.choice(questions))

    def rank(
        self,
        query: str | None = None,
        text: str | None = None,
        languages: Sequence[str] | None = None,
        depth: int = 10,
    ) -> dict[str, Any]:
        """The best documents of the pool for a question, by each encoder.

        Parameters
        ----------
        query : the id of one of the benchmark's questions, or
        text : any other, of which no relevant documents are known.
        languages : rank only the documents of these.
        depth : documents to return; relevant ones further down come in ``below``.

        Returns
        -------
        ``question``, ``pool`` (documents ranked) and, for each encoder, ``ranking``, ``below``, ``measures`` (None
        without a relevant document) and ``mix`` (language to its number of documents among the best ``depth``).

        Raises
        ------
        UserError
            An id or a language is unknown, the text is empty, or both or neither of query and text are given.
        """
        _check_count(depth)
        chosen = self.languages if languages is None else tuple(dict.fromkeys(languages))
        if not chosen:
            raise UserError("choose at least one language of documents")
        for lang in chosen:
            self._check_language(lang)
        if (query is None) == (text is None):
            raise UserError("ask either one of the benchmark's questions or a text")
        if query is not None:
            if query not in self.queries:
                raise UserError(f"{self.benchmark.name} has no question '{query}'")
            text = self.queries[query].text
        if not text or text.isspace():
            raise UserError("the question is empty")
        columns = np.flatnonzero(np.isin(self._langs, chosen))
        orders = []
        for system in self.systems:
            scores = self._scores(system, query, text)
            orders.append((scores, columns[np.lexsort((self._ties[columns], -scores[columns]))]))
        judged = () if query is None else self.relevant.get(query, ())
        relevant = {i for i in judged if i in self.docs and self.docs[i].lang in chosen}
        places = [{doc_id: i for i, doc_id in enumerate(self._ids[order], start=1)} for _, order in orders]
        return {
            "question": {"text": text} if query is None else self._with_translations(query),
            "pool": len(places[0]),
            "encoders": [
                self._answer(*ranked, relevant, depth, own=place, places=places) for place, ranked in enumerate(orders)
            ],
        }

    def _answer(
        self,
        scores: np.ndarray,
        order: np.ndarray,
        relevant: set[str],
        depth: int,
        *,
        own: int,
        places: Sequence[Mapping[str, int]],
    ) -> dict[str, Any]:
        def entry(doc_id: str) -> dict[str, Any]:
            doc, position = self.docs[doc_id], places[own][doc_id]
            return {
                "id": doc_id,
                "lang": doc.lang,
                "text": doc.text,
                "context": doc.context,
                "title": doc.title,
                "position": position,
                "elsewhere": [found[doc_id] for i, found in enumerate(places) if i != own],
                "score": float(scores[order[position - 1]]),
                "relevant": doc_id in relevant,
            }

        ranking = [entry(doc_id) for doc_id in self._ids[order[:depth]]]
        positions = {doc_id: places[own][doc_id] for doc_id in relevant}
        measures = None
        if relevant:
            ranks = stack_ranks(["question"], [list(positions.values())], [len(order)])
            measures = {str(one): float(from_ranks(one, ranks)[0]) for one in parse_measures(MEASURES)}
        below = sorted((i for i in relevant if positions[i] > depth), key=positions.__getitem__)
        return {
            "ranking": ranking,
            "below": [entry(doc_id) for doc_id in below],
            "measures": measures,
            "mix": _count(self.docs[one["id"]] for one in ranking),
        }

    def _scores(self, system: System, query: str | None, text: str) -> np.ndarray:
        stored = None if query is None else system.questions.get(query)
        if stored is None:
            with self._encoding:
                stored = system.encoder.encode([text], "query")[0]
        return system.scores(stored)

    def _questions(self, lang: str | None) -> list[Question]:
        if lang is not None:
            self._check_language(lang)
        return [query for query in self.queries.values() if lang in (None, query.lang)]

    def _check_language(self, lang: str) -> None:
        if lang not in self.languages:
            known = ", ".join(self.languages)
            near = did_you_mean(lang, self.benchmark.languages)
            raise UserError(f"{self.benchmark.name} has no language '{lang}'; it has: {known}{near}")

    def _with_translations(self, query_id: str) -> dict[str, Any]:
        query = self.queries[query_id]
        same = [other for other in self.queries.values() if other.question == query.question]
        same.sort(key=lambda other: other.lang)
        return _question(query) | {"translations": [_question(other) for other in same]}


def _question(query: Question) -> dict[str, str]:
    return {"id": query.id, "lang": query.lang, "text": query.text}


def _count(records: Iterable[Document | Question]) -> dict[str, int]:
    return Counter(record.lang for record in records)


def _check_count(number: int) -> None:
    if not 1 <= number <= MOST:
        raise UserError(f"{number} is no number from 1 to {MOST}")


def _check_origin(encoder: Encoder, collection: Collection, docs: Mapping[View, Vectors], folder: Path) -> None:
    """Encode one document a view again: stored vectors of another encoder, or prefix, rank nothing well.

    And of documents that have changed since then, they rank others.
    """
    for view, texts in collection.texts.items():
        if [text.id for text in texts] != list(docs[view].ids):
            raise UserError(f"{folder} has vectors of other documents than '{view.dataset_id}' has; encode again")
    sample = [(texts[0], docs[view].block(0, 1)[0]) for view, texts in collection.texts.items() if texts]
    again = encoder.encode([text.text for text, _ in sample], "passage")
    for (text, stored), vector in zip(sample, again, strict=True):
        if stored.shape != vector.shape or float(stored @ vector) < _SAME:
            raise UserError(
                f"{folder} has another vector of '{text.id}' than '{encoder.name}' gives it; "
                "its vectors are of another encoder, or one with other prefixes or pooling"
            )
