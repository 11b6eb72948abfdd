"""The paper's sources by name, on files as their publishers have them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.sources.named import load_source, source_loaders
from hybrid_plugin.training.sources.published import PublishedIds, PublishedPairs, paragraphs_with, plain
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.squadshifts import SQUADSHIFTS

PUBLISHED = {name: one for name, one in source_loaders().items() if isinstance(one, PublishedPairs | PublishedIds)}


def parquet(path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


def written(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def rows(name: str) -> list[Row]:
    return list(load_source(name))


def row(parallel_id: str, query: str, *passages: str, negatives: tuple[str, ...] = ()) -> Row:
    return Row(parallel_id, {"en": query}, {"en": passages}, {"en": negatives} if negatives else {})


def test_the_papers_sources_are_there_with_what_is_known_of_them() -> None:
    assert set(PUBLISHED) == {
        *("duorc", "entityquestions", "mfaq", "mmarco-train", "mr-tydi-train", "natural-questions", "newsqa"),
        *("squadshifts", "wikiqa", "yahoo-answers"),
    }
    for one in PUBLISHED.values():
        assert one.pairs > 0
        assert all((one.description, one.licence, one.citation, one.languages))


def test_natural_questions_are_pairs_and_unanswered_ones_are_counted(tmp_path: Path) -> None:
    parquet(
        tmp_path / "pair" / "train-00000-of-00001.parquet",
        [
            {"query": "who wrote faust", "answer": "Faust is a play\nby <b>Goethe</b> &amp; others."},
            {"query": "why", "answer": None},
            {"query": " ", "answer": "because"},
            {"query": "who wrote faust", "answer": "Goethe, if 1 < 2 and 3 > 2."},
        ],
    )
    with pytest.warns(UserWarning, match=r"00001\.parquet: questions left out for lack of an answer: 2"):
        source = load_source(f"natural-questions:{tmp_path}")
    assert list(source) == [
        row("1", "who wrote faust", "Faust is a play by Goethe & others."),
        row("4", "who wrote faust", "Goethe, if 1 < 2 and 3 > 2."),
    ]
    assert source.origins == ("natural-questions",)  # which a translation of it carries on


def test_yahoos_answers_lose_their_html(tmp_path: Path) -> None:
    parquet(
        tmp_path / "question-answer-pair" / "train-00000-of-00001.parquet",
        [{"question": "Is 1 &lt; 2?\\nreally?", "answer": 'Yes.<br />\\n<a href="x">See</a>'}],
    )
    assert rows(f"yahoo-answers:{tmp_path}") == [row("1", "Is 1 < 2? really?", "Yes. See")]


def test_duorcs_passages_are_the_paragraphs_with_an_answer(tmp_path: Path) -> None:
    said = {"plot_id": "/m/1", "title": "Mars", "plot": "Melanie came.\n\nShe met Williams.\nWilliams left."}
    parquet(
        tmp_path / "SelfRC" / "train-00000-of-00001.parquet",
        [
            {**said, "question_id": "a", "question": "Whom?", "answers": ["Williams", ""], "no_answer": False},
            {**said, "question_id": "b", "question": "Why?", "answers": [], "no_answer": True},
            {**said, "question_id": "c", "question": "When?", "answers": ["in 2176"], "no_answer": False},
        ],
    )
    with pytest.warns(UserWarning, match="for lack of an answer: 2"):
        assert rows(f"duorc:{tmp_path}") == [row("a", "Whom?", "She met Williams.", "Williams left.")]


def test_mfaq_is_read_from_all_its_files(tmp_path: Path) -> None:
    for number in range(3):
        pair = {"domain_id": 7, "pair_id": number, "language": "en", "domain": "a.example", "question": f"q{number}"}
        parquet(tmp_path / "en_flat" / f"mfaq-train-0000{number}-of-00003.parquet", [{**pair, "answer": f"a{number}"}])
    assert rows(f"mfaq:{tmp_path}") == [row(f"7-{number}", f"q{number}", f"a{number}") for number in range(3)]
    (tmp_path / "en_flat" / "mfaq-train-00001-of-00003.parquet").unlink()
    with pytest.raises(UserError, match=r"there is no .*mfaq-train-00001-of-00003\.parquet; .*hf download clips/mfaq"):
        load_source(f"mfaq:{tmp_path}")


def test_wikiqas_other_sentences_are_negatives(tmp_path: Path) -> None:
    asked = {"question_id": "Q1", "question": "how big", "document_title": "Sun"}
    parquet(
        tmp_path / "default" / "wiki_qa-train.parquet",
        [
            {**asked, "answer": "It shines.", "label": 0},
            {**asked, "answer": "It is big.", "label": 1},
            {**asked, "answer": "", "label": 0},
            {**asked, "question_id": "Q2", "answer": "No answer.", "label": 0},
        ],
    )
    with pytest.warns(UserWarning, match="for lack of an answer: 1"):
        assert rows(f"wikiqa:{tmp_path}") == [row("Q1", "how big", "It is big.", negatives=("It shines.",))]


def squad(*questions: tuple[str, int | None]) -> dict[str, Any]:
    qas = [
        {"id": key, "question": f"{key}?", "answers": [] if at is None else [{"text": "x", "answer_start": at}]}
        for key, at in questions
    ]
    return {"data": [{"title": "t", "paragraphs": [{"context": "She came.", "qas": qas}]}], "version": "1.1"}


def test_squadshifts_is_four_files_in_squads_format(tmp_path: Path) -> None:
    for number, file in enumerate(SQUADSHIFTS.files):
        written(tmp_path / file, squad((f"id{number}", 0)))
    assert rows(f"squadshifts:{tmp_path}") == [row(f"id{number}", f"id{number}?", "She came.") for number in range(4)]


def test_newsqas_passage_is_the_paragraph_where_the_answer_starts(tmp_path: Path) -> None:
    text = "LONDON (CNN) -- Tingle.\n\nHe has magic words.\n\nThat is all."

    def asked(q: str, **consensus: Any) -> dict[str, Any]:
        return {"q": q, "consensus": consensus, "isAnswerAbsent": 0, "answers": [{"sourcerAnswers": [consensus]}]}

    def story(kind: str, *questions: dict[str, Any]) -> dict[str, Any]:
        return {"storyId": f"./{kind}.story", "text": text, "type": kind, "questions": list(questions)}

    asks = (asked("What?", s=32, e=37), asked("Why?", noAnswer=True), asked("Bad?", badQuestion=True))
    file = tmp_path / "combined-newsqa-data-v1.json"
    written(file, {"data": [story("dev", asked("Not this?", s=0, e=3)), story("train", *asks)], "version": "1"})
    with pytest.warns(UserWarning, match="for lack of an answer: 2"):
        assert rows(f"newsqa:{tmp_path}") == [row("./train.story-1", "What?", "He has magic words.")]
    written(file, {"data": [story("train", asked("What?", s=999, e=1000))], "version": "1"})
    with pytest.raises(UserError, match=r"row 1 question 1: the answer starts at 999, outside the text"):
        load_source(f"newsqa:{tmp_path}")


def test_entityquestions_are_read_from_one_file_a_relation(tmp_path: Path) -> None:
    written(
        tmp_path / "train" / "P19.train.json", [{"question": "Where was Ada born?", "answers": ["London", "london"]}]
    )
    written(tmp_path / "train" / "P20.train.json", [{"question": "Where did Ada die?", "answers": ["Marylebone"]}])
    written(tmp_path / "dev" / "P19.dev.json", [{"question": "not this", "answers": ["x"]}])
    assert rows(f"entityquestions:{tmp_path}") == [
        row("P19-1", "Where was Ada born?", "London", "london"),
        row("P20-1", "Where did Ada die?", "Marylebone"),
    ]


@pytest.mark.filterwarnings("ignore:.*for lack of an answer")
@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda path: parquet(path, [{"query": "q", "text": "a"}]), r"no column 'answer'; its columns are query, text"),
        (lambda path: parquet(path, [{"query": "q", "answer": 3}]), r"parquet row 1: 'answer' is 3, not a text"),
        (lambda path: path.write_bytes(b"PAR1 and no more"), r"cannot read .*parquet: "),
        (lambda path: parquet(path, [{"query": "q", "answer": None}]), r"holds no training pairs"),
    ],
)
def test_a_file_that_is_not_as_published_is_refused_by_name(
    spoil: Callable[[Path], Any], complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "pair" / "train-00000-of-00001.parquet"
    path.parent.mkdir()
    spoil(path)
    with pytest.raises(UserError, match=complaint):
        load_source(f"natural-questions:{tmp_path}")


def test_files_on_the_web_are_read_once(tmp_path: Path) -> None:
    for number, file in enumerate(SQUADSHIFTS.files):
        written(tmp_path / file, squad((f"web{number}", 0)))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        elsewhere = replace(SQUADSHIFTS, root=f"http://127.0.0.1:{server.server_port}")
        assert elsewhere.at_hand() is None
        source = elsewhere()
        server.shutdown()
    assert [one.parallel_id for one in source] == ["web0", "web1", "web2", "web3"]
    assert len(elsewhere()) == len(elsewhere.at_hand() or ()) == 4  # without the server
    with pytest.raises(UserError, match=r"cannot download http://127.*new_wiki.*; or fetch its files: git clone"):
        replace(elsewhere, root=f"{elsewhere.root}/gone")()


def test_what_cannot_be_downloaded_says_how_to_get_it() -> None:
    hand = r"or fetch its files: hf download ibm-research/duorc .*, and name it duorc:FOLDER"
    with pytest.raises(UserError, match=rf"cannot read hf://datasets/ibm-research/duorc@9a65.*{hand}"):
        load_source("duorc")
    with pytest.raises(UserError, match=r"'newsqa' is not downloaded: make combined.*name it newsqa:FOLDER"):
        load_source("newsqa")


def test_a_translation_that_is_not_there_says_what_makes_it() -> None:
    with pytest.raises(UserError, match=r"no file 'data/duorc\.jsonl'; hybrid-ir translate duorc --to .* data/duorc"):
        load_source("data/duorc.jsonl")


def test_texts_in_plain() -> None:
    assert plain(" a<br/>b </p>\n c &gt; d, 1 <2> ") == "a b c > d, 1 <2>"
    assert plain(None) == ""
    assert paragraphs_with("x\n\ny x\nz", ["x", " "]) == ["x", "y x"]
    assert paragraphs_with(None, ["x"]) == []
