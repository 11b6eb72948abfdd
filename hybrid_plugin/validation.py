"""What a training run is judged by while it runs: the loss on another source, or AP on a small benchmark."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from hybrid_plugin.benchmarks import load_benchmark
from hybrid_plugin.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import evaluate
from hybrid_plugin.loss import info_nce
from hybrid_plugin.sampling import Batches, BatchSettings
from hybrid_plugin.sources import load_source
from hybrid_plugin.training import TrainingSettings, Validation

_BATCHES = 20  # of the validation loss


def load_validation(
    name: str,
    settings: TrainingSettings,
    by: str,
    every: int,
    patience: int | None = None,
    languages: tuple[str, ...] = (),
) -> Validation:
    """A validation by name.

    Parameters
    ----------
    name : a source, for the loss; a benchmark, for AP.
    by : ``loss``, on 20 fixed monolingual batches of the training's size (the paper takes English ones), lower is
        better; or ``ap``, the mean of AP in the three settings, higher is better.
    every, patience : see :class:`~hybrid_plugin.training.Validation`.
    languages : only these.

    Raises
    ------
    UserError
        The name or the way is unknown, or the source cannot fill a batch.
    """
    if by == "loss":
        drawn = BatchSettings(size=settings.batch_size, only=languages)
        batches = Batches([load_source(name)], "mono", drawn, steps=_BATCHES)
        return Validation(lambda encoder: _loss(encoder, batches, settings.temperature), "loss", False, every, patience)
    if by == "ap":
        benchmark = load_benchmark(name)

        def measure(encoder: Encoder) -> Mapping[str, float]:
            figures = evaluate(benchmark, encoder, languages=languages or None).settings
            by_setting = {f"AP_{setting}": values["AP"] for setting, values in figures.items()}
            return {**by_setting, "AP": sum(by_setting.values()) / len(by_setting)}

        return Validation(measure, "AP", True, every, patience)
    raise UserError(f"unknown way to validate '{by}'; known: loss, ap")


def _loss(encoder: Encoder, batches: Batches, temperature: float) -> dict[str, float]:
    losses = []
    with torch.inference_mode():
        for batch in batches:
            queries = encoder.forward_by_length(encoder.tokenize(batch.queries, "query"))
            passages = encoder.forward_by_length(encoder.tokenize(batch.passages, "passage"))
            excluded = torch.from_numpy(batch.false_negatives()).to(queries.device)
            losses.append(info_nce(queries, passages, excluded, temperature).item())
    return {"loss": sum(losses) / len(losses)}
