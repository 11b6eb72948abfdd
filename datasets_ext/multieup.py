"""Multi-EuP (Yang et al. 2023, arXiv 2311.01870): debates of the European Parliament, 24 languages.

From https://huggingface.co/datasets/unimelb-nlp/Multi-EuP, one CSV file with a row for each speech. A speech is a
document, in the language that it was held in and not translated. The title of its debate is the topic, translated into
all 24 languages, and the speeches of a debate are relevant to its topic.

Documents and topics have the publisher's ids. Speeches without a text or without one of the 24 languages are left out,
and so are titles that a language lacks: Irish has few.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datasets_ext.errors import CollectionError
from datasets_ext.lines import check_id, kept
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelQuery
from datasets_ext.published import Published

FILE = "MultiEuP.csv"
LANGUAGES = (
    *("bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr"),
    *("hu", "it", "lt", "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv"),
)
NEEDED = ("did", "TEXT", "LANGUAGE", "qid_EN", "title_EN")
_NO_VALUE = ("", "null", "nan", "none")
_LONGEST = 2**31 - 1  # characters of a cell; Python's csv reads no more than 131,072 unless it is told


class MultiEupDoc(NamedTuple):
    """A speech."""

    doc_id: str
    text: str
    lang: str  # that it was held in
    speaker: str
    party: str
    country: str
    gender: str
    date: str

    def default_text(self) -> str:
        return self.text


def collection(published: Published) -> ParallelCollection:
    """``multieup``."""
    return published.collection(
        LANGUAGES,
        _load,
        lambda lang: [FILE],
        licence="Apache-2.0",
        through=("en",),
        published_ids=True,
        measures=("RR@100",),
        description="debates of the European Parliament: find the speeches on a topic, in any language",
        qrels_defs={1: "a speech of the topic's debate"},
        doc_type=MultiEupDoc,
    )


def _load(published: Published, lang: str) -> LanguagePart:
    return _parts(published.path(FILE))[lang]


@kept
def _parts(path: Path) -> dict[str, LanguagePart]:
    """Speeches, topics and relevance of every language."""
    docs: dict[str, list[MultiEupDoc]] = {lang: [] for lang in LANGUAGES}
    queries: dict[str, dict[str, ParallelQuery]] = {lang: {} for lang in LANGUAGES}  # by parallel id
    relevant: dict[str, dict[str, list[str]]] = {lang: {} for lang in LANGUAGES}
    seen: set[str] = set()
    for number, row in _rows(path):
        topic = row["qid_EN"].strip()
        for lang in LANGUAGES:
            query_id, title = row.get(f"qid_{lang.upper()}", ""), row.get(f"title_{lang.upper()}", "")
            if _is_value(topic) and _is_value(query_id) and _is_value(title) and topic not in queries[lang]:
                check_id(path, number, "qid", query_id.strip())
                queries[lang][topic] = ParallelQuery(query_id.strip(), title.strip(), lang, topic)
        doc_id, lang = row["did"].strip(), row["LANGUAGE"].strip().lower()
        if lang not in docs or not row["TEXT"].strip():
            continue
        check_id(path, number, "did", doc_id, seen)
        seen.add(doc_id)
        about = (row.get(key, "") for key in ("NAME", "PARTY", "country", "gender", "DATE"))
        docs[lang].append(MultiEupDoc(doc_id, row["TEXT"], lang, *(one if _is_value(one) else "" for one in about)))
        if _is_value(topic):
            relevant[lang].setdefault(topic, []).append(doc_id)
    return {lang: LanguagePart(docs[lang], [*queries[lang].values()], relevant[lang]) for lang in LANGUAGES}


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of the file with the numbers of their last lines."""
    longest = csv.field_size_limit(_LONGEST)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise CollectionError(f"{path} has no column {', '.join(missing)}")
            for row in reader:
                if None in row:
                    raise CollectionError(f"{path} line {reader.line_num} has more cells than the header")
                yield reader.line_num, row
    except csv.Error as error:
        raise CollectionError(f"{path} is not CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise CollectionError(f"{path} is not UTF-8 text: {error.reason}") from error
    finally:
        csv.field_size_limit(longest)


def _is_value(text: str) -> bool:
    return text.strip().lower() not in _NO_VALUE
