"""A source's rows to JSON lines of the same rows in more languages."""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, blame, unknown
from hybrid_plugin.files import StrPath, read_json, scratch_folder, whole_file
from hybrid_plugin.outputs import file_is_done, record_request, say_done
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.translation.cache import Cache
from hybrid_plugin.training.translation.filters import Filters
from hybrid_plugin.training.translation.settings import Side, TranslationSettings
from hybrid_plugin.training.translation.translator import Translator
from hybrid_plugin.versions import versions

_CHUNK = 512  # texts handed to a translator at a time, and kept together
_EXAMPLES = 3  # of rejected translations that are recorded, of each language and reason


@dataclass(frozen=True)
class Translated:
    """What was translated.

    Parameters
    ----------
    rows : written.
    dropped : rows that are not, since they are in no other language than that of the source.
    translations : that are good, of each language; the same text twice counts twice.
    rejected : those that are not, of each language by what is wrong: ``empty`` or a check of
        :class:`TranslationSettings`.
    """

    rows: int
    dropped: int
    translations: dict[str, int]
    rejected: dict[str, dict[str, int]]

    __repr__ = brief


def translate(
    source: Source,
    translator: Translator,
    output: StrPath,
    settings: TranslationSettings,
    *,
    progress: bool = False,
    overwrite: bool = False,
) -> Translated:
    """Translate a source's rows and write them in all languages, as JSON lines.

    A bad translation of a query or a passage leaves its row without that language, one of a negative is left out
    itself, and a row that stays in one language is dropped. Every translation is kept in
    ``$HYBRID_IR_CACHE/translations``, so none is made twice; an interrupted run that is started again ends with the
    file of a run that was never interrupted.

    Parameters
    ----------
    translator : by :func:`load_translator`, or any object of such a kind.
    output : gets the lines that :func:`hybrid_plugin.training.sources.from_jsonl` reads, all or none; ``{output}.json``
        beside it says what they were translated with, what was rejected, and some examples of it.
    overwrite : replace what was translated there with other settings.

    Raises
    ------
    UserError
        The translator lacks a language or fails, no row is translated, or the output was made with other settings.
    """
    output = Path(output)
    lang = _language(source, settings)
    request = {"source": source.known_by, "translator": dict(translator.identity), **flatten(settings), "from": lang}
    if file_is_done(output, request, overwrite):
        say_done(output)
        return Translated(**read_json(output.with_name(f"{output.name}.json"))["translated"])
    filters = Filters(settings)
    with closing(Cache(translator.identity)) as cache, scratch_folder(output.parent, output.name) as scratch:
        _fill(cache, source, translator, lang, settings, progress)
        rows = _Rows(cache, filters, lang, settings)
        with whole_file(scratch / output.name) as file:
            for row in tqdm(source, desc="write", unit="row", disable=not progress):
                line = rows.line(row)
                if line is not None:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        found = rows.counted()
        if not found.rows:
            raise UserError(f"no row of '{source.name}' is translated: {_said(found, lang)}")
        about = {
            "model": getattr(translator, "name", type(translator).__name__),
            "translated": vars(found),
            "examples": rows.examples,
            "versions": versions("py3langid", "sacremoses", "sentencepiece"),
        }
        record_request(output, request, about, written=scratch / output.name)
        os.replace(scratch / output.name, output)
    return found


def _language(source: Source, settings: TranslationSettings) -> str:
    """The language to translate from."""
    if not settings.to:
        raise UserError("which languages are to be translated to? name them: --to ar,zh,de")
    if settings.language is None and len(source.languages) > 1:
        raise UserError(
            f"'{source.name}' is in several languages: {', '.join(source.languages)}; name the one to translate from: "
            "--from LANG"
        )
    lang = settings.language or source.languages[0]
    if lang not in source.languages:
        raise unknown(f"language of '{source.name}'", lang, source.languages)
    if lang in settings.to:
        raise UserError(f"'{lang}' is to be translated to itself; leave it out of --to")
    return lang


def _takes_all(source_lang: str, target_lang: str) -> None:
    """The check of a translator that has none."""


def _texts(row: Row, lang: str, side: Side) -> tuple[str, ...]:
    """The texts of one side of a row in a language."""
    if side == "queries":
        return (row.queries[lang],) if lang in row.queries else ()
    return tuple(row.text(lang, one) for one in getattr(row, side).get(lang, ()))


def _sides(row: Row, to: str, settings: TranslationSettings) -> list[Side]:
    """The sides of a row that are to be translated to a language: those that are not there in it."""
    return [side for side in settings.sides if to not in getattr(row, side)]


def _fill(
    cache: Cache, source: Source, translator: Translator, lang: str, settings: TranslationSettings, progress: bool
) -> None:
    """Translate what was not translated before.

    Which texts are translated together decides the last digits of a model's scores, and so may decide a word. Texts are
    taken in the order of the rows, and a chunk is kept whole or not at all: after a kill, the same ones go together.
    """
    with blame("the translator", type(translator)):
        for to in settings.to:
            getattr(translator, "check", _takes_all)(lang, to)
    waiting: dict[str, list[str]] = {to: [] for to in settings.to}
    total = sum(_count(row, lang, settings) for row in source) if progress else None
    with tqdm(total=total, desc="translate", unit="text", disable=not progress) as bar:

        def flush(to: str) -> None:
            texts, waiting[to] = waiting[to], []
            known = cache.find(texts, lang, to)
            new = [text for text in dict.fromkeys(texts) if text not in known]
            if new:
                with blame("the translator", type(translator)):
                    made = translator.translate(new, lang, to)
                    if len(made) != len(new) or not all(isinstance(one, str) for one in made):
                        raise TypeError(f"it gives no text for each of {len(new)} from '{lang}' to '{to}'")
                cache.add(dict(zip(new, made, strict=True)), lang, to)
            bar.update(len(texts))

        for row in source:
            for to in settings.to:
                waiting[to] += (text for side in _sides(row, to, settings) for text in _texts(row, lang, side))
                if len(waiting[to]) >= _CHUNK:
                    flush(to)
        for to in settings.to:
            flush(to)


def _count(row: Row, lang: str, settings: TranslationSettings) -> int:
    """How many translations a row needs, without looking its texts up."""
    sides = [side for to in settings.to for side in _sides(row, to, settings)]
    return sum(lang in row.queries if side == "queries" else len(getattr(row, side).get(lang, ())) for side in sides)


class _Rows:
    """Rows with their translations, as lines; counts as it goes."""

    def __init__(self, cache: Cache, filters: Filters, lang: str, settings: TranslationSettings):
        self._cache, self._filters, self._lang, self._settings = cache, filters, lang, settings
        self._rows: Counter[bool] = Counter()  # written, or not
        self._good: Counter[str] = Counter()
        self._bad: dict[str, Counter[str]] = {to: Counter() for to in settings.to}
        self.examples: dict[str, dict[str, list[dict[str, str]]]] = {}

    def line(self, row: Row) -> dict[str, Any] | None:
        """A row with its translations; None if it has no other language than that it is translated from."""
        sides: dict[Side, dict[str, list[str]]] = {
            side: {lang: [*_texts(row, lang, side)] for lang in getattr(row, side)}
            for side in ("queries", "passages", "negatives")
        }
        for to in self._settings.to:
            made = self._translated(row, to)
            if made is not None:
                for side, texts in made.items():
                    sides[side][to] = texts
        written = any(lang != self._lang for side in ("queries", "passages") for lang in sides[side])
        self._rows[written] += 1
        if not written:
            return None
        queries = {lang: one for lang, [one] in sides["queries"].items()}
        line: dict[str, Any] = {"id": row.parallel_id, "queries": queries, "passages": sides["passages"]}
        others = {"negatives": sides["negatives"], "origins": row.origins}
        return line | {key: value for key, value in others.items() if value}

    def _translated(self, row: Row, to: str) -> dict[Side, list[str]] | None:
        """The translations of a row's sides to a language; None if one that it needs is bad."""
        result: dict[Side, list[str]] = {}
        whole = True
        for side in _sides(row, to, self._settings):
            texts = _texts(row, self._lang, side)
            known = self._cache.find(texts, self._lang, to)
            good = [known[text] for text in texts if self._is_good(text, known[text], to, row, side)]
            whole = whole and (side == "negatives" or len(good) == len(texts))
            if good:
                result[side] = [*dict.fromkeys(good)]
        return result if whole else None

    def _is_good(self, text: str, made: str, to: str, row: Row, side: Side) -> bool:
        fault = self._filters.fault(text, made, self._lang, to)
        if fault is None:
            self._good[to] += 1
            return True
        self._bad[to][fault] += 1
        some = self.examples.setdefault(to, {}).setdefault(fault, [])
        if len(some) < _EXAMPLES:
            some.append({"id": row.parallel_id, "side": side, "text": text, "translation": made})
        return False

    def counted(self) -> Translated:
        """What was found so far."""
        return Translated(
            self._rows[True],
            self._rows[False],
            {to: self._good[to] for to in self._settings.to},
            {to: dict(sorted(found.items())) for to, found in self._bad.items()},
        )


def _said(found: Translated, lang: str) -> str:
    """Why there are no rows."""
    reasons = sum(map(Counter, found.rejected.values()), Counter[str]())
    if not reasons:
        return f"none has a text in '{lang}' that is to be translated"
    return f"all translations were bad ({', '.join(f'{name} {count}' for name, count in reasons.most_common())})"
