"""Whether texts and judgements are still those of before: checksums of what a collection holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.texts import Text, count_texts, documents, query_texts

MANY = 200_000  # texts that are not read only to compare them


class Summed(Iterable[Text]):
    """Texts, and their checksum and number once they have been read."""

    def __init__(self, texts: Iterable[Text]):
        self._texts, self._state = texts, hashlib.sha256()
        self.count = 0

    def __iter__(self) -> Iterator[Text]:
        for text in self._texts:
            self.count += 1
            self._state.update(f"{text.id}\0{text.text}\0".encode())
            yield text

    @property
    def checksum(self) -> str:
        """SHA-256 of the ids and texts that were read, in their order."""
        return f"sha256:{self._state.hexdigest()}"


def checksum(texts: Iterable[Text]) -> str:
    """SHA-256 of the ids and texts, in their order."""
    summed = Summed(texts)
    for _ in summed:
        pass
    return summed.checksum


def is_few(dataset_id: str, side: str) -> bool:
    """Whether an entry's ``docs`` or ``queries`` are few enough to be read only to compare them, here or not.

    Of documents only those of this package's entries, which know their number; others may say it on the network alone.
    """
    dataset = load_dataset(dataset_id)
    return side == "queries" or (hasattr(dataset, "docs_at_hand") and (count_texts(dataset, side) or 0) <= MANY)


def is_small(dataset_id: str, side: str) -> bool:
    """Whether they are few, and can be read without a download."""
    return is_few(dataset_id, side) and (side == "queries" or load_dataset(dataset_id).docs_at_hand())


def collection_checksum(benchmark: Benchmark, *, docs: bool = True) -> dict[str, Any]:
    """What a benchmark's tasks hold, as JSON: a checksum each of documents, queries and judgements.

    Documents that are too many to be read for that go by their names.

    Parameters
    ----------
    docs : whether documents matter; for rankings that are there already they do not.
    """
    found = {}
    if docs:
        state = hashlib.sha256()
        for view in dict.fromkeys(view.plain for view in benchmark.doc_views):
            few = is_few(view.dataset_id, "docs")
            said = checksum(documents(view)) if few else f"{view.dataset_id} {view.field}"
            state.update(f"{said}\0".encode())
        found["docs"] = state
    queries = found["queries"] = hashlib.sha256()
    for view in dict.fromkeys(view.plain for view in benchmark.query_views):
        queries.update(checksum(query_texts(view)).encode())
    qrels = found["qrels"] = hashlib.sha256()
    for task in benchmark.tasks:
        qrels.update(f"{task.name}\0".encode())
        judgements = Judgements.load(task)
        for record in judgements.records:
            qrels.update(f"{record.query_id}\0{record.doc_id}\0{record.relevance}\0".encode())
        for query_id, doc_ids in sorted(judgements.dropped.items()):
            qrels.update("\0".join([query_id, *sorted(doc_ids), ""]).encode())
    return {name: f"sha256:{state.hexdigest()}" for name, state in found.items()}
