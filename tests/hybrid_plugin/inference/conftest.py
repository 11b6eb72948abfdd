from __future__ import annotations

from pathlib import Path

import pytest

from tests.hybrid_plugin.inference.made_up import saved


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """A baseline, its equal, and a better system that was trained on German and Chinese."""
    return [
        saved(tmp_path / "base"),
        saved(tmp_path / "equal", seed=5),
        saved(tmp_path / "better", gain=0.1, seed=6, languages_trained_on=["de", "zh"]),
    ]
