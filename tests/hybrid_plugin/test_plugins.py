"""An installed package adds strategies, sources and measures by name; a broken one stops nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import manager, named, pick

PLUGIN = '''
from ir_measures.measures import Measure
from hybrid_plugin import hookimpl
from hybrid_plugin.sampling import Batch, Mono
from hybrid_plugin.sources import Row, store

class FirstRows(Mono):
    """Always the first rows of the first language."""
    name = "first-rows"
    def draw(self, rng, progress):
        rows = self.source.take(range(self.settings.size))
        return Batch("mono", self.source.name, tuple(self._example(row, "en", rng) for row in rows))

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
    assert result.stdout == "cross first-rows hybrid mono\n"
    assert f"plugin 'broken_plugin' (broken_plugin) is skipped: {reason}" in result.stderr


def test_the_later_of_two_offers_of_a_name_counts(tmp_path: Path) -> None:
    install(tmp_path, "my_plugin", PLUGIN.replace('name = "first-rows"', 'name = "mono"'))
    result = python(tmp_path, "from hybrid_plugin.plugins import pick; print(pick('hybrid_ir_strategies', 'mono', ''))")
    assert result.stdout == "<class 'my_plugin.FirstRows'>\n"


def test_the_built_ins_come_through_the_same_hooks() -> None:
    assert {"mono", "cross", "hybrid"} <= named("hybrid_ir_strategies").keys()
    assert {"hybrid-demo", "mlqa-r", "xquad-r"} <= named("hybrid_ir_sources").keys()
    assert {"hybrid-demo", "mlqa-r", "xquad-r"} <= named("hybrid_ir_benchmarks").keys()
    assert manager() is manager()


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="unknown strategy 'mnoo'; known: cross, hybrid, mono"):
        pick("hybrid_ir_strategies", "mnoo", "strategy")
