"""From sources to checkpoints: mine, train, sweep, card."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hybrid_plugin import encoding, evaluation, training
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import Assignments, BatchSize, Device, EncoderName, Output, Sources, watched
from hybrid_plugin.encoding.settings import EncoderOptions, ModelOptions
from hybrid_plugin.files import check_output
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings


def mine(
    *,
    source: Sources,
    encoder: EncoderName,
    output: Annotated[Path, Parameter(help="The JSON lines to write, a source again.")],
    settings: MiningSettings = MiningSettings(),
    options: EncoderOptions = EncoderOptions(),
    batch_size: BatchSize = None,
) -> None:
    """Mine hard negatives: passages that rank high for a question and do not answer it.

    Example: hybrid-ir mine --source mlqa-r --encoder e5-hybrid --max-share 0.95 --output mined.jsonl, then
    hybrid-ir train --source mined.jsonl --negatives 2 ...
    """
    pairs = training.pooled(training.load_sources(source))
    loaded = encoding.Encoder.load(encoder, options)
    found = training.mine(pairs, loaded, output, settings, batch_size=batch_size, progress=watched())
    print(f"{output}: {found.negatives} negatives for {found.rows_with_negatives} of {found.rows} rows")


def train(
    *,
    source: Sources,
    model: Annotated[str, Parameter(help="Where to start: a checkpoint, a Hugging Face folder or a name on the hub.")],
    output: Output,
    settings: TrainingSettings = TrainingSettings(),
    validation: ValidationSettings = ValidationSettings(),
    options: ModelOptions = ModelOptions(),
    recipe: Annotated[Path | None, Parameter(help="A YAML file with any of these options: batch_size: 32.")] = None,
    source_weight: Annotated[Assignments | None, Parameter(show=False)] = None,
) -> None:
    """Train an encoder on parallel pairs with monolingual, cross-lingual or hybrid batches.

    Example: hybrid-ir train --source mlqa-r --model intfloat/multilingual-e5-small --query-prefix query:
    --passage-prefix passage: --strategy hybrid --steps 200 --batch-size 32 --output e5-hybrid

    A run that was interrupted goes on when the same command is given again.

    Several processes: torchrun --nproc-per-node=8 -m hybrid_plugin.cli train ...
    """
    if source_weight:
        warnings.warn("--source-weight is called --source-weights now; the old name goes with 0.3", stacklevel=2)
        settings = TrainingSettings.of(**flatten(settings) | {"source_weights": source_weight})
    check_output(output, encoding.RECORD)  # before the minutes that loading may take
    sources = training.load_sources(source)
    judged = training.load_validation(validation, settings, evaluation.evaluate)
    start = encoding.Encoder.load(model, EncoderOptions(**vars(options)))
    training.train(start, sources, output, settings, validation=judged, progress=True)
    if os.environ.get("RANK", "0") == "0":  # of several processes, one speaks
        print(f"checkpoint: {output}")


def sweep(
    file: Annotated[Path, Parameter(help="The grid, in YAML; see docs/training.md.")],
    /,
    *,
    output: Output,
    set: Annotated[Assignments | None, Parameter(help="Replace a setting of the file's base.")] = None,
    device: Device = None,
) -> None:
    """Train and score a grid of settings (strategy, alpha, seed, sources, model) and collect one table.

    Given again, it goes on where it was interrupted and skips what is done.

    Example: hybrid-ir sweep docs/study.yaml --set model=./e5-small --output study
    """
    runs = training.read_sweep(file, set)
    tables.print_sweep(training.sweep(runs, output, evaluation.evaluate, progress=True, device=device))
    print(f"table: {output / 'sweep.csv'}")


def card(
    checkpoint: Annotated[Path, Parameter(help="A folder that `train` wrote.")],
    scores: Annotated[list[Path] | None, Parameter(help="Its evaluation folders.")] = None,
    /,
) -> None:
    """Write a checkpoint's model card (README.md) anew, with the scores that were measured."""
    print(training.write_card(checkpoint, scores or []))
