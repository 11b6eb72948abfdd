"""WikiCLIR: titles of the English Wikipedia as queries for articles in 24 other languages and Simple English (2018)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Qrels, Task, View

LANGUAGES = (
    *("ar", "ca", "cs", "de", "es", "fi", "fr", "it", "ja", "ko", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sv"),
    *("sw", "tl", "tr", "uk", "vi", "zh", "en-simple"),
)


def lang_of(part: str) -> str:
    """The language of a part's documents: the Simple English Wikipedia is in English."""
    return "en" if part == "en-simple" else part


BENCHMARK = Benchmark(
    name="wikiclir",
    # A query is a page of the English Wikipedia, and has its id whatever the language of the documents.
    tasks=tuple(
        Task(
            f"{part}/en",
            (View(f"wikiclir/{part}", lang_of(part)),),
            View(f"wikiclir/{part}", "en"),
            (Qrels(f"wikiclir/{part}"),),
            "query_id",
        )
        for part in LANGUAGES
    ),
    measures=("nDCG@10", "R@100"),
    description="WikiCLIR (2018): titles of English Wikipedia as queries for articles in 25 Wikipedias, graded",
    licence="CC BY-SA (articles of Wikipedia)",
    # One archive, unpacked while it is downloaded.
    files=("wikiclir/source/wiki-clir/english/wiki_en.queries",),
)
