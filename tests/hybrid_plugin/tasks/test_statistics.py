"""Counts of what benchmarks hold, and whether they are still those that lie beside the documentation."""

from __future__ import annotations

import json
import statistics as plain
from pathlib import Path

import pytest

from hybrid_plugin.tasks import changes, known_statistics, load_benchmark, statistics
from tests.conftest import run_cli


def test_they_are_those_of_the_published_files(lareqa: Path) -> None:
    found = statistics(load_benchmark("xquad-r").only(languages=["th"]))
    articles = json.loads((lareqa / "xquad-r" / "th.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    questions = [len(question["question"].strip()) for one in paragraphs for question in one["qas"]]
    sentences = [sentence.strip() for one in paragraphs for sentence in one["sentences"]]
    thai = found["documents"]["xquad-r/th"]
    assert thai["texts"] == len(sentences)
    assert thai["repeated"] == len(sentences) - len(set(sentences))
    assert thai["characters"]["max"] == max(map(len, sentences))
    asked = found["queries"]["xquad-r/multi/th"]
    assert asked["characters"] == {
        "mean": round(plain.mean(questions), 1),
        "median": plain.median(questions),
        "max": max(questions),
    }
    assert found["tasks"]["multi/th"]["queries"] == 1190
    assert found["tasks"]["multi/th"]["relevant"]["max"] >= 11


@pytest.mark.usefixtures("lareqa")
@pytest.mark.parametrize("name", ["hybrid-demo", "xquad-r", "mlqa-r"])
def test_the_collections_at_hand_are_as_they_were(name: str) -> None:
    benchmark = load_benchmark(name)
    known = known_statistics(benchmark)
    assert known is not None
    assert changes(statistics(benchmark), known) == []


def test_what_has_changed_is_named() -> None:
    benchmark = load_benchmark("hybrid-demo/de/en")
    known = known_statistics(benchmark)
    found = statistics(benchmark)
    assert known is not None
    assert changes(found, known) == []
    known["documents"]["hybrid-demo/de"]["texts"] += 1
    del known["tasks"]["de/en"]
    texts = found["documents"]["hybrid-demo/de"]["texts"]
    assert changes(found, known) == [
        f"hybrid-demo/de: texts was {texts + 1}, is {texts}",
        "de/en: it was not there, is new",
    ]


def test_they_are_printed_and_written(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    printed = run_cli("datasets", "stats", "hybrid-demo/de", "--output", str(file))
    assert printed.returncode == 0, printed.stderr
    assert "all as it was" in printed.stdout
    assert len(json.loads(file.read_text())["tasks"]) == 8
    again = run_cli("datasets", "stats", "hybrid-demo/de", "--output", str(file), check=2)
    assert "--overwrite" in again.stderr
