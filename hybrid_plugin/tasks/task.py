"""What a benchmark asks, and of which documents, read through ir_datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datasets_ext import MULTI
from hybrid_plugin.tasks.benchmark import Benchmark, Pair
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.texts import Text, trimmed


@dataclass(frozen=True)
class Task:
    """What a benchmark asks: its queries, its documents, and which answer which."""

    benchmark: Benchmark
    docs: dict[str, list[Text]]  # by language
    queries: dict[str, list[Text]]  # by language
    relevant: dict[str, list[str]]  # query id -> ids of its relevant documents, of all languages

    @classmethod
    def load(cls, benchmark: Benchmark) -> Task:
        """Read a benchmark through ir_datasets."""
        dataset = load_dataset(benchmark.name)
        docs: dict[str, list[Text]] = {lang: [] for lang in benchmark.languages}
        for doc in dataset.docs_iter():
            docs[doc.lang].append(Text(doc.doc_id, trimmed(doc.default_text()), doc.lang))
        queries: dict[str, list[Text]] = {lang: [] for lang in benchmark.languages}
        for query in dataset.queries_iter():
            queries[query.lang].append(Text(query.query_id, trimmed(query.default_text()), query.lang))
        relevant: dict[str, list[str]] = {}
        for qrel in dataset.qrels_iter():
            if qrel.relevance > 0:
                relevant.setdefault(qrel.query_id, []).append(qrel.doc_id)
        return cls(benchmark, docs, queries, relevant)

    def docs_of(self, pair: Pair) -> list[Text]:
        """The documents that a pair ranks."""
        return [doc for docs in self.docs.values() for doc in docs] if pair.docs == MULTI else self.docs[pair.docs]

    def relevant_of(self, pair: Pair) -> dict[str, list[str]]:
        """Relevance of one pair: the queries with a relevant document among its documents, with ids of these."""
        result = {}
        members = None if pair.docs == MULTI else {doc.id for doc in self.docs[pair.docs]}
        for query in self.queries[pair.queries]:
            found = self.relevant.get(query.id, [])
            if members is not None:
                found = [doc_id for doc_id in found if doc_id in members]
            if found:
                result[query.id] = found
        return result


def document_languages(benchmark: Benchmark, pairs: Sequence[Pair]) -> list[str]:
    """The languages of the documents that some pairs rank."""
    wanted = {pair.docs for pair in pairs}
    return [lang for lang in benchmark.languages if MULTI in wanted or lang in wanted]


def run_name(pair: Pair) -> str:
    """The name of a pair's run file in a folder of them."""
    return f"{pair.docs}.{pair.queries}.trec"
