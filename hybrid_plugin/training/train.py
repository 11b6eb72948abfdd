"""Training from start to checkpoint, safe to interrupt."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from transformers import EarlyStoppingCallback, PrinterCallback, set_seed

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.files import StrPath, check_output, read_json, whole_folder
from hybrid_plugin.outputs import REQUEST, folder_is_done, say_done
from hybrid_plugin.training.arguments import check_adapters, trainer_arguments, with_adapters
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.card import CARD, model_card
from hybrid_plugin.training.idle import say_idle
from hybrid_plugin.training.provenance import provenance, request_of
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.state import last_state, saved_states
from hybrid_plugin.training.trainer import HybridTrainer
from hybrid_plugin.training.validation import Validation


def batches_of(sources: Sequence[Source], settings: TrainingSettings) -> Batches:
    """All batches of a training run.

    Raises
    ------
    UserError
        The strategy is unknown, or a source cannot fill a batch.
    """
    return Batches(
        sources, settings.strategy, settings.batches, steps=settings.steps, seed=settings.seed, mix=settings.mix
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
        run, a source cannot fill a batch, the loss is not finite, or a state cannot be saved. The state saved before
        stays.

    Examples
    --------
    >>> trained = train(Encoder.load("xlm-roberta-base"), [load_source("mlqa-r")], Path("out"),
    ...                 TrainingSettings(strategy="hybrid", steps=1000))             # doctest: +SKIP
    """
    output = Path(output)
    check_output(output, RECORD)
    batches = batches_of(sources, settings)
    work = output.with_name(f"{output.name}.training")
    check_adapters(settings.lora_rank)
    arguments = trainer_arguments(settings, encoder.device.type == "cuda", work, validation, progress)
    request = request_of(encoder, sources, settings, validation)
    if folder_is_done(output, RECORD, request, overwrite):
        if arguments.should_log:
            say_done(output)
        return Encoder.load(output, device=str(encoder.device), precision=encoder.precision)
    if arguments.should_log:
        every, patience = (None, None) if validation is None else (validation.every, validation.patience)
        say_idle(settings, sources, every, patience)
    record = provenance(encoder, sources, settings) | {REQUEST: request}
    if recipe is not None:
        record["recipe"] = recipe
    with arguments.main_process_first(local=False):
        state = last_state(work, request, overwrite)
    first = 0 if state is None else int(read_json(state / "trainer_state.json")["global_step"])
    if first and arguments.should_log:
        warnings.warn(f"the run in {work} was interrupted; it goes on from step {first}", stacklevel=2)
    if encoder.transform is not None:
        warnings.warn(
            f"training drops the transform of '{encoder.name}', which was fitted on its vectors as they are; fit "
            "another on those of the checkpoint",
            stacklevel=2,
        )
        encoder.transform = None
    set_seed(settings.seed)
    if settings.lora_rank:
        encoder.model = with_adapters(encoder.model, settings.lora_rank)
    if settings.compile:
        encoder.model.compile(dynamic=True)
    trainer = HybridTrainer(encoder, batches, settings, validation, first, args=arguments)
    if not progress or not arguments.should_log:
        trainer.remove_callback(PrinterCallback)
    if validation is not None and validation.patience:
        trainer.add_callback(EarlyStoppingCallback(validation.patience))
    try:
        with encoder.on_threads():
            trainer.train(resume_from_checkpoint=None if state is None else str(state))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(work, settings)) from None
    if settings.lora_rank:
        encoder.model = cast(Any, encoder.model).merge_and_unload()
    encoder.model.eval()
    encoder.record = record | {
        "steps_done": trainer.state.global_step,
        "seconds_per_step": round(trainer.seconds / max(1, trainer.state.global_step - first), 4),
    }
    if validation is not None:
        figure = f"eval_{validation.best_by}"
        encoder.record["validation"] = [entry for entry in trainer.state.log_history if figure in entry]
    if arguments.should_save:
        with whole_folder(output, RECORD) as staging:
            encoder.save(staging, encoder.record)
            (staging / CARD).write_text(model_card(read_json(staging / RECORD)), encoding="utf-8")
        shutil.rmtree(work, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    return encoder


def _kept(work: Path, settings: TrainingSettings) -> str:
    """What remains of a run that is interrupted."""
    states = saved_states(work)
    if states:
        step = states[-1].name.rsplit("-", 1)[1]
        return f"the state of step {step} of {settings.steps} is kept in {work}; the same command goes on from there"
    return "no state was saved yet, so the same command begins anew; --save-every N saves one every N steps"
