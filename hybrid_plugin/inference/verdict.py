"""A comparison in sentences to quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.parts import Gap

_KEY = ("system", "setting", "measure")
_IN_WORDS = {"mono": "monolingual", "cross": "cross-lingual", "multi": "multilingual"}


def verdict(found: Comparison, gaps: Sequence[Gap] = ()) -> Iterator[str]:
    """What part of the benchmark it is about, a sentence a test, then what a reader must know to read them."""
    if found.scope:
        yield f"This compares a part of {found.benchmark}: {found.scope}."
    for test in found.tests.itertuples():
        yield _of_test(found, test)
    yield from not_compared(found)
    yield from _shared(gaps)
    yield from _unscored(found)
    yield from _undefined(found)
    yield from _several_runs(found)
    yield from _unknown_training(found)
    if len(found.published):
        yield "Published figures are not tested: no values per query were published."


def _of_test(found: Comparison, test: Any) -> str:
    """Who beats whom by how much, the better one first, or that no difference is shown."""
    swap = test.winner == test.b
    a, b = map(found.label, (test.b, test.a) if swap else (test.a, test.b))
    where = f"{_in_setting(test.setting)} ({_evidence(found, test, -1 if swap else 1)})"
    return f"{a} beats {b} {where}." if test.winner else f"No difference shown between {a} and {b} {where}."


def _evidence(found: Comparison, test: Any, sign: int) -> str:
    """The difference with its interval, p and effect size, and what makes them read otherwise."""
    difference = found.number(test.measure, sign * test.difference, sign="+")
    low, high = (found.number(test.measure, value) for value in sorted((sign * test.low, sign * test.high)))
    p = "p < 0.001" if test.p_holm_randomization < 0.001 else f"p = {test.p_holm_randomization:.3f}"
    number = found.method["tests"]
    text = f"{test.measure} {difference}, {found.level()} CI {low} to {high}, {p} after Holm over {number} test"
    if number > 1:
        text += "s"
    if not np.isnan(test.d):
        text += f", d = {sign * test.d:.2f}"
    if not found.method["higher_is_better"][test.measure]:
        text += "; lower is better"
    return text


def not_compared(found: Comparison) -> Iterator[str]:
    """Which figures cannot be compared, and why."""
    for (system, reason), rows in found.incomparable.groupby(["system", "reason"], sort=False):
        figures = " and ".join(
            f"{one} ({', '.join(own)})" for one, own in rows.groupby("measure", sort=False)["setting"]
        )
        yield f"{figures} of {system} cannot be compared with the others: {reason}."


def _shared(gaps: Sequence[Gap]) -> Iterator[str]:
    """Where systems were not asked the same, what they share and what each has."""
    for gap in gaps:
        where = _in_setting(gap.setting)
        own: dict[str, list[str]] = {}
        for name, part in gap.of.items():
            own.setdefault(str(part), []).append(name)
        have = "; ".join(f"{part} in {', '.join(names)}" for part, names in own.items())
        if gap.shared.queries:
            yield f"All figures {where} are over the {gap.shared} that the systems share there, of {have}."
        else:
            yield f"Nothing {where} is compared, where the systems share no query: {have}."


def _unscored(found: Comparison) -> Iterator[str]:
    """Which systems lack a setting of others."""
    for setting, rows in found.figures.groupby("setting", sort=False):
        lacking = [system for system in found.systems if system not in {*rows["system"]}]
        if lacking:
            yield f"{', '.join(lacking)} has no figures {_in_setting(str(setting))}."


def _undefined(found: Comparison) -> Iterator[str]:
    """How many queries the tests leave out, since a measure has no value for them."""
    tested = set(zip(found.tests["setting"], found.tests["measure"], strict=True))
    for gap in found.method["undefined"]:
        if (gap["setting"], gap["measure"]) in tested and found.comparable(*map(gap.get, _KEY)):
            queries = f"{gap['queries']} queries of {gap['system']}"
            where = _in_setting(gap["setting"])
            yield f"{gap['measure']} has no value for {queries} {where}; the tests leave these out."


def _several_runs(found: Comparison) -> Iterator[str]:
    """What the intervals and tests of a mean of runs are about."""
    runs = found.figures.groupby("system", sort=False)["runs"].first()
    for system, count in runs[runs > 1].items():
        yield f"{system} is the mean of {count} runs; intervals and tests are over questions, not over further runs."


def _unknown_training(found: Comparison) -> Iterator[str]:
    """Of which systems it is not known whether they are zero-shot."""
    for system, about in found.about.items():
        if about.get("zero_shot") is None:
            yield f"What {system} was trained on is not recorded, so whether it is zero-shot is not known."


def _in_setting(setting: str) -> str:
    return f"in the {_IN_WORDS.get(setting, setting)} setting"
