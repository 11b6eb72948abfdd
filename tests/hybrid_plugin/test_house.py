"""The house as docs/development.md describes it: wings that explain themselves, and small doors."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hybrid_plugin
from tests.conftest import ROOT

HOUSE = ROOT / "hybrid_plugin"
WINGS = sorted(path.parent for path in HOUSE.rglob("__init__.pyi"))
PUBLIC = """
    BatchSettings Batches Benchmark Comparison Encoder EncoderSettings MiningSettings RankDistance Scores Section
    SourceMix Task TrainingSettings UserError View compare encode_dataset evaluate evaluate_bm25 evaluate_runs
    export_dataset fit_transform hookimpl index_dataset load_benchmark load_source mine published_figures
    register_datasets register_measures run_module search_dataset store train write_report
"""


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("wing", WINGS, ids=module)
def test_a_wing_says_what_it_is_and_has_what_it_promises(wing: Path) -> None:
    found = importlib.import_module(module(wing))
    assert found.__doc__
    if wing != HOUSE and wing.name != "charts":
        assert re.search(r"^In: .*?Out: ", found.__doc__, re.MULTILINE | re.DOTALL)
    for name in found.__all__:
        assert getattr(found, name) is not None
        assert name in dir(found)


def test_the_public_names_are_there() -> None:
    for name in PUBLIC.split():
        assert getattr(hybrid_plugin, name) is not None


def test_names_that_the_documentation_of_version_01_showed_are_where_they_were() -> None:
    for name in (
        *("evaluation.Task", "evaluation.evaluate_vectors", "evaluation.stored_vectors", "measures.higher_is_better"),
        *("plugins.hookimpl", "report.data.ReportData", "report.charts.PALETTE", "explore.explorer.Explorer"),
    ):
        place, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(f"hybrid_plugin.{place}"), attribute) is not None
    with pytest.warns(FutureWarning, match=r"hybrid_plugin\.pyserini is hybrid_plugin\.bridges now"):
        old = importlib.import_module("hybrid_plugin.pyserini")
    assert old.QueryEncoder is importlib.import_module("hybrid_plugin.bridges").QueryEncoder
    with pytest.raises(AttributeError):
        old.nothing  # noqa: B018


def test_a_public_function_is_not_hidden_by_its_module() -> None:
    program = "import hybrid_plugin.training.train, hybrid_plugin.training as t; assert callable(t.train), t.train"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_wings_of_the_documentation_are_those_of_the_house() -> None:
    page = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^ {4,8}(\w+)/ ", page, re.MULTILINE))
    assert drawn == {path.name for path in HOUSE.rglob("*") if path.is_dir() and (path / "__init__.py").exists()} - {
        "runs",
        "sections",
        "charts",
    }


def test_no_function_takes_more_than_a_dozen() -> None:
    for path in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                assert len(taken) <= 12, f"{path}: {node.name}"


def test_every_file_says_its_idea() -> None:
    for path in [*HOUSE.rglob("*.py"), *(ROOT / "datasets_ext").rglob("*.py")]:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_the_overview_of_commands_imports_nothing_heavy() -> None:
    program = """
        import sys
        sys.argv = ["hybrid-ir", "--help"]
        from hybrid_plugin.cli.main import main
        main()
        assert not {"cyclopts", "importlib.metadata", "numpy", "torch", "ir_datasets"} & sys.modules.keys()
        """
    subprocess.run([sys.executable, "-c", "\n".join(line.strip() for line in program.splitlines())], check=True)


@pytest.mark.parametrize("command", ["train", "evaluate", "mine", "compare", "encode", "explore", "sweep"])
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    program = f"import sys; sys.argv = ['hybrid-ir', '{command}', '--help']; from hybrid_plugin.cli.main import main; "
    heavy = "{'numpy', 'pandas', 'torch', 'transformers', 'ir_datasets', 'ir_measures', 'matplotlib'}"
    program += f"\ntry: main()\nexcept SystemExit: pass\nassert not {heavy} & sys.modules.keys(), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.xdist_group("house")
def test_tests_of_a_group_share_a_worker(request: pytest.FixtureRequest) -> None:
    """With pytest 9.2, pytest-xdist 3.8 distributes them as if they had no group, and says nothing."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("needs --dist loadgroup")
    assert request.node.nodeid.endswith("@house")
