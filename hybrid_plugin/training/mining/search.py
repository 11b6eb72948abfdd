"""Exact search for the negatives of a source's queries, language by language, vectors and texts on disk."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from scipy.sparse import csr_array
from tqdm.auto import tqdm

from hybrid_plugin.encoding.encode import encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.matrix import StoredMatrix
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.texts import Text, trimmed
from hybrid_plugin.training.mining.corpus import Corpus
from hybrid_plugin.training.mining.judging import Judge, choose
from hybrid_plugin.training.mining.nearest import nearest
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.mining.texts import Texts
from hybrid_plugin.training.sources.row import Row, negative_languages
from hybrid_plugin.training.sources.source import Source

_QUERIES = 4096  # searched at a time


@dataclass(frozen=True)
class Inputs:
    """Whose negatives are looked for, where, and with what.

    Parameters
    ----------
    identity : of the encoder.
    corpus : documents beside the source's own passages.
    judges : by name; what one of them takes for an answer is left out.
    """

    source: Source
    encoder: Encoder
    identity: Mapping[str, Any]
    corpus: Corpus | None
    judges: Mapping[str, Judge]


class Search:
    """The negatives of each query of a source, all found when it is made, and looked up row by row.

    Parameters
    ----------
    folder : gets texts, vectors and what was found; in use until :meth:`close`.
    vectors : a folder that keeps vectors, and has those of another time.
    """

    def __init__(
        self,
        inputs: Inputs,
        folder: Path,
        settings: MiningSettings,
        vectors: Path | None,
        progress: bool,
    ):
        self._inputs, self._source, self._settings = inputs, inputs.source, settings
        self._folder, self._vectors, self._progress = folder, vectors, progress
        self._texts: dict[str, Texts] = {}
        for lang in sorted({lang for pattern in self._source.patterns for lang in pattern.passages}):
            self._add_language(lang)
        read = self._read()
        with_documents = set() if inputs.corpus is None else self._read_corpus(inputs.corpus)
        self._passage_langs = sorted(self._texts)
        self._answers = self._matrices(read)
        self._passages = {
            lang: self._encoded_passages(lang, texts, lang in with_documents) for lang, texts in self._texts.items()
        }
        self.largest = max(map(len, self._texts.values()))  # number of passages of a language
        self.languages = len({*self._passage_langs, *self._askers})
        self._above = 0  # hits above the limit of ``max_share``
        self._found: dict[tuple[str, str], np.ndarray] = {}  # (query's, passage's language) -> numbers, -1 for none
        for lang in self._askers:
            self._find(lang)

    @property
    def left_out(self) -> dict[str, int]:
        """Candidates that likely answer, by what found them."""
        shares = {} if self._settings.max_share is None else {"max_share": self._above}
        return shares | {name: judge.left_out for name, judge in self._inputs.judges.items()}

    def negatives(self, place: int, row: Row) -> dict[str, tuple[str, ...]]:
        """The texts of a row's negatives by language."""
        found: dict[str, dict[int, None]] = {}
        for query_lang in sorted(row.queries):
            at = np.searchsorted(self._askers[query_lang], place)
            for lang in negative_languages(self._settings.languages, query_lang, self._passage_langs):
                numbers = self._found[query_lang, lang][at]
                found.setdefault(lang, {}).update(dict.fromkeys(numbers[numbers >= 0].tolist()))
        return {lang: tuple(map(self._texts[lang].__getitem__, numbers)) for lang, numbers in found.items() if numbers}

    def close(self) -> None:
        for texts in self._texts.values():
            texts.close()

    def _add_language(self, lang: str) -> None:
        self._texts[lang] = Texts(lang, (self._folder / f"{lang}.texts").open("w+b"))

    def _read(self) -> dict[str, tuple[array[int], array[int]]]:
        """Number the passages, and note who asks; returns what answers: rows and numbers, by language."""
        askers: dict[str, array[int]] = {}  # the rows that have a query in the language
        answers: dict[str, tuple[array[int], array[int]]] = {lang: (array("I"), array("I")) for lang in self._texts}
        for place, row in enumerate(tqdm(self._source, desc="read", unit="row", disable=not self._progress)):
            for lang in row.queries:
                askers.setdefault(lang, array("I")).append(place)
            for lang, stored in row.passages.items():
                for one in stored:
                    answers[lang][0].append(place)
                    answers[lang][1].append(self._texts[lang].number(row.text(lang, one)))
            for lang, stored in row.negatives.items():
                for one in stored if lang in self._texts else ():
                    self._texts[lang].number(row.text(lang, one))
        self._askers = {lang: np.frombuffer(askers[lang], np.uint32) for lang in sorted(askers)}
        return answers

    def _read_corpus(self, corpus: Corpus) -> set[str]:
        """Number the documents in languages that are looked in; returns these."""
        wanted: dict[str, bool] = {}
        texts = tqdm(corpus, desc=f"read {corpus.name}", unit="doc", total=corpus.total, disable=not self._progress)
        for text in texts:
            lang = text.lang or ""
            if lang not in wanted:
                wanted[lang] = any(negative_languages(self._settings.languages, one, [lang]) for one in self._askers)
                if wanted[lang] and lang not in self._texts:
                    self._add_language(lang)
            if wanted[lang]:
                self._texts[lang].number(text.text)
        found = {lang for lang, one in wanted.items() if one}
        if not found:
            raise UserError(
                f"'{corpus.name}' has documents in {' '.join(sorted(wanted)) or 'no language'}, in none of which "
                f"negatives of '{self._source.name}' are looked for; choose other --languages"
            )
        return found

    def _matrices(self, read: Mapping[str, tuple[array[int], array[int]]]) -> dict[str, csr_array]:
        """1 where a passage answers a row, [rows, passages], by language."""
        nothing: tuple[array[int], array[int]] = (array("I"), array("I"))
        found = {}
        for lang, texts in self._texts.items():
            places, numbers = (np.array(one, np.uint32) for one in read.get(lang, nothing))
            ones = np.ones(len(places), np.int32)
            found[lang] = csr_array((ones, (places, numbers)), shape=(len(self._source), len(texts)))
        return found

    def _encoded_passages(self, lang: str, texts: Texts, with_documents: bool) -> np.ndarray | StoredMatrix:
        name = f"{lang}.documents" if with_documents else f"{lang}.passages"
        more = {"documents": texts.checksum} if with_documents else None
        return self._encoded(texts, "passage", name, len(texts), more)

    def _encoded(
        self, texts: Iterable[Text], kind: Kind, name: str, total: int, more: Mapping[str, str] | None = None
    ) -> np.ndarray | StoredMatrix:
        request = None if self._vectors is None else {"texts": name, "source": self._source.checksum, **(more or {})}
        return encode_to_folder(
            self._inputs.encoder,
            texts,
            kind,
            (self._vectors or self._folder) / name,
            total=total,
            progress=self._progress,
            request=request and {**request, "encoder": self._inputs.identity},
            overwrite=None,
            about={"identity": self._inputs.identity},
        ).matrix

    def _find(self, query_lang: str) -> None:
        """Search for the queries of a language."""
        places = self._askers[query_lang]
        languages = negative_languages(self._settings.languages, query_lang, self._passage_langs)
        if not languages:
            return
        rows = (row for row in self._source if query_lang in row.queries)
        texts = (Text(str(number), trimmed(row.queries[query_lang]), query_lang) for number, row in enumerate(rows))
        queries = self._encoded(texts, "query", f"{query_lang}.queries", len(places))
        for lang in languages:
            path = self._folder / f"{query_lang}.{lang}.found.npy"
            self._found[query_lang, lang] = open_memmap(path, "w+", np.int32, (len(places), self._settings.negatives))
        pairs = len(places) * sum(len(self._passages[lang]) for lang in languages)
        with tqdm(
            desc=f"search {query_lang}", unit="pair", unit_scale=True, total=pairs, disable=not self._progress
        ) as bar:
            for start in range(0, len(places), _QUERIES):
                block = slice(start, start + _QUERIES)
                candidates = self._candidates(np.asarray(queries[block]), places[block], languages, bar.update)
                for lang, numbers in candidates:
                    self._found[query_lang, lang][block] = self._chosen(query_lang, lang, places[block], numbers)

    def _candidates(
        self, queries: np.ndarray, places: np.ndarray, languages: list[str], seen: Callable[[int], object]
    ) -> Iterator[tuple[str, list[np.ndarray]]]:
        """By language, the numbers of the passages that may be negatives of each query, from the best down."""
        # Rows that share an answer, in any language, with those of the block.
        kin = sum(answers[places] @ answers.T for answers in self._answers.values())
        limits = self._limits(queries, places) if self._settings.max_share is not None else {}
        for lang in languages:
            matrix = self._passages[lang]
            depth = min(self._settings.depth, len(matrix))
            scores, numbers = nearest(queries, matrix, depth, self._inputs.encoder.device, seen)
            forbidden = kin @ self._answers[lang]
            found = []
            for i in range(len(queries)):
                answering = forbidden.indices[forbidden.indptr[i] : forbidden.indptr[i + 1]]
                allowed = ~np.isin(numbers[i], answering)
                if lang in limits:
                    within = scores[i] <= limits[lang][i]
                    self._above += int((allowed & ~within).sum())
                    allowed &= within
                found.append(numbers[i][allowed])
            yield lang, found

    def _chosen(self, query_lang: str, lang: str, places: np.ndarray, candidates: list[np.ndarray]) -> np.ndarray:
        """The numbers of the negatives of some queries, -1 for none, int32 [queries, negatives]."""
        judges = [*self._inputs.judges.values()]
        rows = self._source.take(places.tolist()) if judges else []

        def query(i: int) -> Text:
            return Text("", trimmed(rows[i].queries[query_lang]), query_lang)

        def answers(i: int) -> list[Text]:
            row = rows[i]
            return [
                Text("", trimmed(row.text(one, stored)), one)
                for one in ([lang] if lang in row.passages else row.passages)
                for stored in row.passages[one]
            ]

        return choose(candidates, self._settings.negatives, judges, query, answers, self._texts[lang].text)

    def _limits(self, queries: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
        """By language, the score above which a passage is left out for each query, float32 [queries]."""
        assert self._settings.max_share is not None
        positives = {}
        for lang, answers in self._answers.items():
            own = answers[places].tocoo()
            scores = np.full(len(queries), -np.inf, np.float32)
            np.maximum.at(scores, own.row, (queries[own.row] * self._passages[lang][own.col]).sum(1))
            positives[lang] = scores
        anywhere = np.max(list(positives.values()), axis=0)
        return {
            lang: self._settings.max_share * np.where(np.isinf(scores), anywhere, scores)
            for lang, scores in positives.items()
        }
