"""Hard negatives: passages that an encoder ranks high for a question, and that do not answer it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, get_args

import faiss
import numpy as np
from numpy.lib.format import open_memmap
from scipy.sparse import csr_array
from tqdm.auto import tqdm

from hybrid_plugin.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import whole_file
from hybrid_plugin.sources import NegativeLanguages, Row, Source, negative_languages, store
from hybrid_plugin.vectors import Text, encode_to_folder

_QUERIES = 1024  # searched at a time
_PASSAGES = 65536  # searched at a time


@dataclass(frozen=True)
class MiningSettings:
    """Which passages are hard negatives.

    Parameters
    ----------
    languages : in the ``query``'s language, in the ``others``, or ``both``.
    negatives : at most so many for each query, in each of these languages: the highest ranked.
    depth : look no further down a ranking of the passages of a language.
    max_share : leave out what scores above this share of the positive's score, which is likely an answer that nobody
        judged (TopK-PercPos of NV-Retriever, de Souza P. Moreira et al. 2024, arXiv 2407.15831, which uses 0.95). The
        positive is the best one in the negative's language or, where the row has none there, in any.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    languages: NegativeLanguages = "query"
    negatives: int = 4
    depth: int = 100
    max_share: float | None = None

    def __post_init__(self) -> None:
        if self.languages not in get_args(NegativeLanguages):
            raise UserError(
                f"unknown languages '{self.languages}' to mine in; known: {', '.join(get_args(NegativeLanguages))}"
            )
        if self.negatives < 1 or self.depth < self.negatives:
            raise UserError(
                f"negatives is {self.negatives} and depth is {self.depth}; there must be at least 1 negative, and the "
                "depth must not be below their number"
            )
        if self.max_share is not None and not self.max_share > 0:
            raise UserError(f"the share of the positive's score is {self.max_share}; it must be above 0")


@dataclass(frozen=True)
class Mined:
    """What was found."""

    rows: int
    rows_with_negatives: int
    negatives: int


class _Texts:
    """The distinct texts of a language, in a file; in memory a hash and an offset of each."""

    def __init__(self, lang: str, file: IO[bytes]):
        self._lang, self._file, self._ends = lang, file, array("Q", [0])
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, text: str) -> int:
        """The text's number, from 0 in order of appearance."""
        data = text.encode()
        number = self._numbers.setdefault(hashlib.blake2b(data, digest_size=16).digest(), len(self._numbers))
        if number == len(self._ends) - 1:  # a new one; all are written before the first is read
            self._file.write(data)
            self._ends.append(self._ends[-1] + len(data))
        return number

    def __getitem__(self, number: int) -> str:
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number]).decode()

    def __iter__(self) -> Iterator[Text]:
        return (Text(str(number), self[number], self._lang) for number in range(len(self)))

    def close(self) -> None:
        self._file.close()


def mine(
    source: Source,
    encoder: Encoder,
    output: Path,
    settings: MiningSettings | None = None,
    *,
    batch_size: int | None = None,
    progress: bool = False,
) -> Mined:
    """Mine hard negatives among all passages of a source and write its rows with them, as JSON lines.

    Never a negative of a row: what answers it, in any language, and what answers a row that shares an answer with it.
    A row's negatives of a language are those of its queries, in the order of their languages; negatives that the
    source has itself are among the passages searched, but not written unless they are found. Vectors and texts are
    kept on disk, in the output's folder, until the end.

    Parameters
    ----------
    output : gets the lines that :func:`hybrid_plugin.sources.from_jsonl` reads, all or none.

    Raises
    ------
    UserError
        No negative was found for any row.
    """
    settings = settings or MiningSettings()
    with (
        whole_file(output) as file,
        tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch,
        closing(_Search(source, encoder, Path(scratch), settings, batch_size, progress)) as search,
    ):
        rows_with = negatives = 0
        for place, row in enumerate(tqdm(source, desc="write", unit="row", disable=not progress)):
            found = search.negatives(place, row)
            rows_with += bool(found)
            negatives += sum(map(len, found.values()))
            line: dict[str, Any] = {"id": row.parallel_id, "queries": dict(row.queries)}
            line["passages"] = {lang: [row.text(lang, one) for one in some] for lang, some in row.passages.items()}
            file.write(json.dumps(line | ({"negatives": found} if found else {}), ensure_ascii=False) + "\n")
        if not negatives:
            raise UserError(
                f"no negative was found in '{source.name}': the first {settings.depth} passages of every ranking "
                "answer the question, or score too near to one that does; raise the depth or the share"
            )
    return Mined(len(source), rows_with, negatives)


def pooled(sources: Sequence[Source]) -> Source:
    """Several sources as one, so that negatives come from all of them; ids get their source's name before them."""
    if len(sources) == 1:
        return sources[0]

    def texts(row: Row, side: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {lang: tuple(row.text(lang, one) for one in some) for lang, some in side.items()}

    rows = (
        replace(
            row,
            parallel_id=f"{source.name}:{row.parallel_id}",
            passages=texts(row, row.passages),
            negatives=texts(row, row.negatives),
        )
        for source in sources
        for row in source
    )
    return store(" + ".join(source.name for source in sources), rows)


class _Search:
    """The negatives of each query of a source, found language by language."""

    def __init__(
        self,
        source: Source,
        encoder: Encoder,
        folder: Path,
        settings: MiningSettings,
        batch_size: int | None,
        progress: bool,
    ):
        self._source, self._settings, self._folder, self._progress = source, settings, folder, progress
        self._encode = partial(encode_to_folder, encoder, batch_size=batch_size, progress=progress)
        self._passage_langs = sorted({lang for pattern in source.patterns for lang in pattern.passages})
        self._texts = {lang: _Texts(lang, (folder / f"{lang}.texts").open("w+b")) for lang in self._passage_langs}
        self._read()
        self._passages = {
            lang: self._encode(texts, "passage", folder / f"{lang}.passages", total=len(texts)).matrix
            for lang, texts in self._texts.items()
        }
        self._found: dict[tuple[str, str], np.ndarray] = {}  # (query's, passage's language) -> numbers, -1 for none
        for lang in self._askers:
            self._find(lang)

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

    def _find(self, query_lang: str) -> None:
        """Search for the queries of a language."""
        places = self._askers[query_lang]
        languages = negative_languages(self._settings.languages, query_lang, self._passage_langs)
        if not languages:
            return
        rows = (row for row in self._source if query_lang in row.queries)
        texts = (Text(str(number), row.queries[query_lang], query_lang) for number, row in enumerate(rows))
        queries = self._encode(texts, "query", self._folder / f"{query_lang}.queries", total=len(places)).matrix
        for lang in languages:
            path = self._folder / f"{query_lang}.{lang}.found.npy"
            self._found[query_lang, lang] = open_memmap(path, "w+", np.int32, (len(places), self._settings.negatives))
        blocks = range(0, len(places), _QUERIES)
        for start in tqdm(blocks, desc=f"search {query_lang}", unit="block", disable=not self._progress):
            block = slice(start, start + _QUERIES)
            for lang, numbers in self._hits(np.asarray(queries[block]), places[block], languages):
                self._found[query_lang, lang][block] = numbers

    def close(self) -> None:
        for texts in self._texts.values():
            texts.close()

    def negatives(self, place: int, row: Row) -> dict[str, list[str]]:
        """The texts of a row's negatives by language."""
        found: dict[str, dict[int, None]] = {}
        for query_lang in sorted(row.queries):
            at = np.searchsorted(self._askers[query_lang], place)
            for lang in negative_languages(self._settings.languages, query_lang, self._passage_langs):
                numbers = self._found[query_lang, lang][at]
                found.setdefault(lang, {}).update(dict.fromkeys(numbers[numbers >= 0].tolist()))
        return {lang: [self._texts[lang][number] for number in numbers] for lang, numbers in found.items() if numbers}

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
                    allowed &= best.D[i] <= limits[lang][i]
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
