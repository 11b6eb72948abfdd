"""Settings are declared once; flat keys, options and records follow."""

from __future__ import annotations

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.settings import build, flatten, keys
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.settings import TrainingSettings

NESTED = TrainingSettings(
    strategy="mono", batches=BatchSettings(size=8, only=("de",)), mix=SourceMix(cap=9, weights={"a": 2.0}), steps=3
)


def test_flat_keys_lead_to_the_fields_of_all_levels() -> None:
    found = keys(TrainingSettings)
    assert found["batch_size"] == ("batches", "size")
    assert found["languages"] == ("batches", "only")
    assert found["source_cap"] == ("mix", "cap")
    assert found["steps"] == ("steps",)
    assert "batches" not in found


def test_settings_come_back_from_their_flat_values() -> None:
    flat = flatten(NESTED)
    assert (flat["batch_size"], flat["languages"], flat["source_weights"]) == (8, ("de",), {"a": 2.0})
    assert build(TrainingSettings, flat) == NESTED
    assert build(TrainingSettings, flat | {"languages": ["de"]}) == NESTED  # as YAML and JSON have series
    assert TrainingSettings.of() == TrainingSettings()


def test_an_unknown_key_and_a_wrong_kind_are_refused() -> None:
    with pytest.raises(UserError, match="unknown setting 'alfa'; known: alpha, "):
        TrainingSettings.of(alfa=1)
    with pytest.raises(UserError, match="steps is 'many'; it takes a whole number"):
        TrainingSettings.of(steps="many")
    with pytest.raises(UserError, match="languages is 'de'; it takes a list"):
        TrainingSettings.of(languages="de")
    with pytest.raises(UserError, match="alpha is 2"):
        TrainingSettings.of(alpha=2)
