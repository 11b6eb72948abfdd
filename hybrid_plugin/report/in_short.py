"""The verdict of a comparison in a sentence a pair of systems: who beats whom where, and where nothing is shown."""

from __future__ import annotations

import pandas as pd

from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import headline

_PAIRS = 4  # of systems, before the rest is left to the benchmark's own verdict


def in_short(data: ReportData) -> list[str]:
    """What the tests of the main measure say, and of RankDistance where that says something."""
    wanted = [key for key in headline(data) if key[0] in (data.measure, "RankDistance")]
    tests = data.comparison.tests
    tests = tests[[key in wanted for key in zip(tests["measure"], tests["setting"], strict=True)]]
    if len(data.systems) == 1:
        return ["One system alone, so nothing is compared."]
    said = [_of_pair(data, pair) for _, pair in tests.groupby(["a", "b"], sort=False)]
    if not said:
        return ["Nothing is tested: no figures can be compared."]
    more = len(said) - _PAIRS
    return said[:_PAIRS] + ([f"{more} more pairs of systems below."] if more > 0 else [])


def _of_pair(data: ReportData, tests: pd.DataFrame) -> str:
    a, b = (data.labels[tests[side].iloc[0]] for side in ("a", "b"))
    parts = []
    for winner, loser, own in (
        (a, b, tests[tests["winner"] == tests["a"]]),
        (b, a, tests[tests["winner"] == tests["b"]]),
    ):
        if len(own):
            parts.append(f"{winner} beats {loser} by {_where(own)}")
    rest = tests[tests["winner"] == ""]
    if len(rest):
        between = "" if parts else f" between {a} and {b}"
        parts.append(f"no difference is shown{between} by {_where(rest)}")
    text = "; ".join(parts)
    return f"{text if parts[0].startswith((a, b)) else text[0].upper() + text[1:]}."


def _where(tests: pd.DataFrame) -> str:
    """Measures, each with its settings."""
    settings = tests.groupby("measure", sort=False)["setting"].agg(", ".join)
    return " and ".join(f"{measure} ({names})" for measure, names in settings.items())
