"""What the checks of `hybrid-ir translate` reject of people's own translations, and of the same in a wrong language.

    python tests/benchmarks/translation_filters.py

Reads XQuAD-R as `hybrid-ir evaluate xquad-r` does. Questions and paragraphs are taken from English to each other
language; in the wrong language a question is that of the next language in the alphabet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import ir_datasets

from hybrid_plugin.tasks import register_datasets
from hybrid_plugin.training.translation.filters import Filters
from hybrid_plugin.training.translation.settings import TranslationSettings

Texts = dict[str, dict[str, str]]  # language -> parallel id -> text


def show(what: str, texts: Texts, languages: Iterable[tuple[str, str]]) -> None:
    """Print how many are rejected, by reason.

    Parameters
    ----------
    languages : that are asked for, each with that of the texts given.
    """
    filters = Filters(TranslationSettings(to=("de",)))
    found = Counter(
        filters.fault(text, texts[given][key], "en", asked)
        for asked, given in languages
        for key, text in texts["en"].items()
    )
    good = found.pop(None, 0)
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in found.most_common())
    print(f"{what:28} {found.total() + good:7,} texts {found.total():7,} rejected  {reasons}")


def main() -> None:
    register_datasets()
    questions: Texts = {}
    for query in ir_datasets.load("xquad-r").queries_iter():
        questions.setdefault(query.lang, {})[query.parallel_id] = query.text
    paragraphs: Texts = {}
    for doc in ir_datasets.load("xquad-r").docs_iter():
        paragraphs.setdefault(doc.lang, {})[doc.doc_id.split("_")[1]] = doc.context
    others = sorted(set(questions) - {"en"})
    show("questions", questions, zip(others, others, strict=True))
    show("paragraphs", paragraphs, zip(others, others, strict=True))
    show("questions, wrong language", questions, zip(others, [*others[1:], others[0]], strict=True))


if __name__ == "__main__":
    main()
