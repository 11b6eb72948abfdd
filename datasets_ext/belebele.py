"""Belebele (Bandarkar et al. 2024, arXiv 2308.16884): questions about passages, parallel in 122 language variants.

From https://huggingface.co/datasets/facebook/belebele, one JSON lines file a language variant, under the codes of
FLORES-200. A line is a question of several choices about a passage. As :class:`mteb.BelebeleRetrieval` has it, the
question is a query that its passage answers, and the choices are left out.

``link``, the address of the page that a passage is of, names the passage in every language, and ``link`` with
``question_number`` the question. Addresses are long, and ids have a digest of them instead.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from datasets_ext.errors import CollectionError
from datasets_ext.languages import language_groups, languages_of
from datasets_ext.lines import read_jsonl
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelDoc, ParallelQuery
from datasets_ext.published import Published

THROUGH = "eng_Latn"
_DIGITS = 8  # of a digest: enough to tell some hundred passages apart, which is looked at


def read_part(path: Path, lang: str) -> LanguagePart:
    """Documents, queries and relevance of one published file.

    Each question has a copy of its passage, some with other white space: that of the first question counts.
    """
    links: dict[str, str] = {}  # digest -> link
    passages: dict[str, tuple[int, ParallelDoc]] = {}  # digest -> the number of the question whose copy it is
    queries: dict[str, ParallelQuery] = {}
    required = {"link": str, "question_number": int, "flores_passage": str, "question": str}
    for line, row in read_jsonl(path, required):
        link, number = row["link"].strip(), row["question_number"]
        passage = hashlib.sha256(link.encode()).hexdigest()[:_DIGITS]
        if links.setdefault(passage, link) != link:
            raise CollectionError(f"{path} line {line}: the links '{link}' and '{links[passage]}' have one digest")
        if passage not in passages or number < passages[passage][0]:
            passages[passage] = number, ParallelDoc(f"{lang}_{passage}", row["flores_passage"], "", link, lang)
        question = f"{passage}-{number}"
        if question in queries:
            raise CollectionError(f"{path} line {line} repeats question {number} of '{link}'")
        queries[question] = ParallelQuery(f"{question}_{lang}", row["question"], lang, question, passage)
    if not queries:
        raise CollectionError(f"{path} has no questions")
    docs = [doc for _, doc in passages.values()]
    relevant = {question: [f"{lang}_{query.cluster}"] for question, query in queries.items()}
    return LanguagePart(docs, list(queries.values()), relevant)


def collection(published: Published) -> ParallelCollection:
    """``belebele``: find the passage that a question is about, in the language of the question and in others."""
    languages = languages_of(published.name)
    return published.collection(
        tuple(languages),
        _load,
        lambda lang: [_file(lang)],
        licence="CC BY-SA 4.0",
        through=(THROUGH,),
        description="questions about passages, parallel in 122 language variants",
        language_groups=language_groups(languages),
        qrels_defs={1: "the passage that the question is about"},
    )


def _load(published: Published, lang: str) -> LanguagePart:
    return read_part(published.path(_file(lang)), lang)


def _file(lang: str) -> str:
    return f"data/{lang}.jsonl"
