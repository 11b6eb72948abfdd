"""A source's rows to JSON lines of the same rows with a teacher's scores."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json, whole_file
from hybrid_plugin.outputs import file_is_done, record_request, say_done
from hybrid_plugin.tasks.texts import Text, trimmed
from hybrid_plugin.training.scoring.scorer import Scorer
from hybrid_plugin.training.sources.jsonl import line_of
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source

_ROWS = 256  # scored at a time


@dataclass(frozen=True)
class Scored:
    """What was scored: rows, and pairs of a query and a passage."""

    rows: int
    pairs: int

    __repr__ = brief


def score(
    source: Source,
    scorer: Scorer,
    output: StrPath,
    *,
    languages: Collection[str] = (),
    progress: bool = False,
    overwrite: bool = False,
) -> Scored:
    """Score each row's questions with each of its passages and hard negatives, and write the rows with the scores.

    Every language of the question is scored with every language of the passages. Scores that the source has are
    replaced.

    Parameters
    ----------
    output : gets the lines that :func:`hybrid_plugin.training.sources.from_jsonl` reads, all or none; ``{output}.json``
        beside it says whose the scores are and on what scale.
    languages : score only questions and passages in these; all texts are written.
    overwrite : replace what was scored there by another.

    Raises
    ------
    UserError
        The source lacks a language, there is nothing to score, a score is not finite, or the output is of another
        request.
    """
    output = Path(output)
    strange = sorted({*languages} - {*source.languages})
    if strange:
        raise UserError(f"'{source.name}' has nothing in '{strange[0]}'; it has: {' '.join(source.languages)}")
    chosen = sorted(languages or source.languages)
    request = {"teacher": dict(scorer.identity), "source": source.known_by, "languages": chosen}
    if file_is_done(output, request, overwrite):
        say_done(output)
        recorded = read_json(output.with_name(f"{output.name}.json"))
        return Scored(recorded["rows"], recorded["pairs"])
    pairs = 0
    with whole_file(output) as file, tqdm(desc="score", unit="row", total=len(source), disable=not progress) as bar:
        for start in range(0, len(source), _ROWS):
            rows = [row.as_texts() for row in source[start : start + _ROWS]]
            for row in _with_scores(rows, scorer, chosen):
                pairs += sum(len(found) for by_lang in row.scores.values() for found in by_lang.values())
                file.write(json.dumps(line_of(row), ensure_ascii=False) + "\n")
            bar.update(len(rows))
        if not pairs:
            raise UserError(f"no row of '{source.name}' has a question and a passage in {' '.join(chosen)}")
    teacher = {"name": scorer.name, "kind": scorer.kind, "scale": scorer.scale}
    found = Scored(len(source), pairs)
    record_request(output, request, {"teacher": teacher, **vars(found)})
    return found


def _with_scores(rows: list[Row], scorer: Scorer, languages: Collection[str]) -> Iterator[Row]:
    pairs = [[*_pairs(row, languages)] for row in rows]
    queries = [
        Text("", trimmed(row.queries[query_lang]), query_lang)
        for row, some in zip(rows, pairs, strict=True)
        for query_lang, _, _ in some
    ]
    passages = [Text("", trimmed(text), lang) for some in pairs for _, lang, text in some]
    scores = iter(scorer.scores(queries, passages))
    for row, some in zip(rows, pairs, strict=True):
        found: dict[str, dict[str, dict[str, float]]] = {}
        for (query_lang, lang, text), score in zip(some, scores, strict=False):
            if not np.isfinite(score):
                raise UserError(f"'{scorer.name}' gives a score that is not finite for the row '{row.parallel_id}'")
            # The shortest decimal that float32 reads back.
            found.setdefault(query_lang, {}).setdefault(lang, {})[text] = float(str(score))
        yield replace(row, scores=found)


def _pairs(row: Row, languages: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """The query's language, the passage's, and the passage, each distinct one once."""
    texts = {
        lang: dict.fromkeys((*row.passages.get(lang, ()), *row.negatives.get(lang, ())))
        for lang in (*row.passages, *row.negatives)
        if lang in languages
    }
    for query_lang in row.queries:
        if query_lang in languages:
            yield from ((query_lang, lang, text) for lang, found in texts.items() for text in found)
