"""HC4: news in Persian, Russian and Chinese, judged by active learning (Lawrie et al., ECIR 2022)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View

# Language -> its code in the published files.
LANGUAGES = {"fa": "fas", "ru": "rus", "zh": "zho"}

DOCS = {lang: View(f"hc4/{lang}", lang) for lang in LANGUAGES}  # ids are unique over the languages
QRELS = {lang: Qrels(f"hc4/{lang}/test") for lang in LANGUAGES}
# A topic has one id in all languages. Its text is title and description, as is usual; in the documents' language it is
# a human translation.
ENGLISH = View("hc4-topics/test/en", "en", field="title description")
TRANSLATED = {lang: View(f"hc4/{lang}/test", lang, field="ht_title ht_description") for lang in LANGUAGES}

BENCHMARK = Benchmark(
    name="hc4",
    tasks=(
        *(Task(f"{lang}/{lang}", (DOCS[lang],), TRANSLATED[lang], (QRELS[lang],), "query_id") for lang in LANGUAGES),
        *(Task(f"{lang}/en", (DOCS[lang],), ENGLISH, (QRELS[lang],), "query_id") for lang in LANGUAGES),
        Task("multi/en", tuple(DOCS.values()), ENGLISH, tuple(QRELS.values()), "query_id"),
    ),
    measures=("nDCG@20", "AP@1000", "R@100", "R@1000"),
    description="HC4 1.0, test topics: news by topics in English or the documents' language, graded",
    licence="documents: terms of Common Crawl",
    files=(
        "hc4/test.topics.v1-0.jsonl",
        *(f"hc4/{code}/{part}" for code in LANGUAGES.values() for part in ("hc4_docs.jsonl", "test.qrels.v1-0.txt")),
    ),
)
