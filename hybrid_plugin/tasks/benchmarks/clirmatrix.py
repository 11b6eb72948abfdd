"""CLIRMatrix MULTI-8: titles of Wikipedia as queries for its articles in seven other languages (Sun and Duh, 2020)."""

from __future__ import annotations

from dataclasses import replace

from datasets_ext import MULTI
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import grid
from hybrid_plugin.tasks.task import Qrels, View

LANGUAGES = ("ar", "de", "en", "es", "fr", "ja", "ru", "zh")

DOCS = {lang: View(f"clirmatrix/{lang}", lang) for lang in LANGUAGES}
# The queries of a language are the same ones for the documents of each other language.
QUERIES = {lang: View(f"clirmatrix/{'de' if lang == 'en' else 'en'}/multi8/{lang}/test1", lang) for lang in LANGUAGES}


def others(lang: str) -> tuple[str, ...]:
    """The languages whose documents are judged for the queries of a language: its own are not."""
    return tuple(other for other in LANGUAGES if other != lang)


def pool(lang: str) -> tuple[View, ...]:
    """The pool for the queries of a language. Ids are those of pages in each Wikipedia, so languages share some."""
    return tuple(replace(DOCS[other], prefix=f"{other}/") for other in others(lang))


def qrels(docs: str, queries: str) -> tuple[Qrels, ...]:
    """The judgements of a language's documents, or of the pool; none within a language."""
    if docs == MULTI:
        return tuple(Qrels(f"clirmatrix/{one}/multi8/{queries}/test1", prefix=f"{one}/") for one in others(queries))
    return (Qrels(f"clirmatrix/{docs}/multi8/{queries}/test1"),) if docs != queries else ()


BENCHMARK = Benchmark(
    name="clirmatrix",
    # The id of a query is that of its page in its own Wikipedia: the same for the documents of each language, but none
    # that would link it to the same query in another language.
    tasks=grid(DOCS, QUERIES, qrels, pool=pool),
    measures=("nDCG@10",),
    description="CLIRMatrix MULTI-8, test1: Wikipedia titles as queries for articles in other languages, graded",
    licence="CC BY 4.0 (articles of Wikipedia: CC BY-SA)",
    # ir_datasets first fetches a list of the files, and only the list says where they lie.
    files=("clirmatrix/clirmatrix_downloads.json.gz",),
)
