"""SQuADShifts: four test sets in SQuAD's format from other texts than SQuAD's; the paper's validation data."""

from __future__ import annotations

from collections.abc import Iterator

from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, rows
from hybrid_plugin.training.sources.squad import questions

_REVISION = "b7cc4d50af791c36c49417fb94dd739d6a9e7bef"


def _pieces(file: str) -> Iterator[Piece]:
    for where, article in rows(file, {"paragraphs": list}, "json", field="data"):
        yield from questions(article, where, "en")


SQUADSHIFTS = PublishedPairs(
    name="squadshifts",
    description="questions about Wikipedia, newspapers, Reddit and Amazon reviews with the paragraph, English",
    pairs=37_691,
    licence="CC BY 4.0",
    citation="Miller et al. 2020, The Effect of Natural Distribution Shift, https://arxiv.org/abs/2004.14444",
    root=f"https://raw.githubusercontent.com/modestyachts/squadshifts-website/{_REVISION}/datasets",
    files=("new_wiki_v1.0.json", "nyt_v1.0.json", "reddit_v1.0.json", "amazon_reviews_v1.0.json"),
    pieces=_pieces,
    get="git clone https://github.com/modestyachts/squadshifts-website, where they are in datasets",
)
