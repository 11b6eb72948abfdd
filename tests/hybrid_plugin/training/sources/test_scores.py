"""A teacher's scores in sources: read, kept on disk, written, and part of what a source is."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.mining.mine import pooled
from hybrid_plugin.training.sources.jsonl import from_jsonl, line_of
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.store import part_of, store

PLAIN = Row(
    "q1", {"en": "who?", "de": "wer?"}, {"en": ("she",), "fr": ("elle", "lui")}, {"en": ("then", "he"), "zh": ("他",)}
)
SCORES = {
    "de": {"fr": {"elle": 0.5, "lui": -2.0}, "en": {"he": 0.25, "she": 3.0}},
    "en": {"zh": {"他": 7.5}, "fr": {"lui": 0.0}},
}
SCORED = replace(PLAIN, scores=SCORES)
LINE = {
    "id": "q1",
    "queries": {"en": "who?"},
    "passages": {"en": "she", "fr": ["elle", "lui"]},
    "negatives": {"en": "he"},
}


def test_scores_are_kept_and_found_and_none_is_nan() -> None:
    unscored = replace(PLAIN, parallel_id="q2")
    source = store("scored", [unscored, SCORED, replace(SCORED, parallel_id="q3")])
    assert source.has_scores
    assert list(source) == [unscored, SCORED, replace(SCORED, parallel_id="q3")]
    row = source[1]
    assert (row.score("de", "fr", "lui"), row.score("en", "zh", "他"), row.score("en", "fr", "lui")) == (-2, 7.5, 0)
    for pair in (("en", "en", "she"), ("zh", "en", "she"), ("de", "fr", "nobody")):
        assert math.isnan(row.score(*pair))
    assert math.isnan(source[0].score("de", "fr", "lui"))


def test_a_source_without_scores_has_the_checksum_that_it_always_had_and_scores_change_it() -> None:
    row = Row("q1", {"en": "who?", "de": "wer?"}, {"en": ("she",), "fr": ("elle", "lui")}, {"en": ("a", "b")})
    source = store("plain", [row])
    assert not source.has_scores
    assert source.checksum == "sha256:0cc56a023db0ce6a297326ecb3471284d28aa3ca56ca953ee4c81429b6df314b"
    one, other = ({"en": {"en": {"a": score}}} for score in (1.0, 2.0))
    assert len({source.checksum, *(store("s", [replace(row, scores=found)]).checksum for found in (one, other))}) == 3


def test_scores_go_through_json_lines_shares_and_pools(tmp_path: Path) -> None:
    path = tmp_path / "scored.jsonl"
    path.write_text(json.dumps(line_of(SCORED)) + "\n", encoding="utf-8")
    read = from_jsonl(path)
    assert list(read) == [SCORED]
    assert pooled([read, store("plain", [PLAIN])])[0].scores == SCORES
    many = store("many", [replace(SCORED, parallel_id=str(i)) for i in range(20)])
    assert all(row.scores == SCORES for row in part_of(many, 0.5))
    by_id = replace(SCORED, text=lambda lang, stored: f"{stored} in {lang}")
    assert line_of(by_id)["passage_scores"]["de"] == {"en": [3.0], "fr": [0.5, -2.0]}
    assert by_id.as_texts().score("de", "fr", "lui in fr") == -2


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"passage_scores": [1]}, "'passage_scores' needs an object of query languages"),
        ({"passage_scores": {"en": 1}}, "'passage_scores' needs an object of query languages"),
        ({"passage_scores": {"de": {"en": 1}}}, "is for queries in 'de', in which the line has none"),
        ({"passage_scores": {"en": {"fr": [1]}}}, "'passage_scores' has 1 numbers in 'fr' for 2 texts"),
        ({"negative_scores": {"en": {"fr": [1, 2]}}}, "'negative_scores' has 2 numbers in 'fr' for 0 texts"),
        ({"negative_scores": {"en": {"en": ["much"]}}}, "'negative_scores' needs finite numbers, not 'much'"),
        ({"passage_scores": {"en": {"en": True}}}, "needs finite numbers, not True"),
        ({"passage_scores": {"en": {"en": math.inf}}}, "needs finite numbers, not inf"),
        ({"passage_scores": {"en": {"en": math.nan}}}, "needs finite numbers, not nan"),
        ({"passage_scores": {"en": {"en": 1e300}}}, r"needs finite numbers, not 1e\+300"),
    ],
)
def test_bad_scores_are_refused_by_file_and_line(keys: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "scored.jsonl"
    path.write_text("\n" + json.dumps(LINE | keys) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"scored\.jsonl line 2: .*{message}"):
        from_jsonl(path)
