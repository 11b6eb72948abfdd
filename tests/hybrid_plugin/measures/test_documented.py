"""docs/measures.md: its table says of each measure what is best, and its examples are what the measures give."""

from __future__ import annotations

import re

import ir_measures
import pytest

from hybrid_plugin.measures.builtin import hybrid_ir_measures
from hybrid_plugin.measures.direction import direction
from hybrid_plugin.measures.named import ALL, DEFAULT_MEASURES, parse_measures
from hybrid_plugin.report.reading import reading
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.split("## ")[0].splitlines() if line.startswith("| `")]
NAMED = [(name.replace("@k", "@10"), row[2]) for row in ROWS for name in re.findall("`(.+?)`", row[0])]
EXAMPLES = [(name, value) for name, value in re.findall(r"`([A-Z][^`]*)`\s+is\s+(-?[0-9.]*[0-9])", PAGE)]

ENGLISH = {"en_1": 6.0, "en_5": 5.0, "de_1": 4.0, "en_6": 3.0, "zh_1": 2.0, "de_7": 1.0}
GERMAN = {"de_1": 6.0, "de_7": 5.0, "en_1": 4.0, "zh_1": 3.0, "en_5": 2.0, "en_6": 1.0}
RUN = {"q_en": ENGLISH, "q_de": GERMAN}
QRELS = {query: {"en_1": 1, "de_1": 1, "zh_1": 1} for query in RUN}


@pytest.mark.parametrize(("name", "better"), NAMED)
def test_the_direction_in_the_table_is_that_of_the_measure(name: str, better: str) -> None:
    (measure,) = parse_measures([name])
    found = direction(measure)
    assert better == (f"nearest to {found.best:g}" if found.has_target else found.record)


def test_the_table_has_every_measure_that_a_user_meets() -> None:
    known = {name for name, _ in NAMED}
    ours = {measure.NAME for measure in hybrid_ir_measures()}
    met = {measure.NAME for measure in parse_measures([*DEFAULT_MEASURES, ALL, "RR", "P@10"])}
    assert ours | met == {re.split(r"\W", name)[0] for name in known}


@pytest.mark.parametrize(("name", "value"), EXAMPLES)
def test_an_example_is_what_the_measure_gives(name: str, value: str) -> None:
    (measure,) = parse_measures([name])
    found = {one.query_id: one.value for one in ir_measures.iter_calc([measure], QRELS, RUN)}
    digits = len(value.partition(".")[2])
    assert f"{found['q_en']:.{digits}f}" == f"{float(value):.{digits}f}"


@pytest.mark.parametrize("name", [name for name, _ in NAMED])
def test_a_measure_has_a_reading_that_says_its_direction(name: str) -> None:
    (measure,) = parse_measures([name])
    assert re.search(r"higher is better|lower is better|0 is (fair|best)", reading(measure))
    assert not re.search(r"[{}]|None", reading(measure))


def test_each_measure_of_ours_has_an_example() -> None:
    shown = {re.split(r"\W", name)[0] for name, _ in EXAMPLES}
    assert shown == {measure.NAME for measure in hybrid_ir_measures()}
