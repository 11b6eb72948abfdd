"""An installed package adds strategies, sources and measures by name; a broken one stops nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import ir_measures
import pytest

from hybrid_plugin import hooks
from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import OFFERS, manager, named, pick
from tests.conftest import ROOT

PLUGIN = '''
from ir_measures.measures import Measure
from hybrid_plugin import hookimpl
from hybrid_plugin.training.batches import Monolingual, Strategy
from hybrid_plugin.training.sources import Row, store

class _First(Monolingual):
    name = "first"
    def draw(self, count, streams, taken):
        return [self.example(row, "en", ["en"], "query", streams) for row in self.source.take(range(count))]

class FirstRows(Strategy):
    """Always the first rows of the first language."""
    name = "first-rows"
    kinds = (_First,)

class _LastAnswer(Measure):
    """The position of the lowest relevant document."""
    NAME = __name__ = "LastAnswer"
    SUPPORTED_PARAMS = {}
    def values(self, qrels, run):
        return {
            query: float(max(run[query].index(doc) + 1 for doc, relevance in judged.items() if relevance > 0))
            for query, judged in qrels.items()
        }

LastAnswer = _LastAnswer()

@hookimpl
def hybrid_ir_strategies():
    return {FirstRows.name: FirstRows}

@hookimpl
def hybrid_ir_sources():
    rows = [Row(f"r{i}", {"en": f"q{i}", "de": f"f{i}"}, {"en": (f"p{i}",)}) for i in range(4)]
    return {"four-rows": lambda: store("four-rows", rows)}

@hookimpl
def hybrid_ir_measures():
    return [LastAnswer]
'''


def install(site: Path, name: str, code: str) -> None:
    """A package as pip leaves it: a module, and metadata with an entry point."""
    (site / f"{name}.py").write_text(code, encoding="utf-8")
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[hybrid_ir]\n{name} = {name}\n")


def python(site: Path, program: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def test_what_a_plugin_offers_is_used_by_its_name(tmp_path: Path) -> None:
    install(tmp_path, "my_plugin", PLUGIN)
    result = python(
        tmp_path,
        """
        import warnings
        warnings.simplefilter("error", UserWarning)
        import ir_measures
        from hybrid_plugin import Batches, BatchSettings, load_source, register_measures
        source = load_source("four-rows")
        print(source.name, source.languages, len(source))
        warnings.simplefilter("default", UserWarning)
        batch = Batches([source], "first-rows", BatchSettings(size=3), steps=1)[0]
        print([(example.query, example.passage) for example in batch.examples])
        register_measures()
        measures = [ir_measures.parse_measure(name) for name in ("LastAnswer", "RankDistance", "AP")]
        print(ir_measures.calc_aggregate(measures, {"q": {"a": 1, "c": 1}}, {"q": {"a": 3, "b": 2, "c": 1}}))
        """,
    )
    source, batch, figures = result.stdout.splitlines()
    assert source == "four-rows ('de', 'en') 4"
    assert batch == "[('q0', 'p0'), ('q1', 'p1'), ('q2', 'p2')]"
    assert "LastAnswer: 3.0" in figures
    assert "RankDistance: 2.0" in figures


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError"),
        (
            "from hybrid_plugin import hookimpl\n@hookimpl\ndef hybrid_ir_sources(surprise): return {}",
            "PluginValidationError",
        ),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_and_skipped(tmp_path: Path, code: str, reason: str) -> None:
    install(tmp_path, "broken_plugin", code)
    install(tmp_path, "my_plugin", PLUGIN)
    result = python(
        tmp_path,
        """
        from hybrid_plugin.plugins import named
        print(*sorted(named("hybrid_ir_strategies")))
        """,
    )
    assert result.stdout == "cross first-rows hybrid mixed mono multi\n"
    assert f"plugin 'broken_plugin' (broken_plugin) is skipped: {reason}" in result.stderr


NONSENSE = {
    "a_list": ("hybrid_ir_strategies(): return ['mono']", "it returns ['mono'], not a mapping from names"),
    "a_number": ("hybrid_ir_benchmarks(): return 7", "it returns 7, not a list"),
    "a_text": ("hybrid_ir_benchmarks(): return 'xquad-r'", "it returns 'x', which is no Benchmark"),
    "no_strategy": ("hybrid_ir_strategies(): return {'x': dict}", "it returns <class 'dict'>, which is no subclass of"),
    "no_loss": ("hybrid_ir_losses(): return {'x': dict}", "it returns <class 'dict'>, which is no subclass of Loss"),
    "no_name": ("hybrid_ir_strategies(): return {1: dict}", "it returns the name 1, which is no text"),
    "no_function": ("hybrid_ir_sources(): return {'x': 'y'}", "it returns 'y', which is no function"),
    "no_measure": ("hybrid_ir_measures(): yield 'AP'", "it returns 'AP', which is no Measure with a method 'values'"),
    "raises": ("hybrid_ir_register_datasets(): open('/no/such')", "FileNotFoundError: [Errno 2] No such file"),
}


def test_a_plugin_that_returns_nonsense_is_named_and_skipped(tmp_path: Path) -> None:
    for name, (hook, _) in NONSENSE.items():
        install(tmp_path, name, f"from hybrid_plugin import hookimpl\n@hookimpl\ndef {hook}\n")
    install(tmp_path, "my_plugin", PLUGIN)
    result = python(
        tmp_path,
        """
        import ir_measures
        from hybrid_plugin.plugins import named
        from hybrid_plugin.tasks import register_datasets
        from hybrid_plugin.measures import register_measures
        register_datasets()
        register_measures()
        print(*sorted(named("hybrid_ir_strategies")), ir_measures.parse_measure("LastAnswer"))
        print("hybrid-demo" in named("hybrid_ir_benchmarks"), "four-rows" in named("hybrid_ir_sources"))
        assert "info_nce" in named("hybrid_ir_losses")
        """,
    )
    assert result.stdout == "cross first-rows hybrid mixed mono multi LastAnswer\nTrue True\n"
    assert "Traceback" not in result.stderr
    for name, (hook, reason) in NONSENSE.items():
        assert f"plugin '{name}' is skipped in {hook.split('(')[0]}: {reason}" in result.stderr


def test_what_every_hook_returns_is_checked() -> None:
    specified = {name for name in vars(hooks) if name.startswith("hybrid_ir_")}
    assert OFFERS.keys() == specified - {"hybrid_ir_register_datasets"}  # which returns nothing


def test_a_plugin_that_fails_in_use_is_named(tmp_path: Path) -> None:
    code = PLUGIN.replace("return [self.example(", "return None and [self.example(")
    code = code.replace("lambda: store(", "lambda: (").replace(
        "def values(self, qrels, run):", "def values(self, qrels, run):\n        1 / 0"
    )
    install(tmp_path, "my_plugin", code)
    result = python(
        tmp_path,
        """
        import ir_measures
        from hybrid_plugin import Batches, BatchSettings, UserError, load_source, register_measures
        register_measures()
        measure = ir_measures.parse_measure("LastAnswer")
        source = load_source("hybrid-demo")
        for use in (
            lambda: load_source("four-rows"),
            lambda: Batches([source], "first-rows", BatchSettings(size=3), steps=1)[0],
            lambda: ir_measures.calc_aggregate([measure], {"q": {"a": 1}}, {"q": {"a": 3}}),
        ):
            try:
                use()
            except UserError as error:
                print(error)
        """,
    )
    assert result.stdout.splitlines() == [
        "the source 'four-rows' of the plugin module 'my_plugin' fails: TypeError: it gives a tuple, not a Source",
        "the strategy 'first-rows' of the plugin module 'my_plugin' fails: TypeError: its kind 'first' draws "
        "None, not a list of 3 examples",
        "the measure LastAnswer of the plugin module 'my_plugin' fails: ZeroDivisionError: division by zero",
    ]


def test_the_package_of_the_documentation_works_in_a_fresh_environment(tiny: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^`(\S+)`\n\n```\w+\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    assert len(blocks) == 11
    for path, content in blocks.items():
        (tmp_path / "package" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / path).write_text(content, encoding="utf-8")

    # An environment of its own, which sees what is installed here (torch need not be installed again).
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "fresh"], check=True)
    interpreter = tmp_path / "fresh" / "bin" / "python"
    where = "import site; print(site.getsitepackages()[0])"
    here, there = (
        subprocess.run([one, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
        for one in (sys.executable, interpreter)
    )
    (Path(there) / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    pip = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    subprocess.run([interpreter, *pip, tmp_path / "package"], check=True)

    def use(*arguments: object) -> str:
        command = [interpreter, "-m", "hybrid_plugin.cli", *arguments]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT)
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert re.search(r"plugins +rivers$", use("doctor"), re.MULTILINE)
    assert re.search(r"^rivers +de en +mono cross multi  ", use("datasets", "list"), re.MULTILINE)
    assert re.search(r"^river-notes +de en +cross multi  ", use("datasets", "list"), re.MULTILINE)
    commands = re.findall(r"^hybrid-ir (train|evaluate|report|run) (.*)$", page, re.MULTILINE)
    assert len(commands) == 5
    for name, arguments in commands:
        given = [str(tiny) if word == "M" else word for word in arguments.split()]
        given = [str(tmp_path / word) if re.match("trained|scores|report", word) else word for word in given]
        last = use(name, *given)
    measure, value = last.split()
    assert measure == "LastRelevant"
    assert 2 <= float(value) <= 6  # of six documents two are relevant
    scores = json.loads((tmp_path / "scores" / "scores.json").read_text())
    found = {pair["queries"]: pair["LastRelevant"] for pair in scores["pairs"] if pair["docs"] == "multi"}
    assert found["de"] == pytest.approx(float(value), abs=1e-4), "from positions as from the run file"
    for task, prefixes in {"de/en": {"de": ""}, "multi/en": {"de": "de/", "en": "en/"}}.items():
        qrels = [
            qrel._replace(doc_id=prefix + qrel.doc_id)
            for lang, prefix in prefixes.items()
            for qrel in ir_measures.read_trec_qrels(str(tmp_path / "package" / "rivers" / f"notes.{lang}.qrels"))
        ]
        run = ir_measures.read_trec_run(str(tmp_path / "scores-notes" / "runs" / f"{task.replace('/', '.')}.trec"))
        official = [ir_measures.nDCG @ 10, ir_measures.AP(rel=2)]
        figures = ir_measures.calc_aggregate(official, qrels, run)
        notes = json.loads((tmp_path / "scores-notes" / "scores.json").read_text())
        (stated,) = [one for one in notes["tasks"] if one["task"] == task]
        assert [*stated][-2:] == [*map(str, official)]
        assert {measure: stated[str(measure)] for measure in official} == pytest.approx(figures, abs=1e-9)
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r'<section[^>]* id="last-relevant"', report)
    assert "Mean position of the lowest answer" in report


def test_the_later_of_two_offers_of_a_name_counts(tmp_path: Path) -> None:
    install(tmp_path, "my_plugin", PLUGIN.replace('name = "first-rows"', 'name = "mono"'))
    result = python(tmp_path, "from hybrid_plugin.plugins import pick; print(pick('hybrid_ir_strategies', 'mono', ''))")
    assert result.stdout == "<class 'my_plugin.FirstRows'>\n"


def test_the_built_ins_come_through_the_same_hooks() -> None:
    assert {"mono", "cross", "hybrid"} <= named("hybrid_ir_strategies").keys()
    assert {"hybrid-demo", "mlqa-r", "xquad-r"} <= named("hybrid_ir_sources").keys()
    benchmarks = {"hybrid-demo", "mlqa-r", "xquad-r", "clirmatrix", "miracl", "mmarco", "neuclir"}
    assert benchmarks <= named("hybrid_ir_benchmarks").keys()
    assert manager() is manager()


def test_finding_the_plugins_waits_for_no_torch() -> None:
    """Which takes seconds that `datasets list` and the like have no use for."""
    program = "import sys; from hybrid_plugin.plugins import manager; manager(); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="unknown strategy 'mnoo'; known: cross, hybrid, mixed, mono, multi"):
        pick("hybrid_ir_strategies", "mnoo", "strategy")


def test_a_strategy_of_version_01_is_told_what_has_changed(tmp_path: Path) -> None:
    old = PLUGIN.replace("    kinds = (_First,)\n", "    def draw(self, rng, progress):\n        return None\n")
    install(tmp_path, "my_plugin", old)
    program = """
        from hybrid_plugin import Batches, BatchSettings, UserError, load_source
        try:
            Batches([load_source("four-rows")], "first-rows", BatchSettings(size=3), steps=1)
        except UserError as error:
            print(error)
    """
    assert "'first-rows' draws batches itself, as in version 0.1" in python(tmp_path, program).stdout


def test_a_plugin_written_for_the_modules_of_version_01_works_with_a_warning(tmp_path: Path) -> None:
    old = PLUGIN.replace("hybrid_plugin.training.batches", "hybrid_plugin.sampling")
    install(tmp_path, "my_plugin", old.replace("hybrid_plugin.training.sources", "hybrid_plugin.sources"))
    result = python(tmp_path, "from hybrid_plugin import load_source; print(len(load_source('four-rows')))")
    assert result.stdout == "4\n"
    assert "hybrid_plugin.sampling is hybrid_plugin.training.batches now" in result.stderr


WRAPPER = """
from hybrid_plugin import hookimpl

@hookimpl(wrapper=True)
def hybrid_ir_sources():
    offers = yield
    return [{name: load for name, load in offer.items() if name != "mlqa-r"} for offer in offers]
"""


def test_a_wrapper_of_a_plugin_sees_and_changes_what_the_others_offer(tmp_path: Path) -> None:
    install(tmp_path, "my_wrapper", WRAPPER)
    program = "from hybrid_plugin.training import source_loaders; print(*source_loaders())"
    known = python(tmp_path, program).stdout.split()
    assert "mlqa-r" not in known
    assert {"hybrid-demo", "hybrid-demo-train", "xquad-r"} <= {*known}


def test_a_wrapper_that_fails_is_named(tmp_path: Path) -> None:
    install(tmp_path, "my_wrapper", WRAPPER.replace("offers = yield", "offers = yield\n    1 / 0"))
    program = """
        from hybrid_plugin import UserError, load_source
        try:
            load_source("hybrid-demo")
        except UserError as error:
            print(error)
        """
    assert python(tmp_path, program).stdout == (
        "hybrid_ir_sources fails in the wrapper of the plugin my_wrapper: ZeroDivisionError: division by zero\n"
    )


def test_a_plugin_may_ask_for_precedence(tmp_path: Path) -> None:
    """pluggy's ``trylast`` lets the built-in strategy of the same name stand."""
    modest = PLUGIN.replace('name = "first-rows"', 'name = "mono"')
    modest = modest.replace("@hookimpl\ndef hybrid_ir_strategies", "@hookimpl(trylast=True)\ndef hybrid_ir_strategies")
    install(tmp_path, "my_plugin", modest)
    result = python(tmp_path, "from hybrid_plugin.plugins import pick; print(pick('hybrid_ir_strategies', 'mono', ''))")
    assert result.stdout == "<class 'hybrid_plugin.training.batches.mono.Mono'>\n"


def test_nothing_is_imported_by_the_hook_specifications() -> None:
    program = (
        "import sys, hybrid_plugin.hooks; print(*(name for name in sys.modules if name.startswith('hybrid_plugin')))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == {"hybrid_plugin", "hybrid_plugin.moved", "hybrid_plugin.hooks"}
