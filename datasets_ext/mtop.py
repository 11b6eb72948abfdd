"""MTOP (Li et al. 2021, arXiv 2008.09335): utterances to a voice assistant, translated into six languages.

From https://fb.me/mtop_dataset, a zip archive with a tab-separated file for each language and split, of which the test
sets are read. An utterance has the same id in every language that has it. Documents are all utterances of a language.
Those that all six languages have are also queries, so that every pair of languages asks the same: their translation has
grade 2, and what has the same intent in the documents' language grade 1.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from datasets_ext.errors import CollectionError
from datasets_ext.lines import check_id, kept, read_columns
from datasets_ext.parallel import LanguagePart, ParallelCollection
from datasets_ext.published import Published

FILE = "mtop.zip"
LANGUAGES = ("de", "en", "es", "fr", "hi", "th")
COLUMNS = ("id", "intent", "slots", "utterance", "domain", "locale", "decoupled form", "tokens")


class MtopDoc(NamedTuple):
    """An utterance."""

    doc_id: str  # {lang}_{id}
    text: str
    lang: str
    intent: str  # such as IN:GET_WEATHER
    domain: str

    def default_text(self) -> str:
        return self.text


class MtopQuery(NamedTuple):
    """An utterance that all languages have."""

    query_id: str  # {parallel_id}_{lang}
    text: str
    lang: str
    parallel_id: str  # the published id
    cluster: str  # the intent in English: questions of one intent share most of what is relevant
    intent: str
    domain: str

    def default_text(self) -> str:
        return self.text


class _Row(NamedTuple):
    intent: str
    text: str
    domain: str


class _Graded(Mapping[str, Mapping[str, int]]):
    """The graded documents of a language, made when they are asked for: hundreds share each intent.

    Parameters
    ----------
    intents : of the questions.
    same : intent -> the documents of the language that have it, with grade 1.
    """

    def __init__(self, lang: str, intents: Mapping[str, str], same: Mapping[str, Mapping[str, int]]):
        self._lang = lang
        self._intents = intents
        self._same = same

    def __getitem__(self, parallel_id: str) -> Mapping[str, int]:
        return {**self._same.get(self._intents[parallel_id], {}), f"{self._lang}_{parallel_id}": 2}

    def __iter__(self) -> Iterator[str]:
        return iter(self._intents)

    def __len__(self) -> int:
        return len(self._intents)


def collection(published: Published) -> ParallelCollection:
    """``mtop``: find an utterance's translation, and utterances of the same intent."""
    return published.collection(
        LANGUAGES,
        _load,
        lambda lang: [FILE],
        licence="CC BY-SA 4.0",
        answers_itself=True,
        measures=("nDCG@10", "Success(rel=2)@1", "R(rel=2)@10"),
        description="utterances to an assistant: find the translation, and the same intent",
        qrels_defs={2: "the same utterance", 1: "an utterance of the same intent"},
        doc_type=MtopDoc,
        query_type=MtopQuery,
    )


def _load(published: Published, lang: str) -> LanguagePart:
    utterances, intents = _utterances(published.path(FILE))
    here = utterances[lang]
    docs = [MtopDoc(f"{lang}_{one}", row.text, lang, row.intent, row.domain) for one, row in here.items()]
    queries = [
        MtopQuery(f"{one}_{lang}", here[one].text, lang, one, intent, here[one].intent, here[one].domain)
        for one, intent in intents.items()
    ]
    same: dict[str, dict[str, int]] = {}
    for doc in docs:
        same.setdefault(doc.intent, {})[doc.doc_id] = 1
    return LanguagePart(docs, queries, _Graded(lang, intents, same))


@kept
def _utterances(archive: Path) -> tuple[dict[str, dict[str, _Row]], dict[str, str]]:
    """The test sets, language -> id -> utterance, and the English intents of those that all languages have."""
    found = {lang: _read(archive / "mtop" / lang / "test.txt") for lang in LANGUAGES}
    shared = set.intersection(*({*rows} for rows in found.values()))
    return found, {name: row.intent for name, row in found["en"].items() if name in shared}


def _read(path: Path) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for number, columns in read_columns(path, len(COLUMNS)):
        if "\t" in columns[-1]:
            raise CollectionError(f"{path} line {number} has more than {len(COLUMNS)} columns: a tab within a text?")
        name, intent, _, text, domain = columns[:5]
        check_id(path, number, "id", name, rows)
        if not text.strip():
            raise CollectionError(f"{path} line {number} has an empty utterance")
        rows[name] = _Row(intent, text, domain)
    if not rows:
        raise CollectionError(f"{path} has no utterances")
    return rows
