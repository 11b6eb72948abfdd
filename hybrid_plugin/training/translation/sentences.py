"""Long texts in pieces that a translation model takes, cut where sentences end, and put together again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from hybrid_plugin.training.translation.languages import short

# The end of a sentence, with closing marks; no full stop after a capital of one to three letters ("Dr. ", "J. ").
_END = re.compile(
    r"""(?:(?<!\b[A-Z])(?<!\b[A-Z]\w)(?<!\b[A-Z]\w\w)\.|[!?…؟।॥۔։])["'”’»)\]]*\s+|[。！？｡]["”’」』）]*\s*|\n+"""
)
_UNSPACED = ("zh", "ja", "yue", "wuu")


def split(text: str, count: Callable[[Sequence[str]], Sequence[int]], most: int) -> list[str]:
    """A text in pieces that are short enough: whole sentences, as many as go together; a sentence that is too long
    alone is cut between the words nearest to its middle, or in a word.

    Parameters
    ----------
    count : the tokens of each of some texts.
    most : tokens of a piece.
    """
    if len(text) < 2 or count([text])[0] <= most:
        return [text]
    sentences = _sentences(text)
    pieces: list[str] = []
    room = 0  # tokens, in the last piece
    for sentence, tokens in zip(sentences, count(sentences), strict=True):
        if tokens > most:
            pieces += split(sentence, count, most)
            room = 0
        elif tokens > room:
            pieces.append(sentence)
            room = most - tokens
        else:
            pieces[-1] += sentence
            room -= tokens
    return [piece for piece in map(str.strip, pieces) if piece]


def _sentences(text: str) -> list[str]:
    """The sentences of a text, with the blanks after them; of a single one its two halves."""
    found = (one.end() for one in _END.finditer(text))
    ends = [place for place in found if place < len(text) and not text[place].islower()]
    if not ends:
        middle = len(text) // 2
        words = [found.start() for found in re.finditer(r"(?<=\s)\S", text)]
        ends = [min(words or [middle], key=lambda place: abs(place - middle))]
    return [text[start:end] for start, end in pairwise([0, *ends, len(text)])]


def join(pieces: Iterable[str], language: str) -> str:
    """Translated pieces as one text: with spaces between, where the language has any."""
    return ("" if short(language) in _UNSPACED else " ").join(pieces).strip()
