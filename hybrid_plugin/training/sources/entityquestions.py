"""EntityQuestions: simple questions about entities of Wikidata, one file a relation.

What is published has the answers alone and no passages, so a question's answers are its passages here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, rows

_ARCHIVE = "https://nlp.cs.princeton.edu/projects/entity-questions/dataset.zip"


def _pieces(file: str) -> Iterator[Piece]:
    relation = Path(file).name.split(".")[0]
    for number, (_, row) in enumerate(rows(file, {"question": str, "answers": list}, "json"), start=1):
        answers = [answer.strip() for answer in row["answers"] or [] if answer and answer.strip()]
        yield Piece(f"{relation}-{number}", "en", (row["question"] or "").strip(), answers)


ENTITYQUESTIONS = PublishedPairs(
    name="entityquestions",
    description="simple questions about entities with their short answers, English",
    pairs=176_560,
    licence="MIT",
    citation="Sciavolino et al. 2021, Simple Entity-Centric Questions, https://arxiv.org/abs/2109.08535",
    files=("train/P*.train.json",),
    pieces=_pieces,
    get=f"wget {_ARCHIVE} && unzip dataset.zip, which makes the folder dataset",
)
