"""DuoRC: questions about films, with the paragraph of the plot in which an answer stands.

Of its two parts this is SelfRC, whose questions were asked and answered by people who had read the same plot.
"""

from __future__ import annotations

from collections.abc import Iterator

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, paragraphs_with, rows

_REPOSITORY = "ibm-research/duorc"
_REVISION = "9a65b20d783dc0069598fe59e248510b17528075"
_COLUMNS = {"plot": str, "question_id": str, "question": str, "answers": list}


def _pieces(file: str) -> Iterator[Piece]:
    for _, row in rows(file, _COLUMNS, "parquet"):
        found = paragraphs_with(row["plot"], row["answers"] or [])
        yield Piece(row["question_id"], "en", (row["question"] or "").strip(), found)


DUORC = PublishedPairs(
    name="duorc",
    description="questions about films with the paragraph of the plot that answers them, English",
    pairs=60_721,
    licence="MIT",
    citation="Saha et al. 2018, DuoRC, https://arxiv.org/abs/1804.07927",
    root=f"hf://datasets/{_REPOSITORY}@{_REVISION}",
    files=("SelfRC/train-00000-of-00001.parquet",),
    pieces=_pieces,
    get=f"hf download {_REPOSITORY} --repo-type dataset --revision {_REVISION} --local-dir FOLDER",
)
