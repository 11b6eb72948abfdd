"""What docs/study.md keeps of its runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hybrid_plugin import Encoder, compare, evaluate, load_benchmark
from tests.conftest import ROOT


def test_a_condensed_evaluation_has_the_figures_of_the_whole(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "tests" / "benchmarks"), *sys.path])
    from study_tables import condensed

    folders = {}
    for name, prefix in (("one", ""), ("another", "so")):
        encoder = Encoder.load(tiny, query_prefix=prefix)
        evaluate(load_benchmark("hybrid-demo"), encoder, output=tmp_path / name, measures=("AP", "RankDistance"))
        condensed(tmp_path / name, tmp_path / "kept" / name)
        folders[name] = tmp_path / "kept" / name
    size = {name: sum(file.stat().st_size for file in (tmp_path / name).rglob("*")) for name in ("one", "kept/one")}
    assert size["kept/one"] < size["one"] / 2
    whole, kept = (
        compare({name: [base / name] for name in folders}, measures=["AP", "RankDistance"], all_pairs=True).tests
        for base in (tmp_path, tmp_path / "kept")
    )
    assert list(kept["setting"]) == list(whole["setting"])
    assert kept["difference"].tolist() == pytest.approx(whole["difference"].tolist(), rel=1e-4, abs=1e-6)
    assert kept["low"].tolist() == pytest.approx(whole["low"].tolist(), rel=0.2, abs=0.02)
