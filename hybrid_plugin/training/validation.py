"""What a training run is judged by while it runs: the loss on another source, or AP on a small benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.idle import given, say
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.losses.settings import LossSettings
from hybrid_plugin.training.prepared import Preparation
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.tower import Shared, TrainingTower

_BATCHES = 20  # of the validation loss


class Evaluate(Protocol):
    """:func:`hybrid_plugin.evaluate`, which training is handed: evaluation stands above it."""

    def __call__(
        self,
        benchmark: Benchmark,
        encoder: Encoder,
        output: Path | None = None,
        *,
        languages: tuple[str, ...] = (),
        measures: tuple[str, ...] = (),
        vectors: Path | None = None,
    ) -> Any: ...


@dataclass(frozen=True)
class Validation:
    """What to measure during the training, and when to stop; the best state is the one that is kept.

    Parameters
    ----------
    measure : encoder -> figures by name; called in each of several processes, of which rank 0's figures count.
    best_by : the figure to go by.
    higher_is_better : its direction.
    every : steps from one measurement to the next.
    patience : stop after so many measurements without a better one; by default never.
    about : what is measured, as JSON, by which one validation is known from another.
    """

    measure: Callable[[Encoder], Mapping[str, float]]
    best_by: str
    higher_is_better: bool
    every: int
    patience: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    __repr__ = brief


def load_validation(
    asked: ValidationSettings, settings: TrainingSettings, evaluate: Evaluate | None = None
) -> Validation | None:
    """The validation that settings ask for; None where they ask for none.

    Parameters
    ----------
    settings : of the training, whose batch size and temperature the loss is computed with.
    evaluate : :func:`hybrid_plugin.evaluate`, for AP.

    Raises
    ------
    UserError
        The name is unknown, or the source cannot fill a batch.
    """
    if asked.name is None:
        say((key, "without --validate") for key in given(asked))
        return None
    every = asked.every or max(1, settings.steps // 10)
    about = {"validate": asked.name, "validate_by": asked.by, "validate_languages": list(asked.languages)}
    if asked.by == "loss":
        drawn = BatchSettings(size=settings.batches.size, only=asked.languages)
        source = load_source(asked.name)
        source.prepare()
        batches = Batches([source], "mono", drawn, steps=_BATCHES)
        return Validation(
            lambda encoder: _loss(encoder, batches, settings), "loss", False, every, asked.patience, about
        )
    if evaluate is None:
        raise ValueError("validation by AP needs hybrid_plugin.evaluate")
    benchmark, score = load_benchmark(asked.name), evaluate

    def measure(encoder: Encoder) -> Mapping[str, float]:
        figures = score(benchmark, Shared.of(encoder), languages=asked.languages, measures=("AP",)).settings
        by_setting = {f"AP_{setting}": values["AP"] for setting, values in figures.items()}
        return {**by_setting, "AP": sum(by_setting.values()) / len(by_setting)}

    return Validation(measure, "AP", True, every, asked.patience, about)


def _loss(encoder: Encoder, batches: Batches, settings: TrainingSettings) -> dict[str, float]:
    """The mean InfoNCE of some batches, computed as training computes it."""
    losses = []
    tower, on = TrainingTower(encoder, settings.chunk_size), encoder.device.type
    objective, prepare = Objective(LossSettings(), settings.temperature), Preparation(encoder)
    precision = settings.precision_on(on)
    reduced = torch.autocast(on, getattr(torch, precision), enabled=precision != "float32")
    with torch.inference_mode(), reduced:
        for batch in map(prepare, batches):
            losses.append(objective(batch.encoded(tower(batch.tokens))).item())
    return {"loss": sum(losses) / len(losses)}
