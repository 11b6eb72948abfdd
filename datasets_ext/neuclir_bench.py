"""NeuCLIRBench (Lawrie et al. 2025, arXiv 2511.14758): the topics of TREC NeuCLIR 2022 to 2024 with all judgements.

Topics and judgements from https://huggingface.co/datasets/neuclir/bench, documents from
https://huggingface.co/datasets/neuclir/neuclir1. The documents are those of ir_datasets' ``neuclir/1``, whose copy is
read where it is there. Documents and topics have the publisher's ids; those of documents are unique over the languages,
and a topic has the same one in each.

``neuclir-bench`` has the documents as they were written. ``neuclir-bench-mt`` has their published translations into
English, of all three languages as one collection. Judgements of the multilingual tasks are published apart, and are
about fewer topics than those of a language.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import ir_datasets

from datasets_ext.lines import check_id, read_jsonl, read_judgements, read_topics
from datasets_ext.parallel import MULTI, Again, LanguagePart, ParallelCollection, ParallelQuery
from datasets_ext.published import Published

CODES = {"fa": "fas", "ru": "rus", "zh": "zho", "en": "eng"}  # the publisher's
LANGUAGES = ("fa", "ru", "zh")
TRANSLATED = "neuclir-bench-mt"


class NeuclirDoc(NamedTuple):
    """A news article, or its translation."""

    doc_id: str
    text: str
    title: str
    url: str
    time: str
    lang: str

    def default_text(self) -> str:
        return f"{self.title} {self.text}" if self.title else self.text


def collection(published: Published) -> ParallelCollection:
    """``neuclir-bench`` or ``neuclir-bench-mt``, by the name of the files."""
    translated = published.name == TRANSLATED
    return ParallelCollection(
        published.name,
        ("en",) if translated else LANGUAGES,
        partial(_load_translated if translated else _load, published),
        published.fingerprint,
        at_hand=lambda lang: all(_local(published, file).is_file() for file in _files(lang, translated)),
        licence="CC BY 4.0; documents ODC-By 1.0 and terms of Common Crawl",
        # Others than these are possible, and the benchmark does without them.
        empty=[("multi", "en")] if translated else [(MULTI, lang) for lang in LANGUAGES],
        asked_in=("en",) if translated else ("en", *LANGUAGES),
        through=("en",),
        pool=None if translated else lambda: read_judgements(published.path(_qrels("mlir"))),
        published_ids=True,
        streamed=True,
        measures=("nDCG@20",),
        description="TREC NeuCLIR 2022 to 2024: news" + (" translated into English" if translated else ", graded"),
        qrels_defs={3: "very valuable", 2: "valuable", 1: "somewhat valuable", 0: "not valuable"},
        doc_type=NeuclirDoc,
    )


def _topics(lang: str) -> str:
    return f"data/news.{CODES[lang]}.tsv"


def _qrels(task: str) -> str:
    return f"data/qrels.{task}.gains.txt"


def _documents(lang: str, translated: bool) -> str:
    return f"docs/{CODES[lang]}{'-mt-eng' if translated else ''}-00000-of-00001.jsonl.gz"


def _files(lang: str, translated: bool) -> list[str]:
    """Those that a language is read from."""
    if translated:
        return [_topics("en"), _qrels("mlir"), *(_documents(one, True) for one in LANGUAGES)]
    return [_topics(lang), *([_documents(lang, False), _qrels(CODES[lang])] if lang in LANGUAGES else [])]


def _local(published: Published, file: str) -> Path:
    """Where a file lies, here or not: documents perhaps where ir_datasets has put them."""
    path = published.local(file)
    code = Path(file).name.split("-", 1)[0]
    theirs = Path(ir_datasets.util.home_path()) / "neuclir" / "1" / code / "docs.jsonl.gz"
    if not path.is_file() and file == f"docs/{code}-00000-of-00001.jsonl.gz" and theirs.is_file():
        return theirs
    return path


def _path(published: Published, file: str) -> Path:
    path = _local(published, file)
    return path if path != published.local(file) else published.path(file)


def _docs(published: Published, langs: Sequence[str], *, translated: bool) -> Again:
    files = [_documents(lang, translated) for lang in langs]
    counts: list[int | None] = [published.table[file].get("count") for file in files]
    return Again(
        lambda: chain.from_iterable(
            read_documents(_path(published, file), "en" if translated else lang)
            for file, lang in zip(files, langs, strict=True)
        ),
        None if None in counts else sum(filter(None, counts)),
    )


def _queries(published: Published, lang: str) -> list[ParallelQuery]:
    topics = read_topics(published.path(_topics(lang)))
    return [ParallelQuery(one, text, lang, one) for one, text in topics.items()]


def _load(published: Published, lang: str) -> LanguagePart:
    queries = _queries(published, lang)
    if lang == "en":
        return LanguagePart((), queries, {})
    relevant = read_judgements(published.path(_qrels(CODES[lang])))
    return LanguagePart(_docs(published, (lang,), translated=False), queries, relevant)


def _load_translated(published: Published, lang: str) -> LanguagePart:
    docs = _docs(published, LANGUAGES, translated=True)
    return LanguagePart(docs, _queries(published, lang), read_judgements(published.path(_qrels("mlir"))))


def read_documents(path: Path, lang: str) -> Iterator[NeuclirDoc]:
    """The articles of a published file."""
    for number, row in read_jsonl(path, {"id": str, "text": str}, may_be_empty=("text",)):
        check_id(path, number, "id", row["id"])
        title, url, time = (row.get(key) or "" for key in ("title", "url", "time"))
        yield NeuclirDoc(row["id"], row["text"], title, url, time, lang)
