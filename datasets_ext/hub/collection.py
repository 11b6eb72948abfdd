"""The collection that a data set is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from datasets_ext.errors import CollectionError
from datasets_ext.hub.about import KEYS, PLACE, PREFIX, HubCollection
from datasets_ext.hub.rows import Where, read_rows
from datasets_ext.parallel import Again, LanguagePart, ParallelCollection, ParallelDoc, ParallelQuery


def collection(name: str, about: HubCollection) -> ParallelCollection:
    """The collection of a data set, under a name."""
    state = hashlib.sha256(json.dumps(asdict(about), sort_keys=True).encode())
    if Path(about.path).is_dir():
        for path in sorted(Path(about.path).rglob("*")):
            state.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return ParallelCollection(
        name,
        sorted(about.languages),
        partial(_load, about),
        state.hexdigest()[:12],
        at_hand=lambda lang: True,  # in the cache of the hub's libraries, or wanted by whoever named it
        originals=f"the {{side}} of {PREFIX}{about.path} in {{lang}}",
        read_queries=lambda lang: _queries(about, lang).values(),
        asked_in=sorted(about.asked_in),
        measures=about.measures,
        description=about.description or f"the data set {about.path} of the Hugging Face hub",
        licence=about.licence,
        qrels_defs={},
    )


def _load(about: HubCollection, lang: str) -> LanguagePart:
    queries = _queries(about, lang) if lang in (about.asked_in or about.languages) else {}
    if lang not in about.languages:
        return LanguagePart([], list(queries.values()), {})
    relevant: dict[str, dict[str, int]] = {}
    for where, row in _judged(about, lang):
        try:
            grade = int(float(row.get("grade") or 1))
        except ValueError:
            raise CollectionError(f"{where}: the grade '{row['grade']}' is no number") from None
        relevant.setdefault(row["query"], {})[f"{lang}_{row['document']}"] = grade
    return LanguagePart(Again(partial(_docs, about, lang)), list(queries.values()), relevant)


def _docs(about: HubCollection, lang: str) -> Iterator[ParallelDoc]:
    """The documents of a language. Rows may repeat one; two of one id and different texts are an error."""
    seen: dict[str, int] = {}
    for where, row in read_rows(about, about.docs, KEYS["docs"], about.languages[lang]):
        doc_id, text = f"{lang}_{row['id']}", " ".join(filter(None, (row.get("title"), row["text"])))
        _check_id(where, row["id"])
        new = doc_id not in seen
        if seen.setdefault(doc_id, hash(text)) != hash(text):
            raise CollectionError(f"{where} repeats the document id '{row['id']}' with another text")
        if new:
            yield ParallelDoc(doc_id, text, "", row.get("title", ""), lang)


def _queries(about: HubCollection, lang: str) -> dict[str, ParallelQuery]:
    found: dict[str, ParallelQuery] = {}
    for where, row in read_rows(about, about.queries, KEYS["queries"], {**about.languages, **about.asked_in}[lang]):
        _check_id(where, row["id"])
        if not row["text"].strip():
            raise CollectionError(f"{where} has an empty query")
        units = (row.get(key, "") for key in ("cluster", "article"))
        query = ParallelQuery(f"{row['id']}_{lang}", row["text"], lang, row["id"], *units)
        if found.setdefault(row["id"], query) != query:
            raise CollectionError(f"{where} repeats the query id '{row['id']}' with another text")
    return found


def _judged(about: HubCollection, lang: str) -> Iterator[tuple[Where, dict[str, str]]]:
    code = about.languages[lang]
    if about.qrels:
        return read_rows(about, about.qrels, KEYS["qrels"], code)
    same = {key: about.queries[key] for key in PLACE if key in about.queries}
    columns = {**same, "query": about.queries["id"], "document": about.docs["id"]}
    return read_rows(about, columns, KEYS["qrels"], code)


def _check_id(where: Where, value: str) -> None:
    if value.split() != [value]:
        raise CollectionError(f"{where}: the id {value!r} is empty or has white space, at which run files part")
