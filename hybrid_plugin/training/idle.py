"""Options that do nothing beside the others that were given, each said in one line.

An option counts as given where its value is another than its default. Nothing is refused: the training is the one that
was asked for, but perhaps not the one that was meant.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from hybrid_plugin.settings import flatten, keys
from hybrid_plugin.training.batches.named import strategy_kind
from hybrid_plugin.training.batches.settings import SourceMix
from hybrid_plugin.training.losses.loss import Need
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.source import Source


def say_idle(
    settings: TrainingSettings, sources: Sequence[Source], every: int | None = None, patience: int | None = None
) -> None:
    """Warn of the options of a training run that do nothing.

    Parameters
    ----------
    every, patience : of its validation, if it has one.
    """
    needs = Objective(settings.loss, settings.temperature).needs
    found = (_of_batches(settings, sources, needs), _of_losses(settings, sources, needs))
    say(chain(*found, _of_steps(settings, every, patience)))


def say(found: Iterable[tuple[str, str]]) -> None:
    """Warn of some options, each with the end of a sentence that says why it does nothing."""
    for key, why in found:
        # From this line always, so that Python says the same but once, before a sweep and in its runs.
        warnings.warn(f"--{key.replace('_', '-')} does nothing {why}", stacklevel=1)


def given(settings: Any) -> Mapping[str, Any]:
    """The values that are no defaults, by flat key."""
    defaults = flatten(type(settings)())
    return {key: value for key, value in flatten(settings).items() if value != defaults[key]}


def _of_batches(
    settings: TrainingSettings, sources: Sequence[Source], needs: frozenset[Need]
) -> Iterator[tuple[str, str]]:
    chosen, batches = given(settings), settings.batches
    ignored = strategy_kind(settings.strategy).ignored(batches)
    yield from ((key, why) for key, why in ignored.items() if key in chosen)
    if not batches.negatives and "cross_negatives" in chosen and "cross_negatives" not in ignored:
        yield "cross_negatives", "without --negatives"
    for source in sources if batches.negatives else ():
        if not source.has_negatives:
            yield "negatives", f"in '{source.name}', which has none; hybrid-ir mine finds some"
    largest = max(map(len, sources))
    if len(sources) == 1:
        yield from ((key, "with one source") for key in keys(SourceMix) if key in chosen)
    elif settings.mix.cap is not None and settings.mix.cap >= largest:
        yield "source_cap", f"above {largest}, the rows of the largest source"
    passages = 1 if "passages" in ignored else batches.passages
    texts = 1 + passages + batches.negatives + len(needs & {"parallel_queries", "parallel_passages"})
    if settings.chunk_size is not None and settings.chunk_size >= batches.size * texts:
        yield "chunk_size", "where it is not below the number of texts in a batch"


def _of_losses(
    settings: TrainingSettings, sources: Sequence[Source], needs: frozenset[Need]
) -> Iterator[tuple[str, str]]:
    chosen = given(settings)
    for place, side in enumerate(("queries", "passages")):
        several = any(len(pattern[place]) > 1 for source in sources for pattern in source.patterns)
        if f"parallel_{side}" in needs and not several:
            yield "loss", f"for parallel {side}: no source has a row with {side} in two languages"
    if not needs & {"teacher_scores", "teacher_vectors"}:
        yield from (
            (key, "without a loss that has a teacher") for key in ("teacher", "teacher_language") if key in chosen
        )
    elif "teacher_vectors" not in needs and "teacher_language" in chosen:
        yield "teacher_language", "without the loss distill_vectors"
    if "teacher_scores" not in needs and "teacher_temperature" in chosen:
        yield "teacher_temperature", "without a loss that has a teacher's scores"


def _of_steps(settings: TrainingSettings, every: int | None, patience: int | None) -> Iterator[tuple[str, str]]:
    steps = settings.steps
    if settings.warmup and "warmup" in given(settings):
        if not round(settings.warmup * steps):
            yield "warmup", f"where it is less than one of {steps} steps"
        elif settings.trainer.get("lr_scheduler_type") == "constant":
            yield "warmup", "with lr_scheduler_type=constant; constant_with_warmup heeds it"
    if settings.save_every and every:
        yield "save_every", "with a validation, at each of which the state is saved"
    elif settings.save_every and settings.save_every > steps:
        yield "save_every", f"above the {steps} steps"
    if every and every > steps:
        yield "validate_every", f"above the {steps} steps"
    elif every and patience and patience >= steps // every:
        yield "patience", f"with {steps // every} validations in all"
