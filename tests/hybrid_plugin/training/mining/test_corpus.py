"""Negatives from all documents of a collection, against a plain search."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import ir_datasets
import numpy as np
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseDocs, GenericDoc

from hybrid_plugin.cli.main import main
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.training.mining.mine import mine
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store

QUESTION = "Wie heißt die Hauptstadt von Frankreich?"


class Docs(BaseDocs):
    """Documents without a language."""

    def docs_iter(self) -> Iterator[GenericDoc]:
        yield GenericDoc("1", "a document")

    def docs_cls(self) -> type[GenericDoc]:
        return GenericDoc


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture(scope="module")
def source() -> Source:
    """German and English questions with their answers; one answer is a document with other blanks around it."""
    document = next(doc.text for doc in ir_datasets.load("hybrid-demo/de").docs_iter())
    rows = [
        Row(row.parallel_id, {lang: row.queries[lang] for lang in ("de", "en")}, {"de": row.passages["de"]})
        for row in load_source("hybrid-demo")[:120:10]
    ]
    rows.append(Row("shared", {"de": document}, {"de": (f" {document}\n",)}))
    return store("some", rows)


def documents() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for doc in ir_datasets.load("hybrid-demo").docs_iter():
        found.setdefault(doc.lang, []).append(doc.text.strip())
    return found


@pytest.mark.parametrize("corpus", ["hybrid-demo", "hybrid-demo/multi/de"])
def test_negatives_come_from_the_corpus_and_the_source(
    corpus: str, source: Source, encoder: Encoder, tmp_path: Path
) -> None:
    settings = MiningSettings(negatives=3, corpus=corpus)
    mine(source, encoder, tmp_path / "mined.jsonl", settings)
    pools = documents()
    own = [text.strip() for row in source for text in row.passages["de"]]
    pools["de"] = [*dict.fromkeys((*own, *pools["de"]))]
    vectors = {lang: encoder.encode(pools[lang], "passage") for lang in ("de", "en")}
    for row in from_jsonl(tmp_path / "mined.jsonl"):
        answers = {text.strip() for text in row.passages["de"]}
        assert {*row.negatives} == {*row.queries}  # in the query's language, of which the source has no English
        for lang, query in row.queries.items():
            ranked = np.argsort(-(vectors[lang] @ encoder.encode([query.strip()], "query")[0]), kind="stable")
            expected = [pools[lang][i] for i in ranked if lang != "de" or pools[lang][i] not in answers][:3]
            assert [text.strip() for text in row.negatives[lang]] == expected


def test_vectors_of_a_corpus_are_kept_beside_those_of_the_source(
    source: Source, encoder: Encoder, tmp_path: Path
) -> None:
    def computed(name: str, settings: MiningSettings) -> int:
        before = encoder.counts.texts
        mine(source, encoder, tmp_path / name, settings, vectors=tmp_path / "vectors")
        return encoder.counts.texts - before

    assert computed("own.jsonl", MiningSettings()) > 0
    assert computed("corpus.jsonl", MiningSettings(corpus="hybrid-demo")) > 0
    assert computed("deeper.jsonl", MiningSettings(corpus="hybrid-demo", depth=30)) == 0
    assert computed("again.jsonl", MiningSettings(depth=8)) == 0
    kept = sorted(path.name for path in (tmp_path / "vectors").iterdir())
    assert kept == ["de.documents", "de.passages", "de.queries", "en.documents", "en.queries"]
    with pytest.warns(AlreadyDone):
        assert computed("corpus.jsonl", MiningSettings(corpus="hybrid-demo")) == 0
    with pytest.raises(UserError, match=r"holds a finished result of other settings \(corpus"):
        computed("corpus.jsonl", MiningSettings())


def test_a_corpus_that_gives_nothing_is_refused(source: Source, encoder: Encoder, tmp_path: Path) -> None:
    def mined(corpus: str) -> None:
        mine(source, encoder, tmp_path / "mined.jsonl", MiningSettings(corpus=corpus))

    with pytest.raises(UserError, match="'hybrid-demo/zh' has documents in zh, in none of which negatives of 'some'"):
        mined("hybrid-demo/zh")
    with pytest.raises(UserError, match="unknown ir_datasets id 'nowhere'"):
        mined("nowhere")
    ir_datasets.registry.register("no-language", Dataset(Docs()))
    with pytest.raises(UserError, match="'no-language' does not say the language of its document '1'"):
        mined("no-language")
    assert not list(tmp_path.iterdir())


def test_a_corpus_and_judges_are_options(
    source: Source, tiny: Path, cross_encoder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    output, pairs = tmp_path / "mined.jsonl", tmp_path / "pairs.jsonl"
    line = {"id": "1", "queries": {"de": QUESTION}, "passages": {"de": QUESTION}}  # which no document is nearer to
    pairs.write_text(json.dumps(line), encoding="utf-8")
    words = [
        "mine", "--source", pairs, "--encoder", tiny, "--corpus", "hybrid-demo/de", "--output", output,
        "--guide", tiny, "--guide-margin", 0.01, "--guide-margin-strategy", "relative",
        "--judge", cross_encoder, "--judge-margin", -1000,
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["hybrid-ir", *map(str, words)])
    main()
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{output}: 4 negatives for 1 of 1 rows"
    assert second.startswith("left out as likely answers: guide ")
    assert second.endswith(", judge 0")
    assert len(from_jsonl(output)[0].negatives["de"]) == 4
