"""Recipes: what is built in, what a run says before it begins, and what remains of it in the checkpoint."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hybrid_plugin.cli.main import main, parse
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json
from hybrid_plugin.training.prospect import Prospect, check_prospects, prospects
from hybrid_plugin.training.recipe import find_recipe, read_recipe, recipe_line, recipes

PAPER = read_recipe("paper")
NINE = ("ar", "de", "en", "es", "hi", "ru", "th", "tr", "zh")


def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """The command, in this process: its status, and what it prints."""
    monkeypatch.setattr(sys, "argv", ["hybrid-ir", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0), *capsys.readouterr()
    return 0, *capsys.readouterr()


def pairs(path: Path, langs: tuple[str, ...] = NINE, count: int = 6) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "id": f"{i}",
            "queries": {lang: f"{lang} frage {i} {path.stem}" for lang in langs},
            "passages": {lang: f"{lang} antwort {i} {path.stem}" for lang in langs},
            "origins": path.stem,
        }
        for i in range(count)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def recipe(path: Path, **values: Any) -> Path:
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_the_papers_recipe_is_what_the_paper_says() -> None:
    bound = parse(["train", "--recipe", "paper", "--output", "o"])[1].arguments
    settings, validation = bound["settings"], bound["validation"]
    assert (settings.strategy, settings.batches.alpha, settings.batches.size) == ("hybrid", 0.5, 100)
    assert (settings.learning_rate, settings.weight_decay) == (3e-5, 0.01)
    assert settings.batches.only == NINE
    assert settings.mix.exponent == 1  # by size
    assert (validation.name, validation.by, validation.languages) == ("squadshifts", "loss", ("en",))
    assert validation.patience
    assert bound["model"] == "FacebookAI/xlm-roberta-base"
    assert (bound["options"].query_prefix, bound["options"].passage_prefix) == ("Query:", "Passage:")
    stems = {Path(name).stem for name in bound["source"]}
    assert stems == {
        *("mmarco-train", "mr-tydi-train", "natural-questions", "duorc", "newsqa", "entityquestions", "mfaq", "wikiqa"),
        "yahoo-answers",
    }


def test_the_command_line_goes_before_a_recipe() -> None:
    words = ["--model", "sentence-transformers/LaBSE", "--alpha", "0.3", "--source", "hybrid-demo"]
    bound = parse(["train", "--recipe", "paper", "--output", "o", *words])[1].arguments
    assert (bound["model"], bound["source"]) == ("sentence-transformers/LaBSE", ["hybrid-demo"])
    assert (bound["settings"].batches.alpha, bound["settings"].batches.size) == (0.3, 100)


def test_recipes_are_found_by_name_or_file(tmp_path: Path) -> None:
    assert find_recipe("paper") == recipes()["paper"]
    assert "Elmahdy" in recipe_line(recipes()["paper"])
    mine = recipe(tmp_path / "mine.yaml", alpha=0.1)
    assert find_recipe(str(mine)) == mine
    with pytest.raises(UserError, match=r"unknown recipe 'papre'; known: paper; did you mean 'paper'\?"):
        find_recipe("papre")
    with pytest.raises(UserError, match=r"cannot read .*gone\.yaml"):
        read_recipe(str(tmp_path / "gone.yaml"))


def test_a_recipe_can_be_copied(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(monkeypatch, capsys, "recipes", "show", "paper")[1] == recipes()["paper"].read_text(encoding="utf-8")
    status, out, _ = cli(monkeypatch, capsys, "recipes", "list", "--json")
    assert status == 0
    assert [one["name"] for one in json.loads(out)] == ["paper"]


def test_a_dry_run_of_the_paper_says_all_and_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = cli(monkeypatch, capsys, "train", "--recipe", "paper", "--output", "paper", "--dry-run")
    assert status == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["batch_size", "100"] in lines
    assert ["mmarco-train", "502,939", "0.8947", "ar", "de", "en", "es", "hi", "ru", "zh", "download"] in lines
    assert ["squadshifts", "37,691", "validation", "en", "download"] in lines
    assert "hybrid-ir translate wikiqa --to ar,de,es,hi,ru,th,tr,zh" in out
    assert "newsqa says; then hybrid-ir translate newsqa:FOLDER --to" in out
    assert not list(tmp_path.iterdir())
    status, _, err = cli(monkeypatch, capsys, "train", "--recipe", "paper", "--output", "paper")
    assert status == 2
    assert "source 'translated/mr-tydi-train.jsonl' is missing (and 7 more): hybrid-ir translate mr-tydi-train" in err


def test_a_recipe_is_trained_and_recorded(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pairs(Path("translated/duorc.jsonl"))
    pairs(Path("translated/wikiqa.jsonl"), ("de", "en"))  # as mmarco-train, it lacks some
    pairs(Path("judge.jsonl"))
    changes = {
        "model": str(tiny),
        "source": ["translated/duorc.jsonl", "translated/wikiqa.jsonl"],
        "source_weights": {},
        "validate": "judge.jsonl",
        "batch_size": 3,
        "steps": 2,
        "validate_every": 1,
        "patience": 2,
    }
    mine = recipe(tmp_path / "mine.yaml", **PAPER | changes)
    status, out, err = cli(monkeypatch, capsys, "train", "--recipe", mine, "--output", "out", "--learning-rate", "0")
    assert status == 2, err  # an option has gone before the recipe
    status, out, err = cli(monkeypatch, capsys, "train", "--recipe", mine, "--output", "out")
    assert status == 0, err
    assert ["translated/wikiqa.jsonl", "6", "0.5000", "de", "en", "here"] in map(str.split, out.splitlines())
    record = read_json(tmp_path / "out" / RECORD)
    assert record["recipe"] == str(mine)
    assert record["alpha"] == 0.5
    assert [one["origins"] for one in record["sources"]] == [["duorc"], ["wikiqa"]]
    assert [one["languages"] for one in record["sources"]] == [list(NINE), ["de", "en"]]
    assert record["validation"]
    assert f"| recipe | {mine} |" in (tmp_path / "out" / "README.md").read_text()


def test_what_is_known_of_sources_before_they_are_read(tmp_path: Path) -> None:
    own = pairs(tmp_path / "own.jsonl")
    found = prospects([str(own), "hybrid-demo", "mr-tydi/{en,fi}/train", "wikiqa", "newsqa", str(own)], NINE)
    assert [(one.name, one.rows, one.state) for one in found[:1]] == [(str(own), 6, "here")]
    assert (found[1].state, len(found)) == ("here", 5)
    assert (found[2].rows, found[2].languages, found[2].state) == (None, ("en", "fi"), "download")
    assert (found[3].rows, found[3].state) == (873, "download")
    assert found[4].state == "missing"
    with pytest.raises(UserError, match=r"the source 'newsqa' is missing: make combined-newsqa"):
        check_prospects(found)
    check_prospects(found[:4])
    missing = prospects([str(tmp_path / "mmarco-train.jsonl")], NINE)
    assert isinstance(missing[0], Prospect)
    assert "translate mmarco-train --to th,tr --model" in missing[0].get  # what it has is not translated
    with pytest.raises(UserError, match="unknown source 'nosuch'"):
        prospects(["nosuch"])
