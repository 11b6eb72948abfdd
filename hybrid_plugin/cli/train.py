"""From sources to checkpoints: mine, train, sweep, card."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hybrid_plugin import encoding, evaluation, training
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import (
    Assignments,
    Device,
    EncoderName,
    Json,
    Output,
    Overwrite,
    Sources,
    watched,
)
from hybrid_plugin.encoding.settings import EncoderOptions, ModelOptions
from hybrid_plugin.files import check_output
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings

recipes = App(name="recipes", help="Recipes that come with the package: list them, print one to copy.")


def mine(
    *,
    source: Sources,
    encoder: EncoderName,
    output: Annotated[Path, Parameter(help="The JSON lines to write, a source again.")],
    settings: MiningSettings = MiningSettings(),
    options: EncoderOptions = EncoderOptions(),
    guide: Annotated[
        str | None,
        Parameter(
            help="Another encoder, as --encoder takes it; what it finds more similar to a question than its answer is "
            "left out."
        ),
    ] = None,
    judge: Annotated[
        str | None,
        Parameter(help="A cross-encoder with one label; what it scores above a question's answer is left out."),
    ] = None,
    vectors: Annotated[
        Path | None,
        Parameter(
            help="A folder to keep the source's vectors in, and to take them from: mining again with other settings "
            "encodes nothing, and what was killed goes on."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Mine hard negatives: passages that rank high for a question and do not answer it.

    For example, and what comes after it:

        hybrid-ir mine --source mlqa-r --encoder e5-hybrid --max-share 0.95 --output mined.jsonl
        hybrid-ir train --source mined.jsonl --negatives 2 --model e5-hybrid --output e5-negatives

    Among all documents of a collection, with a cross-encoder as judge:

        hybrid-ir mine --source miracl/sw/train --corpus miracl/sw --encoder e5-hybrid --output mined.jsonl \\
            --judge BAAI/bge-reranker-v2-m3
    """
    pairs = training.pooled(training.load_sources(source))
    loaded = encoding.Encoder.load(encoder, options)
    likewise = EncoderOptions(
        device=options.device,
        threads=options.threads,
        allow_pickle=options.allow_pickle,
        trust_remote_code=options.trust_remote_code,
    )
    found = training.mine(
        pairs,
        loaded,
        output,
        settings,
        guide=None if guide is None else encoding.Encoder.load(guide, likewise),
        judge=None if judge is None else training.CrossEncoder(judge, likewise),
        vectors=vectors,
        progress=watched(),
        overwrite=overwrite,
    )
    print(f"{output}: {found.negatives} negatives for {found.rows_with_negatives} of {found.rows} rows")
    if found.left_out:
        reasons = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in found.left_out.items())
        print(f"left out as likely answers: {reasons}")


def train(
    *,
    source: Sources,
    model: Annotated[str, Parameter(help="Where to start: a checkpoint, a Hugging Face folder or a name on the hub.")],
    output: Output,
    settings: TrainingSettings = TrainingSettings(),
    validation: ValidationSettings = ValidationSettings(),
    options: ModelOptions = ModelOptions(),
    recipe: Annotated[
        str | None,
        Parameter(help="A YAML file with any of these options, or one that is built in; see: hybrid-ir recipes list"),
    ] = None,
    dry_run: Annotated[bool, Parameter(help="Say what would be trained on what, and what is missing.")] = False,
    overwrite: Overwrite = False,
    source_weight: Annotated[Assignments | None, Parameter(show=False)] = None,
) -> None:
    """Train an encoder on parallel pairs with monolingual, cross-lingual or hybrid batches.

    For example:

        hybrid-ir train --source mlqa-r --model intfloat/multilingual-e5-small \\
            --query-prefix query: --passage-prefix passage: \\
            --strategy hybrid --steps 200 --batch-size 32 --output e5-hybrid

        hybrid-ir train --recipe paper --output paper --dry-run

    A run that was interrupted goes on when the same command is given again. On several GPUs, with the same options:

        torchrun --nproc-per-node=8 -m hybrid_plugin.cli train ...
    """
    if source_weight:
        warnings.warn("--source-weight is called --source-weights now; the old name goes with 0.3", stacklevel=2)
        settings = TrainingSettings.of(**flatten(settings) | {"source_weights": source_weight})
    if not _speaks():
        warnings.simplefilter("ignore")  # which rank 0 gives
    with training.rank_0_first():
        if _speaks():
            check_output(output, encoding.RECORD)  # before the minutes that loading may take
        if recipe or dry_run:
            expected = training.prospects(source, settings.batches.only)
            judge = [validation.name] if validation.name is not None and validation.by == "loss" else []
            judging = training.prospects(judge, validation.languages)
            if _speaks():
                if recipe:
                    print(f"recipe: {training.find_recipe(recipe)}")
                print(f"model: {model}, {'here' if training.model_is_here(model) else 'to be downloaded'}")
                tables.print_options([options, settings, validation])
                shares = [] if any(one.rows is None for one in expected) else settings.mix.shares(expected)
                tables.print_prospects(expected, shares, judging)
            if dry_run:
                return
            training.check_prospects([*expected, *judging])
        sources = training.load_sources(source)
        judged = training.load_validation(validation, settings, evaluation.evaluate)
        start = encoding.Encoder.load(model, EncoderOptions(**vars(options)))
    training.train(
        start, sources, output, settings, validation=judged, progress=True, overwrite=overwrite, recipe=recipe
    )
    if _speaks():
        print(f"checkpoint: {output}")


def _speaks() -> bool:
    """Whether this process is the one of several that prints."""
    return os.environ.get("RANK", "0") == "0"


@recipes.command(name="list")
def list_recipes(*, json: Json = False) -> Any:
    """The recipes that `train --recipe NAME` knows."""
    found = {name: training.recipe_line(path) for name, path in training.recipes().items()}
    if json:
        return [{"name": name, "description": line} for name, line in found.items()]
    tables.print_descriptions("recipe", found)
    return None


@recipes.command(name="show")
def show_recipe(name: Annotated[str, Parameter(help="As `recipes list` has it.")], /) -> None:
    """Print a recipe, to copy and change.

    For example:

        hybrid-ir recipes show paper > mine.yaml
    """
    print(training.find_recipe(name).read_text(encoding="utf-8"), end="")


def sweep(
    file: Annotated[Path, Parameter(help="The grid, in YAML; see docs/training.md.")],
    /,
    *,
    output: Output,
    set: Annotated[Assignments | None, Parameter(help="Replace a setting of the file's base.")] = None,
    device: Device = None,
    dry_run: Annotated[
        bool, Parameter(help="Check all runs, and list them, what of each is done, and about how long the rest takes.")
    ] = False,
    overwrite: Annotated[bool, Parameter(help="Do anew the runs that are there with other settings.")] = False,
    json: Json = False,
) -> Any:
    """Train and score a grid of settings (strategy, alpha, seed, sources, model) and collect one table.

    All runs are checked before the first one starts. Given again, it goes on where it was interrupted, skips what is
    done, and tries again what failed. With `validate` and `final` in the file, the best runs are chosen by
    validation, and these alone are scored in the end.

    For example:

        hybrid-ir sweep docs/study.yaml --set model=./e5-small --output study
    """
    runs = training.read_sweep(file, set)
    if dry_run:
        planned = training.plan(runs, output, device=device, overwrite=overwrite, fetch=False)
        found = training.times(planned, device=device)
        if not json:
            tables.print_plan(found)
        return tables.records(found) if json else None
    try:
        found = training.sweep(runs, output, evaluation.evaluate, progress=True, device=device, overwrite=overwrite)
    except training.SweepFailed as failed:
        if len(failed.table):
            tables.print_sweep(failed.table)
        raise
    if json:
        return tables.records(found)
    tables.print_sweep(found)
    print(f"table: {output / 'sweep.csv'}")
    return None


def card(
    checkpoint: Annotated[Path, Parameter(help="A folder that `train` wrote.")],
    scores: Annotated[list[Path] | None, Parameter(help="Its evaluation folders.")] = None,
    /,
) -> None:
    """Write a checkpoint's model card (README.md) anew, with the scores that were measured."""
    print(training.write_card(checkpoint, scores or []))
