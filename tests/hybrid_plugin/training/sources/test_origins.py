"""Where rows come from: a source made out of a benchmark is still that benchmark, whatever file it comes by."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import ir_datasets
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import datasets_ext
from datasets_ext import parallel
from datasets_ext.parallel import LanguagePart, PackageDocumentation, ParallelCollection, register_collection
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.mining.mine import mine, pooled
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.provenance import provenance
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source, load_sources
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.store import part_of, store
from hybrid_plugin.training.train import train

Lines = Callable[[str, Iterable[dict[str, Any]]], Path]


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Writes JSON lines to a file of a name."""

    def write(name: str, objects: Iterable[dict[str, Any]]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects), encoding="utf-8")
        return path

    return write


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is compared with in this test alone."""
    monkeypatch.setattr(parallel, "_registered", list(parallel._registered))


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


def line(row: Row) -> dict[str, Any]:
    """A row as somebody writes it by hand."""
    return {"id": row.parallel_id, "queries": dict(row.queries), "passages": dict(row.passages)}


def questions(name: str, number: int) -> list[dict[str, Any]]:
    """Some English questions of a collection, as somebody writes them by hand."""
    asked = [query for query in ir_datasets.load(name).queries_iter() if query.lang == "en"][:number]
    return [
        {"id": one.parallel_id, "queries": {"en": one.text}, "passages": {"en": f"answer {i}"}}
        for i, one in enumerate(asked)
    ]


# --- what rows and sources say --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "checksum"),
    [
        ("hybrid-demo", "ad5c52a082ffb78f840eec301bce7359d7a9901a1455efc61b9963a8562b4df5"),
        ("mlqa-r", "4fc4453d0a6fa947ad9693eaf3e8c4471a6f6f816a98fa7e3fb8cec57f39dfe2"),
    ],
)
def test_checksums_are_those_in_the_records_of_older_checkpoints(
    request: pytest.FixtureRequest, name: str, checksum: str
) -> None:
    if name == "mlqa-r":
        request.getfixturevalue("lareqa")
    assert load_source(name).checksum == f"sha256:{checksum}"


names = st.lists(st.sampled_from(["xquad-r", "my own", "mmarco/v2/de/train"]), unique=True, max_size=2).map(tuple)


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.lists(names, min_size=1, max_size=20))
def test_origins_are_kept_row_by_row(written: list[tuple[str, ...]]) -> None:
    rows = [Row(f"row {i}", {"en": "?"}, {"en": ("!",)}, origins=origins) for i, origins in enumerate(written)]
    source = store("x", rows)
    assert [row.origins for row in source] == written
    assert [row.origins for row in source.take([len(rows) - 1, 0])] == [written[-1], written[0]]
    assert source.origins == tuple(sorted({name for origins in written for name in origins}))


def test_the_same_contents_of_other_origins_are_another_source_with_the_same_checksum() -> None:
    rows = [Row(str(i), {"en": f"question {i}"}, {"en": ("an answer",)}) for i in range(20)]
    sources = [store("x", (replace(row, origins=origins) for row in rows)) for origins in ((), ("a",), ("b",))]
    assert [source.origins for source in sources] == [(), ("a",), ("b",)]
    assert [part_of(source, 0.5).origins for source in sources] == [(), ("a",), ("b",)]
    assert len({source.checksum for source in sources}) == 1


def test_collections_and_ids_say_which_they_are() -> None:
    assert load_source("hybrid-demo").origins == ("hybrid-demo-train",)  # the part that is read
    assert load_source("hybrid-demo-train").origins == ("hybrid-demo-train",)
    assert load_source("hybrid-demo/{de,zh}/en").origins == ("hybrid-demo/de/en", "hybrid-demo/zh/en")
    assert load_source("hybrid-demo/de/en")[0].origins == ("hybrid-demo/de/en",)


def test_json_lines_may_say_what_they_were_made_from(lines: Lines) -> None:
    row = {"queries": {"en": "who?"}, "passages": {"en": "she"}}
    path = lines("a.jsonl", [row | {"id": "1", "origins": ["a", "b"]}, row | {"id": "2", "origins": "c"}])
    assert [one.origins for one in from_jsonl(path)] == [("a", "b"), ("c",)]
    for wrong in ("", [1], {"a": "b"}, None):
        path = lines("b.jsonl", [row | {"id": "1"}, row | {"id": "2", "origins": wrong}])
        with pytest.raises(UserError, match=r"b\.jsonl line 2 needs a text, or a list of texts, in 'origins'"):
            from_jsonl(path)


def test_what_is_mined_from_a_benchmark_is_still_that_benchmark(encoder: Encoder, tmp_path: Path, lines: Lines) -> None:
    others = [{"id": str(i), "queries": {"de": f"{i}?"}, "passages": {"de": f"{i}!"}} for i in range(9)]
    own = lines("own.jsonl", others)
    both = pooled(load_sources(["hybrid-demo/de/en", str(own)]))
    mine(both, encoder, tmp_path / "mined.jsonl")
    mined = load_source(str(tmp_path / "mined.jsonl"))
    assert [row.origins for row in mined] == [row.origins for row in both]
    assert mined.origins == both.origins == part_of(mined, 0.5).origins == ("hybrid-demo/de/en",)
    assert [row.origins for row in mined if row.parallel_id.startswith(str(own))] == [()] * 9


# --- what is recognised ---------------------------------------------------------------------------------------------


def test_the_published_files_of_a_benchmark_are_that_benchmark(lareqa: Path) -> None:
    source = load_source(f"squad:{lareqa / 'xquad-r'}")
    assert source.origins == ("xquad-r",)
    assert all(row.origins == ("xquad-r",) for row in source)


def test_so_is_one_of_them_under_another_name_and_printed_anew(lareqa: Path, tmp_path: Path) -> None:
    published = json.loads((lareqa / "xquad-r" / "th.json").read_text(encoding="utf-8"))
    path = tmp_path / "ours.json"
    path.write_text(json.dumps(published, indent=1, ensure_ascii=True), encoding="utf-8")
    source = load_source(f"squad:th={path}")
    assert source.origins == ("xquad-r",)
    assert part_of(source, 0.1).origins == ("xquad-r",)


def test_a_copy_in_any_format_is_recognised_by_either_id_of_its_questions(lines: Lines) -> None:
    query = next(iter(ir_datasets.load("hybrid-demo/de/en").queries_iter()))
    for query_id in (query.parallel_id, query.query_id):
        row = {"query_id": query_id, "query": query.text, "positive_passages": [{"docid": "1", "text": "an answer"}]}
        path = lines(f"{query_id}/en.jsonl", [row])
        assert load_source(f"tevatron:{path.parent}").origins == ("hybrid-demo",)


def test_one_row_of_a_benchmark_among_others_is_enough(lines: Lines) -> None:
    others = [{"id": str(i), "queries": {"en": f"{i}?"}, "passages": {"en": "an answer"}} for i in range(3000)]
    source = load_source(str(lines("pairs.jsonl", [*others, *questions("hybrid-demo", 1)])))
    assert source.origins == ("hybrid-demo",)
    assert [row.origins for row in source[-2:]] == [(), ("hybrid-demo",)]


def test_only_id_and_text_together_are_a_question_of_a_benchmark(lines: Lines) -> None:
    asked = questions("hybrid-demo", 10)
    other_texts = [one | {"queries": {"en": f"number {i}?"}} for i, one in enumerate(asked)]
    other_ids = [one | {"id": f"number {i}"} for i, one in enumerate(asked)]
    swapped = [one | {"queries": other["queries"]} for one, other in pairwise(asked)]
    for name, rows in (("texts", other_texts), ("ids", other_ids), ("swapped", swapped)):
        assert load_source(str(lines(f"{name}.jsonl", rows))).origins == ()
    assert load_source(str(lines("same.jsonl", asked))).origins == ("hybrid-demo",)


@pytest.mark.usefixtures("collections")
def test_a_question_of_several_collections_is_of_them_all(lines: Lines) -> None:
    asked = questions("hybrid-demo", 3)
    path = lines("pairs.jsonl", asked)
    assert load_source(str(path)).origins == ("hybrid-demo",)
    queries = [{"query_id": one["id"], "text": one["queries"]["en"], "relevant": ["p"]} for one in asked[:1]]
    folder = lines("ours/queries.en.jsonl", queries).parent
    lines("ours/docs.en.jsonl", [{"doc_id": "p", "text": "an answer"}])
    datasets_ext.register_parallel("copied-questions", folder)
    source = load_source(str(path))  # read again, though its file is what it was
    assert [row.origins for row in source] == [("copied-questions", "hybrid-demo"), ("hybrid-demo",), ("hybrid-demo",)]


@pytest.mark.usefixtures("collections", "lareqa")
def test_queries_read_alone_are_those_of_the_whole_collection(lines: Lines) -> None:
    folder = lines("ours/queries.en.jsonl", [{"query_id": "1", "text": "who?", "relevant": ["p"]}]).parent
    lines("ours/docs.en.jsonl", [{"doc_id": "p", "text": "she"}])
    datasets_ext.register_parallel("whole-questions", folder)
    named = {one.name: one for one in parallel.registered_collections()}
    for name in ("hybrid-demo", "xquad-r", "whole-questions"):
        assert named[name].at_hand("en")
        alone = list(named[name].queries("en"))
        assert alone == named[name].part("en").queries == list(named[name].queries("en"))


@pytest.mark.usefixtures("collections")
def test_a_damaged_collection_is_named_and_compared_no_further(lines: Lines) -> None:
    folder = lines("ours/queries.en.jsonl", [{"query_id": "1", "text": "who?", "relevant": []}, {}]).parent
    lines("ours/docs.en.jsonl", [{"doc_id": "p", "text": "an answer"}])
    datasets_ext.register_parallel("damaged-questions", folder)
    with pytest.warns(UserWarning, match=r"not compared with all of 'damaged-questions': .*line 2 needs the key"):
        source = load_source(str(lines("pairs.jsonl", questions("hybrid-demo", 1))))
    assert source.origins == ("hybrid-demo",)


@pytest.mark.usefixtures("collections")
def test_nothing_is_downloaded_to_compare_with(
    lines: Lines, lareqa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(lang: str) -> LanguagePart:
        raise AssertionError("it would be downloaded")

    far = ParallelCollection("far-away-questions", ["en"], load, "1")
    register_collection(far, PackageDocumentation("parallel.yaml"))
    path = lines("pairs.jsonl", questions("xquad-r", 3))
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    assert load_source(str(path)).origins == ()
    assert not (tmp_path / "home" / "xquad-r").exists()
    datasets_ext.add("xquad-r", lareqa / "xquad-r")
    assert load_source(str(path)).origins == ("xquad-r",)


# --- what follows ---------------------------------------------------------------------------------------------------


def about(encoder: Encoder, name: str) -> dict[str, Any]:
    """What an evaluation says of an encoder."""
    return evaluate(load_benchmark(name), encoder, settings=("mono",), languages=("en",)).about


@pytest.fixture
def trained(tiny: Path, tmp_path: Path) -> Callable[..., Encoder]:
    """A checkpoint trained on some sources, read from its folder."""

    def run(*sources: str | Path) -> Encoder:
        settings = TrainingSettings("mono", steps=1, batches=BatchSettings(size=4))
        output = tmp_path / "checkpoint"
        train(Encoder.load(tiny), load_sources(map(str, sources)), output, settings)
        return Encoder.load(output)

    return run


def test_what_was_trained_on_something_made_out_of_a_benchmark_is_not_zero_shot_there(
    trained: Callable[..., Encoder], encoder: Encoder, lines: Lines, tmp_path: Path
) -> None:
    copied = lines("copied.jsonl", questions("hybrid-demo", 20))
    mine(load_source(str(copied)), encoder, tmp_path / "mined.jsonl")
    checkpoint = trained(tmp_path / "mined.jsonl")
    assert checkpoint.record["sources"][0]["origins"] == ["hybrid-demo"]
    found = about(checkpoint, "hybrid-demo")
    assert found["zero_shot"] is False
    assert found["in_domain"] is False
    assert found["trained_on"] == ["hybrid-demo"]
    beside = about(checkpoint, "hybrid-demo-train")
    assert (beside["zero_shot"], beside["in_domain"]) == (False, True)


def test_the_published_files_are_not_zero_shot_either(lareqa: Path, trained: Callable[..., Encoder]) -> None:
    checkpoint = trained(f"squad:en={lareqa / 'xquad-r' / 'en.json'}")
    assert about(checkpoint, "xquad-r")["zero_shot"] is False
    assert about(checkpoint, "hybrid-demo")["zero_shot"] is True


@pytest.fixture
def taught(tiny: Path) -> Callable[..., Encoder]:
    """An encoder with the record of a training on some source."""

    def make(source: str | Path) -> Encoder:
        encoder = Encoder.load(tiny)
        encoder.record = provenance(encoder, [load_source(str(source))], TrainingSettings())
        return encoder

    return make


def test_training_on_a_task_of_a_benchmark_is_training_on_the_benchmark(
    taught: Callable[..., Encoder], encoder: Encoder, tmp_path: Path
) -> None:
    mine(load_source("hybrid-demo/de/en"), encoder, tmp_path / "mined.jsonl", MiningSettings("others"))
    for source in ("hybrid-demo/de/en", tmp_path / "mined.jsonl"):
        assert about(taught(source), "hybrid-demo")["zero_shot"] is False


def test_what_is_made_out_of_a_train_part_counts_as_the_train_part_does(
    taught: Callable[..., Encoder], encoder: Encoder, tmp_path: Path
) -> None:
    for name in ("hybrid-demo", "hybrid-demo-train"):
        mine(part_of(load_source(name), 0.02), encoder, tmp_path / f"{name}.jsonl")
        for source in (name, tmp_path / f"{name}.jsonl"):
            found = about(taught(source), "hybrid-demo")
            assert (found["zero_shot"], found["in_domain"]) == (False, True)
            assert found["trained_on"] == ["hybrid-demo-train"]
