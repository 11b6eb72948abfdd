"""Sources from parallel collections."""

from __future__ import annotations

import ir_datasets

from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store


def from_collection(name: str, dataset_id: str) -> Source:
    """The pairs of a parallel collection: all queries of an ir_datasets id with the documents that answer them.

    Queries need ``parallel_id`` and ``lang``, documents ``lang``, as the collections of ``datasets_ext`` have them.
    Whatever is made of the rows is made from the id, which may be a part of what the source is called after.
    """
    dataset = ir_datasets.load(dataset_id)
    docs = {doc.doc_id: doc for doc in dataset.docs_iter()}
    relevant: dict[str, list[str]] = {}
    for qrel in dataset.qrels_iter():
        if qrel.relevance > 0:
            relevant.setdefault(qrel.query_id, []).append(qrel.doc_id)
    queries: dict[str, dict[str, str]] = {}
    passages: dict[str, dict[str, tuple[str, ...]]] = {}
    for query in dataset.queries_iter():
        queries.setdefault(query.parallel_id, {})[query.lang] = query.text
        if query.parallel_id not in passages:  # a parallel id has the same relevant documents in every language
            by_lang: dict[str, list[str]] = {}
            for doc_id in relevant.get(query.query_id, ()):
                by_lang.setdefault(docs[doc_id].lang, []).append(docs[doc_id].text)
            passages[query.parallel_id] = {lang: tuple(dict.fromkeys(texts)) for lang, texts in by_lang.items()}
    return store(name, (Row(key, queries[key], passages[key], origins=(dataset_id,)) for key in queries))
