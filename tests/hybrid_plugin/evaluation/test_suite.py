"""Several benchmarks, one loading of the encoder: what is here is scored, and what is not is named and comes later."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import ir_datasets
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import TrecQrels, TsvDocs, TsvQueries
from ir_datasets.util import Cache, Download
from ir_datasets.util.download import BaseDownload

from hybrid_plugin import Encoder
from hybrid_plugin.encoding import encode_dataset
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import EvaluationSettings, Scores, SuiteScores, evaluate, evaluate_suite, plan_suite
from hybrid_plugin.evaluation.suite import SUITE
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.plugins import manager
from hybrid_plugin.tasks import Benchmark, Qrels, Suite, SuitePart, Task, View, load_benchmark
from tests.conftest import run_cli

FILES = {
    "docs": "d1\tApples are red.\nd2\tThe sea is blue.\n",
    "queries": "q1\tWhich fruit is red?\n",
    "qrels": "q1 0 d1 1\n",
}


class _Shelf(BaseDownload):
    """A publisher's file, which is counted when it is fetched."""

    fetched: ClassVar[list[str]] = []
    stopped = False

    def __init__(self, name: str):
        self.url = f"https://publisher.example/{name}"
        self._name = name

    @contextmanager
    def stream(self) -> Iterator[io.BytesIO]:
        if self.stopped:
            raise KeyboardInterrupt
        self.fetched.append(self._name)
        yield io.BytesIO(FILES[self._name].encode())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Where the collection ``far`` would be downloaded, with benchmarks: of it, and of a file that is damaged."""
    folder = tmp_path / "home"
    files = {name: Cache(Download([_Shelf(name)]), folder / name) for name in FILES}
    qrels = TrecQrels(files["qrels"], {1: "relevant"})
    far = Dataset(TsvDocs(files["docs"], lang="en"), TsvQueries(files["queries"], lang="en"), qrels)
    ir_datasets.registry.register("far", far)
    (tmp_path / "odd.yaml").write_text(
        "name: odd\ntasks: [{name: de/de, docs: [{dataset: hybrid-demo/de, lang: de}], "
        "queries: {file: odd.jsonl, lang: de}, qrels: [hybrid-demo/de/de]}]\n"
    )
    (tmp_path / "odd.jsonl").write_text('{"query_id": "1", "text": "eins"}\n{"query_id": "1", "text": "zwei"}\n')

    class Plugin:
        @hookimpl
        def hybrid_ir_benchmarks(self) -> Any:
            return [Benchmark("far", (Task("en/en", (View("far", "en"),), View("far", "en"), (Qrels("far"),)),))]

    manager().register(Plugin(), name="my-plugin")
    _Shelf.fetched.clear()
    yield folder
    _Shelf.stopped = False
    manager().unregister(name="my-plugin")
    del ir_datasets.registry._registered["far"]


@pytest.fixture(scope="session")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture
def suite(home: Path) -> Suite:
    """One that is here, one to be downloaded, one that is damaged, and one that is here."""
    return Suite(
        "mine",
        [
            SuitePart("hybrid-demo", languages=("de", "en")),
            "far",
            str(home.parent / "odd.yaml"),
            SuitePart("hybrid-demo/multi/en", measures=("nDCG@10",)),
        ],
    )


def states(found: SuiteScores) -> dict[str, str]:
    return {one.name: one.state for one in found.outcomes}


DONE = {"hybrid-demo": "done", "far": "missing", "odd": "failed", "hybrid-demo-multi-en": "done"}


def test_what_is_here_is_scored_and_the_rest_is_named(
    suite: Suite, encoder: Encoder, home: Path, tmp_path: Path
) -> None:
    found = evaluate_suite(suite, encoder, tmp_path / "out")
    assert states(found) == DONE
    _, far, odd, pool = found.outcomes
    assert far.message == "https://publisher.example/queries is not here, and would be downloaded"
    assert far.download
    assert _Shelf.fetched == []
    assert not home.exists() or not [*home.iterdir()]
    assert "odd.jsonl line 2 repeats the query_id '1'" in odd.message
    assert list(pool.settings["multi"]) == ["nDCG@10"]

    alone = evaluate(load_benchmark("hybrid-demo"), encoder, tmp_path / "alone", languages=["de", "en"])
    there = Scores.load(tmp_path / "out" / "hybrid-demo")
    assert there.settings == alone.settings == found.outcomes[0].settings
    assert there.about["request"] == alone.about["request"]
    assert SuiteScores.load(tmp_path / "out") == found
    assert not (tmp_path / "out" / "far").exists()


def test_it_goes_on_where_it_was_stopped_and_scores_what_has_come_alone(
    suite: Suite, encoder: Encoder, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _Shelf.stopped = True
    with pytest.raises(KeyboardInterrupt):
        evaluate_suite(suite, encoder, out, download=True)
    assert states(SuiteScores.load(out)) == {**dict.fromkeys(DONE, "to do"), "hybrid-demo": "done"}
    written = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}

    with pytest.warns(AlreadyDone, match="hybrid-demo is done already"):
        assert states(evaluate_suite(suite, encoder, out)) == DONE
    assert {path: path.stat().st_mtime_ns for path in written} == written
    written = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}

    _Shelf.stopped = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AlreadyDone)
        found = evaluate_suite(suite, encoder, out, download=True)
    assert states(found) == {**DONE, "far": "done"}
    assert sorted(_Shelf.fetched) == ["docs", "qrels", "queries"]
    assert found.outcomes[1].settings["mono"]["R@10"] == 1.0
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_another_encoder_is_refused_in_the_same_folder(
    suite: Suite, encoder: Encoder, tiny: Path, tmp_path: Path
) -> None:
    first, out = Suite("mine", suite.parts[3:]), tmp_path / "out"
    evaluate_suite(first, encoder, out)
    other = Encoder.load(tiny, pooling="cls")
    with pytest.raises(UserError, match=r"out holds a finished result of other settings .*pooling was mean, is cls"):
        evaluate_suite(first, other, out)
    with pytest.raises(UserError, match="measures was not given, is AP"):
        evaluate_suite(first, encoder, out, measures=("AP",))
    with pytest.raises(UserError, match="suite was mine, is yours"):
        evaluate_suite(Suite("yours", first.parts), encoder, out)
    replaced = evaluate_suite(first, other, out, overwrite=True)
    assert Scores.load(out / "hybrid-demo-multi-en").about["identity"] == other.identity
    assert states(replaced) == {"hybrid-demo-multi-en": "done"}
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "letter.txt").touch()
    with pytest.raises(UserError, match=r"holds 'letter\.txt', so it is not ours to replace"):
        evaluate_suite(first, encoder, tmp_path / "strange")


def test_what_is_asked_for_narrows_each_benchmark_to_what_it_has(
    suite: Suite, encoder: Encoder, home: Path, tmp_path: Path
) -> None:
    found = evaluate_suite(suite, encoder, tmp_path / "out", settings=["multi"], languages=["en"], measures=["AP"])
    assert states(found) == {**DONE, "far": "left out", "odd": "left out"}
    assert found.outcomes[0].settings.keys() == {"multi"}
    assert {*Scores.load(tmp_path / "out" / "hybrid-demo").per_query["task"]} == {"multi/en"}
    assert found.outcomes[3].settings["multi"].keys() == {"AP"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"settings": ("bi",)}, "the suite mine, benchmark 'hybrid-demo': unknown setting 'bi'"),
        ({"languages": ("xx",)}, "no benchmark of the suite 'mine' has the language 'xx'"),
        ({"measures": ("Recal@3",)}, "the suite mine, benchmark 'hybrid-demo': .*'Recal@3'"),
        ({"tasks": ("de/en",)}, "choose them in a suite of your own"),
    ],
)
def test_what_no_benchmark_has_is_refused_before_anything_is_read(asked: Any, said: str, suite: Suite) -> None:
    with pytest.raises(UserError, match=said):
        plan_suite(suite, EvaluationSettings(**asked))


def test_an_unknown_benchmark_is_refused_by_its_suite(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the suite mine, benchmark 'hybrid-dem': unknown benchmark.*'hybrid-demo'"):
        evaluate_suite(Suite("mine", ["hybrid-demo", "hybrid-dem"]), encoder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_run_files_of_each_benchmark_lie_in_a_folder_of_its_name(
    suite: Suite, encoder: Encoder, tmp_path: Path
) -> None:
    of_runs = Suite("mine", suite.parts[3:])
    made = evaluate_suite(of_runs, encoder, tmp_path / "made", runs=True, depth="all")
    again = evaluate_suite(
        Suite("mine", [*suite.parts[3:], "hybrid-demo/de/de"]), str(tmp_path / "made"), str(tmp_path / "again")
    )
    assert states(again) == {"hybrid-demo-multi-en": "done", "hybrid-demo-de-de": "missing"}
    assert again.outcomes[0].settings["multi"] == pytest.approx(made.outcomes[0].settings["multi"], abs=1e-9)
    assert "hybrid-demo-de-de with its run files" in again.outcomes[1].message


def test_vectors_of_each_benchmark_lie_in_a_folder_of_its_name(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny, batch_tokens=1)  # whose vectors do not depend on the texts beside them
    suite = Suite("mine", ["hybrid-demo/multi/en", "hybrid-demo/de/de"])
    encode_dataset("hybrid-demo/multi/en", encoder, tmp_path / "vectors" / "hybrid-demo-multi-en")
    before = encoder.counts.texts
    found = evaluate_suite(suite, encoder, tmp_path / "out", vectors=tmp_path / "vectors")
    assert encoder.counts.texts == before
    assert states(found) == {"hybrid-demo-multi-en": "done", "hybrid-demo-de-de": "missing"}
    assert "hybrid-demo-de-de with its run files or vectors" in found.outcomes[1].message
    expected = evaluate(load_benchmark("hybrid-demo/multi/en"), encoder)
    assert found.outcomes[0].settings["multi"] == pytest.approx(expected.settings["multi"], abs=1e-9)


def test_the_depth_of_a_part_is_that_of_its_scores(encoder: Encoder, tmp_path: Path) -> None:
    suite = Suite("mine", [SuitePart("hybrid-demo/multi/en", depth=5)])
    evaluate_suite(suite, encoder, tmp_path / "five", runs=True)
    assert Scores.load(tmp_path / "five" / "hybrid-demo-multi-en").about["depth"] == 5
    evaluate_suite(suite, encoder, tmp_path / "all", depth="all")
    assert Scores.load(tmp_path / "all" / "hybrid-demo-multi-en").about["depth"] is None


def test_the_command_scores_reports_and_says_how_to_get_the_rest(tiny: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "mine.yaml", tmp_path / "out"
    path.write_text("name: mine\nbenchmarks: [hybrid-demo/multi/en, miracl/sw]\n")
    command = ("evaluate", "--suite", path, "--encoder", tiny, "--output", out)
    lines = run_cli(*command).stdout.splitlines()
    assert lines[:2] == [
        "# mine",
        "benchmark             measure  mono  cross  multi   state",
    ]
    figure = SuiteScores.load(out).outcomes[0].settings["multi"]["AP"]
    assert lines[2].split() == ["hybrid-demo-multi-en", "AP", "-", "-", f"{figure:.4f}", "done"]
    assert lines[3].split() == ["miracl-sw", "-", "-", "-", "-", "missing"]
    assert lines[5] == " ".join(["to download miracl-sw: hybrid-ir", *map(str, command), "--download"])
    assert lines[6:] == [str(out / SUITE), str(out / "report.html")]

    result = run_cli(*command, "--json")
    found = json.loads(result.stdout)
    assert "is done already" in result.stderr
    assert [one["state"] for one in found["benchmarks"]] == ["done", "missing"]
    assert found["report"] == str(out / "report.html")


def test_the_command_ends_with_2_where_a_benchmark_fails_and_where_nothing_is_here(tiny: Path, home: Path) -> None:
    folder = home.parent
    (folder / "mine.yaml").write_text("name: mine\nbenchmarks: [odd.yaml, hybrid-demo/multi/en]\n")
    command = ("evaluate", "--encoder", tiny, "--output", folder / "out")
    result = run_cli(*command, "--suite", folder / "mine.yaml", check=2)
    assert "odd.jsonl line 2 repeats the query_id '1'" in result.stdout
    assert result.stderr.splitlines()[-1] == "hybrid-ir: 1 of 2 benchmarks failed: odd"
    result = run_cli(*command, "--suite", folder / "mine.yaml", "--json", check=2)
    assert [one["state"] for one in json.loads(result.stdout)["benchmarks"]] == ["failed", "done"]
    (folder / "none.yaml").write_text("name: none\nbenchmarks: [miracl/sw]\n")
    result = run_cli(*command[:-1], folder / "none", "--suite", folder / "none.yaml", check=2)
    assert result.stderr.splitlines()[-1] == "hybrid-ir: nothing of the suite 'none' is here"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hybrid-demo", "--suite", "paper", "--bm25"), "either a BENCHMARK or --suite"),
        (("hybrid-demo", "--bm25", "--download"), "--download goes with --suite"),
        (("--suite", "papers", "--bm25"), "unknown suite 'papers'"),
        (("--suite", "paper"), "either --encoder, --runs-from or --bm25"),
        (("--suite", "paper", "--bm25", "--tasks", "de/en"), "choose them in a suite of your own"),
    ],
)
def test_the_command_refuses_what_contradicts_itself(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in run_cli("evaluate", *words, "--output", tmp_path / "out", check=2).stderr
    assert not (tmp_path / "out").exists()


def test_suites_are_listed_with_what_is_here(tmp_path: Path) -> None:
    listed = {one["suite"]: one for one in json.loads(run_cli("suites", "list", "--json").stdout)}
    assert [one["name"] for one in listed["paper"]["benchmarks"]] == ["xquad-r", "mlqa-r", "miracl"]
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nbenchmarks: [{benchmark: hybrid-demo, settings: [mono]}, miracl/sw]\n")
    rows = [line.split() for line in run_cli("suites", "info", path).stdout.splitlines()]
    assert rows[1:] == [
        ["hybrid-demo", "mono", "settings", "mono", "here", "1,288"],
        ["miracl-sw", "mono", "-", "no", "131,924"],
    ]
