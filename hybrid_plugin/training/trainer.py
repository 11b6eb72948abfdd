"""transformers' Trainer with our batches and our loss, on one process or several."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.losses.info_nce import info_nce
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.state import WHOLE, saved_states
from hybrid_plugin.training.validation import Validation


class _Tower(torch.nn.Module):
    """The encoder as Trainer sees it: one forward pass a batch, whatever chunks it is computed in."""

    def __init__(self, encoder: Encoder, chunk_size: int | None):
        super().__init__()
        self.model = encoder.model
        self._encode, self._chunk_size = encoder.forward_by_length, chunk_size

    def forward(self, texts: list[list[int]]) -> torch.Tensor:
        """Unit vectors [len(texts), dimension] of token ids."""
        size = self._chunk_size
        if size is None or len(texts) <= size:
            return self._encode(texts)
        chunks = [texts[start : start + size] for start in range(0, len(texts), size)]
        return torch.cat([checkpoint(self._encode, chunk, use_reentrant=False) for chunk in chunks])

    def gradient_checkpointing_enable(self, *args: Any, **kwargs: Any) -> None:
        self.model.gradient_checkpointing_enable(*args, **kwargs)


class _Steps(Dataset[dict[str, Any]]):
    """The batches from some step on, as token ids."""

    def __init__(self, batches: Batches, encoder: Encoder, first: int):
        self._batches, self._encoder, self._first = batches, encoder, first

    def __len__(self) -> int:
        return len(self._batches)  # not those that are left: Trainer stops by itself

    def __getitem__(self, index: int) -> dict[str, Any]:
        batch = self._batches[self._first + index]
        return {
            "kind": batch.kind,
            "ids": [example.row.parallel_id for example in batch.examples],
            "queries": self._encoder.tokenize(batch.queries, "query"),
            "passages": self._encoder.tokenize(batch.passages, "passage"),
            "false_negatives": torch.from_numpy(batch.false_negatives()),
        }


class HybridTrainer(Trainer):
    """A Trainer whose data loader yields whole batches and whose loss is InfoNCE over them.

    Every process draws the same batch and encodes its part of it; the vectors are gathered, so that every process
    has the loss of the whole batch, and its gradients for the texts that it has encoded itself.
    """

    def __init__(
        self,
        encoder: Encoder,
        batches: Batches,
        settings: TrainingSettings,
        validation: Validation | None,
        first: int,
        **kwargs: Any,
    ):
        # Trainer wants to see some data for its evaluations, which are ours.
        kwargs["eval_dataset"] = None if validation is None else batches
        super().__init__(model=_Tower(encoder, settings.chunk_size), **kwargs)
        self._encoder, self._settings, self._validation = encoder, settings, validation
        self._data = _Steps(batches, encoder, first)
        self._rows = batches.rows
        self._losses: dict[str, list[float]] = {}
        self.seconds = 0.0  # of all steps so far, without validations
        self._since: float | None = None  # when the steps not yet counted in it began
        self._counted = first

    def get_train_dataloader(self) -> DataLoader[Any]:
        # With a generator of its own: starting to iterate must not move the one that dropout draws from.
        return DataLoader(
            self._data,
            batch_size=None,
            shuffle=False,
            num_workers=self.args.dataloader_num_workers,
            generator=torch.Generator(),
        )

    def floating_point_ops(self, inputs: Any) -> int:
        return 0  # Trainer would look for input_ids, of which a batch has two

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        if self._since is None:
            self._since = time.monotonic()
        model.train()
        texts = [*inputs["queries"], *inputs["passages"]]
        vectors = self._of_all(len(texts), lambda own: model(texts[own]))
        count = len(inputs["queries"])
        excluded = inputs["false_negatives"].to(vectors.device)
        loss = info_nce(vectors[:count], vectors[count:], excluded, self._settings.temperature)
        value = loss.item()
        if not math.isfinite(value):
            raise UserError(
                f"the loss at step {self.state.global_step + 1} is {value}, for a {inputs['kind']} batch of the rows "
                f"{', '.join(inputs['ids'][:5])}{' ...' if count > 5 else ''}; "
                "use a lower learning rate or a higher temperature"
            )
        self._losses.setdefault(inputs["kind"], []).append(value)
        # The gradients of all processes are averaged, but each has only its own texts' part of the sum.
        self.accelerator.backward(loss * self.args.world_size)
        return loss.detach()

    def _of_all(self, count: int, encode: Callable[[slice], torch.Tensor]) -> torch.Tensor:
        """Vectors of all texts, of which each process encodes a part; gradients flow into its own."""
        world, rank = self.args.world_size, self.args.process_index
        if world == 1:
            return encode(slice(count))
        own = slice(count * rank // world, count * (rank + 1) // world)
        vectors = encode(own)
        everything = vectors.new_zeros(count, vectors.shape[1])
        everything[own] = vectors.detach()
        dist.all_reduce(everything)
        return torch.cat([everything[: own.start], vectors, everything[own.stop :]])

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        assert self._validation is not None
        began = time.monotonic()
        self._encoder.model.eval()
        metrics = {f"eval_{name}": float(value) for name, value in self._validation.measure(self._encoder).items()}
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

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        try:
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                (folder / WHOLE).touch()
        except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors have their own of a full disk
            shutil.rmtree(folder, ignore_errors=True)
            reason = str(error).strip().split("\n")[0]
            raise UserError(
                f"cannot save step {self.state.global_step} in {folder.parent}: {reason}; "
                "the state saved before it is kept, and the same command goes on from there"
            ) from error
        if self.args.should_save:
            best = self.state.best_model_checkpoint
            for older in saved_states(folder.parent):
                if older != folder and (best is None or older != Path(best)):
                    shutil.rmtree(older)


def seconds_of_step(encoder: Encoder, batches: Batches, settings: TrainingSettings) -> float:
    """About how long a step of the training takes: the second of two, with gradients and without an update."""
    tower = _Tower(encoder, settings.chunk_size).train()
    began = 0.0
    for batch in (batches[0], batches[0]):
        began = time.monotonic()
        texts = [*encoder.tokenize(batch.queries, "query"), *encoder.tokenize(batch.passages, "passage")]
        vectors, count = tower(texts), len(batch.queries)
        excluded = torch.from_numpy(batch.false_negatives()).to(vectors.device)
        info_nce(vectors[:count], vectors[count:], excluded, settings.temperature).backward()
    return time.monotonic() - began
