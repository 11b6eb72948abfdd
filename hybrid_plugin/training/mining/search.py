"""Exact search for the negatives of a source's queries, language by language, its vectors on disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.lib.format import open_memmap
from scipy.sparse import csr_array
from tqdm.auto import tqdm

from hybrid_plugin.encoding.encode import encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.matrix import StoredMatrix
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.tasks.texts import Text, trimmed
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.mining.texts import Texts
from hybrid_plugin.training.sources.row import Row, negative_languages
from hybrid_plugin.training.sources.source import Source

_QUERIES = 1024  # searched at a time
_PASSAGES = 65536  # searched at a time


class Search:
    """The negatives of each query of a source, all found when it is made, and looked up row by row.

    Parameters
    ----------
    identity : of the encoder.
    folder : gets texts, vectors and what was found; in use until :meth:`close`.
    vectors : a folder that keeps vectors, and has those of another time.
    """

    def __init__(
        self,
        source: Source,
        encoder: Encoder,
        identity: Mapping[str, Any],
        folder: Path,
        settings: MiningSettings,
        vectors: Path | None,
        progress: bool,
    ):
        self._source, self._settings, self._folder, self._progress = source, settings, folder, progress
        self._encoder, self._identity, self._vectors = encoder, identity, vectors
        self._passage_langs = sorted({lang for pattern in source.patterns for lang in pattern.passages})
        self._texts = {lang: Texts(lang, (folder / f"{lang}.texts").open("w+b")) for lang in self._passage_langs}
        self._read()
        self._passages = {
            lang: self._encoded(texts, "passage", f"{lang}.passages", len(texts)) for lang, texts in self._texts.items()
        }
        self.largest = max(map(len, self._texts.values()))  # number of passages of a language
        self.languages = len({*self._passage_langs, *self._askers})
        self.left_out = 0  # hits above the limit of ``max_share``
        self._found: dict[tuple[str, str], np.ndarray] = {}  # (query's, passage's language) -> numbers, -1 for none
        for lang in self._askers:
            self._find(lang)

    def negatives(self, place: int, row: Row) -> dict[str, list[str]]:
        """The texts of a row's negatives by language."""
        found: dict[str, dict[int, None]] = {}
        for query_lang in sorted(row.queries):
            at = np.searchsorted(self._askers[query_lang], place)
            for lang in negative_languages(self._settings.languages, query_lang, self._passage_langs):
                numbers = self._found[query_lang, lang][at]
                found.setdefault(lang, {}).update(dict.fromkeys(numbers[numbers >= 0].tolist()))
        return {lang: [self._texts[lang][number] for number in numbers] for lang, numbers in found.items() if numbers}

    def close(self) -> None:
        for texts in self._texts.values():
            texts.close()

    def _read(self) -> None:
        """Number the passages, and note who asks and what answers, by language."""
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
        self._answers = {  # 1 where a passage answers a row, [rows, passages]
            lang: csr_array(
                (np.ones(len(places), np.int32), (np.frombuffer(places, np.uint32), np.frombuffer(numbers, np.uint32))),
                shape=(len(self._source), len(self._texts[lang])),
            )
            for lang, (places, numbers) in answers.items()
        }

    def _encoded(self, texts: Iterable[Text], kind: Kind, name: str, total: int) -> np.ndarray | StoredMatrix:
        request = None if self._vectors is None else {"texts": name, "source": self._source.checksum}
        return encode_to_folder(
            self._encoder,
            texts,
            kind,
            (self._vectors or self._folder) / name,
            total=total,
            progress=self._progress,
            request=request and {**request, "encoder": self._identity},
            overwrite=None,
            about={"identity": self._identity},
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
        blocks = range(0, len(places), _QUERIES)
        for start in tqdm(blocks, desc=f"search {query_lang}", unit="block", disable=not self._progress):
            block = slice(start, start + _QUERIES)
            for lang, numbers in self._hits(np.asarray(queries[block]), places[block], languages):
                self._found[query_lang, lang][block] = numbers

    def _hits(self, queries: np.ndarray, places: np.ndarray, languages: list[str]) -> Iterator[tuple[str, np.ndarray]]:
        """The numbers of the negatives of a block of queries, int [queries, negatives], by language."""
        # Rows that share an answer, in any language, with those of the block.
        kin = sum(answers[places] @ answers.T for answers in self._answers.values())
        limits = self._limits(queries, places) if self._settings.max_share is not None else {}
        for lang in languages:
            matrix = self._passages[lang]
            depth = min(self._settings.depth, len(matrix))
            best = faiss.ResultHeap(len(queries), depth, keep_max=True)
            for start in range(0, len(matrix), _PASSAGES):
                part = np.ascontiguousarray(matrix[start : start + _PASSAGES])
                scores, numbers = faiss.knn(queries, part, min(depth, len(part)), faiss.METRIC_INNER_PRODUCT)
                best.add_result(scores, numbers + start)
            best.finalize()
            forbidden = kin @ self._answers[lang]
            result = np.full((len(queries), self._settings.negatives), -1, np.int32)
            for i in range(len(queries)):
                answering = forbidden.indices[forbidden.indptr[i] : forbidden.indptr[i + 1]]
                allowed = (best.I[i] >= 0) & ~np.isin(best.I[i], answering)
                if lang in limits:
                    within = best.D[i] <= limits[lang][i]
                    self.left_out += int((allowed & ~within).sum())
                    allowed &= within
                ordered = sorted(zip(-best.D[i][allowed], best.I[i][allowed], strict=True))  # ties by number
                for column, (_, number) in enumerate(islice(ordered, self._settings.negatives)):
                    result[i, column] = number
            yield lang, result

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
