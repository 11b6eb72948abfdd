"""The suite of benchmarks: what it has, what it writes, and what it says when a limit is missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import FOLDER, main, scripts

SCRIPT = f"""
"A benchmark."
import sys

sys.path.insert(0, {str(FOLDER)!r})
from measuring import Figure, Skipped, main


def figures(arguments):
    yield Figure("nothing", "texts/s", OURS, "a peer", 10.0, limit=1.5)
    raise ERROR


if __name__ == "__main__":
    main(figures)
"""


def made(folder: Path, ours: float, error: str = "Skipped('the rest')") -> Path:
    """A folder with one benchmark."""
    (folder / "made.py").write_text(SCRIPT.replace("OURS", str(ours)).replace("ERROR", error))
    return folder


def entries(history: Path) -> list[dict]:
    return [json.loads(line) for line in history.read_text().splitlines()]


def test_every_benchmark_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    suite, _, others = capsys.readouterr().out.partition("by themselves:")
    for name in (
        *("comparison_speed", "evaluation_speed", "growth", "join_memory"),
        *("mining", "runs_speed", "startup", "training_speed"),
    ):
        assert f"\n  {name} " in suite, name
    for name in ("false_positives", "study_bias", "study_parallel", "study_tables", "study_transforms", "study_udhr"):
        assert f"\n  {name} " in others, name
    assert all(about for about, _ in scripts(FOLDER).values())


def test_a_run_appends_a_line_to_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text("")
    assert main(["--only", "startup", "--quick", "--history", str(history)]) == 0
    (entry,) = entries(history)
    assert entry["quick"] is True
    assert {"date", "commit", "dirty", "load", "machine", "versions", "benchmarks"} <= entry.keys()
    assert entry["machine"]["cores"] >= 1
    assert "torch" in entry["versions"]
    figure = entry["benchmarks"]["startup"]["figures"][0]
    assert figure["name"] == "hybrid-ir --help"
    assert 0 < figure["theirs"] < figure["ours"]
    assert 0 < figure["gigabytes"] < 0.2
    assert "| startup | hybrid-ir --help | " in capsys.readouterr().out


def test_a_limit_that_is_missed_is_an_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = tmp_path / "history.jsonl"
    assert main(["--history", str(history)], made(tmp_path, 20.0)) == 0
    assert main(["--history", str(history), "--compare"], made(tmp_path, 10.0)) == 1
    said = capsys.readouterr().out
    assert "| made | nothing | 10 texts/s | a peer: 10 texts/s | 1.00 | at least 1.5 (missed) | -50% |" in said
    assert "made skipped: the rest" in said
    assert [one["benchmarks"]["made"]["figures"][0]["ours"] for one in entries(history)] == [20, 10]


def test_a_benchmark_that_fails_is_told_and_keeps_what_it_had_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "history.jsonl"
    assert main(["--history", str(history)], made(tmp_path, 20.0, "ValueError('broken')")) == 1
    assert "made failed: ValueError: broken" in capsys.readouterr().out
    assert entries(history)[0]["benchmarks"]["made"]["figures"][0]["ours"] == 20


def test_sizes_that_are_small_keep_no_limit(tmp_path: Path) -> None:
    assert main(["--quick", "--history", str(tmp_path / "history.jsonl")], made(tmp_path, 10.0)) == 0
