"""Tiny translation models, made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_plugin.training.sources.named import load_source
from tests.hybrid_plugin.training.translation.models import Vocabulary, make


@pytest.fixture(scope="session")
def questions(irds_home: Path) -> list[str]:
    """English questions of the demo collection, one long text among them."""
    rows = load_source("hybrid-demo")[::40]
    return [*(row.queries["en"] for row in rows), "The Danube is long. It flows far! Where does it end? " * 4]


@pytest.fixture(scope="session")
def model(questions: list[str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model by its name in ``models.py``."""
    folder = tmp_path_factory.mktemp("translation-models")
    texts = [text for row in load_source("hybrid-demo")[::20] for text in row.queries.values()]
    vocabulary = Vocabulary.of([*texts, *questions], folder / "sentencepiece.bpe.model")

    def find(name: str) -> Path:
        return folder / name if (folder / name).is_dir() else make(name, vocabulary, folder / name)

    return find
