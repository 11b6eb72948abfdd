"""Yahoo Answers: questions with the answer that the asker or the readers chose; full of HTML, which is taken out."""

from __future__ import annotations

from collections.abc import Iterator

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, plain, rows

_REPOSITORY = "sentence-transformers/yahoo-answers"
_REVISION = "93b3605c508cf93e3666c9d3e34640b5fe62b507"


def _pieces(file: str) -> Iterator[Piece]:
    for number, (_, row) in enumerate(rows(file, {"question": str, "answer": str}, "parquet"), start=1):
        yield Piece(f"{number}", "en", _text(row["question"]), [_text(row["answer"])])


def _text(written: str | None) -> str:
    """A text of theirs, in which line ends are also written as a backslash and an n."""
    return plain((written or "").replace("\\n", " "))


YAHOO_ANSWERS = PublishedPairs(
    name="yahoo-answers",
    description="questions to Yahoo Answers with the best answer, English",
    pairs=681_164,
    licence="Yahoo Webscope: for research, not commercial",
    citation="Zhang, Zhao, LeCun 2015, Character-level Convolutional Networks, https://arxiv.org/abs/1509.01626",
    root=f"hf://datasets/{_REPOSITORY}@{_REVISION}",
    files=("question-answer-pair/train-00000-of-00001.parquet",),
    pieces=_pieces,
    get=f"hf download {_REPOSITORY} --repo-type dataset --revision {_REVISION} --local-dir FOLDER",
)
