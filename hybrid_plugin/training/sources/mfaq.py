"""MFAQ: pages of frequently asked questions; of its 21 languages, which are not parallel, the English part."""

from __future__ import annotations

from collections.abc import Iterator

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, plain, rows

_REPOSITORY = "clips/mfaq"
_REVISION = "a248bfcd24e0b137fea697e0ce7cff68ab5613ad"  # of the branch refs/convert/parquet
_COLUMNS = {"domain_id": int, "pair_id": int, "question": str, "answer": str}


def _pieces(file: str) -> Iterator[Piece]:
    for _, row in rows(file, _COLUMNS, "parquet"):
        yield Piece(f"{row['domain_id']}-{row['pair_id']}", "en", plain(row["question"]), [plain(row["answer"])])


MFAQ = PublishedPairs(
    name="mfaq",
    description="frequently asked questions with their answers, English",
    pairs=3_567_659,
    licence="CC0 1.0",
    citation="De Bruyn et al. 2021, MFAQ, https://arxiv.org/abs/2109.12870",
    root=f"hf://datasets/{_REPOSITORY}@{_REVISION}",
    files=tuple(f"en_flat/mfaq-train-0000{number}-of-00003.parquet" for number in range(3)),
    pieces=_pieces,
    get=f"hf download {_REPOSITORY} --repo-type dataset --revision {_REVISION} --local-dir FOLDER",
)
