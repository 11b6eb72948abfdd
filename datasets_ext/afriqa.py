"""AfriQA (Ogundepo et al. 2023, arXiv 2305.06897): questions in African languages, answered by Wikipedia in another.

From https://github.com/masakhane-io/afriqa, JSON lines files of questions and of gold passages, by language and split.
A question was asked in an African language, a person translated it into the pivot language, English or French, and the
gold passage that holds the answer is of that language's Wikipedia.

``afriqa``
    find the gold passage of a question of the test split, asked in its language or translated. Documents are the gold
    passages of all splits, each once, named after the first question that has it. Queries have their answers, in both
    languages.
``afriqa-questions``
    find the translation of a question of the test split, and the question of a translation. Documents are questions.

Rows without a passage or a question are left out; Wolof has no gold passages.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Tuple, TypeGuard  # noqa: UP035 - ir_datasets exports this one alone

from datasets_ext.lines import check_id, read_jsonl
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelDoc
from datasets_ext.published import Published

PIVOTS = {
    **dict.fromkeys(("bem", "hau", "ibo", "kin", "swa", "twi", "yor", "zul"), "en"),
    **dict.fromkeys(("fon", "wol"), "fr"),
}
PASSAGES_IN = ("en", "fr")
WITHOUT_PASSAGES = "wol"
SPLITS = ("test", "dev", "train")  # of gold passages; Swahili and Yoruba lack some


class AfriqaDoc(NamedTuple):
    """A passage of Wikipedia."""

    doc_id: str  # {lang}_{asked in}-{split}-{number} of the first question that has it
    text: str
    title: str
    lang: str

    def default_text(self) -> str:
        return f"{self.title} {self.text}" if self.title else self.text


class AfriqaQuery(NamedTuple):
    """A question in an African language, or its translation."""

    query_id: str  # {parallel_id}_{lang}
    text: str
    lang: str
    parallel_id: str  # {asked in}-{number}
    cluster: str = ""
    answers: Tuple[str, ...] = ()  # noqa: UP006  in the language of the passages, then in that of the question

    def default_text(self) -> str:
        return self.text


def collection(published: Published) -> ParallelCollection:
    """``afriqa``: find the passage that answers a question."""
    asked = [lang for lang in PIVOTS if lang != WITHOUT_PASSAGES]
    return published.collection(
        PASSAGES_IN,
        _load,
        lambda lang: [_gold(*one) for one in _of(published, lang)],
        licence="CC BY-SA 4.0",
        asked_in=sorted((*PASSAGES_IN, *asked)),
        empty=[
            *((docs, lang) for docs in PASSAGES_IN for lang in asked if PIVOTS[lang] != docs),
            *(("en", "fr"), ("fr", "en")),
        ],
        description="questions in African languages, and the passages of Wikipedia that answer them",
        doc_type=AfriqaDoc,
        query_type=AfriqaQuery,
    )


def questions(published: Published) -> ParallelCollection:
    """``afriqa-questions``: find a question's translation."""
    languages = sorted({*PIVOTS, *PIVOTS.values()})
    pairs = {*PIVOTS.items(), *((pivot, lang) for lang, pivot in PIVOTS.items())}
    return published.collection(
        languages,
        _load_questions,
        lambda lang: map(_questions, _asked_with(lang)),
        licence="CC BY-SA 4.0",
        empty=[(one, other) for one in languages for other in languages if (one, other) not in pairs],
        through=PASSAGES_IN,
        answers_itself=True,
        description="questions in African languages: find the translations",
        qrels_defs={1: "the same question"},
    )


def _gold(lang: str, split: str) -> str:
    return f"gold_passages/{lang}/gold_span_passages.afriqa.{lang}.{PIVOTS[lang]}.{split}.json"


def _questions(lang: str) -> str:
    return f"queries/{lang}/queries.afriqa.{lang}.{PIVOTS[lang]}.test.json"


def _asked_with(lang: str) -> list[str]:
    """The languages of the questions that a language has, itself or as translations."""
    return [one for one, pivot in PIVOTS.items() if lang in (one, pivot)]


def _of(published: Published, lang: str) -> list[tuple[str, str]]:
    """The languages and splits of gold passages that a language is read from."""
    splits = SPLITS if lang in PASSAGES_IN else SPLITS[:1]
    return [(one, split) for one in _asked_with(lang) for split in splits if _gold(one, split) in published.table]


def _load(published: Published, lang: str) -> LanguagePart:
    docs: dict[str, AfriqaDoc] = {}  # by text
    queries: list[AfriqaQuery] = []
    relevant: dict[str, list[str]] = {}
    for one, split in _of(published, lang):
        for number, row in _rows(published.path(_gold(one, split))):
            text, title = row.get("context"), row.get("title")
            asked = row.get("question_lang" if lang == one else "question_translated")
            if not _is_text(text):
                continue
            parallel_id = f"{one}-{number}"
            if lang in PASSAGES_IN:
                doc_id = f"{lang}_{one}-{split}-{number}"
                docs.setdefault(text, AfriqaDoc(doc_id, text, title if _is_text(title) else "", lang))
            if split == "test" and _is_text(asked):
                queries.append(AfriqaQuery(f"{parallel_id}_{lang}", asked, lang, parallel_id, "", _answers(row)))
            if split == "test" and lang in PASSAGES_IN:
                relevant[parallel_id] = [docs[text].doc_id]
    return LanguagePart([*docs.values()], queries, relevant)


def _load_questions(published: Published, lang: str) -> LanguagePart:
    queries: list[AfriqaQuery] = []
    for one in _asked_with(lang):
        for number, row in _rows(published.path(_questions(one))):
            text = row.get("question" if lang == one else "translated_question")
            if _is_text(text):
                queries.append(AfriqaQuery(f"{one}-{number}_{lang}", text, lang, f"{one}-{number}"))
    docs = [ParallelDoc(f"{lang}_{query.parallel_id}", query.text, "", "", lang) for query in queries]
    with_text: dict[str, list[str]] = {}
    for doc in docs:
        with_text.setdefault(doc.text, []).append(doc.doc_id)
    return LanguagePart(docs, queries, {query.parallel_id: with_text[query.text] for query in queries})


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a published file, each with its id."""
    seen: set[str] = set()
    for line, row in read_jsonl(path, {}):
        number = str(row.get("id", ""))
        check_id(path, line, "id", number, seen)
        seen.add(number)
        yield number, row


def _answers(row: dict[str, Any]) -> tuple[str, ...]:
    pivot = row.get("answer_pivot")
    texts = [*(pivot.get("text") or () if isinstance(pivot, dict) else ()), row.get("answer_lang")]
    return tuple(dict.fromkeys(filter(_is_text, texts)))


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether there is one: empty cells of the publisher's tables are null, NaN or blank."""
    return isinstance(value, str) and bool(value.strip())
