"""NewsQA: questions about articles of CNN, with the paragraph in which the answer starts that most people marked.

The articles' owner lets nobody pass them on, so everybody puts the file together with the authors' tools.
"""

from __future__ import annotations

from collections.abc import Iterator

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.sources.language_files import given
from hybrid_plugin.training.sources.pieces import Piece
from hybrid_plugin.training.sources.published import PublishedPairs, rows

_COLUMNS = {"storyId": str, "text": str, "type": str, "questions": list}


def _pieces(file: str) -> Iterator[Piece]:
    for where, story in rows(file, _COLUMNS, "json", field="data"):
        if story["type"] != "train":
            continue
        name, text = given(story, "storyId", str, where), given(story, "text", str, where)
        for number, question in enumerate(given(story, "questions", list, where), start=1):
            start = given(question, "consensus", dict, f"{where} question {number}").get("s")
            if start is not None and not 0 <= start < len(text):
                raise UserError(f"{where} question {number}: the answer starts at {start}, outside the text")
            paragraphs = [] if start is None else [_paragraph_at(text, start)]  # no answer, or a bad question
            yield Piece(f"{name}-{number}", "en", (question["q"] or "").strip(), paragraphs)


def _paragraph_at(text: str, place: int) -> str:
    end = text.find("\n", place)
    return text[text.rfind("\n", 0, place) + 1 : len(text) if end < 0 else end].strip()


NEWSQA = PublishedPairs(
    name="newsqa",
    description="questions about articles of CNN with the paragraph that answers them, English",
    pairs=92_549,
    licence="the questions: Microsoft Research, for research, not commercial; the articles: CNN",
    citation="Trischler et al. 2017, NewsQA, https://arxiv.org/abs/1611.09830",
    files=("combined-newsqa-data-v1.json",),
    pieces=_pieces,
    get="make combined-newsqa-data-v1.json as https://github.com/Maluuba/newsqa says",
)
