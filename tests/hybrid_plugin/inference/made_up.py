"""Evaluation folders with made-up values: sixty questions in pairs about thirty paragraphs of ten articles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.evaluation.scores import Scores

LANGUAGES = ("de", "en", "zh")
MEASURES = ("AP", "R@1", "RankDistance")
FAST: dict[str, Any] = {"resamples": 4000, "bootstraps": 400}
HEAD: dict[str, Any] = {"benchmark": "made-up", "encoder": "m", "zero_shot": True, "depth": None}


def per_query(gain: float = 0.0, questions: int = 60, seed: int = 0) -> pd.DataFrame:
    """Values of a system in all three settings; ``gain`` is what it has over the system without. German lacks some."""
    generator = np.random.default_rng(seed)
    ease = np.random.default_rng(1).uniform(0.3, 0.6, questions)
    rows = []
    for docs in (*LANGUAGES, "multi"):
        for queries in LANGUAGES:
            for number in range(questions if queries != "de" else questions // 2):
                setting = "multi" if docs == "multi" else "mono" if docs == queries else "cross"
                value = float(np.clip(ease[number] + gain + generator.normal(0, 0.05), 0, 1))
                far = round(200 * (1 - value)) if setting == "multi" else 0
                question = f"q{number:03}"
                told = (f"{docs}/{queries}", docs, queries, setting, f"{question}_{queries}", question)
                units = (f"p{number // 2:02}", f"a{number // 6}")
                rows.append((*told, *units, value, float(value > 0.5), float(far)))
    labels = ["task", "docs", "queries", "setting", "query_id", "question", "cluster", "article"]
    return pd.DataFrame(rows, columns=[*labels, *MEASURES])


def save(folder: Path, rows: pd.DataFrame, measures: Sequence[str] = MEASURES, **about: Any) -> Path:
    """The evaluation folder of some rows."""
    Scores(rows, tuple(measures), {**HEAD, **about}).save(folder)
    return folder


def saved(folder: Path, gain: float = 0.0, seed: int = 0, **about: Any) -> Path:
    """The evaluation folder of a system."""
    return save(folder, per_query(gain, seed=seed), **about)


def truncate(folder: Path) -> None:
    path = folder / "per_query.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rewrite(rows: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        rows(pd.read_parquet(folder / "per_query.parquet")).to_parquet(folder / "per_query.parquet", index=False)

    return change
