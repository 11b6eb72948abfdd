"""What users of hybrid-demo rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from datasets_ext import demo
from datasets_ext.parallel import LanguagePart, ParallelCollection, count

ROOT = Path(__file__).parents[2]
DATA = {(part, lang): demo.load(part, lang) for part in demo.PARTS for lang in demo.LANGUAGES}
PUNCTUATION = str.maketrans(dict.fromkeys("¿?؟.,।", " "))

every_part = pytest.mark.parametrize("part", demo.PARTS)
every_language = pytest.mark.parametrize("lang", demo.LANGUAGES)


def parallel_ids(data: LanguagePart) -> list[str]:
    return [query.parallel_id for query in data.queries]


def numbering(data: LanguagePart) -> list[str]:
    return [doc.doc_id.split("_", 1)[1] for doc in data.docs]


def facts_of(part: str) -> list[demo.Fact]:
    return [fact for fact in demo.facts() if fact.part == part]


def holds(text: str, words: str, lang: str) -> bool:
    """Whether the words are in the text as whole words: "Germany" does not hold "German"."""
    if lang == "zh":
        return words in text
    return f" {words} " in f" {text.translate(PUNCTUATION)} "


def test_languages_are_the_eight_it_promises_in_order() -> None:
    assert demo.LANGUAGES == ("ar", "de", "en", "es", "hi", "ru", "vi", "zh")


@every_part
@every_language
def test_all_languages_are_parallel(part: str, lang: str) -> None:
    assert parallel_ids(DATA[part, lang]) == parallel_ids(DATA[part, "en"])
    assert numbering(DATA[part, lang]) == numbering(DATA[part, "en"])


def test_it_is_large_enough_to_train_on() -> None:
    ids = [parallel_id for part in demo.PARTS for parallel_id in parallel_ids(DATA[part, "en"])]
    assert len(set(ids)) == len(ids) >= 2000
    assert 0.17 < len(facts_of("test")) / len(demo.facts()) < 0.23


@every_language
def test_document_ids_are_unique_across_the_parts(lang: str) -> None:
    ids = [doc.doc_id for part in demo.PARTS for doc in DATA[part, lang].docs]
    assert len(set(ids)) == len(ids) == len(demo.facts())


@every_language
def test_no_text_occurs_twice(lang: str) -> None:
    passages = Counter(doc.text for part in demo.PARTS for doc in DATA[part, lang].docs)
    questions = Counter(query.text for part in demo.PARTS for query in DATA[part, lang].queries)
    assert max(passages.values()) == max(questions.values()) == 1


@every_part
@every_language
def test_every_question_has_exactly_one_relevant_document(part: str, lang: str) -> None:
    data = DATA[part, lang]
    assert set(data.relevant) == set(parallel_ids(data))
    known = {doc.doc_id for doc in data.docs}
    assert all(len(docs) == 1 and docs[0] in known for docs in data.relevant.values())


def test_test_asks_nothing_that_train_tells() -> None:
    train, test = ({(fact.entity, fact.attribute) for fact in facts_of(part)} for part in demo.PARTS)
    assert not train & test


def test_no_fact_says_another_one_the_other_way_round() -> None:
    linked = [
        frozenset((fact.entity, fact.answers[0])) for fact in demo.facts() if fact.attribute in ("capital", "country")
    ]
    assert len(set(linked)) == len(linked)


def test_train_knows_every_entity_and_attribute_of_test() -> None:
    train, test = facts_of("train"), facts_of("test")
    assert {fact.entity for fact in test} <= {fact.entity for fact in train}
    assert {(fact.kind, fact.attribute) for fact in test} == {(fact.kind, fact.attribute) for fact in train}


@every_language
def test_train_contexts_do_not_reveal_test_facts(lang: str) -> None:
    train, test = DATA["train", lang].docs, DATA["test", lang].docs
    for doc in test:
        assert not [other.doc_id for other in train if doc.title == other.title and doc.text in other.context]


@every_part
@every_language
def test_a_context_holds_its_passage(part: str, lang: str) -> None:
    for doc in DATA[part, lang].docs:
        assert doc.text in doc.context
        assert doc.title in doc.text or lang in ("de", "ru")  # which inflect names


@every_language
def test_the_answer_is_in_the_passage_and_not_in_the_question(lang: str) -> None:
    for fact in demo.facts():
        forms = demo.answer(fact, lang).values()
        passage = demo.passage(fact, lang)
        assert any(form in passage or form[0].upper() + form[1:] in passage for form in forms), passage
        for question in demo.questions(fact, lang):
            assert not any(holds(question, form, lang) for form in forms), question


@every_part
@every_language
def test_texts_are_clean(part: str, lang: str) -> None:
    data = DATA[part, lang]
    texts = [text for doc in data.docs for text in (doc.text, doc.context, doc.title)]
    for text in texts + [query.text for query in data.queries]:
        assert not set("{}|") & set(text), text
        assert "  " not in text, text
        assert text == text.strip(), text


def test_every_row_has_a_cell_for_every_language_and_every_word_is_used() -> None:
    used = {
        (demo._table("templates")[fact.kind][fact.attribute]["answer"], key)
        for fact in demo.facts()
        for key in fact.answers
    }
    for kind, rows in demo._table("words").items():
        for key, row in rows.items():
            assert len(row) == len(demo.LANGUAGES), key
            assert (kind, key) in used


def test_wordings_are_aligned_across_languages() -> None:
    for kind in ("country", "city"):
        for attribute, templates in demo._table("templates")[kind].items():
            for role in ("passages", "questions"):
                assert len({len(templates[lang][role]) for lang in demo.LANGUAGES}) == 1, attribute


@pytest.mark.parametrize(("part", "lang", "named"), [("dev", "en", "dev"), ("train", "tlh", "tlh")])
def test_an_unknown_part_or_language_is_named(part: str, lang: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        demo.load(part, lang)


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "from datasets_ext import demo; import hashlib; "
        "data = [demo.load(part, lang) for part in demo.PARTS for lang in demo.LANGUAGES]; "
        "print(demo.fingerprint(), hashlib.sha256(repr(data).encode()).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_the_shipped_counts_are_those_of_the_tables() -> None:
    shipped = json.loads((ROOT / "datasets_ext" / "etc" / "metadata.json").read_text(encoding="utf-8"))
    for name, part in (("hybrid-demo", "test"), ("hybrid-demo-train", "train")):
        counted = count(ParallelCollection(name, demo.LANGUAGES, partial(demo.load, part), "counted"))
        assert {key: counts for key, counts in shipped.items() if key.split("/")[0] == name} == counted


@every_part
@every_language
def test_the_questions_about_a_fact_are_a_cluster_and_those_about_an_entity_an_article(part: str, lang: str) -> None:
    for query in DATA[part, lang].queries:
        assert query.parallel_id.rpartition("-")[0] == query.cluster
    units = {(query.cluster, query.article) for query in DATA[part, lang].queries}
    assert units == {(f"{fact.entity}-{fact.attribute}", fact.entity) for fact in facts_of(part)}


def test_the_fingerprint_is_a_short_digest() -> None:
    assert len(demo.fingerprint()) == 12
    assert int(demo.fingerprint(), 16)
