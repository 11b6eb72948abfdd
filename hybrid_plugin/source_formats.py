"""Sources from what others publish: SQuAD files, Tevatron files, ir_datasets ids.

All are read as streams (a SQuAD file, which is one JSON object, file by file); what belongs together is joined on disk.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets

from datasets_ext.jsonl import read_jsonl
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json
from hybrid_plugin.plugins import hookimpl
from hybrid_plugin.sources import Row, Source, SourceFormat, cache_folder, file_key, store

_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
_NEGATIVES = 16  # of a query, at most, from an ir_datasets id; a collection may have hundreds of millions of them
_PARALLEL = ("mmarco", "neumarco")  # MS MARCO in translation: a query or document has one id in all languages
_ENGLISH = {  # of mMARCO (Bonifacio et al. 2021): the original, which has no id among the others
    f"mmarco/{version}en/{part}": f"msmarco-passage/{part}"
    for version in ("", "v2/")
    for part in ("train", "dev", "dev/small")
}
_CODES = {"dt": "nl"}  # mMARCO's name for Dutch


class Piece(NamedTuple):
    """A question in one language, as one file has it."""

    parallel_id: str
    lang: str
    query: str
    passages: list[str] = []  # noqa: RUF012 - never changed
    negatives: list[str] = []  # noqa: RUF012


def joined(pieces: Iterable[Piece]) -> Iterator[Row]:
    """Pieces with the same parallel id as one row, in the order of the ids; joined in a temporary file.

    Raises
    ------
    UserError
        A parallel id is there twice in a language, or a text has half a character; names the id.
    """
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".") as scratch,
        closing(sqlite3.connect(Path(scratch) / "pieces")) as table,
    ):
        table.execute("PRAGMA journal_mode = OFF")
        table.execute("CREATE TABLE piece (id TEXT, lang TEXT, query TEXT, passages TEXT, negatives TEXT)")
        for piece in pieces:
            sides = (json.dumps(side, ensure_ascii=False) for side in piece[3:])
            try:
                table.execute("INSERT INTO piece VALUES (?, ?, ?, ?, ?)", (*piece[:3], *sides))
            except UnicodeEncodeError as error:
                raise UserError(f"'{ascii(piece.parallel_id)[1:-1]}' in '{piece.lang}' has half a character") from error
        ordered = table.execute("SELECT * FROM piece ORDER BY id, lang")
        for parallel_id, group in groupby(ordered, itemgetter(0)):
            queries: dict[str, str] = {}
            passages: dict[str, tuple[str, ...]] = {}
            negatives: dict[str, tuple[str, ...]] = {}
            for _, lang, query, answers, others in group:
                if lang in queries:
                    raise UserError(f"the id '{parallel_id}' is twice among the questions in '{lang}'")
                queries[lang] = query
                passages[lang], negatives[lang] = (tuple(dict.fromkeys(json.loads(side))) for side in (answers, others))
            yield Row(
                parallel_id,
                queries,
                {lang: found for lang, found in passages.items() if found},
                {lang: found for lang, found in negatives.items() if found},
            )


def from_squad(name: str, what: str) -> Source:
    """The pairs of SQuAD's files, one a language, with the same id for the same question (XQuAD, MLQA).

    The passage is the paragraph; in files with ``sentences`` and ``sentence_breaks`` (LAReQA's) the sentence in which
    the answer starts. Questions without an answer (SQuAD 2) are left out, with a warning that counts them.

    Parameters
    ----------
    what : see :func:`language_files`.

    Raises
    ------
    UserError
        Names the file and the question at fault.
    """
    return _from_files(name, what, ".json", "squad", _squad)


def from_tevatron(name: str, what: str) -> Source:
    """The pairs of Tevatron's training files, one a language; rows with the same ``query_id`` are joined.

    A line is ``{"query_id": "7", "query": "...", "positive_passages": [{"docid": "p", "title": "...", "text": "..."}],
    "negative_passages": [...]}``. A passage is its title and its text with a space between, as in Tevatron. Lines
    without a positive passage are left out, with a warning that counts them.

    Parameters
    ----------
    what : see :func:`language_files`.

    Raises
    ------
    CollectionError, UserError
        Names the file and line.
    """
    return _from_files(name, what, ".jsonl", "tevatron", _tevatron)


def _from_files(name: str, what: str, ending: str, kind: str, read: Callable[[Path, str], Iterator[Piece]]) -> Source:
    files = language_files(what, ending)

    def pieces() -> Iterator[Piece]:
        for lang, path in files.items():
            left_out = 0
            for piece in read(path, lang):
                if piece.passages:
                    yield piece
                else:
                    left_out += 1
            if left_out:
                warnings.warn(f"{path}: questions left out for lack of an answer: {left_out}", stacklevel=2)

    return store(name, joined(pieces()), key=file_key(" ".join([kind, *files]), files.values()))


def language_files(what: str, ending: str) -> dict[str, Path]:
    """The file of each language.

    Parameters
    ----------
    what : a folder with ``{lang}.json`` or ``anything.{lang}.json`` (or what else ``ending`` is), or
        ``LANG=FILE,LANG=FILE``.

    Raises
    ------
    UserError
        A file does not exist, or the language of one is not clear; names it.
    """
    if Path(what).is_dir():
        found = sorted(Path(what).glob(f"*{ending}"))
        pairs = [(path.name.removesuffix(ending).rsplit(".", 1)[-1], path) for path in found]
        if not pairs:
            raise UserError(f"{what} holds no {{lang}}{ending}")
    elif "=" in what:
        pairs = [(lang, Path(path)) for lang, _, path in (part.partition("=") for part in what.split(","))]
    else:
        raise UserError(f"'{what}' is not a folder with {{lang}}{ending}; for other names write LANG=FILE,LANG=FILE")
    files: dict[str, Path] = {}
    for lang, path in pairs:
        if not _LANG.fullmatch(lang):
            raise UserError(
                f"'{lang}' of {path} is not a language; call it {{lang}}{ending}, or write LANG=FILE,LANG=FILE"
            )
        if lang in files:
            raise UserError(f"{files[lang]} and {path} are both in '{lang}'")
        if not path.is_file():
            raise UserError(f"there is no file '{path}'")
        files[lang] = path
    return files


def _squad(path: Path, lang: str) -> Iterator[Piece]:
    for a, article in enumerate(_given(read_json(path), "data", list, f"{path}"), start=1):
        for p, paragraph in enumerate(_given(article, "paragraphs", list, f"{path} article {a}"), start=1):
            for q, question in enumerate(_given(paragraph, "qas", list, f"{path} article {a} paragraph {p}"), start=1):
                where = f"{path} article {a} paragraph {p} question {q}"
                starts = [_given(one, "answer_start", int, where) for one in _given(question, "answers", list, where)]
                passages = _answering(paragraph, starts, where) if starts else []
                yield Piece(
                    _given(question, "id", str, where), lang, _given(question, "question", str, where), passages
                )


def _answering(paragraph: dict[str, Any], starts: list[int], where: str) -> list[str]:
    if "sentence_breaks" not in paragraph:
        return [_given(paragraph, "context", str, where)]
    breaks, sentences = (_given(paragraph, key, list, where) for key in ("sentence_breaks", "sentences"))
    if len(breaks) != len(sentences):
        raise UserError(f"{where} has {len(sentences)} sentences, but {len(breaks)} sentence_breaks")
    return [
        text for text, (start, end) in zip(sentences, breaks, strict=True) if any(start <= at < end for at in starts)
    ]


def _tevatron(path: Path, lang: str) -> Iterator[Piece]:
    for number, row in read_jsonl(path, {"query_id": str, "query": str, "positive_passages": list}):
        where = f"{path} line {number}"
        negatives = _given(row, "negative_passages", list, where) if row.get("negative_passages") else []
        positive, negative = ([_titled(one, where) for one in side] for side in (row["positive_passages"], negatives))
        yield Piece(row["query_id"], lang, row["query"], positive, negative)


def _titled(passage: Any, where: str) -> str:
    text: str = _given(passage, "text", str, where)
    return f"{passage.get('title') or ''} {text}".strip()


_KINDS = {str: "text", list: "list", int: "number"}


def _given(value: Any, key: str, kind: type, where: str) -> Any:
    """A value of a JSON object that must be there and not empty; an empty list may be."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, kind) or (isinstance(found, str) and not found.strip()):
        raise UserError(f"{where} needs the key '{key}' with a {_KINDS[kind]}")
    return found


@dataclass(frozen=True)
class _Part:
    """An ir_datasets id with documents, queries and qrels in known languages."""

    dataset_id: str
    dataset: Any
    queries: str  # their language
    docs: str  # their language

    @classmethod
    def load(cls, dataset_id: str) -> _Part:
        dataset = ir_datasets.load(dataset_id)
        for side in ("docs", "queries", "qrels"):
            if not dataset.has(side):
                raise UserError(f"'{dataset_id}' has no {side}, so there are no pairs to train on")
        languages = [getattr(dataset, f"{side}_lang")() for side in ("queries", "docs")]
        if None in languages:
            raise UserError(f"'{dataset_id}' does not say the language of its queries and documents")
        queries, docs = (_CODES.get(lang, lang) for lang in languages)
        return cls(dataset_id, dataset, queries, docs)

    def judged(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The documents that answer each query that has any, and some that do not."""
        relevant: dict[str, list[str]] = {}
        negatives: dict[str, list[str]] = {}
        for qrel in self.dataset.qrels_iter():
            (relevant if qrel.relevance > 0 else negatives).setdefault(qrel.query_id, []).append(qrel.doc_id)
        negatives = {query: found[:_NEGATIVES] for query, found in negatives.items()}
        for pair in self.dataset.docpairs_iter() if self.dataset.has("docpairs") else ():
            found = negatives.setdefault(pair.query_id, [])
            if len(found) < _NEGATIVES and pair.doc_id_b not in (*found, *relevant.get(pair.query_id, ())):
                found.append(pair.doc_id_b)
        return relevant, negatives


def from_ir_datasets(name: str, pattern: str) -> Source:
    """The pairs of ir_datasets ids: queries, and the documents that their qrels name.

    Rows hold the documents' ids; texts are looked up in the documents' store when they are drawn. Documents judged
    not relevant and those of docpairs are negatives, up to 16 a query. In mMARCO and NeuMARCO the queries and
    documents of all languages with the same id are one row, and qrels and docpairs those of the first id, since all
    have the same; elsewhere each query is a row, its id headed by its language.

    Parameters
    ----------
    pattern : an id, or several: ``*`` is any part of an id between slashes, ``de,fr`` either of them.

    Raises
    ------
    UserError
        No id fits, or one cannot be trained on; names it.
    """
    names = matching_ids(pattern)
    parts = [_Part.load(_ENGLISH.get(one, one)) for one in names]
    parallel = all(one.split("/")[0] in _PARALLEL for one in names)
    if parallel and len({part.docs for part in parts}) < len(parts):
        raise UserError(f"'{pattern}' names two parts of a parallel collection; take one, such as '{names[0]}'")
    docs: dict[str, str] = {}
    for part in parts:
        before = docs.setdefault(part.docs, part.dataset_id)
        if ir_datasets.docs_parent_id(before) != ir_datasets.docs_parent_id(part.dataset_id):
            raise UserError(f"'{before}' and '{part.dataset_id}' have different documents in '{part.docs}'")
    state = hashlib.sha256(repr(("ir_datasets", names, ir_datasets.__version__)).encode())
    for part in parts[:1] if parallel else parts:
        for qrel in part.dataset.qrels_iter():
            state.update(f"{qrel.query_id} {qrel.doc_id} {qrel.relevance}\n".encode())
    rows = _parallel_rows(parts) if parallel else (row for part in parts for row in _rows(part))
    return store(name, rows, key=state.hexdigest(), docs=docs)


def matching_ids(pattern: str) -> list[str]:
    """The ids that a pattern means, sorted; see :func:`from_ir_datasets`."""
    if not set("*,{") & set(pattern):
        try:
            ir_datasets.load(_ENGLISH.get(pattern, pattern))
        except KeyError:
            return []
        return [pattern]
    options = [part.strip("{}").split(",") for part in pattern.split("/")]
    ids = (one.split("/") for one in (*ir_datasets.registry, *_ENGLISH))
    return sorted(
        "/".join(one)
        for one in ids
        if len(one) == len(options)
        and all(any(fnmatchcase(part, option) for option in some) for part, some in zip(one, options, strict=True))
    )


def _parallel_rows(parts: list[_Part]) -> Iterator[Row]:
    relevant, negatives = parts[0].judged()
    by_lang = {part.queries: part for part in parts}
    pieces = (
        Piece(query.query_id, lang, query.default_text())
        for lang, part in by_lang.items()
        for query in part.dataset.queries_iter()
        if query.query_id in relevant
    )
    docs = list(dict.fromkeys(part.docs for part in parts))
    for row in joined(pieces):
        answers, others = (tuple(side.get(row.parallel_id, ())) for side in (relevant, negatives))
        yield Row(
            row.parallel_id, row.queries, dict.fromkeys(docs, answers), dict.fromkeys(docs, others) if others else {}
        )


def _rows(part: _Part) -> Iterator[Row]:
    relevant, negatives = part.judged()
    head = part.queries if part.queries == part.docs else f"{part.queries}-{part.docs}"
    for query in part.dataset.queries_iter():
        if query.query_id in relevant:
            answers, others = (
                {part.docs: tuple(side[query.query_id])} if side.get(query.query_id) else {}
                for side in (relevant, negatives)
            )
            yield Row(f"{head}_{query.query_id}", {part.queries: query.default_text()}, answers, others)


def _holds(ending: str) -> Callable[[str], bool]:
    return lambda what: Path(what).is_dir() and any(Path(what).glob(f"*{ending}"))


@hookimpl
def hybrid_ir_source_formats() -> list[SourceFormat]:
    return [
        SourceFormat("squad", "FOLDER", "SQuAD files {lang}.json with the same ids", from_squad, _holds(".json")),
        SourceFormat("tevatron", "FOLDER", "Tevatron files {lang}.jsonl", from_tevatron, _holds(".jsonl")),
        SourceFormat(
            "irds",
            "ID",
            "ir_datasets ids, such as 'mmarco/v2/*/train'",
            from_ir_datasets,
            lambda what: bool(matching_ids(what)),
        ),
    ]
