"""CIRAL (Adeyemi et al. 2024): questions about African news, in English and in the language of the passages.

Passages from https://huggingface.co/datasets/CIRAL/ciral-corpus, one JSON lines file a language. Topics and judgements
from https://github.com/castorini/anserini-tools, where the publishers keep those of
https://huggingface.co/datasets/CIRAL/ciral beside the topics in the passages' languages; the English topics of the
development set are there no more and come from the hub.

Each language has questions of its own, by numbers that the other languages use as well, and documents and queries have
the publishers' ids. ``ciral`` is test set A with its judgement pools; of the same files are ``ciral-shallow`` (test set
A with the shallow judgements that the topics were made with), ``ciral-test-b`` and ``ciral-dev``.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datasets_ext.lines import check_id, read_jsonl, read_judgements, read_topics
from datasets_ext.parallel import Again, LanguagePart, ParallelCollection, ParallelQuery
from datasets_ext.published import Published

NAMES = {"ha": "hausa", "so": "somali", "sw": "swahili", "yo": "yoruba"}
PARTS = {  # collection -> its topics and its judgements
    "ciral": ("test-a", "test-a-pools"),
    "ciral-shallow": ("test-a", "test-a"),
    "ciral-test-b": ("test-b", "test-b"),
    "ciral-dev": ("dev", "dev"),
}
CORRECTED = {"topics.ciral-v1.0-sw-test-b-native.tsv": {70: "238"}}  # 237 is there twice; the English topics tell
DESCRIPTIONS = {
    "ciral": "questions to African news, test set A judged in pools",
    "ciral-shallow": "questions to African news, test set A with shallow judgements",
    "ciral-test-b": "questions to African news, test set B",
    "ciral-dev": "questions to African news, development set",
}


class CiralDoc(NamedTuple):
    """A passage of a news article."""

    doc_id: str
    text: str
    title: str
    url: str
    lang: str

    def default_text(self) -> str:
        return f"{self.title} {self.text}" if self.title else self.text


def collection(published: Published) -> ParallelCollection:
    """``ciral`` or one of its other parts, by the name of the files."""
    topics, judged = PARTS[published.name]
    return published.collection(
        tuple(NAMES),
        _load,
        lambda lang: _files(lang, topics, judged),
        licence="Apache-2.0",
        asked_in=("en", *NAMES),
        apart=True,
        published_ids=True,
        streamed=True,
        measures=("nDCG@20", "R@100"),
        description=DESCRIPTIONS[published.name],
        qrels_defs={1: "relevant", 0: "not relevant"},
        doc_type=CiralDoc,
    )


def _passages(lang: str) -> str:
    return f"passages/{NAMES[lang]}_passages.jsonl"


def _topics(lang: str, part: str, *, native: bool) -> str:
    return f"topics/topics.ciral-v1.0-{lang}-{part}{'-native' if native else ''}.tsv"


def _qrels(lang: str, part: str) -> str:
    return f"qrels/qrels.ciral-v1.0-{lang}-{part}.tsv"


def _files(lang: str, topics: str, judged: str) -> list[str]:
    """Those that a language is read from."""
    if lang == "en":
        return [_topics(one, topics, native=False) for one in NAMES]
    return [_passages(lang), _topics(lang, topics, native=True), _qrels(lang, judged)]


def _load(published: Published, lang: str) -> LanguagePart:
    topics, judged = PARTS[published.name]
    if lang == "en":
        queries = [
            query for one in NAMES for query in _queries(published.path(_topics(one, topics, native=False)), "en", one)
        ]
        return LanguagePart((), queries, {})
    file = _passages(lang)
    count = published.table[file].get("count")
    relevant = read_judgements(published.path(_qrels(lang, judged)))
    return LanguagePart(
        Again(lambda: read_passages(published.path(file), lang), count),
        _queries(published.path(_topics(lang, topics, native=True)), lang, lang),
        {f"{lang}-{query_id}": grades for query_id, grades in relevant.items()},
    )


def _queries(path: Path, lang: str, docs: str) -> list[ParallelQuery]:
    """The topics of a file, which are about passages of a language."""
    topics = read_topics(path, CORRECTED.get(path.name))
    return [ParallelQuery(one, text, lang, f"{docs}-{one}") for one, text in topics.items()]


def read_passages(path: Path, lang: str) -> Iterator[CiralDoc]:
    """The passages of a published file."""
    for number, row in read_jsonl(path, {"docid": str, "text": str}, may_be_empty=("text",)):
        check_id(path, number, "docid", row["docid"])
        yield CiralDoc(row["docid"], row["text"], row.get("title") or "", row.get("url") or "", lang)
