"""XQuAD-R and MLQA-R (LAReQA, Roy et al. 2020, arXiv 2004.05484): questions, and the sentences that answer them.

Both come from https://github.com/google-research-datasets/lareqa, one SQuAD-like JSON file a language, with the
sentences of each paragraph. ``etc/downloads`` names the commits and checksums, ``etc/metadata.json`` the counts.

The questions of a paragraph are a cluster, those of an article of Wikipedia an article. XQuAD-R has the same paragraphs
and articles in all languages, so their numbers name them. MLQA-R has others in each language: there a cluster is what
is linked by questions that share a paragraph in any language, named by the number of its first English paragraph, and
``etc/clusters.json`` has it for each paragraph of each file, so that one file can be read without the others;
``etc/articles.json`` has the same of articles.

MLQA-R comes whole and in two parts, ``mlqa-r-training`` and ``mlqa-r-validation``, so that choices can be made on what
is neither trained on nor the test. An article is in one of them with all its paragraphs, questions and sentences. The
articles of the validation part are in ``etc/splits.json``, by their numbers in ``etc/articles.json``: ordered by the
SHA-256 of their English titles, the first that have a fifth of the questions together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from datasets_ext.parallel import (
    LanguagePart,
    ParallelCollection,
    ParallelDoc,
    ParallelQuery,
    package_json,
    shipped_metadata,
)
from datasets_ext.published import Published

LANGUAGES = {
    "xquad-r": ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    "mlqa-r": ("ar", "de", "en", "es", "hi", "vi", "zh"),
}
LICENCES = {"xquad-r": "CC BY-SA 4.0", "mlqa-r": "CC BY-SA 3.0"}
PARTS = {"mlqa-r-training": False, "mlqa-r-validation": True}  # collection -> whether it has the validation's articles


def parse(
    contents: bytes,
    lang: str,
    clusters: Sequence[int] | None = None,
    articles: Sequence[int] | None = None,
    keep: Callable[[int], bool] = lambda article: True,
) -> LanguagePart:
    """One published file as documents, queries and relevance.

    A sentence is relevant where the answer starts in it, and so is every sentence of the same paragraph with the
    same text.

    Parameters
    ----------
    clusters, articles : of the file's paragraphs, and of its articles, in their order; by default each is one, by its
        number.
    keep : whether an article is wanted; the documents have the same ids without the others.
    """
    docs: list[ParallelDoc] = []
    queries: list[ParallelQuery] = []
    relevant: dict[str, list[str]] = {}
    data = json.loads(contents)["data"]
    named = zip(articles or range(1, len(data) + 1), data, strict=True)
    paragraphs = [(name, article, paragraph) for name, article in named for paragraph in article["paragraphs"]]
    for number, (name, article, paragraph) in enumerate(paragraphs, start=1):
        if not keep(name):
            continue
        sentences: list[str] = paragraph["sentences"]
        ids = [f"{lang}_{number}_{i}" for i in range(len(sentences))]
        docs += [
            ParallelDoc(doc_id, text, paragraph["context"], article.get("title", ""), lang)
            for doc_id, text in zip(ids, sentences, strict=True)
        ]
        cluster = str(clusters[number - 1] if clusters else number)
        for question in paragraph["qas"]:
            parallel_id, text = question["id"], question["question"]
            queries.append(ParallelQuery(f"{parallel_id}_{lang}", text, lang, parallel_id, cluster, str(name)))
            starts = [answer["answer_start"] for answer in question["answers"]]
            answering = {
                text
                for text, (start, end) in zip(sentences, paragraph["sentence_breaks"], strict=True)
                if any(start <= at < end for at in starts)
            }
            relevant[parallel_id] = [doc_id for doc_id, text in zip(ids, sentences, strict=True) if text in answering]
    return LanguagePart(docs, queries, relevant)


def collection(published: Published) -> ParallelCollection:
    """``xquad-r``, ``mlqa-r`` or a part of it, by the name of the files."""
    name = published.whole
    return published.collection(
        LANGUAGES[name],
        _load,
        lambda lang: [f"{lang}.json"],
        metadata=shipped_metadata,
        licence=LICENCES[name],
        part_of=name if published.name in PARTS else "",
    )


def _load(published: Published, lang: str) -> LanguagePart:
    contents = published.path(f"{lang}.json").read_bytes()
    clusters, articles = (
        package_json(table).get(published.whole, {}).get(lang) for table in ("clusters.json", "articles.json")
    )
    if published.name not in PARTS:
        return parse(contents, lang, clusters, articles)
    validation = {*package_json("splits.json")[published.whole]["validation"]}
    return parse(contents, lang, clusters, articles, lambda one: (one in validation) is PARTS[published.name])
