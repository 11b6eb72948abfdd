"""Whether a passage holds an answer, as DPR, CORA and BGE-M3 ask it: the answer's words stand there in a row.

Words are those of DrQA's ``SimpleTokenizer``, which DPR's and Pyserini's evaluation use (Chen et al. 2017, arXiv
1704.00051; Karpukhin et al. 2020, arXiv 2004.04906): letters, digits and their marks in a row, or any one other
character that is no blank, in lower case and decomposed (NFD). In languages without blanks between words that takes a
whole clause for a word, in which no answer would ever be found. There each letter is a word by itself, as in MKQA's own
evaluation (its ``mixed_segmentation``), but a row of Latin letters or digits, such as ``NBA`` and ``2017``, stays one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import regex

UNSEGMENTED = {
    *("zh", "zho", "chi", "cmn", "yue", "ja", "jpn", "th", "tha", "km", "khm", "lo", "lao", "my", "mya"),
}  # languages without blanks between words; MKQA's, and Lao and Burmese
_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}"
_OTHER = r"[^\p{Z}\p{C}]"
_WORDS = regex.compile(rf"[\p{{L}}\p{{N}}\p{{M}}]+|{_OTHER}")
_LETTERS = regex.compile(
    rf"[{_SCRIPTS}]\p{{M}}*|[[\p{{L}}\p{{N}}\p{{M}}]--[{_SCRIPTS}]]+|{_OTHER}", flags=regex.VERSION1
)
_BETWEEN = "\x1f"  # stands in no word: it is a control character


class AnswerMatcher:
    """The answers to a question, to be found in passages.

    Parameters
    ----------
    answers : a blank one stands nowhere.
    lang : theirs and the passages', by ISO 639 with or without a region (``zh``, ``zh_cn``, ``jpn``); None where it is
        not known, so that words are those between blanks.
    """

    def __init__(self, answers: Iterable[str], lang: str | None = None):
        code = (lang or "").replace("-", "_").split("_")[0].lower()
        self._words = _LETTERS if code in UNSEGMENTED else _WORDS
        self._answers = [row for row in map(self._in_a_row, answers) if row != _BETWEEN]

    def in_passage(self, passage: str) -> bool:
        """Whether any of them stands in a passage."""
        text = self._in_a_row(passage)
        return any(answer in text for answer in self._answers)

    def _in_a_row(self, text: str) -> str:
        """The words of a text with a mark before and after each."""
        words = self._words.findall(unicodedata.normalize("NFD", text))
        return _BETWEEN.join(["", *words, ""]).lower()
