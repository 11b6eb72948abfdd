"""CIRAL: questions of each language apart, with the publishers' ids, in all its parts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import ir_datasets
import pytest

from datasets_ext import CollectionError, ciral
from datasets_ext.parallel import ParallelCollection
from datasets_ext.published import Published
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small

PASSAGES = {
    "ha": {"BBC#1#0": "Kano ita ce birnin.", "BBC#1#1": "Ruwan sama ya sauka.", "VOA#2#0": ""},
    "so": {"HIIRAN#1#0": "Gaalkacyo waa magaalo.", "VOA#2#0#": "Roob badan."},
    "sw": {"BBC#1#0:sw": "Dodoma ni mji mkuu."},
    "yo": {"BBC#9#0": "Ìbàdàn ni olú ìlú."},
}
ENGLISH = {"ha": "3\tWhat is the city?\n8\tDid it rain?", "so": "\ufeff3\tWhich town?\r\n", "sw": "5\tCapital?\n"}
NATIVE = {"ha": "3\tMenene\tbirnin?\n8\tAn yi ruwa?\n", "so": "3\tMagaaladee?\n", "sw": "5\tMji mkuu?\n"}
JUDGED = {
    "ha": "3\tQ0\tBBC#1#0\t1\n3\tQ0\tBBC#1#1\t0\n8 Q0 BBC#1#1 1\r\n",
    "so": "3\tQ0\tHIIRAN#1#0\t1\n",
    "sw": "5\tQ0\tBBC#1#0:sw\t1\n",
}


def files(part: str = "ciral") -> dict[str, str | bytes]:
    topics, judged = ciral.PARTS[part]
    found: dict[str, str | bytes] = {}
    for lang, name in ciral.NAMES.items():
        rows = [
            {"docid": doc_id, "title": "Labarai" if text else None, "text": text, "url": "https://example.org"}
            for doc_id, text in PASSAGES[lang].items()
        ]
        passages = "".join(json.dumps(row, ensure_ascii=lang == "so") + "\n" for row in rows).encode()
        found[f"passages/{name}_passages.jsonl"] = gzip.compress(passages[:50]) + gzip.compress(passages[50:])
        found[f"topics/topics.ciral-v1.0-{lang}-{topics}.tsv"] = ENGLISH.get(lang, "7\tCapital of Oyo?")
        found[f"topics/topics.ciral-v1.0-{lang}-{topics}-native.tsv"] = NATIVE.get(lang, "7\tOlú ìlú Ọ̀yọ́?")
        found[f"qrels/qrels.ciral-v1.0-{lang}-{judged}.tsv"] = JUDGED.get(lang, "7\tQ0\tBBC#9#0\t1")
    return found


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    return small("ciral", ciral.collection, tmp_path_factory.mktemp("ciral"), files())


def test_ids_are_the_publishers_and_questions_those_of_a_language(collection: ParallelCollection) -> None:
    hausa, somali = (ir_datasets.load(f"{collection.name}/{pair}") for pair in ("ha/en", "so/en"))
    assert [(query.query_id, query.text) for query in hausa.queries_iter()] == [
        ("3", "What is the city?"),
        ("8", "Did it rain?"),
    ]
    assert [(query.query_id, query.parallel_id) for query in somali.queries_iter()] == [("3", "so-3")]
    assert [tuple(qrel) for qrel in hausa.qrels_iter()] == [
        ("3", "BBC#1#0", 1),
        ("3", "BBC#1#1", 0),
        ("8", "BBC#1#1", 1),
    ]
    assert [doc.doc_id for doc in hausa.docs_iter()] == [*PASSAGES["ha"]]
    assert hausa.docs_store().get("BBC#1#1").default_text() == "Labarai Ruwan sama ya sauka."


def test_a_tab_in_a_topic_is_kept(collection: ParallelCollection) -> None:
    topics = [query.text for query in ir_datasets.load(f"{collection.name}/ha/ha").queries_iter()]
    assert topics[0] == "Menene\tbirnin?"


def test_nothing_is_asked_across_the_african_languages_or_of_the_pool(collection: ParallelCollection) -> None:
    pairs = [*(f"{lang}/{lang}" for lang in ciral.NAMES), *(f"{lang}/en" for lang in ciral.NAMES)]
    assert [task.name for task in parallel_benchmark(collection).tasks] == pairs
    assert not ir_datasets.load(collection.name).has_queries()
    assert ir_datasets.load(collection.name).docs_count() == 7
    for missing in ("ha/so", "multi/en"):
        with pytest.raises(KeyError):
            ir_datasets.load(f"{collection.name}/{missing}")


def test_an_encoder_and_runs_of_others_are_scored(collection: ParallelCollection, tiny: Path, tmp_path: Path) -> None:
    benchmark = parallel_benchmark(collection)
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "scores", runs=True)
    assert {*scores.settings} == {"mono", "cross"}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ha.en.trec").write_text("3 Q0 BBC#1#0 1 2.0 bm25\n8 Q0 VOA#2#0 1 1.0 bm25\n")
    theirs = evaluate_runs(benchmark.only(tasks=["ha/en"]), tmp_path / "run", measures=["nDCG@20"])
    assert theirs.settings["cross"]["nDCG@20"] == 0.5


@pytest.mark.parametrize("part", ciral.PARTS)
def test_every_part_is_read_from_the_files_of_one_folder(part: str, tmp_path: Path) -> None:
    assert Published(part).folder == Published("ciral").folder
    made = small(part, ciral.collection, tmp_path, files(part))
    assert len([*ir_datasets.load(f"{made.name}/ha/en").qrels_iter()]) == 3
    assert {file for lang in ("en", *ciral.NAMES) for file in ciral._files(lang, *ciral.PARTS[part])} <= {
        *Published("ciral").table
    }


@pytest.mark.parametrize(
    ("file", "contents", "complaint"),
    [
        ("topics/topics.ciral-v1.0-ha-test-a.tsv", "3 What?\n", "line 1 has 1 columns parted by tabs, not 2"),
        ("topics/topics.ciral-v1.0-ha-test-a.tsv", "3\tA?\n3\tB?\n", "line 2 repeats the query id '3'"),
        ("qrels/qrels.ciral-v1.0-ha-test-a-pools.tsv", "3 Q0 d\n", "line 1 has 3 columns, not the 4 of qrels"),
        ("qrels/qrels.ciral-v1.0-ha-test-a-pools.tsv", "3 Q0 d 1\n3 Q0 d 0\n", "judges the document 'd' twice"),
        ("passages/hausa_passages.jsonl", '{"docid": "a b", "text": "x"}', "line 1 has white space in the docid 'a b'"),
        ("passages/hausa_passages.jsonl", '{"docid": "a"}', "line 1 needs the key 'text' with a text"),
        ("passages/hausa_passages.jsonl", gzip.compress(b"{}" * 999, mtime=0)[:-9], "is not whole"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, file: str, contents: str | bytes, complaint: str) -> None:
    collection = small("ciral", ciral.collection, tmp_path, {**files(), file: contents})
    with pytest.raises(CollectionError, match=complaint):
        [*ir_datasets.load(f"{collection.name}/ha/en").queries_iter(), *collection.part("ha").docs]


def test_a_missing_language_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    collection = small("ciral", ciral.collection, tmp_path, files())
    (tmp_path / "passages" / "swahili_passages.jsonl").unlink()
    assert ir_datasets.load(f"{collection.name}/ha/ha").docs_count() == 3
    with pytest.raises(CollectionError, match=r"has no passages/swahili_passages\.jsonl"):
        [*ir_datasets.load(f"{collection.name}/sw").docs_iter()]


def test_a_topic_with_the_id_of_another_gets_its_own(tmp_path: Path) -> None:
    written = "".join(f"{number}\tSwali {number}?\n" for number in [*range(1, 70), 69, 71])
    name = "topics/topics.ciral-v1.0-sw-test-b-native.tsv"
    collection = small("ciral-test-b", ciral.collection, tmp_path, {**files("ciral-test-b"), name: written})
    assert [query.query_id for query in collection.part("sw").queries][68:] == ["69", "238", "71"]
