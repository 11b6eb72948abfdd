"""Mr. TyDi: questions over the Wikipedia of 11 languages, each language by itself (Zhang et al., 2021)."""

from __future__ import annotations

from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.shapes import monolingual

# Language -> its name in the published files.
LANGUAGES = {
    "ar": "arabic",
    "bn": "bengali",
    "en": "english",
    "fi": "finnish",
    "id": "indonesian",
    "ja": "japanese",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
    "th": "thai",
}

BENCHMARK = Benchmark(
    name="mr-tydi",
    # The questions of each language were asked there, and their ids say nothing of another's.
    tasks=monolingual(
        {lang: f"mr-tydi/{lang}/test" for lang in LANGUAGES}, docs={lang: f"mr-tydi/{lang}" for lang in LANGUAGES}
    ),
    measures=("RR@100", "R@100"),
    description="Mr. TyDi 1.0, test set: questions over Wikipedia passages, each language by itself",
    licence="Apache-2.0 (passages of Wikipedia: CC BY-SA)",
    # The archives are unpacked while they are downloaded.
    files=tuple(
        f"mr-tydi/{lang}.data/mrtydi-v1.0-{name}/{part}"
        for lang, name in LANGUAGES.items()
        for part in ("collection/docs.jsonl.gz", "topic.test.tsv", "qrels.test.txt")
    ),
)
