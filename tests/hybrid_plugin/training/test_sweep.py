"""A sweep trains and scores what its file says, once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.files import SCORES, read_json
from hybrid_plugin.training.sweep import TABLE, read_sweep, sweep
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.news import write_news

FILE = """
base: {model: MODEL, source: hybrid-demo, evaluate: hybrid-demo, steps: 2, batch_size: 8, learning_rate: 1.0e-3}
grids:
  - {strategy: untouched}
  - {strategy: hybrid, alpha: [0, 1], seed: 3}
  - {strategy: mono, source_share: 0.5}
"""


def written(folder: Path, content: str) -> Path:
    path = folder / "grid.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def test_a_grid_is_every_combination_in_order(tmp_path: Path) -> None:
    runs = read_sweep(written(tmp_path, FILE), {"steps": 5})
    assert [run.name for run in runs] == [
        "strategy=untouched",
        "strategy=hybrid,alpha=0,seed=3",
        "strategy=hybrid,alpha=1,seed=3",
        "strategy=mono,source_share=0.5",
    ]
    assert [run.settings["steps"] for run in runs] == [5] * 4


def test_the_grid_of_the_study_is_sound() -> None:
    runs = read_sweep(ROOT / "docs" / "study.yaml")
    assert {run.settings.get("alpha") for run in runs} >= {0, 0.25, 0.5, 0.75, 1}


def test_a_sweep_trains_scores_collects_and_goes_on(tiny: Path, tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    output = tmp_path / "out"
    first = read_sweep(path, {"model": str(tiny)})[:2]
    sweep(first, output, evaluate, say=lambda _: None)
    stamps = {file: file.stat().st_mtime_ns for file in output.glob(f"runs/*/*/{SCORES}")}
    assert len(stamps) == 2
    result = run_cli("sweep", path, "--set", f"model={tiny}", "--output", output)
    assert "run 3 of 4" in result.stdout
    assert "run 2 of 4" not in result.stdout
    assert {file: file.stat().st_mtime_ns for file in stamps} == stamps
    table = pd.read_csv(output / TABLE)
    assert len(table) == 4 * 3
    for run in read_sweep(path, {"model": str(tiny)}):
        folder = output / "runs" / run.name
        scores = read_json(folder / "hybrid-demo" / SCORES)
        rows = table[table["run"] == run.name].set_index("setting")
        for setting, figures in scores["settings"].items():
            assert rows.at[setting, "AP"] == pytest.approx(figures["AP"], abs=1e-12)
        assert scores["zero_shot"] == (run.settings["strategy"] == "untouched")
        if run.trained:
            record = Encoder.load(folder / "checkpoint").record
            assert record["strategy"] == run.settings["strategy"]
    half = read_json(output / "runs" / "strategy=mono,source_share=0.5" / "checkpoint" / RECORD)
    assert half["sources"][0]["rows"] == pytest.approx(2529 / 2 * 0.9, rel=0.25)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("grids: [", "is not valid YAML"),
        ("base: {}", "needs the key 'grids'"),
        ("grids: [3]", "grid 1 is not a mapping"),
        ("grids: [{model: m, evaluate: e, source: s, stratgy: x}]", "grid 1 has the unknown key 'stratgy'"),
        ("grids: [{model: m, evaluate: e}]", "grid 1 lacks the key 'source'"),
        ("grids: [{model: m, evaluate: e, source: s, steps: 0}]", "steps is 0"),
        ("grids: [{model: m, evaluate: e, source: s, steps: many}]", "has a value of a wrong kind"),
        ("base: {model: m, evaluate: e, source: s}\ngrids: [{seed: 1}, {seed: 1, alpha: 1}, {seed: 1}]", None),
    ],
)
def test_a_bad_file_is_refused_at_once(tmp_path: Path, content: str, message: str | None) -> None:
    if message is None:
        assert len(read_sweep(written(tmp_path, content))) == 2
        return
    with pytest.raises(UserError, match=message):
        read_sweep(written(tmp_path, content))


def test_a_folder_of_another_run_of_the_name_is_refused(tiny: Path, tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    sweep(read_sweep(path, {"model": str(tiny)})[:1], tmp_path / "out", evaluate, say=lambda _: None)
    with pytest.raises(UserError, match="holds a run of this name with other settings"):
        sweep(read_sweep(path, {"model": str(tiny), "query_prefix": "q:"})[:1], tmp_path / "out", evaluate)


def test_a_key_of_version_01_works_with_a_warning(tmp_path: Path) -> None:
    content = "base: {model: m, evaluate: e, source: s}\ngrids: [{only: [[de, en]]}]"
    with pytest.warns(UserWarning, match="the key 'only' is called 'languages' now"):
        (run,) = read_sweep(written(tmp_path, content))
    assert run.settings["languages"] == ["de", "en"]


def test_a_benchmark_of_a_file_is_swept_by_its_official_measures(tiny: Path, tmp_path: Path) -> None:
    benchmark = write_news(tmp_path / "news", measures=("nDCG@5",))
    grid = f"base: {{model: '{tiny}', evaluate: '{benchmark}'}}\ngrids: [{{strategy: untouched}}]"
    runs = read_sweep(written(tmp_path, grid))
    said: list[str] = []
    for _ in range(2):
        table = sweep(runs, tmp_path / "out", evaluate, say=said.append)
        assert list(table["setting"]) == ["mono", "cross", "multi"]
    scores = read_json(tmp_path / "out" / "runs" / "strategy=untouched" / "news.yaml" / SCORES)
    assert list(table["nDCG@5"]) == [figures["nDCG@5"] for figures in scores["settings"].values()]
    assert len(said) == 2, "what is done is not done again"
    assert f"mono nDCG@5 {scores['settings']['mono']['nDCG@5']:.4f}" in said[1]
    twice = "base: {model: m, evaluate: [a/x.yaml, b/x.yaml]}\ngrids: [{strategy: untouched}]"
    with pytest.raises(UserError, match="two benchmarks of the run 'strategy=untouched' have one name"):
        read_sweep(written(tmp_path, twice))
