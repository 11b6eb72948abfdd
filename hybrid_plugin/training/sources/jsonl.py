"""Sources from JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from datasets_ext.lines import read_jsonl
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath
from hybrid_plugin.training.sources.formats import SourceFormat
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import file_key, store


def from_jsonl(path: StrPath) -> Source:
    """The pairs of a JSON lines file.

    Each line is ``{"id": "q3", "queries": {"en": "...", "de": "..."}, "passages": {"en": "...", "fr": ["..."]}}``;
    languages may be missing on either side. ``"negatives"``, of the form of ``"passages"``, may be added, and
    ``"origins"``: what the row was made from, in a text or several, as :func:`hybrid_plugin.training.mining.mine`
    writes it.

    Raises
    ------
    CollectionError, UserError
        Names the file and line.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there is no file '{path}'")
    return store(str(path), _jsonl_rows(path), key=file_key("jsonl", [path]))


def _jsonl_rows(path: Path) -> Iterator[Row]:
    for number, row in read_jsonl(path, {"id": str, "queries": dict, "passages": dict}):
        queries, passages, negatives = row["queries"], _several(row["passages"]), row.get("negatives")
        if negatives and not isinstance(negatives, dict):
            raise UserError(f"{path} line {number} needs an object of languages in 'negatives'")
        negatives = _several(negatives) if negatives else {}
        texts = chain(queries.values(), *passages.values(), *negatives.values())
        if not queries or not passages or not all(map(_is_text, texts)):
            raise UserError(f"{path} line {number} needs at least one query and one passage, and no empty text")
        if not all(passages.values()) or not all(negatives.values()):
            sides = {"passages": passages, "negatives": negatives}
            side, lang = next((side, lang) for side, by_lang in sides.items() for lang in by_lang if not by_lang[lang])
            raise UserError(f"{path} line {number} has an empty list of {side} in '{lang}'; leave the language out")
        origins = _listed(row.get("origins", []))
        if not all(map(_is_text, origins)):
            raise UserError(f"{path} line {number} needs a text, or a list of texts, in 'origins'")
        yield Row(row["id"], queries, passages, negatives, origins=origins)


def _several(given: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {lang: _listed(texts) for lang, texts in given.items()}


def _listed(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list) else (given,)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


JSONL = SourceFormat(
    name="jsonl",
    form="FILE",
    description="JSON lines, one question in all its languages a line",
    load=lambda _, what: from_jsonl(Path(what)),
    fits=lambda what: Path(what).is_file(),
)
