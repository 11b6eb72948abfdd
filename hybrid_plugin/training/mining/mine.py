"""A source's rows to JSON lines of the same rows with hard negatives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from datasets_ext.lines import read_jsonl
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json, scratch_folder, whole_file
from hybrid_plugin.outputs import file_is_done, record_request, say_done
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.idle import given, say
from hybrid_plugin.training.mining.corpus import Corpus
from hybrid_plugin.training.mining.judging import Judge
from hybrid_plugin.training.mining.search import Inputs, Search
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.scoring.scorer import EncoderScorer, Scorer
from hybrid_plugin.training.sources.jsonl import line_of
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store

_MARGINS = {"guide_margin": "guide", "guide_margin_strategy": "guide", "judge_margin": "judge"}  # of which judge


@dataclass(frozen=True)
class Mined:
    """What was found.

    Parameters
    ----------
    left_out : candidates that likely answer, by what found them: ``max_share``, ``guide``, ``judge``.
    """

    rows: int
    rows_with_negatives: int
    negatives: int
    left_out: Mapping[str, int] = field(default_factory=dict)

    __repr__ = brief


def mine(
    source: Source,
    encoder: Encoder,
    output: StrPath,
    settings: MiningSettings | None = None,
    *,
    guide: Encoder | None = None,
    judge: Scorer | None = None,
    vectors: StrPath | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> Mined:
    """Mine hard negatives among all passages of a source, and perhaps a corpus, and write its rows with them, as JSON
    lines.

    Never a negative of a row: what answers it, in any language, and what answers a row that shares an answer with it.
    A row's negatives of a language are those of its queries, in the order of their languages; negatives that the
    source has itself are among the passages searched, but not written unless they are found. Texts, and vectors unless
    they have a folder of their own, are kept on disk, in the output's folder, until the end.

    Parameters
    ----------
    output : gets the lines that :func:`hybrid_plugin.training.sources.from_jsonl` reads, all or none; ``{output}.json``
        beside it says what they were mined with.
    guide : another encoder; what it finds more similar to the query than an answer is left out (GISTEmbed).
    judge : a cross-encoder, say; what it scores above an answer is left out. It scores what the guide leaves, from the
        highest ranked down, until there are negatives enough.
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
    if settings.languages == "others" and len(source.languages) == 1 and settings.corpus is None:
        raise UserError(
            f"'{source.name}' is in '{source.languages[0]}' alone, so it has no negatives in other languages; mine in "
            "the languages query"
        )
    corpus = None if settings.corpus is None else Corpus(settings.corpus)
    judges = _judges(settings, guide, judge)
    request = _request(settings, source, encoder, corpus, judges)
    if file_is_done(output, request, overwrite):
        say_done(output)
        return _counted(output)
    inputs = Inputs(source, encoder, request["encoder"], corpus, judges)
    kept = None if vectors is None else Path(vectors)
    with (
        whole_file(output) as file,
        scratch_folder(output.parent, output.name) as scratch,
        closing(Search(inputs, scratch, settings, kept, progress)) as search,
    ):
        rows_with = negatives = 0
        for place, row in enumerate(tqdm(source, desc="write", unit="row", disable=not progress)):
            found = search.negatives(place, row)
            rows_with += bool(found)
            negatives += sum(map(len, found.values()))
            line = line_of(replace(row.as_texts(), negatives=found))
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if not negatives:
            raise UserError(
                f"no negative was found in '{source.name}': the first {settings.depth} passages of every ranking "
                "answer the question, or are left out as likely to; raise the depth, or leave out less"
            )
        say(_idle(settings, search))
    record_request(output, request, {"left_out": search.left_out})
    return Mined(len(source), rows_with, negatives, search.left_out)


def _judges(settings: MiningSettings, guide: Encoder | None, judge: Scorer | None) -> dict[str, Judge]:
    found = {}
    if guide is not None:
        relative = settings.guide_margin_strategy == "relative"
        found["guide"] = Judge(EncoderScorer(guide), settings.guide_margin, relative)
    if judge is not None:
        found["judge"] = Judge(judge, settings.judge_margin)
    return found


def _request(
    settings: MiningSettings, source: Source, encoder: Encoder, corpus: Corpus | None, judges: Mapping[str, Judge]
) -> dict[str, Any]:
    """All that decides what is found."""
    asked = {"encoder": encoder.identity, "source": source.known_by, **flatten(settings)}
    if corpus is not None:
        asked["corpus"] = corpus.state
    others = {key: asked.pop(key) for key in _MARGINS}  # of nobody, as in version 0.1, where nobody judges
    for name, one in judges.items():
        asked |= {key: value for key, value in others.items() if _MARGINS[key] == name}
        asked[name] = dict(one.scorer.identity)
    return asked


def _idle(settings: MiningSettings, search: Search) -> Iterator[tuple[str, str]]:
    """The options that did nothing; see :mod:`hybrid_plugin.training.idle`."""
    if search.left_out.get("max_share") == 0:
        yield "max_share", f"here: no passage scores above {settings.max_share} of a positive's score"
    if "depth" in given(settings) and settings.depth >= search.largest:
        yield "depth", f"where no language has more than {search.largest} passages"
    if settings.languages == "both" and search.languages == 1:
        yield "languages", "in one language"
    for key, name in _MARGINS.items():
        if key in given(settings) and name not in search.left_out:
            yield key, f"without --{name}"


def _counted(path: Path) -> Mined:
    """What a file holds that was mined before."""
    found = [sum(map(len, row.get("negatives", {}).values())) for _, row in read_jsonl(path, {})]
    left_out = read_json(path.with_name(f"{path.name}.json")).get("left_out", {})  # unsaid by version 0.1
    return Mined(len(found), sum(map(bool, found)), sum(found), left_out)


def pooled(sources: Sequence[Source]) -> Source:
    """Several sources as one, so that negatives come from all of them; ids get their source's name before them."""
    if len(sources) == 1:
        return sources[0]
    rows = (
        replace(row.as_texts(), parallel_id=f"{source.name}:{row.parallel_id}") for source in sources for row in source
    )
    return store(" + ".join(source.name for source in sources), rows)
