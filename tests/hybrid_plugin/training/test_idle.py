"""Options that do nothing are said, each in one line; those that do something are not."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import pytest

from hybrid_plugin.training.idle import say_idle
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store
from hybrid_plugin.training.validation import load_validation


@pytest.fixture(scope="module")
def sources(irds_home: Any) -> list[Source]:
    """One without hard negatives, and one of which a single row has some."""
    rows = [Row(f"{i}", {"de": f"{i}?", "en": f"{i}??"}, {"de": (f"{i}!",), "en": (f"{i}!!",)}) for i in range(3000)]
    hard = [*rows[:2999], replace(rows[2999], negatives={"de": ("nein",)})]
    return [store("plain", rows), store("hard", hard)]


def said(settings: dict[str, Any], sources: list[Source], **validation: int) -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        say_idle(TrainingSettings.of(**settings), sources, **validation)
    return [str(one.message) for one in found]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": "mono", "alpha": 0.3}, "--alpha does nothing with the strategy 'mono'"),
        ({"strategy": "cross", "alpha": 0.3}, "--alpha does nothing with the strategy 'cross'"),
        ({"strategy": "cross", "alpha_end": 1}, "--alpha-end does nothing with the strategy 'cross'"),
        ({"strategy": "cross", "mono_languages": "size"}, "--mono-languages does nothing with the strategy 'cross'"),
        ({"strategy": "mono", "cross_languages": "one"}, "--cross-languages does nothing with the strategy 'mono'"),
        ({"alpha": 1, "cross_languages": "one"}, "--cross-languages does nothing where alpha is 1"),
        ({"alpha": 0, "mono_languages": "size"}, "--mono-languages does nothing where alpha is 0"),
        ({"negatives": 2}, "--negatives does nothing in 'plain', which has none; hybrid-ir mine finds some"),
        ({"cross_negatives": "query"}, "--cross-negatives does nothing without --negatives"),
        ({"source_weights": {"plain": 2}}, "--source-weights does nothing with one source"),
        ({"source_exponent": 0.5}, "--source-exponent does nothing with one source"),
        ({"source_cap": 9}, "--source-cap does nothing with one source"),
        ({"chunk_size": 200}, "--chunk-size does nothing where it is not below the number of texts in a batch"),
        ({"passages": 3}, "--passages does nothing with the strategy 'hybrid'"),
        ({"teacher": "some"}, "--teacher does nothing without a loss that has a teacher"),
        ({"teacher_temperature": 1.0}, "--teacher-temperature does nothing without a loss that has a teacher's scores"),
        (
            {"loss": {"distill_kl": 1}, "teacher_language": "de"},
            "--teacher-language does nothing without the loss distill_vectors",
        ),
        ({"warmup": 0.01, "steps": 10}, "--warmup does nothing where it is less than one of 10 steps"),
        (
            {"warmup": 0.2, "trainer": {"lr_scheduler_type": "constant"}},
            "--warmup does nothing with lr_scheduler_type=constant; constant_with_warmup heeds it",
        ),
        ({"save_every": 200, "steps": 100}, "--save-every does nothing above the 100 steps"),
    ],
)
def test_what_does_nothing_is_said(sources: list[Source], settings: dict[str, Any], message: str) -> None:
    assert said(settings, sources[:1]) == [message]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"alpha": 0.3, "alpha_end": 0.9, "cross_languages": "one", "mono_languages": "size"},
        {"negatives": 2, "cross_negatives": "query", "chunk_size": 399},
        {"source_weights": {"hard": 2}, "source_exponent": 0.5, "source_cap": 2000},
        {"strategy": "mono", "warmup": 0, "save_every": 0},
        {"warmup": 0.5, "save_every": 10},
    ],
)
def test_what_does_something_is_not(sources: list[Source], settings: dict[str, Any]) -> None:
    several = [sources[1], store("more", sources[1][1000:])] if "source_weights" in settings else sources[1:]
    assert said(settings, several) == []


def test_a_cap_that_caps_nothing_is_said(sources: list[Source]) -> None:
    assert said({"source_cap": 3000}, sources) == [
        "--source-cap does nothing above 3000, the rows of the largest source"
    ]


def test_the_options_of_a_validation_are_said(sources: list[Source]) -> None:
    settings = {"steps": 100}
    assert said(settings, sources, every=10, patience=3) == []
    assert said(settings | {"save_every": 5}, sources, every=10) == [
        "--save-every does nothing with a validation, at each of which the state is saved"
    ]
    assert said(settings, sources, every=200) == ["--validate-every does nothing above the 100 steps"]
    assert said(settings, sources, every=10, patience=10) == ["--patience does nothing with 10 validations in all"]
    asked = ValidationSettings(by="ap", languages=("en",), every=5, patience=2)
    with pytest.warns(UserWarning) as found:  # noqa: PT030 - several, looked at below
        assert load_validation(asked, TrainingSettings()) is None
    keys = ("--validate-by", "--validate-languages", "--validate-every", "--patience")
    assert [str(one.message) for one in found] == [f"{key} does nothing without --validate" for key in keys]


def test_a_loss_that_finds_nothing_is_said(irds_home: Any) -> None:
    source = store("english", [Row(f"{i}", {"en": f"{i}??"}, {"en": (f"{i}!!",)}) for i in range(20)])
    losses = {"info_nce": 1, "align_queries": 1, "align_passages": 1}
    assert said({"loss": losses, "strategy": "mono", "batch_size": 5}, [source]) == [
        f"--loss does nothing for parallel {side}: no source has a row with {side} in two languages"
        for side in ("queries", "passages")
    ]
