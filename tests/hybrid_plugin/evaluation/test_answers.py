"""A question counts as found at k if one of its first k passages holds an answer, as Pyserini's evaluation has it."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import ir_datasets
import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_ext import mkqa
from datasets_ext.files import register_file
from hybrid_plugin.cli.main import main
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import AnswerMatcher, match_answers
from tests.datasets_ext.small import small


@pytest.fixture(scope="module")
def pyserini() -> ModuleType:
    """Pyserini's module by its file: to import its package takes seconds, and this needs nothing of it."""
    [folder] = importlib.util.find_spec("pyserini").submodule_search_locations  # type: ignore[union-attr,misc]
    spec = importlib.util.spec_from_file_location("dpr_evaluation", Path(folder, "eval", "evaluate_dpr_retrieval.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- matching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "passage", "answer", "holds"),
    [
        ("en", "The lions were sold.", "lion", False),
        ("en", "The LION was sold.", "lion", True),
        ("en", "In New\nYork-City", "new york", True),
        ("en", "It won the A.B.C. prize", "a.b.c", True),
        ("en", "Beyonce\u0301 sang", "Beyonc\u00e9", True),  # decomposed and composed
        ("en", "Beyonce sang", "Beyoncé", False),
        ("en", "anything", " ", False),
        ("en", "", "x", False),
        ("de", "die Straße", "STRASSE", False),
        ("ar", "عاصمة مصر هي القاهرة.", "القاهرة", True),
        ("ar", "ولد في القاهرة", "قاهرة", False),  # the article is part of the word
        ("ar", "أَحْمَد شاعر", "أَحْمَد", True),
        ("ko", "수도는 서울이다", "서울", False),  # so are particles
        (None, "中国的首都是北京。", "北京", False),  # a clause without blanks is a word
        ("zh_cn", "中国的首都是北京。", "北京", True),
        ("zh-TW", "他於2017年加入NBA球隊", "2017", True),
        ("zh", "他於2017年加入NBA球隊", "NBA", True),
        ("zh", "他於2017年加入NBA球隊", "BA", False),
        ("zho", "他於2017年加入NBA球隊", "17", False),
        ("zh", "北方的京城", "北京", False),
        ("ja", "首都は東京です", "東京", True),
        ("jpn", "ガラスの城", "カラス", False),  # whose marks are letters of their own once decomposed
        ("ja", "ガラスの城", "ガラス", True),
        ("th", "กรุงเทพมหานครเป็นเมืองหลวง", "กรุงเทพ", True),
        ("th", "เขาไปที่เมืองนี้", "นี", False),  # a tone mark belongs to its letter
        (None, "กรุงเทพมหานครเป็นเมืองหลวง", "กรุงเทพ", False),
        ("km", "ភ្នំពេញជារាជធានី", "ភ្នំពេញ", True),
    ],
)
def test_an_answer_is_in_a_passage_if_its_words_stand_there_in_a_row(
    lang: str | None, passage: str, answer: str, holds: bool
) -> None:
    assert AnswerMatcher([answer], lang).in_passage(passage) is holds


_texts = st.text(st.sampled_from("aAbBéİΣσς'’-. \t\n北京กี่ق1½\u0301\u00a0\u200b\x1f"), max_size=12)


@given(passage=_texts, answers=st.lists(_texts, max_size=3))
def test_words_are_those_of_pyserini(passage: str, answers: list[str], pyserini: ModuleType) -> None:
    tokenizer = pyserini.SimpleTokenizer()
    asked = [one for one in answers if tokenizer.tokenize(one).words()]  # a blank answer is in every passage there
    assert AnswerMatcher(answers).in_passage(passage) == pyserini.has_answers(passage, asked, tokenizer)


# --- runs -----------------------------------------------------------------------------------------------------------

QUESTIONS = {
    1: ("who is the lion", [{"type": "entity", "text": "Leo", "aliases": ["Leo the Lion", "Panthera"]}], "利奥"),
    2: ("is it raining", [{"type": "binary", "text": "yes"}], "是"),
    3: ("what is the capital", [{"type": "entity", "text": "Paris"}], "巴黎"),
    4: ("when was it", [{"type": "date", "text": "2017-05-18", "aliases": ["18 May 2017"]}], "2017"),
}
PASSAGES = {
    "p1": ("Zoo", "The animal was called Leo the Lion."),
    "p2": ("Paris", "The city is the capital.\nParis is old."),
    "p3": ("May", "On 18 May 2017, it rained: yes."),
    "p4": ("Leo", "Somebody else."),
    "p5": ("", "巴黎是首都，2017年。"),
}
TREC = """\
1_en Q0 p4 1 9 s
1_en Q0 p2 2 8 s
1_en Q0 p1 3 7 s
2_en Q0 p3 1 9 s
3_en Q0 p1 1 5.0 s
3_en Q0 p2 2 5.0 s
"""


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> str:
    """MKQA with some questions; the answers of Chinese are its own."""
    rows = [
        {
            "example_id": number,
            "queries": {lang: f"{text} {lang}" for lang in mkqa.LANGUAGES},
            "answers": {
                lang: [{"type": answers[0]["type"], "text": chinese}] if lang.startswith("zh") else answers
                for lang in mkqa.LANGUAGES
            },
        }
        for number, (text, answers, chinese) in QUESTIONS.items()
    ]
    lines = gzip.compress("\n".join(map(json.dumps, rows)).encode())
    return small("mkqa", mkqa.collection, tmp_path_factory.mktemp("mkqa"), {mkqa.FILE: lines}).name


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("passages") / "docs.jsonl"
    rows = [{"doc_id": doc_id, "title": title, "text": text} for doc_id, (title, text) in PASSAGES.items()]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def trec(tmp_path: Path) -> Path:
    path = tmp_path / "run.trec"
    path.write_text(TREC)
    return path


def entry(name: str) -> Any:
    return ir_datasets.load(name)


def texts(passages: Path) -> Any:
    return ir_datasets.load(register_file(passages, "docs"))


def test_questions_with_an_answer_count_and_those_that_the_run_lacks_are_not_found(
    name: str, passages: Path, trec: Path
) -> None:
    with pytest.warns(UserWarning, match=r"1 of 3 questions are not in .*run\.trec and count as not found"):
        found = match_answers(trec, entry(f"{name}/multi/en"), texts(passages))
    assert found.holds == {
        "1_en": {"p4": False, "p2": False, "p1": True},
        "3_en": {"p2": True, "p1": False},  # which tie: by descending id, as for trec_eval
        "4_en": {},
    }
    assert found.missing == 1
    assert [found.success(k) for k in (1, 2, 3, 100)] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


@pytest.mark.filterwarnings("ignore:1 of 3 questions")
def test_the_title_counts_if_it_is_among_the_fields(name: str, passages: Path, trec: Path) -> None:
    found = match_answers(trec, entry(f"{name}/multi/en"), texts(passages), field="title text")
    assert found.holds["1_en"]["p4"]
    with pytest.raises(UserError, match="have no field 'body'; they have: doc_id, text, title, lang"):
        match_answers(trec, entry(f"{name}/multi/en"), texts(passages), field="body")


@pytest.mark.filterwarnings("ignore:1 of 3 questions")
def test_ir_measures_has_the_same_figures_on_the_judgements(
    name: str, passages: Path, trec: Path, tmp_path: Path
) -> None:
    found = match_answers(trec, entry(f"{name}/multi/en"), texts(passages))
    found.save(tmp_path / "answers.qrels")
    qrels = [*ir_measures.read_trec_qrels(str(tmp_path / "answers.qrels"))]
    run = [*ir_measures.read_trec_run(str(trec))]
    for k in (1, 2, 3):
        measure = ir_measures.parse_measure(f"Success@{k}")
        asked = len({qrel.query_id for qrel in qrels})  # the judgements have no line of a question without passages
        assert ir_measures.calc_aggregate([measure], qrels, run)[measure] * asked / 3 == pytest.approx(found.success(k))
    with pytest.warns(UserWarning, match="done already"):
        found.save(tmp_path / "answers.qrels")
    (tmp_path / "answers.qrels").write_text("other")
    with pytest.raises(UserError, match="exists and holds something else"):
        found.save(tmp_path / "answers.qrels")
    found.save(tmp_path / "answers.qrels", overwrite=True)
    assert (tmp_path / "answers.qrels").read_text().startswith("1_en 0 p4 0\n")


def test_questions_of_one_language_are_answered_in_another_and_may_have_their_parallel_ids(
    name: str, passages: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run.trec"
    run.write_text("1 Q0 p1 1 9 s\n3 Q0 p5 1 9 s\n4 Q0 p5 1 9 s\n")
    german, english, chinese = (entry(f"{name}/multi/{lang}") for lang in ("de", "en", "zh_cn"))
    in_english = match_answers(run, german, texts(passages), answers=english)
    assert in_english.holds == {"1_de": {"p1": True}, "3_de": {"p5": False}, "4_de": {"p5": False}}
    in_chinese = match_answers(run, german, texts(passages), answers=chinese)
    assert in_chinese.holds == {"1_de": {"p1": False}, "3_de": {"p5": True}, "4_de": {"p5": True}}
    assert match_answers(run, chinese, texts(passages)).success(1) == pytest.approx(2 / 3)


def dpr(passage: str, **more: object) -> dict[str, object]:
    title, text = PASSAGES[passage]
    return {"docid": passage, "score": "1", "text": f"{title}\n{text.split(chr(10))[-1]}", **more}


RETRIEVED = {
    "7": {"question": "who", "answers": ["Leo", "Panthera"], "contexts": [dpr("p4"), dpr("p3"), dpr("p1")]},
    "8": {"question": "where", "answers": ["PARIS"], "contexts": [dpr("p2"), dpr("p3")]},
    "9": {"question": "when", "answers": ["2016"], "contexts": [dpr("p3"), {"docid": "p1", "has_answer": True}]},
}


def test_a_run_of_dpr_has_the_figures_of_pyserini(
    tmp_path: Path, pyserini: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(RETRIEVED))
    found = match_answers(path)
    pyserini.evaluate_retrieval(path, [1, 2, 3])
    printed = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines() if line.startswith("Top")]
    assert [round(found.success(k), 4) for k in (1, 2, 3)] == printed == [0.3333, 0.6667, 1.0]


def test_a_run_in_the_form_of_dpr_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    rows = [
        {
            "answers": ["Leo"],
            "ctxs": [{"id": "wiki:1", "title": "Leo", "text": "No\nbody"}, {"id": "2", "text": "leo"}],
        },
        {"answers": [], "ctxs": []},
    ]
    path.write_text(json.dumps(rows), encoding="utf-8-sig")
    assert match_answers(path).holds == {"0": {"wiki:1": False, "2": True}}
    assert match_answers(path, field="title text").holds == {"0": {"wiki:1": True, "2": True}}
    assert match_answers(path, depth=1).holds == {"0": {"wiki:1": False}}


def test_a_run_of_dpr_is_matched_anew_with_other_answers(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    contexts = [{"docid": "a", "text": "t\n利奥在这里", "has_answer": False}]
    path.write_text(json.dumps({str(number): {"answers": ["x"], "contexts": contexts} for number in QUESTIONS}))
    assert match_answers(path, entry(f"{name}/multi/zh_cn")).holds["1_zh_cn"] == {"a": True}


@pytest.mark.parametrize(
    ("run", "queries", "docs", "complaint"),
    [
        (TREC, None, True, "whose answers does .* have to hold"),
        (TREC, "{name}/multi/en", False, r"run\.txt has no text of 'p4'; name the collection or the file"),
        (TREC.replace("p2", "p9"), "{name}/multi/en", True, r"run\.txt: 'p9' is no document of"),
        (TREC.replace("3_en", "5_en"), "{name}/multi/en", True, r"run\.txt: '5_en' is no query of .*, such as '1_en'"),
        ("2_en Q0 p1 1 9 s\n", "{name}/multi/en", True, r"none of the questions that have an answer, such as '1_en'"),
        (TREC, "{name}/en", True, "has no queries"),
        (TREC, "hybrid-demo/multi/en", True, "have no field 'answers'; they have: query_id, text"),
        ('{"1": {"answers": ["x"]}}', None, False, r"run\.txt is no run in DPR's format"),
        ('{"1": ', None, False, r"run\.txt is no run in DPR's format"),
        ('{"1": {"answers": [], "contexts": []}}', None, False, "no question has an answer"),
        ("", "{name}/multi/en", True, r"run\.txt is empty"),
    ],
)
def test_what_is_missing_is_named(
    name: str, passages: Path, tmp_path: Path, run: str, queries: str | None, docs: bool, complaint: str
) -> None:
    path = tmp_path / "run.txt"
    path.write_text(run)
    asked = None if queries is None else entry(queries.format(name=name))
    with pytest.raises(UserError, match=complaint):
        match_answers(path, asked, texts(passages) if docs else None)


def test_the_command_prints_figures_and_writes_judgements(
    name: str, passages: Path, trec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["answers", trec, "--queries", f"{name}/multi/en", "--docs", passages, "--k", "1", "3"]
    qrels = trec.with_name("answers.qrels")
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # which the command sets
    monkeypatch.setattr(sys, "argv", ["hybrid-ir", *map(str, words), "--qrels", str(qrels)])
    with pytest.warns(UserWarning, match="1 of 3 questions are not in"):
        main()
    assert capsys.readouterr().out.splitlines() == [
        f"# {trec}: 3 questions",
        "measure    value",
        "Success@1  0.3333",
        "Success@3  0.6667",
    ]
    assert len(qrels.read_text().splitlines()) == 5
    monkeypatch.setattr(sys, "argv", ["hybrid-ir", *map(str, words), "--json"])
    with pytest.warns(UserWarning, match="1 of 3 questions are not in"):
        main()
    found = json.loads(capsys.readouterr().out)
    assert found == {"questions": 3, "missing": 1, "figures": {"Success@1": 1 / 3, "Success@3": 2 / 3}}
