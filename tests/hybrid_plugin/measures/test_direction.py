"""Which value of a measure is best."""

from __future__ import annotations

import json

import ir_measures
import numpy as np
import pytest
from ir_measures import measures as irm

from hybrid_plugin.measures.direction import Direction, direction, higher_is_better
from hybrid_plugin.measures.language_skew import LanguageSkew
from hybrid_plugin.measures.rank_distance import RankDistance


@pytest.mark.parametrize(
    ("measure", "record", "words", "arrow"),
    [
        (ir_measures.AP, "higher", "higher is better", "↑"),
        (RankDistance @ 10, "lower", "lower is better", "↓"),
        (LanguageSkew(lang="other") @ 10, 0.0, "nearest to 0 is best", "→0"),
    ],
    ids=str,
)
def test_a_measure_says_what_is_best(measure: irm.Measure, record: str | float, words: str, arrow: str) -> None:
    found = direction(measure)
    assert (found.record, str(found), found.arrow) == (record, words, arrow)
    assert Direction.read(json.loads(json.dumps(found.record))) == found
    assert higher_is_better(measure) is (record == "higher")


def test_with_a_target_it_is_the_distance_that_counts() -> None:
    values = np.array([-0.3, 0.1, np.nan])
    np.testing.assert_allclose(Direction(0.0).compared(values), [0.3, 0.1, np.nan])
    np.testing.assert_allclose(Direction(1.0).compared(values), [1.3, 0.9, np.nan])
    assert Direction().compared(values) is values
    assert [one.sign for one in (Direction(), Direction(-np.inf), Direction(0.5))] == [1, -1, -1]
