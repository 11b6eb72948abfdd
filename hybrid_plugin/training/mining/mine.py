"""A source's rows to JSON lines of the same rows with hard negatives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from datasets_ext.lines import read_jsonl
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, scratch_folder, whole_file
from hybrid_plugin.outputs import file_is_done, record_request, say_done
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.idle import given, say
from hybrid_plugin.training.mining.search import Search
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store


@dataclass(frozen=True)
class Mined:
    """What was found."""

    rows: int
    rows_with_negatives: int
    negatives: int

    __repr__ = brief


def mine(
    source: Source,
    encoder: Encoder,
    output: StrPath,
    settings: MiningSettings | None = None,
    *,
    vectors: StrPath | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> Mined:
    """Mine hard negatives among all passages of a source and write its rows with them, as JSON lines.

    Never a negative of a row: what answers it, in any language, and what answers a row that shares an answer with it.
    A row's negatives of a language are those of its queries, in the order of their languages; negatives that the
    source has itself are among the passages searched, but not written unless they are found. Texts, and vectors unless
    they have a folder of their own, are kept on disk, in the output's folder, until the end.

    Parameters
    ----------
    output : gets the lines that :func:`hybrid_plugin.training.sources.from_jsonl` reads, all or none; ``{output}.json``
        beside it says what they were mined with.
    vectors : a folder for vectors of the source, which are kept there and taken from there: with other settings they
        are not encoded again, and encoding that was killed goes on.
    overwrite : replace what was mined there with other settings.

    Raises
    ------
    UserError
        No negative was found for any row, the output was mined with other settings, or the vectors are of another
        encoder or source.
    """
    output = Path(output)
    settings = settings or MiningSettings()
    if settings.languages == "others" and len(source.languages) == 1:
        raise UserError(
            f"'{source.name}' is in '{source.languages[0]}' alone, so it has no negatives in other languages; mine in "
            "the languages query"
        )
    request = {"encoder": encoder.identity, "source": source.known_by, **flatten(settings)}
    if file_is_done(output, request, overwrite):
        say_done(output)
        return _counted(output)
    kept = None if vectors is None else Path(vectors)
    with (
        whole_file(output) as file,
        scratch_folder(output.parent, output.name) as scratch,
        closing(Search(source, encoder, request["encoder"], scratch, settings, kept, progress)) as search,
    ):
        rows_with = negatives = 0
        for place, row in enumerate(tqdm(source, desc="write", unit="row", disable=not progress)):
            found = search.negatives(place, row)
            rows_with += bool(found)
            negatives += sum(map(len, found.values()))
            line: dict[str, Any] = {"id": row.parallel_id, "queries": dict(row.queries)}
            line["passages"] = {lang: [row.text(lang, one) for one in some] for lang, some in row.passages.items()}
            line |= {key: value for key, value in (("negatives", found), ("origins", row.origins)) if value}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if not negatives:
            raise UserError(
                f"no negative was found in '{source.name}': the first {settings.depth} passages of every ranking "
                "answer the question, or score too near to one that does; raise the depth or the share"
            )
        say(_idle(settings, search))
    record_request(output, request)
    return Mined(len(source), rows_with, negatives)


def _idle(settings: MiningSettings, search: Search) -> Iterator[tuple[str, str]]:
    """The options that did nothing; see :mod:`hybrid_plugin.training.idle`."""
    if settings.max_share is not None and not search.left_out:
        yield "max_share", f"here: no passage scores above {settings.max_share} of a positive's score"
    if "depth" in given(settings) and settings.depth >= search.largest:
        yield "depth", f"where no language has more than {search.largest} passages"
    if settings.languages == "both" and search.languages == 1:
        yield "languages", "in one language"


def _counted(path: Path) -> Mined:
    """What a file holds that was mined before."""
    found = [sum(map(len, row.get("negatives", {}).values())) for _, row in read_jsonl(path, {})]
    return Mined(len(found), sum(map(bool, found)), sum(found))


def pooled(sources: Sequence[Source]) -> Source:
    """Several sources as one, so that negatives come from all of them; ids get their source's name before them."""
    if len(sources) == 1:
        return sources[0]

    def texts(row: Row, side: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {lang: tuple(row.text(lang, one) for one in some) for lang, some in side.items()}

    rows = (
        replace(
            row,
            parallel_id=f"{source.name}:{row.parallel_id}",
            passages=texts(row, row.passages),
            negatives=texts(row, row.negatives),
        )
        for source in sources
        for row in source
    )
    return store(" + ".join(source.name for source in sources), rows)
