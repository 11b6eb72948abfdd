"""Multi-EuP: speeches in the languages they were held in, and topics in all of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import ir_datasets
import pytest

from datasets_ext import CollectionError, multieup
from datasets_ext.parallel import ParallelCollection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small

LONG = "Rede. " * 40_000  # more than Python's csv reads in a cell unless it is told
SPEECHES = [
    ("d1", "EN", 'Fishing,\nMadam President, is "vital".', "1"),
    ("d2", "DE", LONG, "1"),
    ("d3", "GA", "Iascaireacht.", "1"),
    ("d4", "DE", "Zur Dürre.", "2"),
    ("d5", "DE", " ", "2"),
    ("d6", "null", "Of no language.", "2"),
    *((f"x-{lang}", lang.upper(), "Water.", "3") for lang in multieup.LANGUAGES),
]
TITLES = {
    "1": {"EN": "Fisheries", "DE": "Fischerei", "GA": "null"},
    "2": {"EN": "Drought", "DE": "Dürre", "GA": ""},
    "3": {lang.upper(): "Water" for lang in multieup.LANGUAGES},
}


def table(speeches: list[tuple[str, str, str, str]] = SPEECHES, without: str = "") -> bytes:
    languages = [lang.upper() for lang in multieup.LANGUAGES]
    columns = ["did", "TEXT", "LANGUAGE", "NAME", "PARTY", "country", "gender", "DATE"]
    columns += [f"{kind}_{lang}" for lang in languages for kind in ("title", "qid")]
    rows: list[dict[str, Any]] = []
    for did, lang, text, topic in speeches:
        row = {"did": did, "TEXT": text, "LANGUAGE": lang, "NAME": "A. B.", "PARTY": "null", "gender": "Female"}
        for one, title in TITLES[topic].items():
            row |= {f"title_{one}": title, f"qid_{one}": f"{one}{topic}" if len(title) > 4 else "null"}
        rows.append(row)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [name for name in columns if name != without], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    return small("multieup", multieup.collection, tmp_path_factory.mktemp("multieup"), {multieup.FILE: table()})


def test_a_topic_finds_the_speeches_of_its_debate_in_any_language(collection: ParallelCollection) -> None:
    pool = ir_datasets.load(f"{collection.name}/multi/de")
    assert [(query.query_id, query.text, query.parallel_id) for query in pool.queries_iter()] == [
        ("DE1", "Fischerei", "EN1"),
        ("DE2", "Dürre", "EN2"),
        ("DE3", "Water", "EN3"),
    ]
    found = {(qrel.query_id, qrel.doc_id) for qrel in pool.qrels_iter()}
    assert {(query_id, doc_id) for query_id, doc_id in found if query_id != "DE3"} == {
        *(("DE1", doc_id) for doc_id in ("d1", "d2", "d3")),
        ("DE2", "d4"),
    }
    spoken = [(doc.doc_id, doc.lang) for doc in pool.docs_iter() if doc.doc_id.startswith("d")]
    assert spoken == [("d2", "de"), ("d4", "de"), ("d1", "en"), ("d3", "ga")]
    english = ir_datasets.load(f"{collection.name}/en").docs_store().get("d1")
    assert (english.text, english.speaker, english.party, english.date) == (SPEECHES[0][2], "A. B.", "", "")
    assert ir_datasets.load(f"{collection.name}/de").docs_store().get("d2").text == LONG


def test_titles_that_a_language_lacks_are_left_out(collection: ParallelCollection) -> None:
    assert [query.query_id for query in ir_datasets.load(f"{collection.name}/multi/ga").queries_iter()] == ["GA3"]


def test_an_encoder_and_runs_of_others_are_scored(collection: ParallelCollection, tiny: Path, tmp_path: Path) -> None:
    benchmark = parallel_benchmark(collection).only(languages=["de", "en"])
    assert {task.name for task in benchmark.tasks} == {"de/de", "en/en", "de/en", "en/de", "multi/de", "multi/en"}
    assert {*evaluate(benchmark, Encoder.load(tiny)).settings} == {"mono", "cross", "multi"}
    (tmp_path / "de.de.trec").write_text("DE1 Q0 d4 1 2 x\nDE1 Q0 d2 2 1 x\nDE2 Q0 d4 1 1 x\nDE3 Q0 x-de 1 1 x\n")
    scores = evaluate_runs(benchmark.only(tasks=["de/de"]), tmp_path, measures=["RR@100"])
    assert scores.settings["mono"]["RR@100"] == pytest.approx((0.5 + 1 + 1) / 3)


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (table(without="qid_EN"), "has no column qid_EN"),
        (table([SPEECHES[0], SPEECHES[0]]), "repeats the did 'd1'"),
        (table([("a b", "EN", "T", "1")]), "has white space in the did 'a b'"),
        (table() + b'"', "is not CSV"),
        (table() + b"\xff", "is not UTF-8"),
        (table() + b"," * 99, "has more cells than the header"),
    ],
    ids=["column", "again", "space", "quote", "encoding", "cells"],
)
def test_a_damaged_file_is_told(tmp_path: Path, contents: bytes, complaint: str) -> None:
    collection = small("multieup", multieup.collection, tmp_path, {multieup.FILE: contents})
    with pytest.raises(CollectionError, match=complaint):
        collection.part("en")
