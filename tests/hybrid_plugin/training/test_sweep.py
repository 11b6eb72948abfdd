"""A sweep trains and scores what its file says, once."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.files import SCORES, read_json, write_json
from hybrid_plugin.training.grid import read_sweep
from hybrid_plugin.training.plan import TABLE, plan, times
from hybrid_plugin.training.sweep import SweepFailed, sweep
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.news import write_news

FILE = """
base: {model: MODEL, source: hybrid-demo, evaluate: hybrid-demo, steps: 2, batch_size: 8, learning_rate: 1.0e-3}
grids:
  - {strategy: untouched}
  - {strategy: hybrid, alpha: [0, 1], seed: 3}
  - {strategy: mono, source_share: 0.5}
"""
QUICK = {"evaluate": "hybrid-demo/de/de"}


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


def test_the_grids_of_the_studies_are_sound() -> None:
    found = {path.name: read_sweep(path) for path in (ROOT / "docs").glob("study*.yaml")}
    assert {run.settings.get("alpha") for run in found["study.yaml"]} >= {0, 0.25, 0.5, 0.75, 1}
    assert all(len(runs) > 5 for runs in found.values())


def test_several_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="without torchrun"):
        sweep(read_sweep(written(tmp_path, FILE)), tmp_path / "out", evaluate)
    assert not (tmp_path / "out").exists()


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
        assert (scores["zero_shot"], scores["in_domain"]) == ((True, False) if not run.trained else (False, True))
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
        ("grids: [{model: m, evaluate: e, source: s, steps: many}]", "steps is 'many'; it takes a whole number"),
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
    (planned,) = plan(read_sweep(path, {"model": str(tiny), "batch_size": 4})[:1], tmp_path / "out")
    assert planned.done == "all", "nothing is trained, so the batch size decides nothing"
    with pytest.raises(
        UserError, match=r"holds a run of this name with other settings \(query prefix was not given, is q"
    ):
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


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("{strategy: hybird}", "unknown strategy 'hybird'.*did you mean 'hybrid'"),
        ("{source: hybrid-dmo}", "unknown source 'hybrid-dmo'.*did you mean 'hybrid-demo'"),
        ("{source: NEWS}", r"needs the key 'id'|benchmark's file"),
        ("{evaluate: hybrid-dmo}", "unknown benchmark 'hybrid-dmo'"),
        ("{model: nowhere/at/all}", "there is no encoder folder 'nowhere/at/all'"),
        ("{pooling: mena}", "unknown pooling 'mena'"),
        ("{max_length: 1000000}", "max length is 1000000"),
        ("{batch_size: 5000}", "source 'hybrid-demo' has no language with 5000 pairs"),
        ("{languages: [[de, xx]]}", "source 'hybrid-demo' has no 'xx'"),
        ("{languages: [de, en]}", "languages is 'de'; it takes a list"),
        ("{alpha: half}", "alpha is 'half'; it takes a number"),
        ("{steps: 2.5}", "steps is 2.5; it takes a whole number"),
        ("{compile: 1}", "compile is 1; it takes true or false"),
        ("{source_share: 2}", "source share is 2; it must be above 0"),
        ("{evaluation_precision: half}", "unknown precision 'half'"),
        ("{trainer: {lr_scheduler: cosine}}", "has no option 'lr_scheduler'; did you mean 'lr_scheduler_type'"),
        ("{source_weights: {other: 2}}", "there is a weight for 'other'"),
        ("{seed: []}", "has no value for 'seed'"),
        ("{loss: {info_nec: 1}}", "unknown loss 'info_nec'"),
        ("{loss: {distill_vectors: 1}}", "learns from an encoder; name one with --teacher"),
        ("{loss: {distill_vectors: 1}, teacher: nowhere/at/all}", "there is no encoder folder 'nowhere/at/all'"),
    ],
)
def test_the_typo_of_the_last_run_is_found_before_the_first_trains(
    tiny: Path, tmp_path: Path, last: str, message: str
) -> None:
    news = write_news(tmp_path / "news")
    base = f"base: {{model: '{tiny}', source: hybrid-demo, evaluate: hybrid-demo, steps: 2, batch_size: 8}}\n"
    content = f"{base}grids:\n  - {{strategy: mono}}\n  - {last.replace('NEWS', str(news))}\n"
    with pytest.raises(UserError, match=message):
        sweep(read_sweep(written(tmp_path, content)), tmp_path / "out", evaluate, say=lambda _: None)
    assert not (tmp_path / "out").exists()


def test_a_number_that_yaml_takes_for_a_text_is_a_number(tmp_path: Path) -> None:
    content = "grids: [{model: m, evaluate: e, source: s, learning_rate: 1e-3}]"
    (run,) = read_sweep(written(tmp_path, content))
    assert run.training.learning_rate == 1e-3


def test_what_a_grid_varies_in_vain_is_said(tmp_path: Path) -> None:
    content = "grids: [{model: m, evaluate: e, strategy: untouched, alpha: [0, 1]}]"
    with pytest.warns(UserWarning, match="grid 1: 'alpha' does nothing with the strategy 'untouched'"):
        read_sweep(written(tmp_path, content))


def test_a_failed_evaluation_costs_nothing_but_itself(tiny: Path, tmp_path: Path) -> None:
    runs = read_sweep(written(tmp_path, FILE), {"model": str(tiny), **QUICK})[:2]
    broken = True

    def failing(benchmark: Any, encoder: Encoder, output: Path | None = None, **options: Any) -> Any:
        if broken and "alpha=0" in str(output):
            raise MemoryError("no room")
        return evaluate(benchmark, encoder, output, **options)

    said: list[str] = []
    with pytest.raises(SweepFailed, match=r"alpha=0,seed=3' on hybrid-demo/de/de: MemoryError: no room") as failed:
        sweep([runs[1], runs[0]], tmp_path / "out", failing, say=said.append)
    assert set(failed.value.table["run"]) == {"strategy=untouched"}, "the sweep goes on"
    checkpoint = tmp_path / "out" / "runs" / runs[1].name / "checkpoint" / RECORD
    trained = checkpoint.stat().st_mtime_ns
    (planned, _) = plan([runs[1], runs[0]], tmp_path / "out")
    assert (planned.train, planned.evaluate, planned.done) == (False, ["hybrid-demo/de/de"], "trained")
    broken = False
    table = sweep([runs[1], runs[0]], tmp_path / "out", failing, say=said.append)
    assert set(table["run"]) == {"strategy=untouched", runs[1].name}
    assert checkpoint.stat().st_mtime_ns == trained
    assert sum(line.startswith("run 2") for line in said) == 1, "what is done is not tried again"


def test_a_run_of_other_settings_is_replaced_when_asked(tiny: Path, tmp_path: Path) -> None:
    path, output = written(tmp_path, FILE), tmp_path / "out"
    (run,) = read_sweep(path, {"model": str(tiny), **QUICK})[:1]
    sweep([run], output, evaluate, say=lambda _: None)
    (other,) = read_sweep(path, {"model": str(tiny), "passage_prefix": "p:", **QUICK})[:1]
    sweep([other], output, evaluate, say=lambda _: None, overwrite=True)
    scores = read_json(output / "runs" / run.name / "hybrid-demo/de/de" / SCORES)
    assert scores["encoder_settings"]["passage_prefix"] == "p: "


def test_a_further_benchmark_is_scored_without_training_again(tiny: Path, tmp_path: Path) -> None:
    path, output = written(tmp_path, FILE), tmp_path / "out"
    sweep(read_sweep(path, {"model": str(tiny), **QUICK})[:1], output, evaluate, say=lambda _: None)
    more = read_sweep(path, {"model": str(tiny), "evaluate": ["hybrid-demo/de/de", "hybrid-demo/de/en"]})[:1]
    (planned,) = plan(more, output)
    assert planned.evaluate == ["hybrid-demo/de/en"]


def test_a_dry_run_lists_the_grid_and_writes_nothing(tiny: Path, tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    printed = run_cli(
        "sweep",
        path,
        "--set",
        f"model={tiny}",
        "--set",
        "evaluate=hybrid-demo/de/de",
        "--output",
        tmp_path / "out",
        "--dry-run",
    ).stdout
    rows = [line.split() for line in printed.splitlines()]
    assert rows[0] == ["run", "done", "time"]
    assert [row[0] for row in rows[1:5]] == [run.name for run in read_sweep(path)]
    assert all(row[1] == "-" and row[-1] in ("s", "min") for row in rows[1:5])
    assert "4 runs: about" in printed
    assert not (tmp_path / "out").exists()


def test_times_come_from_what_is_done(tiny: Path, tmp_path: Path) -> None:
    runs = read_sweep(written(tmp_path, FILE), {"model": str(tiny), **QUICK})
    sweep(runs[1:2], tmp_path / "out", evaluate, say=lambda _: None)
    folder = tmp_path / "out" / "runs" / runs[1].name
    write_json(folder / "checkpoint" / RECORD, read_json(folder / "checkpoint" / RECORD) | {"seconds_per_step": 500})
    write_json(folder / "sweep.json", read_json(folder / "sweep.json") | {"seconds": {"hybrid-demo/de/de": 7}})
    table = times(plan(runs, tmp_path / "out")).set_index("run")
    assert list(table["seconds"]) == [7, 0, 1007, 1007]
    assert list(table["done"]) == ["", "all", "", ""]


def test_times_of_the_end_are_those_of_each_model(tiny: Path, tmp_path: Path) -> None:
    """What a model took for the benchmark is no measure of another, nor of the same with other lengths."""
    other, output = shutil.copytree(tiny, tmp_path / "other"), tmp_path / "out"
    models = f"[{{model: '{tiny}'}}, {{model: '{other}'}}, {{model: '{other}', max_length: 32}}]"
    runs = read_sweep(
        written(tmp_path, f"base: {{strategy: untouched}}\ngrids: {models}\nfinal: {{evaluate: hybrid-demo}}")
    )
    for run, seconds in zip(runs, (7, 30, 200), strict=True):
        (output / "runs" / run.name).mkdir(parents=True)
        write_json(output / "runs" / run.name / "sweep.json", {"seconds": {"hybrid-demo": seconds}})
    end = times(plan(runs, output)).iloc[-1]
    assert [end["end"], end["chosen"], end["seconds"]] == ["hybrid-demo", 3, 237]
    write_json(output / "runs" / runs[1].name / "sweep.json", {"seconds": {}})
    assert math.isnan(times(plan(runs, output)).iloc[-1]["seconds"])


def test_a_run_made_from_another_source_of_that_name_is_refused(tiny: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"

    def grid(word: str) -> list[Any]:
        rows = ({"id": f"{i}", "queries": {"en": f"{word} {i}?"}, "passages": {"en": f"{i}!"}} for i in range(9))
        pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = f"model: '{tiny}', evaluate: hybrid-demo/de/de, source: '{pairs}', steps: 1, batch_size: 4"
        return read_sweep(written(tmp_path, f"grids: [{{{settings}, strategy: mono}}]"))

    sweep(grid("who"), tmp_path / "out", evaluate, say=lambda _: None)
    with pytest.raises(UserError, match=r"\(source was pairs.jsonl \(sha256:\w+\), is pairs.jsonl \(sha256:"):
        plan(grid("what"), tmp_path / "out")
