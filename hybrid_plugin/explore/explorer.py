"""What the page asks: the questions of a benchmark, and where encoders rank the documents of its pool."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encode import encode_texts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import Vectors, stored_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import trained_on
from hybrid_plugin.measures.named import parse_measures
from hybrid_plugin.measures.values import from_ranks
from hybrid_plugin.retrieval.exact import Pool, top
from hybrid_plugin.retrieval.ranks import stack_ranks
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.task import Task
from hybrid_plugin.tasks.texts import trimmed

MEASURES = ("AP", "RankDistance")
MOST = 1000  # documents or questions in one answer
_SAME = 0.999  # cosine from which two vectors of a text are of one encoder, in whatever precision it ran


@dataclass(frozen=True)
class System:
    """An encoder, the pool that it encoded, and the vectors of the benchmark's questions where they are stored."""

    encoder: Encoder
    pool: Pool
    questions: Mapping[str, np.ndarray] = field(default_factory=dict)  # query id -> float32 [dimension]


@dataclass(frozen=True)
class Explorer:
    """A benchmark and the encoders to look at it with. Its answers are JSON as the page reads it.

    Parameters
    ----------
    docs, queries : the ir_datasets records by id, with ``lang`` and ``default_text()``; ``context`` and ``title`` of
        a document and ``parallel_id`` of a query are used where they have them.
    relevant : query id -> ids of its relevant documents.
    """

    benchmark: Benchmark
    docs: Mapping[str, Any]
    queries: Mapping[str, Any]
    relevant: Mapping[str, Sequence[str]]
    systems: Sequence[System]
    _encoding: threading.Lock = field(default_factory=threading.Lock, repr=False)  # tokenizers serve one at a time

    @classmethod
    def load(
        cls,
        benchmark: Benchmark,
        encoders: Sequence[Encoder],
        vectors: Sequence[Path] = (),
        *,
        batch_size: int | None = None,
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
        task = Task.load(benchmark)
        dataset = load_dataset(benchmark.name)
        systems = []
        for place, encoder in enumerate(encoders):
            questions: dict[str, np.ndarray] = {}
            if vectors:
                docs, queries = stored_vectors(task, vectors[place])
                _check_origin(encoder, task, docs, vectors[place])
                questions = {i: row for side in queries.values() for i, row in zip(side.ids, side.matrix, strict=True)}
            else:
                docs = {
                    lang: encode_texts(encoder, texts, "passage", batch_size=batch_size, progress=progress)
                    for lang, texts in task.docs.items()
                }
            systems.append(System(encoder, Pool.of_groups(docs), questions))
        return cls(
            benchmark,
            {doc.doc_id: doc for doc in dataset.docs_iter()},
            {query.query_id: query for query in dataset.queries_iter()},
            task.relevant,
            systems,
        )

    def describe(self) -> dict[str, Any]:
        """The benchmark, its languages with their counts, and the encoders."""
        docs = _count(self.docs.values())
        queries = _count(self.queries.values())
        return {
            "benchmark": self.benchmark.name,
            "documents": len(self.docs),
            "languages": [
                {"lang": lang, "documents": docs.get(lang, 0), "questions": queries.get(lang, 0)}
                for lang in self.benchmark.languages
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
            if not wanted or all(word in (query.query_id + " " + query.default_text()).casefold() for word in wanted)
        ]
        if wanted:
            found.sort(key=lambda query: not query.default_text().casefold().startswith(" ".join(wanted)))
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
        chosen = self.benchmark.languages if languages is None else tuple(dict.fromkeys(languages))
        if not chosen:
            raise UserError("choose at least one language of documents")
        for lang in chosen:
            self._check_language(lang)
        if (query is None) == (text is None):
            raise UserError("ask either one of the benchmark's questions or a text")
        if query is not None:
            if query not in self.queries:
                raise UserError(f"{self.benchmark.name} has no question '{query}'")
            text = trimmed(self.queries[query].default_text())
        if not text or text.isspace():
            raise UserError("the question is empty")
        orders = []
        for system in self.systems:
            scores = self._scores(system, query, text)
            columns = np.sort(np.concatenate([_columns(system.pool, lang) for lang in chosen]))
            orders.append((system.pool, scores, top(scores, columns, None)))
        judged = () if query is None else self.relevant.get(query, ())
        relevant = {i for i in judged if i in self.docs and self.docs[i].lang in chosen}
        places = [{pool.ids[column]: i for i, column in enumerate(order, start=1)} for pool, _, order in orders]
        return {
            "question": {"text": text} if query is None else self._with_translations(query),
            "pool": len(places[0]),
            "encoders": [
                self._answer(*ranked, relevant, depth, own=place, places=places) for place, ranked in enumerate(orders)
            ],
        }

    def _answer(
        self,
        pool: Pool,
        scores: np.ndarray,
        order: np.ndarray,
        relevant: set[str],
        depth: int,
        *,
        own: int,
        places: Sequence[Mapping[str, int]],
    ) -> dict[str, Any]:
        def entry(doc_id: str) -> dict[str, Any]:
            doc = self.docs[doc_id]
            return {
                "id": doc_id,
                "lang": doc.lang,
                "text": doc.default_text(),
                "context": getattr(doc, "context", ""),
                "title": getattr(doc, "title", ""),
                "position": places[own][doc_id],
                "elsewhere": [found[doc_id] for i, found in enumerate(places) if i != own],
                "score": float(scores[pool.column[doc_id]]),
                "relevant": doc_id in relevant,
            }

        ranking = [entry(doc_id) for doc_id in pool.ids[order[:depth]]]
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
        (_, scores), *_ = system.pool.scores(Vectors(["question"], stored[None]))
        return scores[0]

    def _questions(self, lang: str | None) -> list[Any]:
        if lang is not None:
            self._check_language(lang)
        return [query for query in self.queries.values() if lang in (None, query.lang)]

    def _check_language(self, lang: str) -> None:
        if lang not in self.benchmark.languages:
            known = ", ".join(self.benchmark.languages)
            raise UserError(f"{self.benchmark.name} has no language '{lang}'; it has: {known}")

    def _with_translations(self, query_id: str) -> dict[str, Any]:
        query = self.queries[query_id]
        shared = getattr(query, "parallel_id", None)
        same = [other for other in self.queries.values() if shared is not None and other.parallel_id == shared]
        same.sort(key=lambda other: other.lang)
        return _question(query) | {"translations": [_question(other) for other in same]}


def _question(query: Any) -> dict[str, str]:
    return {"id": query.query_id, "lang": query.lang, "text": query.default_text()}


def _count(records: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for record in records:
        counts[record.lang] = counts.get(record.lang, 0) + 1
    return counts


def _check_count(number: int) -> None:
    if not 1 <= number <= MOST:
        raise UserError(f"{number} is no number from 1 to {MOST}")


def _columns(pool: Pool, lang: str) -> np.ndarray:
    return np.arange(len(pool.ids))[pool.members.get(lang, slice(0))]


def _check_origin(encoder: Encoder, task: Task, docs: Mapping[str, Vectors], folder: Path) -> None:
    """Encode one document a language again: stored vectors of another encoder, or prefix, rank nothing well."""
    sample = [(texts[0], docs[lang].matrix[0]) for lang, texts in task.docs.items() if texts]
    again = encoder.encode([text.text for text, _ in sample], "passage")
    for (text, stored), vector in zip(sample, again, strict=True):
        if stored.shape != vector.shape or float(stored @ vector) < _SAME:
            raise UserError(
                f"{folder} has another vector of '{text.id}' than '{encoder.name}' gives it; "
                "its vectors are of another encoder, or one with other prefixes or pooling"
            )
