"""Real collections where they are at hand; a tiny encoder always, multilingual-e5-small where it can be built."""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT as ROOT
from tests.commands import run_cli as run_cli

# The workers of a parallel test run share the cores, and torch's threads wait for each other by spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the network

SHARED = Path(os.environ.get("HYBRID_IR_SHARED", ROOT.parent / "shared"))
LAREQA = SHARED / "data" / "lareqa"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the groups, each of which is one worker's for minutes, so that no worker has one left at the end."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(scope="module", autouse=True)
def no_garbage() -> None:
    """Keep what is there by now out of every garbage collection, of which statsmodels asks for one a correction."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def irds_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own for ir_datasets and for sources, with the real collections in it where they are at hand."""
    home = tmp_path_factory.mktemp("ir_datasets")
    before = {name: os.environ.get(name) for name in ("IR_DATASETS_HOME", "HYBRID_IR_CACHE")}
    os.environ["IR_DATASETS_HOME"] = str(home)
    os.environ["HYBRID_IR_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    import datasets_ext

    if LAREQA.is_dir():
        for name in ("xquad-r", "mlqa-r"):
            datasets_ext.add(name, LAREQA / name)
    datasets_ext.register()
    yield home
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def lareqa(irds_home: Path) -> Path:
    """The folder with the published XQuAD-R and MLQA-R."""
    if not LAREQA.is_dir():
        pytest.skip(f"needs the published XQuAD-R and MLQA-R files in {LAREQA} (set HYBRID_IR_SHARED)")
    return LAREQA


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, irds_home: Path) -> Path:
    """The folder of an untrained two-layer encoder with the vocabulary of the demo collection."""
    from hybrid_plugin.encoding.tiny import tiny_encoder
    from hybrid_plugin.quickstart import BENCHMARK, training_texts
    from hybrid_plugin.training.sources.named import load_source

    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_encoder(training_texts(load_source(BENCHMARK)), folder)
    return folder


@pytest.fixture(scope="session")
def e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of multilingual-e5-small, a real encoder, its vocabulary cut to that of the real collections."""
    tool = SHARED / "tools" / "build_e5_small.py"
    if not tool.is_file():
        pytest.skip(f"needs the tool that builds multilingual-e5-small, {tool} (set HYBRID_IR_SHARED)")
    folder = tmp_path_factory.getbasetemp().parent / "e5-small"  # shared by the workers of a parallel test run
    if not (folder / "tokenizer_config.json").is_file():
        texts = sorted(LAREQA.glob("*/*.json"))
        subprocess.run([sys.executable, tool, folder, *(["--vocab-from", *texts] if texts else [])], check=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if program is None:
        pytest.skip("needs Chromium (as root on Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


def listed_benchmarks() -> dict[str, list[str]]:
    """The table of ``hybrid-ir datasets list``: name -> cells."""
    _, *rows = (re.split(" {2,}", line) for line in run_cli("datasets", "list").stdout.splitlines())
    return {cells[0]: ["" if cell == "-" else cell for cell in cells] for cells in rows}
