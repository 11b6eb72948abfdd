"""mMARCO: MS MARCO's passages and questions, translated by machine into 13 languages (Bonifacio et al., 2021)."""

from __future__ import annotations

from dataclasses import replace

from datasets_ext import MULTI
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import grid
from hybrid_plugin.tasks.task import Qrels, View

# Language -> its name in the published files. English is what was translated.
LANGUAGES = {
    "ar": "arabic",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "hi": "hindi",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "nl": "dutch",
    "pt": "portuguese",
    "ru": "russian",
    "vi": "vietnamese",
    "zh": "chinese",
}
# mMARCO's code for Dutch is dt.
IDS = {"en": "msmarco-passage", **{lang: f"mmarco/v2/{'dt' if lang == 'nl' else lang}" for lang in LANGUAGES}}

DOCS = {lang: View(one, lang) for lang, one in IDS.items()}
QUERIES = {lang: View(f"{one}/dev/small", lang) for lang, one in IDS.items()}
# A passage has one id in all languages: within a language it stays as published, in the pool it says its language.
POOL = tuple(replace(view, prefix=f"{lang}/") for lang, view in DOCS.items())


def qrels(docs: str, queries: str) -> tuple[Qrels, ...]:
    """The judgements are those of the documents' language, whatever the language of the queries."""
    if docs == MULTI:
        return tuple(Qrels(f"{one}/dev/small", prefix=f"{lang}/") for lang, one in IDS.items())
    return (Qrels(f"{IDS[docs]}/dev/small"),)


BENCHMARK = Benchmark(
    name="mmarco",
    tasks=grid(DOCS, QUERIES, qrels, pool=lambda queries: POOL, question="query_id"),
    measures=("RR@10", "R@1000"),
    description="mMARCO v2, dev/small: MS MARCO's passages and questions in English and 13 machine translations",
    licence="Apache-2.0 (MS MARCO's texts: non-commercial research)",
    files=(
        *(f"mmarco/v2/{language}_collection.tsv" for language in LANGUAGES.values()),
        *(f"mmarco/v2/{language}.queries.dev.tsv" for language in LANGUAGES.values()),
        "mmarco/qrels.dev.small.tsv",
        "msmarco-passage/collectionandqueries.tar.gz",
    ),
)
