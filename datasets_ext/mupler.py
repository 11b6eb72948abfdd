"""MuPLeR: questions about passages of European law, parallel in 14 languages.

People translated the passages (DGT-Acquis, Steinberger et al. 2014); the questions were made by a language model and
looked over. From https://huggingface.co/datasets/mteb/MuPLeR-retrieval, three parquet files a language, as mteb's task
``MuPLeR-retrieval`` reads them: ``corpus`` and ``queries`` (id, text), ``qrels`` (query-id, corpus-id, score). Ids are
taken to be the same in all languages, as passages and questions are by their description; mteb asks each by itself.
"""

from __future__ import annotations

from datasets_ext.errors import CollectionError
from datasets_ext.lines import check_id, read_parquet
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelDoc, ParallelQuery
from datasets_ext.published import Published

LANGUAGES = ("el", "en", "es", "fi", "fr", "it", "lt", "lv", "nl", "pl", "pt", "sk", "sl", "sv")
_PARTS = ("corpus", "queries", "qrels")


def collection(published: Published) -> ParallelCollection:
    """``mupler``: find the passage of European law that answers a question."""
    return published.collection(
        LANGUAGES,
        _load,
        lambda lang: [_file(part, lang) for part in _PARTS],
        licence="EUPL-1.2",
        description="questions about passages of European law that people translated",
    )


def _load(published: Published, lang: str) -> LanguagePart:
    corpus, queries, qrels = (published.path(_file(part, lang)) for part in _PARTS)
    docs: dict[str, ParallelDoc] = {}
    for number, row in read_parquet(corpus, {"id": str, "text": str}):
        check_id(corpus, number, "id", row["id"], docs)
        docs[row["id"]] = ParallelDoc(f"{lang}_{row['id']}", row["text"], "", row.get("title") or "", lang)
    asked: dict[str, ParallelQuery] = {}
    for number, row in read_parquet(queries, {"id": str, "text": str}):
        check_id(queries, number, "id", row["id"], asked)
        asked[row["id"]] = ParallelQuery(f"{row['id']}_{lang}", row["text"], lang, row["id"])
    relevant: dict[str, dict[str, int]] = {}
    for number, row in read_parquet(qrels, {"query-id": str, "corpus-id": str, "score": int}):
        if row["query-id"] not in asked or row["corpus-id"] not in docs:
            missing = row["query-id"] if row["query-id"] not in asked else row["corpus-id"]
            raise CollectionError(f"{qrels} line {number} judges '{missing}', which {lang} has not")
        relevant.setdefault(row["query-id"], {})[f"{lang}_{row['corpus-id']}"] = row["score"]
    return LanguagePart(list(docs.values()), list(asked.values()), relevant)


def _file(part: str, lang: str) -> str:
    return f"{lang}-{part}/test-00000-of-00001.parquet"
