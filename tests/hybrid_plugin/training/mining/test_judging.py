"""Candidates that a guide or a judge takes for answers are left out, as a plain search leaves them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.texts import Text
from hybrid_plugin.training.mining.mine import Mined, mine
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.scoring.cross_encoder import CrossEncoder
from hybrid_plugin.training.scoring.scorer import EncoderScorer, Scorer
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """Another encoder: of another vocabulary."""
    folder = tmp_path_factory.mktemp("models") / "guide"
    tiny_encoder([text for row in load_source("hybrid-demo")[:50] for text in row.queries.values()], folder)
    return Encoder.load(folder)


Scores = dict[tuple[str, str], float]  # by query and passage


@pytest.fixture(scope="module")
def scored(source: Source, encoder: Encoder, guide: Encoder, judge: CrossEncoder) -> dict[str, Scores]:
    """What encoder, guide and judge say of every pair."""
    scorers = {"encoder": EncoderScorer(encoder), "guide": EncoderScorer(guide), "judge": judge}
    return {name: every_score(one, list(source)) for name, one in scorers.items()}


@pytest.fixture(scope="module")
def judge(cross_encoder: Path) -> CrossEncoder:
    return CrossEncoder(cross_encoder)


@pytest.fixture(scope="module")
def source() -> Source:
    """Questions in two languages; some have no answer in English, and are judged by that in German."""
    demo = load_source("hybrid-demo")[:180:10]
    rows = []
    for i, row in enumerate(demo):
        passages = {lang: row.passages[lang] for lang in (("de",) if i % 3 == 0 else ("de", "en"))}
        rows.append(Row(row.parallel_id, {lang: row.queries[lang] for lang in ("de", "en")}, passages))
    rows[5] = Row("two answers", rows[5].queries, {"de": (*rows[5].passages["de"], rows[4].passages["de"][0])})
    return store("some", rows)


def expected(
    source: Source, ranked: Scores, settings: MiningSettings, judges: list[tuple[Scores, float, bool]]
) -> dict[str, dict[str, list[str]]]:
    """The negatives of each row by language, found by scoring every pair."""
    rows = list(source)
    pools = pools_of(rows)
    result: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        kin = [other for other in rows if {*other.passages["de"]} & {*row.passages["de"]}]
        for lang, query in row.queries.items():
            order = np.argsort([-ranked[query, one] for one in pools[lang]], kind="stable")[: settings.depth]
            found = [pools[lang][i] for i in order]
            found = [one for one in found if not any(one in other.passages.get(lang, ()) for other in kin)]
            positives = [(lang, one) for one in row.passages.get(lang, ())]
            positives = positives or [(one, text) for one, texts in row.passages.items() for text in texts]
            for scores, margin, relative in judges:
                best = max(scores[query, text] for _, text in positives)
                limit = best * (1 - margin) if relative else best - margin
                found = [one for one in found if scores[query, one] <= limit]
            if found:
                result.setdefault(row.parallel_id, {})[lang] = found[: settings.negatives]
    return result


def pools_of(rows: list[Row]) -> dict[str, list[str]]:
    return {lang: [*dict.fromkeys(one for row in rows for one in row.passages.get(lang, ()))] for lang in ("de", "en")}


def every_score(scorer: Scorer, rows: list[Row]) -> Scores:
    pools = pools_of(rows)
    queries = [Text("", query, lang) for row in rows for lang, query in row.queries.items()]
    passages = [Text("", text, lang) for lang, texts in pools.items() for text in texts]
    pairs = [(query, passage) for query in queries for passage in passages]
    scores = scorer.scores([query for query, _ in pairs], [passage for _, passage in pairs])
    return {(query.text, passage.text): float(one) for (query, passage), one in zip(pairs, scores, strict=True)}


@pytest.mark.parametrize(
    "settings",
    [
        MiningSettings(negatives=1, depth=14, guide_margin=0.02, judge_margin=-0.3),
        MiningSettings(negatives=3, depth=9, guide_margin=0.03, guide_margin_strategy="relative", judge_margin=0.1),
    ],
)
def test_what_a_guide_or_a_judge_takes_for_an_answer_is_no_negative(
    source: Source,
    encoder: Encoder,
    guide: Encoder,
    judge: CrossEncoder,
    scored: dict[str, Scores],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: MiningSettings,
) -> None:
    monkeypatch.setattr("hybrid_plugin.training.mining.search._QUERIES", 7)
    relative = settings.guide_margin_strategy == "relative"
    by_guide = (scored["guide"], settings.guide_margin, relative)
    by_judge = (scored["judge"], settings.judge_margin, False)
    plain = expected(source, scored["encoder"], settings, [])
    for name, given, judges in (
        ("guide", {"guide": guide}, [by_guide]),
        ("judge", {"judge": judge}, [by_judge]),
        ("both", {"guide": guide, "judge": judge}, [by_guide, by_judge]),
    ):
        found = mine(source, encoder, tmp_path / f"{name}.jsonl", settings, **given)
        mined = from_jsonl(tmp_path / f"{name}.jsonl")
        negatives = {
            row.parallel_id: {lang: list(some) for lang, some in row.negatives.items()}
            for row in mined
            if row.negatives
        }
        assert negatives == expected(source, scored["encoder"], settings, judges)
        assert negatives != plain
        assert found.left_out.keys() == given.keys()
        assert all(count > 0 for count in found.left_out.values())


def test_who_judged_is_part_of_what_was_asked(source: Source, encoder: Encoder, guide: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "mined.jsonl"

    def mined(**given: Encoder) -> Mined:
        return mine(source, encoder, path, MiningSettings(depth=14, guide_margin=0.01), **given)

    first = mined(guide=guide)
    with pytest.warns(AlreadyDone):
        assert mined(guide=guide) == first
    with pytest.raises(UserError, match="holds a finished result of other settings"):
        mined()
    with pytest.raises(UserError, match=r"other settings \(guide weights was "):
        mined(guide=encoder)


def test_a_judge_must_be_a_cross_encoder_and_a_strategy_known(tiny: Path) -> None:
    with pytest.raises(UserError, match=r"is no cross-encoder: its config\.json names no architecture that ends in"):
        CrossEncoder(tiny)
    with pytest.raises(UserError, match="unknown guide margin strategy 'percent'; known: absolute, relative"):
        MiningSettings(guide_margin_strategy="percent")  # type: ignore[arg-type]
