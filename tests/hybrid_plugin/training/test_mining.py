"""Mining hard negatives, against a plain reference; what answers a question is never among them."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.mining.mine import mine, pooled
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store
from tests.conftest import run_cli

LANGUAGES = ("de", "en", "zh")


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module")
def source() -> Source:
    """Questions of the demo collection, in some languages on either side; some share an answer."""
    demo = load_source("hybrid-demo")[:40]
    rng = np.random.default_rng(0)
    rows = []
    for i, row in enumerate(demo):
        asked, answered = (rng.choice(LANGUAGES, rng.integers(1, 4), replace=False) for _ in range(2))
        passages = {str(lang): row.passages[lang] for lang in answered}
        if i % 10 == 0 and i:
            passages["en"] = (*passages.get("en", ()), demo[i - 1].passages["en"][0])
        rows.append(Row(row.parallel_id, {str(lang): row.queries[lang] for lang in asked}, passages))
    return store("some", rows)


@dataclass
class Reference:
    """Mining without blocks, files or indexes."""

    source: Source
    encoder: Encoder

    def __post_init__(self) -> None:
        rows = self.rows = list(self.source)
        self.pool = {
            lang: list(dict.fromkeys(one for row in rows for one in row.passages.get(lang, ()))) for lang in LANGUAGES
        }
        self.vectors = {lang: self.encoder.encode(texts, "passage") for lang, texts in self.pool.items()}

        self.queries = {
            lang: self.encoder.encode([row.queries.get(lang, "-") for row in rows], "query") for lang in LANGUAGES
        }

    def answers(self, row: Row) -> set[tuple[str, str]]:
        own = [{(lang, one) for lang, found in other.passages.items() for one in found} for other in self.rows]
        return set().union(*(some for some in own if some & own[self.rows.index(row)]))

    def mined(self, row: Row, settings: MiningSettings) -> dict[str, list[str]]:
        result: dict[str, list[str]] = {}
        answers = self.answers(row)
        for query_lang in sorted(row.queries):
            query = self.queries[query_lang][self.rows.index(row)]
            scores = {lang: vectors @ query for lang, vectors in self.vectors.items()}
            best = {
                lang: max(scores[lang][self.pool[lang].index(one)] for one in found)
                for lang, found in row.passages.items()
            }
            for lang in LANGUAGES:
                if settings.languages != "both" and (lang == query_lang) != (settings.languages == "query"):
                    continue
                limit = (
                    np.inf if settings.max_share is None else settings.max_share * best.get(lang, max(best.values()))
                )
                ranked = np.argsort(-scores[lang], kind="stable")[: settings.depth]
                kept = [
                    self.pool[lang][i]
                    for i in ranked
                    if (lang, self.pool[lang][i]) not in answers and scores[lang][i] <= limit
                ]
                result.setdefault(lang, []).extend(kept[: settings.negatives])
        return {lang: list(dict.fromkeys(found)) for lang, found in result.items() if found}


@pytest.mark.parametrize(
    "settings",
    [
        MiningSettings(),
        MiningSettings("others", negatives=2, depth=10),
        MiningSettings("both", negatives=3, depth=5),
        MiningSettings("both", negatives=3, depth=20, max_share=0.95),
    ],
    ids=str,
)
def test_mined_negatives_are_those_of_a_plain_search(
    source: Source, encoder: Encoder, tmp_path: Path, settings: MiningSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hybrid_plugin.training.mining.search._QUERIES", 17)
    monkeypatch.setattr("hybrid_plugin.training.mining.nearest._PASSAGES", 13)
    counted = mine(source, encoder, tmp_path / "mined.jsonl", settings)
    mined = from_jsonl(tmp_path / "mined.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mined.jsonl", "mined.jsonl.json"]
    reference = Reference(source, encoder)
    for row, original in zip(mined, source, strict=True):
        assert (row.parallel_id, row.queries, row.passages) == (
            original.parallel_id,
            original.queries,
            original.passages,
        )
        expected = reference.mined(original, settings)
        assert {lang: list(found) for lang, found in row.negatives.items()} == expected
    found = [len(texts) for row in mined for texts in row.negatives.values()]
    assert counted.negatives == sum(found) > 0
    assert counted.rows == len(source)
    assert counted.rows_with_negatives == sum(bool(row.negatives) for row in mined)


def test_answers_of_rows_that_share_one_are_no_negatives(encoder: Encoder, tmp_path: Path) -> None:
    rows = [
        Row("a", {"en": "who came?"}, {"en": ("she came", "she")}),
        Row("b", {"en": "who was it?"}, {"en": ("she",), "de": ("sie",)}),
        Row("c", {"en": "when?"}, {"en": ("now",)}),
    ]
    mine(store("sharing", rows), encoder, tmp_path / "mined.jsonl", MiningSettings("both"))
    mined = {row.parallel_id: row.negatives for row in from_jsonl(tmp_path / "mined.jsonl")}
    assert mined["a"] == mined["b"] == {"en": ("now",)}
    assert {lang: set(found) for lang, found in mined["c"].items()} == {"en": {"she came", "she"}, "de": {"sie"}}


def test_training_draws_what_was_mined(encoder: Encoder, source: Source, tmp_path: Path) -> None:
    mine(source, encoder, tmp_path / "mined.jsonl", MiningSettings("both", negatives=2))
    mined = from_jsonl(tmp_path / "mined.jsonl")
    batch = Batches([mined], "cross", BatchSettings(size=8, negatives=2), steps=1)[0]
    for example in batch.examples:
        assert len(example.negatives) == 2
        assert all(text in example.row.negatives[lang] for lang, text in example.negatives)


def test_a_source_of_ids_is_mined_by_its_texts(encoder: Encoder, tmp_path: Path) -> None:
    by_id = load_source("hybrid-demo/de/en")
    mine(by_id, encoder, tmp_path / "mined.jsonl", MiningSettings("others", negatives=1))
    lines = [json.loads(line) for line in (tmp_path / "mined.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len(by_id)
    for line, row in zip(lines, by_id, strict=True):
        assert line["passages"] == {"de": [row.text("de", one) for one in row.passages["de"]]}
        assert len(line["negatives"]["de"]) == 1
        assert line["negatives"]["de"][0] not in line["passages"]["de"]


def test_a_teachers_scores_of_the_texts_that_stay_are_kept(encoder: Encoder, tmp_path: Path) -> None:
    scores = {"en": {"en": {"she": 0.5, "now": 0.25, "never": 2.0}}}
    rows = [
        Row("1", {"en": "who?"}, {"en": ("she",)}, {"en": ("now",)}, scores=scores),
        Row("2", {"en": "when?"}, {"en": ("now",)}),
    ]
    mine(store("scored", rows), encoder, tmp_path / "mined.jsonl")
    first, second = from_jsonl(tmp_path / "mined.jsonl")
    assert first.scores == {"en": {"en": {"she": 0.5, "now": 0.25}}}
    assert not second.scores


def test_several_sources_are_one_pool() -> None:
    one = store("one", [Row("1", {"en": "who?"}, {"en": ("she",)})])
    two = store("two", [Row("1", {"en": "when?"}, {"en": ("now",)}, {"en": ("then",)})])
    both = pooled([one, two])
    assert [row.parallel_id for row in both] == ["one:1", "two:1"]
    assert both[1].negatives == {"en": ("then",)}
    assert pooled([one]) is one


def test_where_everything_answers_nothing_is_written(encoder: Encoder, tmp_path: Path) -> None:
    rows = [Row(str(i), {"en": f"question {i}"}, {"en": ("the one answer",)}) for i in range(5)]
    with pytest.raises(UserError, match="no negative was found in 'same'"):
        mine(store("same", rows), encoder, tmp_path / "mined.jsonl")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"languages": "all"}, "unknown mining languages 'all'; known: query, others, both"),
        ({"negatives": 0}, "there must be at least 1 negative"),
        ({"negatives": 5, "depth": 4}, "the depth must not be below their number"),
        ({"max_share": 0.0}, "must be above 0"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        MiningSettings(**changes)


def test_mine_is_a_command_whose_output_trains(tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "mined.jsonl"
    printed = run_cli(
        "mine", "--source", "hybrid-demo/de/en", "--encoder", tiny, "--output", output,
        "--languages", "others", "--negatives", 2, "--depth", 20, "--max-share", 0.99,
    ).stdout  # fmt: skip
    mined = from_jsonl(output)
    count = sum(len(found) for row in mined for found in row.negatives.values())
    first, second = printed.splitlines()
    assert first == f"{output}: {count} negatives for {sum(bool(row.negatives) for row in mined)} of {len(mined)} rows"
    assert second.startswith("left out as likely answers: max share ")
    refused = run_cli("mine", "--source", "hybrid-demo", "--encoder", tiny, "--output", tmp_path, "--depth", 1, check=2)
    assert "the depth must not be below" in refused.stderr


def test_what_is_mined_already_is_done_and_replaced_only_when_asked(
    source: Source, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "mined.jsonl"
    first = mine(source, encoder, path, MiningSettings(negatives=2))
    with pytest.warns(AlreadyDone, match=r"mined\.jsonl is done already"):
        assert mine(source, encoder, path, MiningSettings(negatives=2)) == first
    with pytest.raises(UserError, match=r"holds a finished result of other settings \(negatives was 2, is 3\)"):
        mine(source, encoder, path, MiningSettings(negatives=3))
    assert mine(source, encoder, path, MiningSettings(negatives=3), overwrite=True).negatives > first.negatives


def test_vectors_that_are_kept_are_not_encoded_again(source: Source, encoder: Encoder, tmp_path: Path) -> None:
    def computed(name: str, settings: MiningSettings, source: Source = source, vectors: str | None = "vectors") -> int:
        before = encoder.counts.texts
        mine(source, encoder, tmp_path / name, settings, vectors=vectors and tmp_path / vectors)
        return encoder.counts.texts - before

    others = MiningSettings("others", negatives=3)
    assert computed("alone.jsonl", others, vectors=None) == computed("mined.jsonl", MiningSettings()) > 0
    assert computed("others.jsonl", others) == 0
    assert (tmp_path / "others.jsonl").read_bytes() == (tmp_path / "alone.jsonl").read_bytes()
    kept = sorted(path.name for path in (tmp_path / "vectors").iterdir())
    assert kept == [f"{lang}.{kind}" for lang in LANGUAGES for kind in ("passages", "queries")]
    path = tmp_path / "vectors" / "de.queries" / "00000.npy"
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    assert 0 < computed("again.jsonl", others) < 40
    assert path.read_bytes() == sound
    with pytest.raises(UserError, match=r"holds a finished result of other settings \(.*\); choose another folder$"):
        computed("fewer.jsonl", others, store("fewer", source[:20]))
    assert not (tmp_path / "fewer.jsonl").exists()


def test_options_of_mining_that_do_nothing_are_said(source: Source, encoder: Encoder, tmp_path: Path) -> None:
    rows = [Row(f"{i}", {"de": f"Frage {i}"}, {"de": (f"Antwort {i}",)}) for i in range(9)]
    german = store("german", rows)
    with pytest.raises(UserError, match="'german' is in 'de' alone, so it has no negatives in other languages"):
        mine(german, encoder, tmp_path / "none.jsonl", MiningSettings("others"))
    with pytest.warns(UserWarning) as said:  # noqa: PT030 - several, looked at below
        mine(german, encoder, tmp_path / "a.jsonl", MiningSettings("both", depth=50, max_share=9.0, judge_margin=1.0))
    found = " | ".join(str(one.message) for one in said)
    for message in (
        "--max-share does nothing here: no passage scores above 9.0 of a positive's score",
        "--depth does nothing where no language has more than 9 passages",
        "--languages does nothing in one language",
        "--judge-margin does nothing without --judge",
    ):
        assert message in found
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mine(source, encoder, tmp_path / "b.jsonl", MiningSettings("both", max_share=0.9))
