"""MIRACL: questions over the Wikipedia of 18 languages, each language by itself (Zhang et al., TACL 2023)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import monolingual

LANGUAGES = ("ar", "bn", "de", "en", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th", "yo", "zh")

BENCHMARK = Benchmark(
    name="miracl",
    # The questions of each language were asked there, and their ids say nothing of another's.
    tasks=monolingual(
        {lang: f"miracl/{lang}/dev" for lang in LANGUAGES}, docs={lang: f"miracl/{lang}" for lang in LANGUAGES}
    ),
    measures=("nDCG@10", "R@100"),
    description="MIRACL 1.0, development set: questions over Wikipedia passages, each language by itself",
    licence="Apache-2.0 (passages of Wikipedia: CC BY-SA)",
    files=tuple(
        f"miracl/v1.0/{lang}/{part}"
        for lang in LANGUAGES
        for part in ("docs/docs-*.jsonl.gz", "dev/topics.tsv", "dev/qrels.tsv")
    ),
)
