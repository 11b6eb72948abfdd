"""A teacher's scores: score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hybrid_plugin import training
from hybrid_plugin.cli.options import Overwrite, watched
from hybrid_plugin.encoding.settings import EncoderOptions


def score(
    source: Annotated[str, Parameter(help="What `train --source` takes: a file, a name, an ir_datasets id.")],
    /,
    *,
    teacher: Annotated[
        str,
        Parameter(
            help="An encoder, or a cross-encoder with one label (...ForSequenceClassification in its config.json), by "
            "folder or name on the hub."
        ),
    ],
    output: Annotated[Path, Parameter(help="The JSON lines to write, a source again.")],
    languages: Annotated[
        list[str] | None, Parameter(help="Score only questions and passages in these; all texts are written.")
    ] = None,
    options: EncoderOptions = EncoderOptions(),
    overwrite: Overwrite = False,
) -> None:
    """Write a teacher's scores into a source: of every question with each of its passages and hard negatives.

    For example:

        hybrid-ir score mined.jsonl --teacher BAAI/bge-reranker-v2-m3 --max-length 512 --output scored.jsonl
    """
    pairs = training.load_source(source)
    scorer = training.load_scorer(teacher, options)
    found = training.score(pairs, scorer, output, languages=languages or (), progress=watched(), overwrite=overwrite)
    print(f"{output}: {found.pairs} scores of the {scorer.kind} {teacher} for {found.rows} rows")
