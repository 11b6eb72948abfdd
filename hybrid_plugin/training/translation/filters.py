"""Translations that are none: what makes one bad, told from the text and its translation alone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.translation.languages import short
from hybrid_plugin.training.translation.settings import TranslationSettings

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SYLLABLES = re.compile("[\u3040-\u30ff\uac00-\ud7af]")  # kana, hangul
_UNSPACED = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3040-\u30ff\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff"
_TOKENS = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")  # letters of scripts without spaces, words of others

_ROOM = 20  # letters added to both lengths, so that a short text may become a little longer
_JUDGED = 20  # letters of a text whose language can be told
_MARGIN = 2.0  # by which another language must be likelier, see _other_language
_WORDS = 4  # of a text that is no mere name
_REPEATED = 4  # times in a row make a loop
_LETTERS = 8  # times in a row make a loop of a single letter
_PERIOD = 120  # letters of the longest loop that is looked for
_LONG = 24  # tokens of a text whose share of different phrases is judged
_PHRASE = 4  # tokens
_DIFFERENT = 0.5  # share of different phrases, below which a text repeats itself


class Filters:
    """Tells bad translations from good ones."""

    def __init__(self, settings: TranslationSettings):
        self._ratio = settings.length_ratio
        checks: dict[str, Callable[[str, str, str, str], bool]] = {
            "copy": lambda text, made, *_: _is_copy(text, made),
            "repetition": lambda text, made, *_: _repeats(made) and not _repeats(text),
            "length": lambda text, made, *_: not self._fits(text, made),
            "language": lambda _, made, __, lang: self._other_language(made, lang),
        }
        self._checks = {name: check for name, check in checks.items() if name in settings.reject}
        if "language" in self._checks:
            _ = self._languages  # so that a package that is missing is missed at once

    def fault(self, text: str, translation: str, source_lang: str, target_lang: str) -> str | None:
        """What is wrong with a translation: ``empty`` or the name of a check; None where nothing is."""
        if not any(map(str.isalnum, translation)):
            return "empty" if any(map(str.isalnum, text)) else None
        found = (name for name, check in self._checks.items() if check(text, translation, source_lang, target_lang))
        return next(found, None)

    def _fits(self, text: str, translation: str) -> bool:
        """Whether the lengths fit.

        Of 35,000 human translations of English questions (XQuAD, MLQA), in ten languages from Arabic to Chinese, 99.8 %
        are between 0.55 and 1.8 in this measure.
        """
        ratio = (_length(translation) + _ROOM) / (_length(text) + _ROOM)
        return 1 / self._ratio <= ratio <= self._ratio

    def _other_language(self, translation: str, lang: str) -> bool:
        """Whether a text is in another language than asked for; never said of short ones, or of unknown languages.

        py3langid's scores are sums over the features of a text, so what one is worth shrinks with the square root of
        its length. Labels of three letters are dialects and close kin (``wuu``, ``arz``) and count for nothing.
        """
        wanted = short(lang)
        if wanted not in self._languages or _letters(translation) < _JUDGED:
            return False
        scores = dict(self._rank(translation))
        best = max(score for label, score in scores.items() if len(label) == 2)
        return (best - scores[wanted]) / math.sqrt(len(translation.encode())) > _MARGIN

    @cached_property
    def _rank(self) -> Callable[[str], Sequence[tuple[str, float]]]:
        try:
            from py3langid import rank
        except ImportError as error:
            raise UserError(
                "telling languages needs the package py3langid; pip install 'hybrid-ir[translation]', or leave "
                "language out of --reject"
            ) from error
        return rank

    @cached_property
    def _languages(self) -> Mapping[str, float]:
        """The labels that py3langid knows."""
        return dict(self._rank("language"))


def _length(text: str) -> int:
    """Letters, as an alphabet would have them."""
    return len(text) + 2 * len(_HAN.findall(text)) + len(_SYLLABLES.findall(text))


def _letters(text: str) -> int:
    """Letters without blanks, digits and marks, as an alphabet would have them."""
    return _length("".join(filter(str.isalpha, text)))


def _is_copy(text: str, translation: str) -> bool:
    """Whether a translation is the text itself, which names, numbers and titles may be."""
    if _folded(text) != _folded(translation):
        return False
    tokens = [token for token in _TOKENS.findall(text) if any(map(str.isalpha, token))]
    is_title = all(token[:1].isupper() for token in tokens)
    return len(tokens) >= _WORDS and not is_title


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _repeats(text: str) -> bool:
    """Whether a text is stuck: the same letters again and again in a row, ever the same phrases, or all of it twice."""
    folded = _folded(text)
    return any(map(_has_letter, _loops(f"{folded} "))) or _few_phrases(folded) or _is_doubled(folded)


def _is_doubled(text: str) -> bool:
    """Whether a text that is no mere name is a shorter one twice or more often, with blanks between or without."""
    again = any(one in (one + one)[1:-1] for one in (text, f"{text} "))
    return again and len(_TOKENS.findall(text)) >= 2 * _WORDS


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _loops(text: str) -> Iterator[str]:
    """What a text repeats in a row: a letter at least 8 times, or more letters at least 4 times."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    for period in range(1, min(_PERIOD, len(letters) // _REPEATED) + 1):
        needed = period * (_REPEATED - 1) if period > 1 else _LETTERS - 1
        other = np.flatnonzero(letters[period:] != letters[:-period])
        if len(letters) - period - len(other) < needed:
            continue
        bounds = np.concatenate(([-1], other, [len(letters) - period]))
        starts = bounds[:-1][np.diff(bounds) > needed] + 1
        yield from (text[start : start + period] for start in starts)


def _few_phrases(text: str) -> bool:
    """Whether less than half of the phrases of a long text are different ones."""
    tokens = _TOKENS.findall(text)
    phrases = list(zip(*(tokens[start:] for start in range(_PHRASE)), strict=False))
    return len(tokens) >= _LONG and len(set(phrases)) < _DIFFERENT * len(phrases)
