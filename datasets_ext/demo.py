"""hybrid-demo: a small parallel collection of questions and passages about countries and cities.

It is for trying things out: it needs no download, and it is small and regular enough to train a tiny encoder on it
from scratch. About a fifth of the facts, with all questions about them, are held out as the test part.

Everything is made from the tables in ``etc/demo``:

``countries.json``, ``cities.json``
    The entities: their names, one cell per language, and their facts. A fact is an attribute and the key of
    its answer: another entity or a word (several keys for the colours of a flag).
``words.json``
    The words that answer questions, by kind. As with the names, a row has one cell per language. A cell is a name,
    followed after ``|`` by other forms of it where they are not regular: ``Schweiz | die Schweiz | der Schweiz``.
``templates.json``
    The languages, in the order of the cells; the forms that a kind of word has in a language, with the pattern of
    the regular form; and for each attribute the passages and the questions: ``{x}`` is the name of the entity,
    ``{v}`` the answer, ``{x_gen}`` and ``{v_in}`` are forms of them. The k-th passages and questions of all
    languages say the same.

To add an entity or a word, add its row; to add an attribute, add its templates; to add a language, add a cell to
all rows and its templates to all attributes. The order of entities and facts numbers the documents, so add at
the end. A fact must not say again what another one says the other way round (Paris lies in France: France has the
capital Paris), or the train part would give away the test part.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import Any

from datasets_ext.parallel import (
    LanguagePart,
    PackageDocumentation,
    ParallelCollection,
    ParallelDoc,
    ParallelQuery,
    register_collection,
    shipped_metadata,
)

PARTS = ("train", "test")
NAMES = {"hybrid-demo": "test", "hybrid-demo-train": "train"}
TEST_SHARE = 0.2
_FILES = ("templates", "words", "countries", "cities")


@dataclass(frozen=True)
class Fact:
    """One thing that the collection says, in all languages."""

    entity: str
    attribute: str
    kind: str  # of the entity: country or city
    answers: tuple[str, ...]
    paragraph: int
    sentence: int
    part: str


@cache
def _read(name: str) -> str:
    return (resources.files("datasets_ext") / "etc" / "demo" / f"{name}.json").read_text(encoding="utf-8")


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_read(name))
    return table


LANGUAGES: tuple[str, ...] = tuple(_table("templates")["languages"])


def load(part: str, lang: str) -> LanguagePart:
    """The documents, the queries and the relevant documents of one language in the train or the test part."""
    if part not in PARTS:
        raise ValueError(f"unknown part {part!r}: hybrid-demo has {' and '.join(PARTS)}")
    if lang not in LANGUAGES:
        raise ValueError(f"unknown language {lang!r}: hybrid-demo has {', '.join(LANGUAGES)}")

    chosen = [fact for fact in facts() if fact.part == part]
    passages = {fact: passage(fact, lang) for fact in chosen}
    paragraphs: dict[str, list[str]] = {}
    for fact in chosen:
        paragraphs.setdefault(fact.entity, []).append(passages[fact])

    docs: list[ParallelDoc] = []
    queries: list[ParallelQuery] = []
    relevant: dict[str, list[str]] = {}
    for fact in chosen:
        doc_id = f"{lang}_{fact.paragraph}_{fact.sentence}"
        title = _forms(fact.kind, fact.entity, lang)["name"]
        docs.append(ParallelDoc(doc_id, passages[fact], " ".join(paragraphs[fact.entity]), title, lang))
        for variant, question in enumerate(questions(fact, lang), start=1):
            cluster = f"{fact.entity}-{fact.attribute}"
            parallel_id = f"{cluster}-{variant}"
            queries.append(ParallelQuery(f"{parallel_id}_{lang}", question, lang, parallel_id, cluster, fact.entity))
            relevant[parallel_id] = [doc_id]
    return LanguagePart(docs, queries, relevant)


def fingerprint() -> str:
    """A digest of the tables: the collection is the same wherever this is the same."""
    return _digest("\n".join(_read(name) for name in _FILES))[:12]


@cache
def facts() -> list[Fact]:
    """All facts in the order of the tables."""
    found = []
    paragraph = 0
    for kind, table in (("country", "countries"), ("city", "cities")):
        for entity, row in _table(table).items():
            paragraph += 1
            scores = {attribute: _score(entity, attribute) for attribute in row["facts"]}
            for sentence, (attribute, answers) in enumerate(row["facts"].items()):
                # The fact with the highest score stays in train whatever it is, so that train knows every entity.
                held_out = scores[attribute] < min(TEST_SHARE, max(scores.values()))
                part = "test" if held_out else "train"
                found.append(Fact(entity, attribute, kind, tuple(answers.split()), paragraph, sentence, part))
    return found


def passage(fact: Fact, lang: str) -> str:
    """The sentence that states a fact."""
    templates = _table("templates")[fact.kind][fact.attribute][lang]["passages"]
    # Which of the wordings must depend on the fact alone: it is to be the same one in all languages.
    index = int(_digest(f"{fact.entity} {fact.attribute} passage"), 16) % len(templates)
    return _fill(templates[index], fact, lang)


def questions(fact: Fact, lang: str) -> list[str]:
    """The questions that a fact answers, in the order of their variants."""
    return [_fill(text, fact, lang) for text in _table("templates")[fact.kind][fact.attribute][lang]["questions"]]


def answer(fact: Fact, lang: str) -> dict[str, str]:
    """The answer to the questions about a fact in all the forms it can take in a passage."""
    kind = _table("templates")[fact.kind][fact.attribute]["answer"]
    if len(fact.answers) == 1:
        return _forms(kind, fact.answers[0], lang)
    *first, last = [_forms(kind, key, lang)["name"] for key in fact.answers]
    comma, conjunction = _table("templates")["list"][lang]
    return {"name": comma.join(first) + conjunction + last}


def _fill(template: str, fact: Fact, lang: str) -> str:
    slots = {}
    for slot, forms in (("x", _forms(fact.kind, fact.entity, lang)), ("v", answer(fact, lang))):
        slots.update({slot if form == "name" else f"{slot}_{form}": text for form, text in forms.items()})
    text = template.format_map(slots)
    return text[0].upper() + text[1:]


@cache
def _forms(kind: str, key: str, lang: str) -> dict[str, str]:
    if kind in ("country", "city"):
        row = _table("countries" if kind == "country" else "cities")[key]["names"]
    else:
        row = _table("words")[kind][key]
    name, *irregular = row[LANGUAGES.index(lang)].split(" | ")
    forms = {"name": name}
    for position, (form, regular) in enumerate(_table("templates")["forms"].get(kind, {}).get(lang, {}).items()):
        forms[form] = irregular[position] if position < len(irregular) else regular.format_map(forms)
    return forms


def _score(entity: str, attribute: str) -> float:
    """A number in [0, 1) that is the same on every machine and for every order of the tables."""
    return int(_digest(f"{entity} {attribute}")[:8], 16) / 16**8


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def register() -> None:
    """Register ``hybrid-demo``, the test part, and ``hybrid-demo-train``."""
    documentation = PackageDocumentation("hybrid-demo.yaml")
    for name, part in NAMES.items():
        collection = ParallelCollection(
            name,
            LANGUAGES,
            partial(load, part),
            fingerprint(),
            at_hand=LANGUAGES.__contains__,
            metadata=shipped_metadata,
            licence="Apache-2.0",
        )
        register_collection(collection, documentation)
