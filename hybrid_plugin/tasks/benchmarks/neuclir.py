"""NeuCLIR: news in Persian, Russian and Chinese, judged for TREC 2022 and 2023 (Lawrie et al., 2023 and 2024)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View

LANGUAGES = ("fa", "ru", "zh")
DOCS = {lang: View(f"neuclir/1/{lang}", lang) for lang in LANGUAGES}  # ids are unique over the languages


def year_tasks(year: str) -> tuple[Task, ...]:
    """The tasks of a year: a language's documents by its own topics and by English ones, and the pool by English ones.

    A topic has one id in all languages. Its text is title and description, as is usual; in the documents' language it
    is a human translation.
    """
    english = View(f"neuclir-topics/{year}/en", "en", field="title description")
    translated = {
        lang: View(f"neuclir-topics/{year}/{lang}", lang, field="ht_title ht_description") for lang in LANGUAGES
    }
    qrels = {lang: Qrels(f"neuclir/1/{lang}/trec-{year}") for lang in LANGUAGES}
    mono = [
        Task(f"{year}/{lang}/{lang}", (DOCS[lang],), translated[lang], (qrels[lang],), "query_id") for lang in LANGUAGES
    ]
    cross = [Task(f"{year}/{lang}/en", (DOCS[lang],), english, (qrels[lang],), "query_id") for lang in LANGUAGES]
    multi = Task(f"{year}/multi/en", tuple(DOCS.values()), english, tuple(qrels.values()), "query_id")
    return (*mono, *cross, multi)


BENCHMARK = Benchmark(
    name="neuclir",
    tasks=(*year_tasks("2022"), *year_tasks("2023")),
    measures=("nDCG@20", "AP@1000", "R@100", "R@1000"),
    description="TREC NeuCLIR 2022 and 2023: news by topics in English or the documents' language, graded",
    licence="ODC-By 1.0 (documents: terms of Common Crawl)",
    files=(
        *(f"neuclir/1/{folder}/docs.jsonl.gz" for folder in ("fas", "rus", "zho")),
        *(f"neuclir/trec-{year}/topics.jsonl" for year in ("2022", "2023")),
        "neuclir/trec-2022/qrels",
        "neuclir/trec-2023/qrels.tar.gz",
    ),
)
