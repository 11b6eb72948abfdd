"""Sources from SQuAD's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json
from hybrid_plugin.training.sources.formats import SourceFormat
from hybrid_plugin.training.sources.language_files import from_files, given, holds
from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.source import Source


def from_squad(name: str, what: str) -> Source:
    """The pairs of SQuAD's files, one a language, with the same id for the same question (XQuAD, MLQA).

    The passage is the paragraph; in files with ``sentences`` and ``sentence_breaks`` (LAReQA's) the sentence in which
    the answer starts. Questions without an answer (SQuAD 2) are left out, with a warning that counts them.

    Parameters
    ----------
    what : see :func:`language_files`.

    Raises
    ------
    UserError
        Names the file and the question at fault.
    """
    return from_files(name, what, ".json", "squad", _squad)


def _squad(path: Path, lang: str) -> Iterator[Piece]:
    for a, article in enumerate(given(read_json(path), "data", list, f"{path}"), start=1):
        yield from questions(article, f"{path} article {a}", lang)


def questions(article: dict[str, Any], where: str, lang: str) -> Iterator[Piece]:
    """The questions of an article, with the paragraphs or sentences that answer them.

    Parameters
    ----------
    where : the article stands.

    Raises
    ------
    UserError
        Names the question at fault.
    """
    for p, paragraph in enumerate(given(article, "paragraphs", list, where), start=1):
        for q, question in enumerate(given(paragraph, "qas", list, f"{where} paragraph {p}"), start=1):
            here = f"{where} paragraph {p} question {q}"
            starts = [given(one, "answer_start", int, here) for one in given(question, "answers", list, here)]
            passages = _answering(paragraph, starts, here) if starts else []
            yield Piece(given(question, "id", str, here), lang, given(question, "question", str, here), passages)


def _answering(paragraph: dict[str, Any], starts: list[int], where: str) -> list[str]:
    if "sentence_breaks" not in paragraph:
        return [given(paragraph, "context", str, where)]
    breaks, sentences = (given(paragraph, key, list, where) for key in ("sentence_breaks", "sentences"))
    if len(breaks) != len(sentences):
        raise UserError(f"{where} has {len(sentences)} sentences, but {len(breaks)} sentence_breaks")
    return [
        text for text, (start, end) in zip(sentences, breaks, strict=True) if any(start <= at < end for at in starts)
    ]


SQUAD = SourceFormat("squad", "FOLDER", "SQuAD files {lang}.json with the same ids", from_squad, holds(".json"))
