"""Nothing finished is replaced unasked, and what a folder holds is what it says: of every command that writes vectors,
indexes, runs, scores or transforms."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.fitting import fit_request, fit_transform, save_transform, transform_is_done
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.outputs import AlreadyDone, difference, file_is_done, folder_is_done, record_request, replace_parts
from hybrid_plugin.retrieval.index import index_dataset
from hybrid_plugin.retrieval.search import search_dataset
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import load_benchmark
from tests.conftest import run_cli
from tests.hybrid_plugin.news import write_news

POOL, TASK = "hybrid-demo/multi", "hybrid-demo/multi/de"


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """Another encoder of the same dimension."""
    return tiny_encoder(["some words of another vocabulary"], tmp_path_factory.mktemp("other") / "tiny")


@pytest.fixture(scope="module")
def index(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_dataset(POOL, encoder, tmp_path_factory.mktemp("index") / "index")


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return load_benchmark(TASK)


@contextmanager
def nothing_done() -> Iterator[None]:
    with pytest.warns(AlreadyDone, match="is done already"):
        yield


@contextmanager
def silent() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def tree(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_difference_names_the_setting_and_both_values() -> None:
    made = {"batch_size": 32, "encoder": {"weights": "sha256:0123456789abcdef", "query_prefix": ""}, "runs": True}
    assert difference(made, made | {"batch_size": 64}) == "batch size was 32, is 64"
    assert difference(made, made | {"encoder": made["encoder"] | {"query_prefix": "query: "}}) == (
        "encoder query prefix was '', is 'query: '"
    )
    assert difference(made, {key: value for key, value in made.items() if key != "runs"}) == (
        "runs was true, is not given"
    )
    assert difference(made, made | {"runs": True, "languages": ["de", "en"]}) == "languages was not given, is de en"
    assert not difference(made | {"pair": (1, 2)}, made | {"pair": [1, 2]}), "as they come back from a file"


def test_a_folder_is_done_refused_or_free(tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert not folder_is_done(target, "it.json", {"seed": 1})
    target.mkdir()
    (target / "it.json").write_text(json.dumps({"request": {"seed": 1}}))
    assert folder_is_done(target, "it.json", {"seed": 1})
    assert not folder_is_done(target, "it.json", {"seed": 1}, overwrite=True)
    with pytest.raises(UserError, match=r"seed was 1, is 2.*--overwrite"):
        folder_is_done(target, "it.json", {"seed": 2})
    (target / "it.json").write_text("{}")
    with pytest.raises(UserError, match="does not say how it was made"):
        folder_is_done(target, "it.json", {"seed": 1})
    (target / "it.json").unlink()
    (target / "thesis.tex").touch()
    with pytest.raises(UserError, match="not ours to replace"):
        folder_is_done(target, "it.json", {"seed": 1}, overwrite=True)


def test_a_file_is_known_by_what_lies_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "run.trec"
    assert not file_is_done(target, {"hits": 10})
    target.write_text("q Q0 d 1 1 x\n")
    with pytest.raises(UserError, match="does not say how it was made"):
        file_is_done(target, {"hits": 10})
    record_request(target, {"hits": 10})
    assert file_is_done(target, {"hits": 10})
    with pytest.raises(UserError, match="hits was 10, is 20"):
        file_is_done(target, {"hits": 20})
    assert not file_is_done(target, {"hits": 20}, overwrite=True)
    target.write_text("q Q0 d 1 2 x\n")
    with pytest.raises(UserError, match="was changed since it was written"):
        file_is_done(target, {"hits": 10})


def test_parts_are_replaced_and_other_files_stay(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, names in ((old, ("runs", "notes")), (new, ())):
        folder.mkdir()
        (folder / "it.json").write_text(folder.name)
        for name in names:
            (folder / name).mkdir()
            (folder / name / "file").touch()
    replace_parts(new, old, "it.json", ("runs", "values"))
    assert (old / "it.json").read_text() == "new"
    assert {path.name for path in old.iterdir()} == {"it.json", "notes"}


def test_the_identity_of_an_encoder_is_not_its_path(encoder: Encoder, other: Encoder, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(encoder.name, copied)
    assert Encoder.load(copied).identity == encoder.identity
    assert other.identity["weights"] != encoder.identity["weights"]
    assert Encoder.load(copied, pooling="cls").identity == encoder.identity | {"pooling": "cls"}


def test_search_refuses_the_index_of_another_encoder(
    encoder: Encoder, other: Encoder, index: Path, tmp_path: Path
) -> None:
    assert other.dimension == encoder.dimension
    changed = {
        "their weights differ": other,
        "the pooling 'mean'.*has the pooling 'cls'.*--pooling 'mean'": Encoder.load(encoder.name, pooling="cls"),
        "no passage prefix.*the passage prefix 'p: '": Encoder.load(encoder.name, passage_prefix="p:"),
        "no query prefix.*the query prefix 'q: '": Encoder.load(encoder.name, query_prefix="q:"),
        "the max length '128'.*'64'": Encoder.load(encoder.name, max_length=64),
        "the precision 'float32'.*'bfloat16'": Encoder.load(encoder.name, precision="bfloat16"),
    }
    fitted = fit_transform("centring", encoder, ["hybrid-demo"], texts=60)
    save_transform(fitted, encoder, tmp_path / "centring.safetensors")
    changed["no transform.*the transform centring"] = encoder.with_transform(tmp_path / "centring.safetensors")
    for said, one in changed.items():
        with pytest.raises(UserError, match=said):
            search_dataset(TASK, one, index, tmp_path / "run.trec")
    assert not (tmp_path / "run.trec").exists()
    shutil.copytree(index, tmp_path / "renamed")
    shutil.copytree(encoder.name, tmp_path / "encoder")
    with silent():
        search_dataset(TASK, Encoder.load(tmp_path / "encoder"), tmp_path / "renamed", tmp_path / "run.trec")


def test_search_refuses_the_index_of_other_documents(encoder: Encoder, index: Path, tmp_path: Path) -> None:
    german = index_dataset("hybrid-demo/de", encoder, tmp_path / "german")
    with pytest.raises(UserError, match="not of the documents of 'hybrid-demo/multi/de', but of 'hybrid-demo/de'"):
        search_dataset(TASK, encoder, german, tmp_path / "run.trec")
    english = index_dataset("hybrid-demo/en", encoder, tmp_path / "english")
    assert len((english / "docid").read_text().split()) == len((german / "docid").read_text().split())
    with pytest.raises(UserError, match=r"0 documents of the language 'de', not 161"):
        search_dataset("hybrid-demo/de/en", encoder, english, tmp_path / "run.trec")
    record = json.loads((german / "index.json").read_text())
    record["languages"]["de"]["checksum"] = "sha256:0"
    (german / "index.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="other ids or texts"):
        search_dataset("hybrid-demo/de/en", encoder, german, tmp_path / "run.trec")


def test_an_index_that_says_nothing_is_searched_with_a_word_of_warning(
    encoder: Encoder, index: Path, tmp_path: Path
) -> None:
    shutil.copytree(index, tmp_path / "pyserini")
    (tmp_path / "pyserini" / "index.json").unlink()
    with pytest.warns(UserWarning, match="does not say which encoder made it"):
        search_dataset(TASK, encoder, tmp_path / "pyserini", tmp_path / "run.trec")
    with pytest.raises(UserError, match="not of the documents of 'hybrid-demo/en/en'"):
        search_dataset("hybrid-demo/en/en", encoder, tmp_path / "pyserini", tmp_path / "other.trec")


def test_the_index_of_version_0_1_says_whether_its_vectors_are_transformed(
    encoder: Encoder, index: Path, tmp_path: Path
) -> None:
    shutil.copytree(index, tmp_path / "old")
    record = json.loads((tmp_path / "old" / "index.json").read_text())
    old = {key: record[key] for key in ("dataset", "encoder", "count", "dimension", "versions")}
    (tmp_path / "old" / "index.json").write_text(json.dumps(old | {"transform": None}))
    with pytest.warns(UserWarning, match="does not say which encoder made it"):
        search_dataset(TASK, encoder, tmp_path / "old", tmp_path / "run.trec")
    (tmp_path / "old" / "index.json").write_text(json.dumps(old | {"transform": {"name": "centring"}}))
    with pytest.raises(UserError, match=r"was made with a transform .* another or none; use"):
        search_dataset(TASK, encoder, tmp_path / "old", tmp_path / "other.trec")


def test_stored_vectors_of_another_encoder_or_text_are_refused(
    encoder: Encoder, other: Encoder, tmp_path: Path
) -> None:
    path = write_news(tmp_path)
    benchmark = load_benchmark(str(path))
    encode_dataset(str(path), encoder, tmp_path / "vectors")
    shutil.move(tmp_path / "vectors", tmp_path / "moved")
    scores = evaluate(benchmark, encoder, vectors=tmp_path / "moved")
    assert scores.settings == evaluate(benchmark, encoder).settings
    with pytest.raises(UserError, match=r"another encoder than .*: their weights differ"):
        evaluate(benchmark, other, vectors=tmp_path / "moved")
    with pytest.raises(UserError, match="no query prefix"):
        evaluate(benchmark, Encoder.load(encoder.name, query_prefix="q:"), vectors=tmp_path / "moved")
    documents = tmp_path / "docs.de.jsonl"
    record = json.loads(documents.read_text().splitlines()[0])
    documents.write_text(documents.read_text().replace(record["text"], "Etwas anderes", 1))
    with pytest.raises(UserError, match=r"other documents than .*docs\.de\.jsonl' has; encode again"):
        evaluate(load_benchmark(str(path)), encoder, vectors=tmp_path / "moved")


def test_the_same_evaluation_is_done_and_another_refused(
    benchmark: Benchmark, encoder: Encoder, other: Encoder, tmp_path: Path
) -> None:
    output = tmp_path / "scores"
    first = evaluate(benchmark, encoder, output, runs=True, measures=["AP", "nDCG@10"])
    before = tree(output)
    with nothing_done():
        again = evaluate(benchmark, encoder, output, runs=True, measures=["nDCG@10", "AP"])
    assert again.settings == first.settings
    assert again.as_json() == first.as_json()
    changes = {
        "runs was true, is false": {"measures": ["AP", "nDCG@10"]},
        "measures was AP nDCG@10, is AP": {"measures": ["AP"], "runs": True},
        "depth was not given, is 10": {"measures": ["AP", "nDCG@10"], "runs": True, "depth": 10},
    }
    for said, options in changes.items():
        with pytest.raises(UserError, match=rf"other settings \({said}\)"):
            evaluate(benchmark, encoder, output, **options)
    with pytest.raises(UserError, match="encoder weights was"):
        evaluate(benchmark, other, output, runs=True, measures=["AP", "nDCG@10"])
    with pytest.raises(UserError, match="scope languages was de, is en"):
        evaluate(load_benchmark("hybrid-demo/multi/en"), encoder, output, runs=True, measures=["AP", "nDCG@10"])
    assert tree(output) == before
    (output / "notes.md").write_text("mine")
    evaluate(benchmark, other, output, measures=["AP"], overwrite=True)
    assert {path.name for path in output.iterdir()} == {"scores.json", "per_query.parquet", "notes.md"}, (
        "run files of the system before would be taken for those of the present one"
    )


def test_run_files_are_scored_where_they_lie(benchmark: Benchmark, encoder: Encoder, tmp_path: Path) -> None:
    evaluate(benchmark, encoder, tmp_path / "scores", runs=True, measures=["AP"])
    run = tmp_path / "scores" / "runs" / "multi.de.trec"
    with pytest.raises(UserError, match="other settings"):
        evaluate_runs(benchmark, tmp_path / "scores", tmp_path / "scores", measures=["AP"])
    evaluate_runs(benchmark, tmp_path / "scores", tmp_path / "scores", measures=["AP"], overwrite=True)
    assert run.is_file()
    with nothing_done():
        evaluate_runs(benchmark, tmp_path / "scores", tmp_path / "scores", measures=["AP"])
    lines = run.read_text().splitlines(keepends=True)
    run.write_text("".join(lines[:-1]))
    with pytest.raises(UserError, match=r"runs multi\.de\.trec was sha256"):
        evaluate_runs(benchmark, tmp_path / "scores", tmp_path / "scores", measures=["AP"])


def test_a_run_file_of_another_task_is_noticed(encoder: Encoder, tmp_path: Path) -> None:
    evaluate(load_benchmark("hybrid-demo/en/de"), encoder, tmp_path / "scores", runs=True, measures=["AP"])
    run = tmp_path / "scores" / "runs" / "en.de.trec"
    with pytest.warns(UserWarning, match="is called after the task en/de, and scored on multi/de"):
        evaluate_runs(load_benchmark(TASK), run, measures=["AP"])
    with silent():
        evaluate_runs(load_benchmark("hybrid-demo/en/de"), run, measures=["AP"])
        shutil.copy(run, tmp_path / "my.trec")
        evaluate_runs(load_benchmark(TASK), tmp_path / "my.trec", measures=["AP"])


def test_scores_of_a_collection_that_has_changed_are_not_done(encoder: Encoder, tmp_path: Path) -> None:
    path = write_news(tmp_path)
    evaluate(load_benchmark(str(path)), encoder, tmp_path / "scores")
    qrels = next(tmp_path.glob("qrels*"))
    qrels.write_text("".join(qrels.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(UserError, match="collection qrels was sha256"):
        evaluate(load_benchmark(str(path)), encoder, tmp_path / "scores")


def test_vectors_indexes_runs_and_transforms_are_done_once(
    encoder: Encoder, other: Encoder, index: Path, tmp_path: Path
) -> None:
    outputs = {
        "vectors": lambda encoder, overwrite: encode_dataset(
            "hybrid-demo/de/en", encoder, tmp_path / "vectors", overwrite=overwrite
        ),
        "index": lambda encoder, overwrite: index_dataset(
            "hybrid-demo/de", encoder, tmp_path / "index", overwrite=overwrite
        ),
    }
    for name, make in outputs.items():
        with silent():
            make(encoder, False)
        before = tree(tmp_path / name)
        with nothing_done():
            make(encoder, False)
        with pytest.raises(UserError, match="encoder weights was"):
            make(other, False)
        assert tree(tmp_path / name) == before
        make(other, True)
        assert tree(tmp_path / name) != before
    run = search_dataset(TASK, encoder, index, tmp_path / "run.trec", hits=10)
    with nothing_done():
        search_dataset(TASK, encoder, index, run, hits=10)
    with pytest.raises(UserError, match="hits was 10, is 20"):
        search_dataset(TASK, encoder, index, run, hits=20)
    search_dataset(TASK, encoder, index, run, hits=20, overwrite=True)
    assert len(run.read_text().splitlines()) % 20 == 0
    for output in (tmp_path / "centring.safetensors", tmp_path / "centred"):
        request = fit_request("centring", encoder, ["hybrid-demo"], texts=60)
        assert not transform_is_done(output, request)
        save_transform(fit_transform("centring", encoder, ["hybrid-demo"], texts=60), encoder, output, request)
        assert transform_is_done(output, request)
        with pytest.raises(UserError, match="texts was 60, is 70"):
            transform_is_done(output, fit_request("centring", encoder, ["hybrid-demo"], texts=70))
    vectors = Encoder.load(tmp_path / "centred").encode(["Wer?"], "query")
    np.testing.assert_array_equal(
        vectors, encoder.with_transform(tmp_path / "centring.safetensors").encode(["Wer?"], "query")
    )


def test_the_commands_say_it(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))  # without a document store, whose opening is told
    command = ["index", "hybrid-demo/de", "--encoder", tiny, "--output", tmp_path / "index"]
    run_cli(*command)
    again = run_cli(*command)
    assert again.stderr.strip() == f"{tmp_path / 'index'} is done already; --overwrite does it again"
    refused = run_cli(*command, "--pooling", "cls", check=2)
    assert "(encoder pooling was mean, is cls)" in refused.stderr
    replaced = run_cli(*command, "--pooling", "cls", "--overwrite")
    assert replaced.stderr == ""
