"""Crossmodal-3600 (Thapliyal et al. 2022, arXiv 2205.12522): captions of the same 3,600 images in 36 languages.

From https://google.github.io/crossmodal-3600, one JSON lines file in a zip archive. People wrote the captions of each
language by looking at the image, so those of one image are no translations of each other. Images have one caption or
more in a language: all are documents, and the first asks for the captions of its image in other languages.
"""

from __future__ import annotations

from pathlib import Path

from datasets_ext.lines import check_id, kept, read_jsonl
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelDoc, ParallelQuery
from datasets_ext.published import Published

FILE = "captions.zip"
MEMBER = "captions.jsonl"
LANGUAGES = (
    *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hr", "hu", "id", "it"),
    *("ja", "ko", "mi", "nl", "no", "pl", "pt", "quz", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk", "vi", "zh"),
)
Captions = dict[str, list[str]]  # image -> its captions in a language


def collection(published: Published) -> ParallelCollection:
    """``xm3600``: find the captions of the same image in another language."""
    return published.collection(
        LANGUAGES,
        _load,
        lambda lang: [FILE],
        licence="CC BY 4.0",
        answers_itself=True,
        description="captions of the same images: find those in another language",
        qrels_defs={1: "a caption of the same image"},
    )


def _load(published: Published, lang: str) -> LanguagePart:
    captions = _captions(published.path(FILE))[lang]
    relevant = {image: [f"{lang}_{image}_{n}" for n in range(len(texts))] for image, texts in captions.items()}
    docs = [
        ParallelDoc(doc_id, text, "", "", lang)
        for image, texts in captions.items()
        for doc_id, text in zip(relevant[image], texts, strict=True)
    ]
    queries = [ParallelQuery(f"{image}_{lang}", texts[0], lang, image) for image, texts in captions.items()]
    return LanguagePart(docs, queries, relevant)


@kept
def _captions(path: Path) -> dict[str, Captions]:
    """The captions of every language that are not blank."""
    path = path / MEMBER
    found: dict[str, Captions] = {lang: {} for lang in LANGUAGES}
    for number, row in read_jsonl(path, {"image/key": str, **dict.fromkeys(LANGUAGES, dict)}):
        image = row["image/key"]
        check_id(path, number, "image/key", image, found[LANGUAGES[0]])
        for lang, captions in found.items():
            captions[image] = [text for text in row[lang].get("caption", ()) if text.strip()]
    return {lang: {image: texts for image, texts in captions.items() if texts} for lang, captions in found.items()}
