"""A model of a known family that is used otherwise than its authors prescribe is noticed, once, and no other is."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.families import FAMILIES, misuse
from hybrid_plugin.encoding.formats import Description
from hybrid_plugin.encoding.settings import EncoderSettings, as_prefix

Copy = Callable[[str], Path]
INSTRUCTION = "Instruct: Find the answer\nQuery: "
SENTENCE = "Represent this sentence for searching relevant passages: "


@pytest.fixture
def called(tiny: Path, tmp_path: Path) -> Copy:
    """Makes a copy of the tiny encoder under the name of another."""
    return lambda name: Path(shutil.copytree(tiny, tmp_path / name))


def said(folder: Path, **options: Any) -> list[str]:
    """The warnings of loading an encoder, without its name."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        Encoder.load(folder, **options)
    start = f"'{folder}' is used "
    assert all(str(one.message).startswith(start) for one in found)
    return [str(one.message).removeprefix(start) for one in found]


E5 = "--query-prefix 'query: ' --passage-prefix 'passage: '"


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ({}, f"without the prefixes that its authors prescribe: {E5}"),
        ({"query_prefix": "query:", "passage_prefix": "passage: "}, None),
        (
            {"query_prefix": "passage:", "passage_prefix": "query:"},
            f"with the prefixes of queries and passages swapped: {E5}",
        ),
        (
            {"query_prefix": "query:"},
            "with other prefixes than its authors prescribe: --passage-prefix 'passage: '",
        ),
        (
            {"query_prefix": "query:", "passage_prefix": "passage:", "pooling": "cls"},
            "with another pooling ('cls') than its authors prescribe: --pooling mean",
        ),
        (
            {"pooling": "last"},
            "without the prefixes that its authors prescribe and with another pooling ('last') than its authors "
            f"prescribe: {E5} --pooling mean",
        ),
    ],
)
def test_e5_wants_its_prefixes_and_mean_pooling(called: Copy, options: dict[str, str], warning: str | None) -> None:
    assert said(called("multilingual-e5-small"), **options) == ([] if warning is None else [warning])


def test_the_tiny_encoder_and_others_of_no_family_are_free(called: Copy) -> None:
    for name in ("tiny", "e5-hybrid", "my-e5-small-tuned", "xlm-roberta-base"):
        assert said(called(name), query_prefix="Query:") == []


def test_a_model_is_known_by_where_it_lies_and_by_what_it_was_made_as(
    called: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = called("e5-base")
    for path in (
        tmp_path / "hub" / "models--intfloat--multilingual-e5-base" / "snapshots" / "0a1b2c",
        tmp_path / "intfloat_e5-large-v2",
        tmp_path / "models" / "Multilingual-E5-Large",
    ):
        shutil.copytree(folder, path)
        assert len(said(path)) == 1
    (tmp_path / "link").symlink_to(folder)
    assert len(said(tmp_path / "link")) == 1
    monkeypatch.chdir(folder)
    assert len(said(Path("."))) == 1
    copied = called("copied")
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "_name_or_path": "BAAI/bge-m3"}))
    assert said(copied) == ["with another pooling ('mean') than its authors prescribe: --pooling cls"]


def test_the_record_of_a_checkpoint_counts(called: Copy, tmp_path: Path) -> None:
    folder = tmp_path / "e5-small"
    Encoder.load(called("base"), query_prefix="Frage:", pooling="cls").save(folder)
    assert said(folder) == said(folder, passage_prefix="Absatz:") == []


def test_the_files_of_sentence_transformers_count_where_they_say_anything(called: Copy, tmp_path: Path) -> None:
    def made(name: str, **settings: Any) -> Path:
        Encoder.load(called(f"base-of-{name}"), **settings).save(tmp_path / name)
        (tmp_path / name / "hybrid_ir.json").unlink()
        return tmp_path / name

    assert said(made("bge-small-en", query_prefix="find:", pooling="last")) == []
    assert said(tmp_path / "bge-small-en", query_prefix=SENTENCE) == []
    assert said(tmp_path / "bge-small-en", query_prefix="", pooling="mean") == [
        "without the prefix that its authors prescribe and with another pooling ('mean') than its authors prescribe: "
        f"--query-prefix '{SENTENCE}' --pooling cls"
    ]
    assert said(made("e5-large")) == [f"without the prefixes that its authors prescribe: {E5}"]  # they say no prompts


@pytest.mark.parametrize(
    ("name", "pooling", "query", "passage"),
    [
        ("intfloat/multilingual-e5-large", "mean", "query: ", "passage: "),
        ("intfloat/e5-base-v2", "mean", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "mean", INSTRUCTION, ""),
        ("Qwen/Qwen3-Embedding-0.6B", "last", INSTRUCTION, ""),
        ("BAAI/bge-base-en-v1.5", "cls", SENTENCE, ""),
        ("BAAI/bge-m3", "cls", "", ""),
        ("Alibaba-NLP/gte-multilingual-base", "cls", "", ""),
        ("thenlper/gte-large", "mean", "", ""),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", "cls", "query: ", ""),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", "cls", SENTENCE, ""),
        ("sentence-transformers/LaBSE", "cls", "", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "mean", "search_query: ", "search_document: "),
        ("google/embeddinggemma-300m", "mean", "task: search result | query: ", "title: none | text: "),
        ("jinaai/jina-embeddings-v2-base-de", "mean", "", ""),
        ("mixedbread-ai/mxbai-embed-large-v1", "cls", SENTENCE, ""),
        ("facebook/mcontriever-msmarco", "mean", "", ""),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "mean", "", ""),
    ],
)
def test_each_family_has_what_its_authors_prescribe(name: str, pooling: Any, query: str, passage: str) -> None:
    plain = Description()
    assert misuse(name, plain, EncoderSettings(pooling, query, passage)) is None
    other = "cls" if pooling == "mean" else "mean"
    assert f"--pooling {pooling}" in str(misuse(name, plain, EncoderSettings(other, query, passage)))  # type: ignore[arg-type]
    if not query:
        assert misuse(name, plain, EncoderSettings(pooling, "query: ")) == (
            f"'{name}' is used with prefixes, where its authors prescribe none: --query-prefix ''"
        )
    else:
        unused = misuse(name, plain, EncoderSettings(pooling))
        assert unused is not None
        assert "\n" not in unused
        assert unused.startswith(f"'{name}' is used without the prefix{'es' if passage else ''} that its authors ")
        assert "swapped" in str(misuse(name, plain, EncoderSettings(pooling, passage, query)))


def test_what_is_prescribed_is_said_as_an_option_takes_it() -> None:
    for family in FAMILIES:
        for prefix in (family.query, family.passage):
            assert prefix == prefix.strip()
            assert as_prefix(prefix) in ("", f"{prefix} ")
