"""Training from start to checkpoint, safe to interrupt."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast, get_args

from transformers import EarlyStoppingCallback, PrinterCallback, set_seed

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json, remove_folder, whole_folder
from hybrid_plugin.outputs import REQUEST, say_done
from hybrid_plugin.training.arguments import check_adapters, trainer_arguments, with_adapters
from hybrid_plugin.training.batches.batches import Batches, Parallel
from hybrid_plugin.training.card import CARD, model_card
from hybrid_plugin.training.compiled import compile_blocks
from hybrid_plugin.training.idle import say_idle
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.provenance import provenance, request_of
from hybrid_plugin.training.ranks import others_alive, rank, rank_0_first, ranks, told
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.state import begun, saved_states
from hybrid_plugin.training.teacher import check_teacher, load_teacher
from hybrid_plugin.training.trainer import HybridTrainer
from hybrid_plugin.training.validation import Validation


def batches_of(sources: Sequence[Source], settings: TrainingSettings) -> Batches:
    """All batches of a training run.

    Raises
    ------
    UserError
        The strategy or a loss is unknown, or no source can fill a batch.
    """
    needs = Objective(settings.loss, settings.temperature).needs
    return Batches(
        sources,
        settings.strategy,
        settings.batches,
        steps=settings.steps,
        seed=settings.seed,
        mix=settings.mix,
        parallel=[side for side in get_args(Parallel) if f"parallel_{side}" in needs],
    )


def train(
    encoder: Encoder,
    sources: Sequence[Source],
    output: StrPath,
    settings: TrainingSettings,
    *,
    validation: Validation | None = None,
    progress: bool = False,
    overwrite: bool = False,
    recipe: str | None = None,
) -> Encoder:
    """Train an encoder and write it as a checkpoint.

    A run that was interrupted goes on from its last saved state, in ``{output}.training``, and ends with the weights
    of one that was not. Under ``torchrun`` or ``accelerate launch`` the processes share each batch.

    Parameters
    ----------
    encoder : where to start from; its weights change, and a transform of its vectors is dropped.
    output : the checkpoint's folder, written whole at the end; if it is there already, nothing is trained.
    validation : what to measure during the training, if anything.
    overwrite : train again where the output is there, and begin anew where another run was interrupted.
    recipe : that the settings come from, for the record.

    Returns
    -------
    The trained encoder.

    Raises
    ------
    UserError
        The output folder holds a checkpoint of other settings or is not ours, ``{output}.training`` belongs to another
        run, or to another process at this moment, a source cannot fill a batch, the loss is not finite, a state cannot
        be saved, or another of several processes has ended. The state saved before stays.

    Examples
    --------
    >>> trained = train(Encoder.load("xlm-roberta-base"), [load_source("mlqa-r")], Path("out"),
    ...                 TrainingSettings(strategy="hybrid", steps=1000))             # doctest: +SKIP
    """
    output = Path(output)
    batches = batches_of(sources, settings)
    work = output.with_name(f"{output.name}.training")
    check_adapters(settings.lora_rank)
    if 2 * settings.batches.size < ranks():
        raise UserError(
            f"a batch of {settings.batches.size} pairs cannot be shared by {ranks()} processes; start fewer, or use a "
            "larger batch"
        )
    with rank_0_first():
        for source in sources:
            source.prepare()
    arguments = trainer_arguments(settings, encoder.device.type == "cuda", work, validation, progress)
    if encoder.device.type == "cuda" and encoder.device != arguments.device:
        raise UserError(
            f"'{encoder.name}' is on {encoder.device}, but is trained on {arguments.device}; choose the card by "
            f"CUDA_VISIBLE_DEVICES={encoder.device.index}, without --device"
        )
    objective, teacher = Objective(settings.loss, settings.temperature), load_teacher(encoder, settings)
    objective.check(encoder.dimension)
    check_teacher(objective.needs, encoder, teacher, sources)
    request = request_of(encoder, sources, settings, validation, teacher)
    with ExitStack() as held:
        start = told(lambda: held.enter_context(begun(output, work, request, overwrite)))
        if start.done:
            if rank() == 0:
                say_done(output)
            return Encoder.load(
                output, device=str(encoder.device), precision=encoder.precision, runtime=encoder.runtime
            )
        if rank() == 0:
            every, patience = (None, None) if validation is None else (validation.every, validation.patience)
            say_idle(settings, sources, every, patience)
            if start.step:
                warnings.warn(f"the run in {work} was interrupted; it goes on from step {start.step}", stacklevel=2)
            if encoder.transform is not None:
                warnings.warn(
                    f"training drops the transform of '{encoder.name}', which was fitted on its vectors as they are; "
                    "fit another on those of the checkpoint",
                    stacklevel=2,
                )
        record = provenance(encoder, sources, settings, teacher) | {REQUEST: request}
        if recipe is not None:
            record["recipe"] = recipe
        encoder.transform = None
        set_seed(settings.seed)
        if settings.lora_rank:
            encoder.model = with_adapters(encoder.model, settings.lora_rank)
        if settings.compile:
            compile_blocks(encoder.model)
        trainer = HybridTrainer(
            encoder, batches, settings, teacher=teacher, validation=validation, first=start.step, args=arguments
        )
        if not progress or rank() > 0:
            trainer.remove_callback(PrinterCallback)
        if validation is not None and validation.patience:
            trainer.add_callback(EarlyStoppingCallback(validation.patience))
        try:
            with encoder.on_threads():
                trainer.train(resume_from_checkpoint=None if start.state is None else str(start.state))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_kept(work, settings)) from None
        with others_alive():
            trainer.accelerator.wait_for_everyone()  # nobody reads a state any more
        if settings.lora_rank:
            encoder.model = cast(Any, encoder.model).merge_and_unload()
        encoder.model.eval()
        encoder.record = record | {
            "steps_done": trainer.state.global_step,
            "seconds_per_step": round(trainer.seconds / max(1, trainer.state.global_step - start.step), 4),
        }
        if validation is not None:
            figure = f"eval_{validation.best_by}"
            encoder.record["validation"] = [entry for entry in trainer.state.log_history if figure in entry]
        told(lambda: _write(encoder, output, work))
    with others_alive():
        trainer.accelerator.wait_for_everyone()  # rank 0 may have the store by which the others are told
    return encoder


def _write(encoder: Encoder, output: Path, work: Path) -> None:
    """Write the checkpoint; what was saved on the way is not needed any more."""
    with whole_folder(output, RECORD) as staging:
        encoder.save(staging, encoder.record)
        (staging / CARD).write_text(model_card(read_json(staging / RECORD)), encoding="utf-8")
    remove_folder(work)


def _kept(work: Path, settings: TrainingSettings) -> str:
    """What remains of a run that is interrupted."""
    states = saved_states(work)
    if states:
        step = states[-1].name.rsplit("-", 1)[1]
        return f"the state of step {step} of {settings.steps} is kept in {work}; the same command goes on from there"
    return "no state was saved yet, so the same command begins anew; --save-every N saves one every N steps"
