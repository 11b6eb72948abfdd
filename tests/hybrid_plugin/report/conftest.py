"""Evaluations to report on, and the report in a browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.report.page import write_report
from hybrid_plugin.tasks.named import load_benchmark

LANGUAGES = ("de", "en", "zh")


@pytest.fixture(scope="session")
def folders(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four evaluations of untrained encoders whose records say different things; two have run files, one whole ones."""
    home = tmp_path_factory.mktemp("evaluations")
    benchmark = load_benchmark("hybrid-demo")
    records: dict[str, dict[str, Any]] = {
        "untouched": {},
        "mono": {"strategy": "mono", "sources": [{"name": "mlqa-r", "languages": ["de", "en"]}], "seed": 0},
        "hybrid": {"strategy": "hybrid", "alpha": 0.5, "sources": [{"name": "mlqa-r", "languages": ["de", "en"]}]},
        "cross & <b>seen": {"strategy": "cross", "sources": [{"name": "hybrid-demo", "languages": ["de"]}]},
    }
    for number, (name, record) in enumerate(records.items()):
        encoder = Encoder.load(tiny, pooling="cls" if number % 2 else "mean", query_prefix="?" * (number // 2))
        encoder.record = record
        depth = (None, 300, 1, 1)[number]
        evaluate(benchmark, encoder, home / name, languages=LANGUAGES, runs=number < 2, runs_depth=depth)
    return [home / name for name in records]


@pytest.fixture(scope="session")
def sweep(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same figures under three values of alpha, from one source."""
    home = tmp_path_factory.mktemp("sweep")
    for folder, strategy in zip(folders, ("mono", "hybrid", "cross"), strict=False):
        shutil.copytree(folder, home / strategy, ignore=shutil.ignore_patterns("runs"))
        scores = json.loads((home / strategy / "scores.json").read_text())
        scores["encoder_settings"] |= {"strategy": strategy, "alpha": 0.5}
        scores |= {"trained_on": ["mlqa-r"], "seed": 1}
        (home / strategy / "scores.json").write_text(json.dumps(scores))
    return sorted(home.iterdir())


@pytest.fixture(scope="session")
def made(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("report")
    return write_report(folders, home / "report.html", plots=home / "plots", published=True)


@pytest.fixture(scope="session")
def eleven_languages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two evaluations with figures for every pair of eleven languages, as many as XQuAD-R has."""
    home = tmp_path_factory.mktemp("eleven")
    languages = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
    rows = []
    for docs, queries in product((*languages, "multi"), languages):
        setting = "multi" if docs == "multi" else "mono" if docs == queries else "cross"
        told = (f"{docs}/{queries}", docs, queries, setting)
        rows += [(*told, f"q{number}_{queries}", f"q{number}", f"q{number}") for number in range(4)]
    labels = ["task", "docs", "queries", "setting", "query_id", "question", "cluster"]
    frame = pd.DataFrame(rows, columns=labels)
    random = np.random.default_rng(0)
    for name in ("untouched", "hybrid"):
        values = {"AP": random.uniform(size=len(frame)), "RankDistance": random.integers(1, 2000, len(frame)) * 1.0}
        Scores(frame.assign(**values), tuple(values), {"benchmark": "xquad-r"}).save(home / name)
    return [home / "untouched", home / "hybrid"]


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[[Path], Any]]:
    """Opens a report in a fresh window; fails on an error in the console and on any request but that for the file."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    problems: list[str] = []

    def open_report(path: Path) -> Any:
        page = context.new_page()
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("request", lambda asked: asked.url == path.as_uri() or problems.append(f"request: {asked.url[:99]}"))
        page.goto(path.as_uri())
        return page

    yield open_report
    context.close()
    assert problems == []


@pytest.fixture
def page(opened: Callable[[Path], Any], made: Path) -> Any:
    """The report of the four evaluations."""
    return opened(made)
