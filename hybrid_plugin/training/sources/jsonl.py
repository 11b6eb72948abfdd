"""Sources from JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

_LARGEST = 2.0**127  # of a score, which float32 must hold


def from_jsonl(path: StrPath) -> Source:
    """The pairs of a JSON lines file.

    Each line is ``{"id": "q3", "queries": {"en": "...", "de": "..."}, "passages": {"en": "...", "fr": ["..."]}}``;
    languages may be missing on either side. ``"negatives"``, of the form of ``"passages"``, may be added, and
    ``"origins"``: what the row was made from, in a text or several, as :func:`hybrid_plugin.training.mining.mine`
    writes it. A teacher's scores stand in ``"passage_scores": {"de": {"en": 0.9, "fr": [0.7, 0.8]}}``, the query's
    language first, one for each text of ``"passages"`` in a language, null for none; ``"negative_scores"`` are those of
    ``"negatives"``.

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
        scores: dict[str, dict[str, dict[str, float]]] = {}
        for key, scored in (("negative_scores", negatives), ("passage_scores", passages)):
            _add_scores(scores, row.get(key) or {}, queries, scored, f"{path} line {number}: '{key}'")
        yield Row(row["id"], queries, passages, negatives, origins=origins, scores=scores)


def _add_scores(
    scores: dict[str, dict[str, dict[str, float]]],
    given: Any,
    queries: Mapping[str, str],
    side: Mapping[str, tuple[str, ...]],
    where: str,
) -> None:
    """Note the scores of a line's passages or negatives."""
    if not isinstance(given, dict) or not all(isinstance(by_lang, dict) for by_lang in given.values()):
        raise UserError(f"{where} needs an object of query languages, and in each an object of passage languages")
    for query_lang, by_lang in given.items():
        if query_lang not in queries:
            raise UserError(f"{where} is for queries in '{query_lang}', in which the line has none")
        for lang, found in by_lang.items():
            texts, numbers = side.get(lang, ()), _listed(found)
            if len(texts) != len(numbers):
                raise UserError(f"{where} has {len(numbers)} numbers in '{lang}' for {len(texts)} texts")
            for text, value in zip(texts, numbers, strict=True):
                if value is None:
                    continue
                if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
                    raise UserError(f"{where} needs finite numbers, not {value!r}")
                scores.setdefault(query_lang, {}).setdefault(lang, {})[text] = float(value)


def line_of(row: Row) -> dict[str, Any]:
    """A row as :func:`from_jsonl` reads it; all that it stores is texts there."""
    row = row.as_texts()
    others = {
        "negatives": {lang: list(texts) for lang, texts in row.negatives.items()},
        "origins": row.origins,
        "passage_scores": _scores_of(row, row.passages),
        "negative_scores": _scores_of(row, row.negatives),
    }
    passages = {lang: list(texts) for lang, texts in row.passages.items()}
    line = {"id": row.parallel_id, "queries": dict(row.queries), "passages": passages}
    return line | {key: value for key, value in others.items() if value}


def _scores_of(row: Row, side: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, list[float | None]]]:
    result: dict[str, dict[str, list[float | None]]] = {}
    for query_lang, by_lang in row.scores.items():
        for lang, texts in side.items():
            found = [by_lang.get(lang, {}).get(text) for text in texts]
            if any(score is not None for score in found):
                result.setdefault(query_lang, {})[lang] = found
    return result


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
