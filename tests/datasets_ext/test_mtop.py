"""MTOP: translations of an utterance have grade 2, and what has its intent grade 1."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import ir_datasets
import ir_measures
import pytest

from datasets_ext import CollectionError, mtop
from datasets_ext.parallel import ParallelCollection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.datasets_ext.small import small

WEATHER, ALARM = "IN:GET_WEATHER", "IN:CREATE_ALARM"
INTENTS = {"11": WEATHER, "12": WEATHER, "13": ALARM, "14": ALARM}
HELD = {"en": "11 12 13 14", "de": "13 12 11", "es": "11 12 13", "fr": "11 12 13 14", "hi": "11 13", "th": "11 13 12"}


def line(name: str, lang: str) -> str:
    text = f'"wake me {name} in {lang}"'
    slots, tokens = "16:20:SL:DATE_TIME", '{"tokens":["wake","me"]}'
    return "\t".join([name, INTENTS[name], slots, text, "alarm", f"{lang}_XX", f"[{INTENTS[name]} ]", tokens])


def packed(**instead: str) -> dict[str, str | bytes]:
    """The archive; what a language's test set has instead of what is above."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for lang, held in HELD.items():
            archive.writestr(f"mtop/{lang}/train.txt", "not read")
            contents = instead.get(lang, "\ufeff" + "\r\n".join(line(name, lang) for name in held.split()))
            if contents:
                archive.writestr(f"mtop/{lang}/test.txt", contents)
    return {mtop.FILE: buffer.getvalue()}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    return small("mtop", mtop.collection, tmp_path_factory.mktemp("mtop"), packed())


def test_documents_are_all_utterances_and_queries_those_of_all_languages(collection: ParallelCollection) -> None:
    french = ir_datasets.load(f"{collection.name}/fr/hi")
    assert [doc.doc_id for doc in french.docs_iter()] == ["fr_11", "fr_12", "fr_13", "fr_14"]
    assert [query.query_id for query in french.queries_iter()] == ["11_hi", "13_hi"]
    assert french.docs_store().get("fr_12") == ("fr_12", '"wake me 12 in fr"', "fr", WEATHER, "alarm")
    assert [query.cluster for query in french.queries_iter()] == [WEATHER, ALARM]


def test_the_translation_has_grade_2_and_the_same_intent_grade_1(collection: ParallelCollection) -> None:
    found = {
        (qrel.query_id, qrel.doc_id): qrel.relevance
        for qrel in ir_datasets.load(f"{collection.name}/fr/hi").qrels_iter()
    }
    assert found == {("11_hi", "fr_11"): 2, ("11_hi", "fr_12"): 1, ("13_hi", "fr_13"): 2, ("13_hi", "fr_14"): 1}


def test_the_measures_tell_the_translation_from_the_same_intent(
    collection: ParallelCollection, tiny: Path, tmp_path: Path
) -> None:
    benchmark = parallel_benchmark(collection)
    assert benchmark.measures == ("nDCG@10", "Success(rel=2)@1", "R(rel=2)@10")
    scores = evaluate(benchmark, Encoder.load(tiny), tmp_path / "scores", runs=True)
    assert {*scores.settings} == {"cross", "multi"}
    assert scores.settings["cross"]["R(rel=2)@10"] == 1
    qrels = [
        qrel for lang in HELD if lang != "en" for qrel in ir_datasets.load(f"{collection.name}/{lang}/en").qrels_iter()
    ]
    run = ir_measures.read_trec_run(str(tmp_path / "scores" / "runs" / "multi.en.trec"))
    measures = [ir_measures.parse_measure(name) for name in benchmark.measures]
    theirs = {str(name): value for name, value in ir_measures.calc_aggregate(measures, qrels, run).items()}
    ours = scores.tasks.set_index("task").loc["multi/en", [*theirs]].to_dict()
    assert ours == pytest.approx(theirs)


def test_judgements_are_made_when_they_are_asked_for(collection: ParallelCollection) -> None:
    relevant = collection.part("de").relevant
    assert [*relevant] == ["11", "13"]
    assert len(relevant) == 2
    assert "12" not in relevant
    assert relevant["11"] == {"de_11": 2, "de_12": 1}


@pytest.mark.parametrize(
    ("instead", "complaint"),
    [
        (
            {"hi": line("11", "hi").replace("me 11", "me\t11")},
            r"mtop\.zip/mtop/hi/test\.txt line 1 has more than 8 columns",
        ),
        ({"hi": "11\tIN:A\t\ttext\n"}, "line 1 has 4 columns parted by tabs, not 8"),
        ({"hi": f"{line('11', 'hi')}\n{line('11', 'hi')}"}, "line 2 repeats the id '11'"),
        ({"hi": line("11", "hi").replace("11\t", "1 1\t")}, "line 1 has white space in the id '1 1'"),
        ({"hi": line("11", "hi").replace('"wake me 11 in hi"', " ")}, "line 1 has an empty utterance"),
        ({"hi": "\n"}, "has no utterances"),
        ({"hi": ""}, r"mtop\.zip has no mtop/hi/test\.txt"),
    ],
)
def test_a_damaged_archive_is_told(tmp_path: Path, instead: dict[str, str], complaint: str) -> None:
    collection = small("mtop", mtop.collection, tmp_path, packed(**instead))
    with pytest.raises(CollectionError, match=complaint):
        collection.part("en")
