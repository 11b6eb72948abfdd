"""transformers' Trainer with our batches and our losses, on one process or several."""

from __future__ import annotations

import math
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from transformers import Trainer
from transformers.trainer_callback import ExportableState

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.training.ahead import Ahead, Steps
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.prepared import Preparation, PreparedBatch
from hybrid_plugin.training.ranks import others_alive, rank, ranks, told
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.state import WHOLE, saved_states
from hybrid_plugin.training.teacher import load_teacher
from hybrid_plugin.training.tower import TrainingTower
from hybrid_plugin.training.validation import Validation


class HybridTrainer(Trainer):
    """A Trainer whose data loader yields whole batches and whose loss is over all of their texts.

    Every process draws the same batch and encodes its part of it; the vectors are gathered, so that every process
    has the loss of the whole batch, and its gradients for the texts that it has encoded itself. What is written is
    written by rank 0.

    Parameters
    ----------
    teacher : that the losses learn from, if they do.
    validation : of :meth:`evaluate`.
    first : the step to go on from.
    kwargs : as Trainer takes them.
    """

    def __init__(
        self,
        encoder: Encoder,
        batches: Batches,
        settings: TrainingSettings,
        *,
        teacher: Encoder | None = None,
        validation: Validation | None = None,
        first: int = 0,
        **kwargs: Any,
    ):
        # Trainer wants to see some data for its evaluations, which are ours.
        kwargs["eval_dataset"] = None if validation is None else batches
        super().__init__(model=TrainingTower(encoder, settings.chunk_size), **kwargs)
        self._encoder, self._settings, self._validation = encoder, settings, validation
        self._objective, self._teacher = Objective(settings.loss, settings.temperature), teacher
        prepare = Preparation(encoder, self._objective.needs, settings.loss)
        self._batches = Ahead(Steps(batches, prepare, first), self.args.dataloader_num_workers)
        self._rows = batches.rows
        self._losses: dict[str, list[float]] = {}
        self.seconds = 0.0  # of all steps so far, without validations
        self._since: float | None = None  # when the steps not yet counted in it began
        self._counted = first

    def get_train_dataloader(self) -> Ahead:
        return self._batches

    def floating_point_ops(self, inputs: Any) -> int:
        return 0  # Trainer would look for input_ids, of which a batch has two

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        if self._since is None:
            self._since = time.monotonic()
        model.train()
        # So that dropout, too, depends on the settings, the seed and the step alone, and differs among processes.
        step = [self._settings.seed, self.state.global_step, rank()]
        torch.manual_seed(int(np.random.SeedSequence(step).generate_state(1, np.uint64)[0]))
        batch: PreparedBatch = inputs["batch"]
        terms = self._objective.terms(batch.encoded(model(batch.tokens), self._teacher))
        each = torch.stack([*terms.values()])
        loss, values = each.sum(), dict(zip(terms, each.tolist(), strict=True))
        self._check_finite(values, batch)
        self._losses.setdefault(batch.kind, []).append(sum(values.values()))
        for name, value in values.items() if len(values) > 1 else ():
            self._losses.setdefault(f"of_{name}", []).append(value)
        # The gradients of all processes are averaged, but each has only its own texts' part of the sum.
        with others_alive():
            self.accelerator.backward(loss * ranks())
        return loss.detach()

    def _check_finite(self, losses: dict[str, float], batch: PreparedBatch) -> None:
        for name, value in losses.items():
            if not math.isfinite(value):
                which = f" {name}" if len(losses) > 1 else ""
                raise UserError(
                    f"the loss{which} at step {self.state.global_step + 1} is {value}, for a {batch.kind} batch of the "
                    f"rows {', '.join(batch.ids[:5])}{' ...' if batch.ids[5:] else ''}; "
                    "use a lower learning rate or a higher temperature"
                )

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        assert self._validation is not None
        began = time.monotonic()
        self._batches.settle()
        self._encoder.model.eval()
        found = self._validation.measure(self._encoder)
        metrics = told(lambda: {f"eval_{name}": float(value) for name, value in found.items()})
        if self._since is not None:
            self._since += time.monotonic() - began
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        pairs = self._settings.batches.size
        # Trainer takes each batch for one sample of an epoch that begins where the run goes on.
        self.state.epoch = round(self.state.global_step * pairs / self._rows, 4)
        steps, seconds = self._lap()
        if "loss" in logs:
            for kind, values in self._losses.items():
                logs[f"loss_{kind}"] = round(sum(values) / len(values), 4)
            self._losses.clear()
            logs["step"] = self.state.global_step
            if seconds:
                logs["pairs_per_second"] = round(steps * pairs / seconds, 1)
        for name in ("train_samples_per_second", "total_flos"):
            logs.pop(name, None)
        super().log(logs, *args, **kwargs)

    def _lap(self) -> tuple[int, float]:
        """The steps since the last call, and the seconds that they took; counts them."""
        now = time.monotonic()
        steps, seconds = self.state.global_step - self._counted, now - (now if self._since is None else self._since)
        self._counted, self._since = self.state.global_step, now
        self.seconds += seconds
        return steps, seconds

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(str(output_dir or self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self._encoder.model, str(folder / "model.safetensors"))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_model(self._encoder.model, Path(resume_from_checkpoint) / "model.safetensors")

    def _load_best_model(self) -> None:
        if self.state.best_model_checkpoint:
            self._load_from_checkpoint(self.state.best_model_checkpoint)

    def _save_rng_state(self, output_dir: str) -> None:
        """Nothing: each step has a seed of its own."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        if self.state.best_global_step:
            best = folder.with_name(f"checkpoint-{self.state.best_global_step}")
            self.state.best_model_checkpoint = str(best)
        told(lambda: self._write_state(folder))

    def _write_state(self, folder: Path) -> None:
        """Save the state of this step, whole, and remove those before it that are not the best."""
        try:
            self._save(str(folder))
            if not self.args.save_only_model:
                self._save_optimizer_and_scheduler(str(folder))
                self._save_scaler(str(folder))
            parts = (*self.callback_handler.callbacks, self.control)
            now = {type(part).__name__: part.state() for part in parts if isinstance(part, ExportableState)}
            self.state.stateful_callbacks = {**self.state.stateful_callbacks, **now}  # type: ignore[assignment,dict-item]
            self.state.save_to_json(str(folder / "trainer_state.json"))
            (folder / WHOLE).touch()
        except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors have their own of a full disk
            shutil.rmtree(folder, ignore_errors=True)
            reason = str(error).strip().split("\n")[0]
            raise UserError(
                f"cannot save step {self.state.global_step} in {folder.parent}: {reason}; "
                "the state saved before it is kept, and the same command goes on from there"
            ) from error
        for older in saved_states(folder.parent):
            if str(older) not in (str(folder), self.state.best_model_checkpoint):
                shutil.rmtree(older)


def seconds_of_step(encoder: Encoder, batches: Batches, settings: TrainingSettings) -> float:
    """About how long a step of the training takes: the second of two, with gradients and without an update."""
    tower = TrainingTower(encoder, settings.chunk_size).train()
    objective, teacher = Objective(settings.loss, settings.temperature), load_teacher(encoder, settings)
    prepare = Preparation(encoder, objective.needs, settings.loss)
    began = 0.0
    for batch in (batches[0], batches[0]):
        began = time.monotonic()
        ready = prepare(batch)
        objective(ready.encoded(tower(ready.tokens), teacher)).backward()
    return time.monotonic() - began
