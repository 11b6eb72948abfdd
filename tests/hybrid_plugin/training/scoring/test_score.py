"""A teacher's scores in a source, against what the teacher gives one pair at a time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from hybrid_plugin.cli.main import main
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.texts import Text
from hybrid_plugin.training.scoring.load import load_scorer
from hybrid_plugin.training.scoring.score import Scored, score
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store
from tests.hybrid_plugin.training.conftest import untrained_cross_encoder

LANGUAGES = ("de", "en", "zh")


@pytest.fixture(scope="module")
def source() -> Source:
    """Questions and passages of the demo collection in some languages, some with negatives; one text is both."""
    rows = []
    demo = load_source("hybrid-demo")[:9]
    for i, row in enumerate(demo):
        asked, answered = LANGUAGES[: 1 + i % 3], LANGUAGES[i % 2 :]
        negatives = {"de": demo[i - 1].passages["de"], "zh": row.passages["zh"]} if i % 4 == 1 else {}
        passages = {lang: row.passages[lang] for lang in answered}
        queries = {lang: f" {row.queries[lang]}\n" for lang in asked}  # blanks that are no part of the question
        rows.append(Row(row.parallel_id, queries, passages, negatives, scores={"de": {"en": {"old": 1.0}}}))
    return store("some", rows)


@pytest.fixture(params=["encoder", "cross-encoder"])
def teacher(request: pytest.FixtureRequest) -> tuple[Path, Callable[[str, str], float]]:
    """A teacher's folder, and how it scores a pair computed by hand."""
    tiny: Path = request.getfixturevalue("tiny")
    if request.param == "encoder":
        encoder = Encoder.load(tiny)
        return tiny, lambda query, text: float(
            encoder.encode([query], "query")[0] @ encoder.encode([text], "passage")[0]
        )
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder: Path = request.getfixturevalue("cross_encoder")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    @torch.no_grad()
    def logit(query: str, text: str) -> float:
        return float(model(**tokenizer([query], [text], return_tensors="pt")).logits[0, 0])

    return folder, logit


def test_every_pair_has_the_teachers_score(
    source: Source,
    teacher: tuple[Path, Callable[[str, str], float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_module("hybrid_plugin.training.scoring.score"), "_ROWS", 4)
    folder, of_pair = teacher
    found = score(source, load_scorer(folder), tmp_path / "scored.jsonl")
    scored = from_jsonl(tmp_path / "scored.jsonl")
    pairs, values = 0, set()
    for row, original in zip(scored, source, strict=True):
        assert (row.queries, row.passages, row.negatives) == (
            original.queries,
            original.passages,
            original.negatives,
        )
        for query_lang, query in row.queries.items():
            texts = {
                (lang, text) for side in (row.passages, row.negatives) for lang, some in side.items() for text in some
            }
            for lang, text in texts:
                value = row.score(query_lang, lang, text)
                assert value == pytest.approx(of_pair(query.strip(), text.strip()), abs=2e-5)
                values.add(round(value, 4))
            pairs += len(texts)
        assert "old" not in str(row.scores)
    assert found == Scored(len(source), pairs)
    assert len(values) > 20  # or the teacher gives the same to all, and the test says nothing
    about = json.loads((tmp_path / "scored.jsonl.json").read_text(encoding="utf-8"))
    assert about["teacher"]["name"] == str(folder)
    assert about["teacher"]["kind"] in ("encoder", "cross-encoder")
    assert about["request"]["teacher"]["weights"].startswith("sha256:")


def test_scores_in_some_languages_are_asked_for(source: Source, tiny: Path, tmp_path: Path) -> None:
    score(source, load_scorer(tiny), tmp_path / "scored.jsonl", languages=["de", "zh"])
    scored = from_jsonl(tmp_path / "scored.jsonl")
    langs = {(query_lang, lang) for row in scored for query_lang, found in row.scores.items() for lang in found}
    assert langs == {(one, other) for one in ("de", "zh") for other in ("de", "zh")}
    assert [row.queries for row in scored] == [row.queries for row in source]
    with pytest.raises(UserError, match="'some' has nothing in 'fr'; it has: de en zh"):
        score(source, load_scorer(tiny), tmp_path / "french.jsonl", languages=["fr"])
    apart = store("apart", [Row("1", {"de": "wer?"}, {"en": ("she",)})])
    with pytest.raises(UserError, match="no row of 'apart' has a question and a passage in de"):
        score(apart, load_scorer(tiny), tmp_path / "apart.jsonl", languages=["de"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scored.jsonl", "scored.jsonl.json"]


def test_what_is_scored_already_is_done_and_replaced_only_when_asked(
    source: Source, tiny: Path, cross_encoder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scored.jsonl"
    first = score(source, load_scorer(tiny), path)
    with pytest.warns(AlreadyDone):
        assert score(source, load_scorer(tiny), path) == first
    with pytest.raises(UserError, match=r"holds a finished result of other settings \(teacher weights was "):
        score(source, load_scorer(cross_encoder), path)
    before = path.read_bytes()
    assert score(source, load_scorer(cross_encoder), path, overwrite=True) == first
    assert path.read_bytes() != before


def test_a_cross_encoder_refuses_what_does_not_go_with_it(tiny: Path, cross_encoder: Path, tmp_path: Path) -> None:
    for options, said in (
        (EncoderOptions(query_prefix="query:"), "--query-prefix does not go with the cross-encoder"),
        (EncoderOptions(precision="bfloat16"), "--precision does not go with the cross-encoder"),
    ):
        with pytest.raises(UserError, match=said):
            load_scorer(cross_encoder, options)
    assert load_scorer(cross_encoder, EncoderOptions(max_length=16)).identity["max_length"] == 16
    several = untrained_cross_encoder(tiny, tmp_path / "several", labels=3)
    with pytest.raises(UserError, match="has 3 labels; what scores pairs has one"):
        load_scorer(several)
    with pytest.raises(UserError, match="there is no encoder folder"):
        load_scorer("./nowhere")


class Undecided:
    """A scorer of somebody's own that says nothing."""

    kind, scale, name = "rule", "none", "undecided"
    identity: ClassVar = {"rule": 1}

    def scores(self, queries: Sequence[Text], passages: Sequence[Text]) -> np.ndarray:
        return np.full(len(queries), np.nan, np.float32)


def test_scores_that_are_not_finite_are_refused_and_nothing_is_written(source: Source, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=rf"'undecided' gives a score that is not finite for the row '{source[0].parallel_id}'"
    ):
        score(source, Undecided(), tmp_path / "scored.jsonl")
    assert not list(tmp_path.iterdir())


def test_score_is_a_command(
    cross_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output, pairs = tmp_path / "scored.jsonl", tmp_path / "pairs.jsonl"
    line = {"id": "1", "queries": {"en": "who?", "de": "wer?"}, "passages": {"en": ["she", "he"]}}
    pairs.write_text(json.dumps(line), encoding="utf-8")
    words = ["score", pairs, "--teacher", cross_encoder, "--output", output, "--max-length", 64]
    monkeypatch.setattr(sys, "argv", ["hybrid-ir", *map(str, words)])
    main()
    assert capsys.readouterr().out == f"{output}: 4 scores of the cross-encoder {cross_encoder} for 1 rows\n"
    assert from_jsonl(output).has_scores
