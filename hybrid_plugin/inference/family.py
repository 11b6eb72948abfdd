"""Differences as one family of tests: what is shown, after correction for all that was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.inference.differences import Difference
from hybrid_plugin.inference.method import Method
from hybrid_plugin.inference.significance import effect_size, holm, t_test

_KEY = ["a", "b", "setting", "measure"]
_ROW = [*_KEY, "value_a", "value_b", "difference", "low", "high"]


def family(differences: Sequence[Difference], p: np.ndarray, method: Method) -> pd.DataFrame:
    """The rows of ``Comparison.tests`` or ``by_language``, up to ``winner``.

    Parameters
    ----------
    p : of their randomisation tests [differences].
    """
    result = pd.DataFrame([one.row for one in differences], columns=None if differences else _ROW)
    asked = [one.shares[~np.isnan(one.shares)] for one in differences]
    result["p_randomization"] = p
    result["p_t"] = [t_test(shares) for shares in asked]
    for kind in ("randomization", "t"):
        result[f"p_holm_{kind}"] = holm(result[f"p_{kind}"].to_numpy())
    result["d"] = [effect_size(shares) for shares in asked]
    direction = _direction(result["measure"], method)
    gains = [sign * _sign(shares) for sign, shares in zip(direction, asked, strict=True)]
    for name, sign in (("wins", 1), ("ties", 0), ("losses", -1)):
        result[name] = [int((gain == sign).sum()) for gain in gains]
    a_is_better = direction * result["difference"] > 0
    shown = result["p_holm_randomization"] <= method.settings.alpha
    result["winner"] = np.where(shown, np.where(a_is_better, result["a"], result["b"]), "")
    return result


def with_languages(tests: pd.DataFrame, by_language: pd.DataFrame, method: Method) -> pd.DataFrame:
    """Tests with the number of query languages in which a is ahead, tied and behind."""
    gain = _direction(by_language["measure"], method) * _sign(by_language["difference"])
    counts = by_language[_KEY].assign(languages_ahead=gain > 0, languages_tied=gain == 0, languages_behind=gain < 0)
    return tests.join(counts.groupby(_KEY).sum(), on=_KEY)


def _direction(measures: pd.Series, method: Method) -> np.ndarray:
    """1 where higher is better, else -1."""
    return np.array([1 if method.better[measure] else -1 for measure in measures])


def _sign(differences: Any) -> Any:
    """1, 0 or -1, where 0 is also what differs by rounding alone."""
    return np.sign(np.round(differences, 9))
