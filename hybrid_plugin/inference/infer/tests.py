"""Differences of two systems, and which of them chance does not explain, after correction for all that was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.brief import brief
from hybrid_plugin.inference.infer.chance import effect_size, holm, randomization_test
from hybrid_plugin.inference.infer.design import Outcome, Pair
from hybrid_plugin.inference.infer.estimates import Row
from hybrid_plugin.inference.infer.method import Method

_KEY = ["a", "b", "setting", "measure"]
TESTS = [*_KEY, "value_a", "value_b", "difference", "low", "high"]
BY_LANGUAGE = ["language", *TESTS]


@dataclass(frozen=True)
class Difference:
    """What a system has over another, before it is tested.

    Parameters
    ----------
    row : of ``Comparison.tests``, or of ``by_language``.
    shares : of each question, float [questions], NaN for those not asked.
    totals : of each cluster, float [clusters].
    """

    row: Row
    shares: np.ndarray
    totals: np.ndarray

    __repr__ = brief

    @property
    def systems(self) -> tuple[str, str]:
        """a and b."""
        return self.row.about["a"], self.row.about["b"]

    @property
    def several_runs(self) -> bool:
        """Whether one of the systems has several, so that they are a random factor of the test."""
        return bool(self.row.estimates["difference"].runs)


def differences(outcome: Outcome, a: str, b: str) -> tuple[list[Difference], list[Difference]]:
    """The difference of two systems over all query languages, and in each of them apart; none where no query has a
    value of both."""
    pair = Pair.of(outcome, a, b)
    queries = outcome.asked.queries

    def of(tasks: np.ndarray, about: Mapping[str, Any]) -> Iterator[Difference]:
        mine, theirs = pair.a.average(tasks), pair.b.average(tasks)
        if not np.isnan(mine.value):
            values = {"value_a": mine.value, "value_b": theirs.value}
            key = {**about, "a": a, "b": b, **outcome.key}
            yield Difference(Row(key, {"difference": mine - theirs}, values), pair.shares(tasks), pair.totals(tasks))

    by_language = (one for lang in sorted({*queries}) for one in of(queries == lang, {"language": lang}))
    return list(of(outcome.asked.every(), {})), list(by_language)


def family(found: Sequence[Difference], rows: pd.DataFrame, p: np.ndarray, method: Method) -> pd.DataFrame:
    """The rows of ``Comparison.tests`` or ``by_language``, up to ``winner``.

    Parameters
    ----------
    rows : of the differences, up to ``high``.
    p : of their randomisation tests [differences].
    """
    result = rows.copy()
    estimates = [one.row.estimates["difference"] for one in found]
    several = np.array([one.several_runs for one in found], bool)
    result["p_randomization"] = np.where(several, np.nan, p)
    result["p_t"] = np.array([one.t_test() for one in estimates], float)
    result["degrees"] = np.array([one.degrees for one in estimates], float)
    result["p"] = np.where(several, result["p_t"], result["p_randomization"])
    result["p_holm"] = holm(result["p"].to_numpy())
    asked = [one.shares[~np.isnan(one.shares)] for one in found]
    result["d"] = np.array([effect_size(shares) for shares in asked], float)
    signs = _signs(result["measure"], method)
    gains = [sign * _sign(shares) for sign, shares in zip(signs, asked, strict=True)]
    for name, sign in (("wins", 1), ("ties", 0), ("losses", -1)):
        result[name] = np.array([int((gain == sign).sum()) for gain in gains], int)
    shown = result["p_holm"] <= method.settings.alpha
    result["winner"] = np.where(shown, np.where(signs * result["difference"] > 0, result["a"], result["b"]), "")
    return result


def randomized(found: Sequence[Difference], method: Method) -> np.ndarray:
    """p of the randomisation tests of all differences, on the same sign flips; float [differences].

    Clusters of different settings are not the same, so differences of one setting share their flips.
    """
    p = np.ones(len(found))
    for setting in dict.fromkeys(one.row.about["setting"] for one in found):
        own = [i for i, one in enumerate(found) if one.row.about["setting"] == setting and not one.several_runs]
        if own:
            totals = np.column_stack([found[i].totals for i in own])
            p[own] = randomization_test(totals, method.settings.resamples, method.settings.seed)
    return p


def with_languages(tests: pd.DataFrame, by_language: pd.DataFrame, method: Method) -> pd.DataFrame:
    """Tests with the number of query languages in which a is ahead, tied and behind."""
    gain = _signs(by_language["measure"], method) * _sign(by_language["difference"])
    counts = by_language[_KEY].assign(languages_ahead=gain > 0, languages_tied=gain == 0, languages_behind=gain < 0)
    return tests.join(counts.groupby(_KEY).sum(), on=_KEY)


def _signs(measures: pd.Series, method: Method) -> np.ndarray:
    """1 where more of what is compared is better, else -1."""
    return np.array([method.directions[measure].sign for measure in measures], int)


def _sign(values: Any) -> Any:
    """1, 0 or -1, where 0 is also what differs by rounding alone."""
    return np.sign(np.round(values, 9))
