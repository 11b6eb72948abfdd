"""Natural Questions: questions that people asked Google, with the paragraph of Wikipedia that answers each."""

from __future__ import annotations

from collections.abc import Iterator

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, plain, rows

_REPOSITORY = "sentence-transformers/natural-questions"
_REVISION = "f9e894e1081e206e577b4eaa9ee6de2b06ae6f17"


def _pieces(file: str) -> Iterator[Piece]:
    for number, (_, row) in enumerate(rows(file, {"query": str, "answer": str}, "parquet"), start=1):
        yield Piece(f"{number}", "en", plain(row["query"]), [plain(row["answer"])])


NATURAL_QUESTIONS = PublishedPairs(
    name="natural-questions",
    description="questions to Google with the paragraph of Wikipedia that answers them, English",
    pairs=100_231,
    licence="CC BY-SA 3.0",
    citation="Kwiatkowski et al. 2019, Natural Questions, https://aclanthology.org/Q19-1026",
    root=f"hf://datasets/{_REPOSITORY}@{_REVISION}",
    files=("pair/train-00000-of-00001.parquet",),
    pieces=_pieces,
    get=f"hf download {_REPOSITORY} --repo-type dataset --revision {_REVISION} --local-dir FOLDER",
)
