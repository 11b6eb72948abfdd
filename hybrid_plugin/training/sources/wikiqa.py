"""WikiQA: questions to Bing with the sentences of a Wikipedia summary; those that do not answer are negatives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, rows

_REPOSITORY = "microsoft/wiki_qa"
_REVISION = "dc0d72a442c2500dc110951728a47959e3025d00"  # of the branch refs/convert/parquet
_COLUMNS = {"question_id": str, "question": str, "answer": str, "label": int}


def _pieces(file: str) -> Iterator[Piece]:
    sentences = (row for _, row in rows(file, _COLUMNS, "parquet"))
    for (question_id, question), group in groupby(sentences, lambda row: (row["question_id"], row["question"])):
        found: dict[int, list[str]] = {0: [], 1: []}
        for row in group:
            if row["label"] in found and (row["answer"] or "").strip():  # those of a hidden test set have -1
                found[row["label"]].append(row["answer"].strip())
        yield Piece(question_id, "en", (question or "").strip(), found[1], found[0])


WIKIQA = PublishedPairs(
    name="wikiqa",
    description="questions to Bing with the sentences of Wikipedia that answer them, English",
    pairs=873,
    licence="Microsoft Research Data License: for research, not commercial",
    citation="Yang, Yih, Meek 2015, WikiQA, https://aclanthology.org/D15-1237",
    root=f"hf://datasets/{_REPOSITORY}@{_REVISION}",
    files=("default/wiki_qa-train.parquet",),
    pieces=_pieces,
    get=f"hf download {_REPOSITORY} --repo-type dataset --revision {_REVISION} --local-dir FOLDER",
)
