"""A comparison in sentences to quote: each says what its test supports, and those after it what to know of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.load.parts import Gap
from hybrid_plugin.measures.cutting import at_depth
from hybrid_plugin.measures.named import parse_measures

_KEY = ("system", "setting", "measure")
_IN_WORDS = {"mono": "monolingual", "cross": "cross-lingual", "multi": "multilingual"}
_FEW = 10  # clusters


def verdict(found: Comparison, gaps: Sequence[Gap] = ()) -> Iterator[str]:
    """What part of the benchmark it is about, a sentence a test, then what a reader must know to read them."""
    if found.scope:
        yield f"This compares a part of {found.benchmark}: {found.scope}."
    for test in found.tests.itertuples():
        yield _of_test(found, test)
    if len(found.tests):
        yield _of_clusters(found)
        yield from _of_runs(found)
    yield from not_compared(found)
    yield from _shared(gaps)
    yield from _unscored(found)
    yield from _undefined(found)
    yield from _nothing_found(found)
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
    towards = found.direction(test.measure)
    difference = found.number(test.measure, sign * test.difference, sign="+")
    low, high = (found.number(test.measure, value) for value in sorted((sign * test.low, sign * test.high)))
    p = "p < 0.001" if test.p_holm < 0.001 else f"p = {test.p_holm:.3f}"
    number = found.method["tests"]
    what = f"mean distance of {test.measure} from {towards.best:g}" if towards.has_target else test.measure
    interval = "no interval known" if np.isnan(test.low) else f"{found.level()} CI {low} to {high}"
    text = f"{what} {difference}, {interval}, {p} after Holm over {number} test"
    if number > 1:
        text += "s"
    if not np.isnan(test.d):
        text += f", d = {sign * test.d:.2f}"
    if towards.sign < 0:
        text += "; lower is better"
    return text


def _of_clusters(found: Comparison) -> str:
    """What was resampled."""
    method = found.method
    clusters, questions, unit = method["clusters"], method["questions"], method["cluster"]
    if found.unit == "question":
        sampled = f"the {questions:,} questions, each with all its languages"
    elif unit == "none":
        sampled = f"{clusters:,} queries as if they were independent, which those of one question are not"
    else:
        sampled = f"{clusters:,} {unit}s of the {questions:,} questions, each with all its questions and languages"
    said = f"Tests and intervals are over {sampled}"
    if found.request["cluster"] != unit:
        said = f"All questions are of one {found.request['cluster']}, of which nothing can be said for others. {said}"
    rough = "; of so few they are rough" if clusters < _FEW else ""
    return f"{said}{rough}. p is corrected for the number of tests, intervals are not."


def _of_runs(found: Comparison) -> Iterator[str]:
    """Whether a system stands for its training, or for the one run that there is."""
    runs = found.method["runs"]
    tested = {*found.tests["a"], *found.tests["b"]}
    several = [f"{system} ({count} runs)" for system, count in runs.items() if count > 1 and system in tested]
    single = [system for system, count in runs.items() if count == 1 and system in tested]
    if several:
        rough = " Of two runs they are rough." if 2 in runs.values() else ""
        yield (
            f"For {_and(several)} they are over other runs as well: what is said is about the training, not about "
            f"these runs alone.{rough}"
        )
    if single:
        verb = "is" if len(single) == 1 else "are each"
        yield (
            f"{_and(single)} {verb} compared as the one run that there is: what another training with another seed "
            "would give is not in the intervals."
        )


def not_compared(found: Comparison) -> Iterator[str]:
    """Which figures cannot be compared, and why."""
    for (system, reason), rows in found.incomparable.groupby(["system", "reason"], sort=False):
        figures = _and(f"{one} ({', '.join(own)})" for one, own in rows.groupby("measure", sort=False)["setting"])
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


def _nothing_found(found: Comparison) -> Iterator[str]:
    """Of how many queries the rankings hold no answer, where a measure counts these as its worst value."""
    for gap in found.method["nothing_found"]:
        own = found.figures[(found.figures["system"] == gap["system"]) & (found.figures["setting"] == gap["setting"])]
        counting = [str(one) for one in parse_measures([*own["measure"]]) if at_depth(one)]
        if counting:
            verb = "gives" if len(counting) == 1 else "give"
            yield (
                f"The rankings of {gap['system']} hold no relevant document for {gap['queries']:g} queries "
                f"{_in_setting(gap['setting'])}; {_and(counting)} {verb} these the worst value of their depth."
            )


def _unknown_training(found: Comparison) -> Iterator[str]:
    """Of which systems it is not known whether they are zero-shot."""
    for system, about in found.about.items():
        if about.get("zero_shot") is None:
            yield f"What {system} was trained on is not recorded, so whether it is zero-shot is not known."


def _and(names: Any) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _in_setting(setting: str) -> str:
    return f"in the {_IN_WORDS.get(setting, setting)} setting"
