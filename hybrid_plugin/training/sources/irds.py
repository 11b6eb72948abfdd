"""Sources from ir_datasets ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import ir_datasets

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.sources.formats import SourceFormat
from hybrid_plugin.training.sources.pieces import Piece, joined
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store

_NEGATIVES = 16  # of a query, at most, from an ir_datasets id; a collection may have hundreds of millions of them
_PARALLEL = ("mmarco", "neumarco")  # MS MARCO in translation: a query or document has one id in all languages
_ENGLISH = {  # of mMARCO (Bonifacio et al. 2021): the original, which has no id among the others
    f"mmarco/{version}en/{part}": f"msmarco-passage/{part}"
    for version in ("", "v2/")
    for part in ("train", "dev", "dev/small")
}
_CODES = {"dt": "nl"}  # mMARCO's name for Dutch


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
            row.parallel_id,
            row.queries,
            dict.fromkeys(docs, answers),
            dict.fromkeys(docs, others) if others else {},
            origins=tuple(by_lang[lang].dataset_id for lang in sorted(row.queries)),
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
            text = query.default_text()
            yield Row(f"{head}_{query.query_id}", {part.queries: text}, answers, others, origins=(part.dataset_id,))


IRDS = SourceFormat(
    name="irds",
    form="ID",
    description="ir_datasets ids, such as 'mmarco/v2/*/train'",
    load=from_ir_datasets,
    fits=lambda what: bool(matching_ids(what)),
)
