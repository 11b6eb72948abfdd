"""Training: transformers' Trainer with our batches and our loss."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from hybrid_plugin.encoder import RECORD, Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, whole_folder
from hybrid_plugin.loss import info_nce
from hybrid_plugin.sampling import Batches
from hybrid_plugin.sources import Source
from hybrid_plugin.versions import versions


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; by default as the paper did (arXiv 2408.10536): AdamW, batch 100, rate 3e-5, weight decay 0.01.

    Parameters
    ----------
    strategy : how a batch is drawn: mono, cross, hybrid, or a plugin's.
    alpha : probability of a monolingual batch in hybrid.
    temperature : of the loss, in the scale of cosines.
    warmup : share of the steps over which the learning rate rises, before it falls linearly to 0.
    """

    strategy: str = "hybrid"
    alpha: float = 0.5
    steps: int = 1000
    batch_size: int = 100
    learning_rate: float = 3e-5
    weight_decay: float = 0.01
    temperature: float = 0.02
    warmup: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "learning_rate", "temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"{name.replace('_', ' ')} is {getattr(self, name)}; it must be above 0")
        for name in ("weight_decay", "seed"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UserError(f"{name.replace('_', ' ')} is {getattr(self, name)}; it must be 0 or above")
        if not 0 <= self.warmup <= 1:
            raise UserError(f"warmup is {self.warmup}; it is a share of the steps, from 0 to 1")


class _TokenizedBatches(Dataset[dict[str, Any]]):
    def __init__(self, batches: Batches, encoder: Encoder, steps: int):
        self._batches, self._encoder, self._steps = batches, encoder, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        if step >= self._steps:
            raise IndexError(step)
        batch = self._batches[step]
        return {
            "kind": batch.kind,
            "queries": self._encoder.tokenize([example.query for example in batch.examples], "query"),
            "passages": self._encoder.tokenize([example.passage for example in batch.examples], "passage"),
            "false_negatives": torch.from_numpy(batch.false_negatives()),
        }


class _HybridTrainer(Trainer):
    """A Trainer whose data loader yields whole batches and whose loss is InfoNCE over them."""

    def __init__(self, encoder: Encoder, batches: Batches, settings: TrainingSettings, **kwargs: Any):
        super().__init__(model=encoder.model, **kwargs)
        self._encoder, self._settings = encoder, settings
        self._data = _TokenizedBatches(batches, encoder, settings.steps)
        self._losses: dict[str, list[float]] = {}

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self._data, batch_size=None, shuffle=False)

    def floating_point_ops(self, inputs: Any) -> int:
        return 0  # Trainer would look for input_ids, of which a batch has two

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        loss = info_nce(
            self._encoder.forward_by_length(inputs["queries"]),
            self._encoder.forward_by_length(inputs["passages"]),
            inputs["false_negatives"].to(self._encoder.device),
            self._settings.temperature,
        )
        value = loss.item()
        if not math.isfinite(value):
            raise UserError(
                f"the loss at step {self.state.global_step + 1} is {value}; "
                "use a lower learning rate or a higher temperature"
            )
        self._losses.setdefault(inputs["kind"], []).append(value)
        return loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        for kind, values in self._losses.items():
            logs[f"loss_{kind}"] = round(sum(values) / len(values), 4)
        self._losses.clear()
        super().log(logs, *args, **kwargs)


def train(
    encoder: Encoder, sources: Sequence[Source], output: Path, settings: TrainingSettings, *, progress: bool = False
) -> Encoder:
    """Train an encoder and write it as a checkpoint.

    Parameters
    ----------
    encoder : where to start from; its weights change.
    output : the checkpoint's folder, written whole at the end; an older checkpoint there is replaced.

    Returns
    -------
    The trained encoder.

    Raises
    ------
    UserError
        The output folder is not ours, a source cannot fill a batch, or the loss is not finite; writes nothing.

    Examples
    --------
    >>> trained = train(Encoder.load("xlm-roberta-base"), [load_source("mlqa-r")], Path("out"),
    ...                 TrainingSettings(strategy="hybrid", steps=1000))             # doctest: +SKIP
    """
    check_output(output, RECORD)
    batches = Batches(sources, settings.strategy, settings.batch_size, settings.seed, settings.alpha)
    set_seed(settings.seed)
    on_gpu = encoder.device.type == "cuda"
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            max_steps=settings.steps,
            per_device_train_batch_size=1,  # the data loader yields whole batches
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            warmup_steps=round(settings.warmup * settings.steps),
            lr_scheduler_type="linear",
            optim="adamw_torch_fused",
            bf16=on_gpu,
            use_cpu=not on_gpu,
            seed=settings.seed,
            save_strategy="no",
            logging_steps=max(1, settings.steps // 20),
            report_to="none",
            disable_tqdm=not progress,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        trainer = _HybridTrainer(encoder, batches, settings, args=arguments)
        if not progress:
            trainer.remove_callback(PrinterCallback)
        trainer.train()
    encoder.model.eval()
    encoder.record = provenance(encoder, sources, settings)
    with whole_folder(output, RECORD) as staging:
        encoder.save(staging, encoder.record)
    return encoder


def provenance(encoder: Encoder, sources: Sequence[Source], settings: TrainingSettings) -> dict[str, Any]:
    """What a checkpoint records of its making, with what its base model recorded of its own."""
    earlier = encoder.record.get("sources", [])
    now = [
        {"name": source.name, "rows": len(source.rows), "languages": source.languages, "checksum": source.checksum}
        for source in sources
    ]
    used = asdict(settings)
    return {
        "base_model": encoder.record.get("base_model", encoder.name),
        "strategy": used.pop("strategy"),
        "alpha": used.pop("alpha"),
        "seed": used.pop("seed"),
        "sources": [*earlier, *now],
        "languages": sorted({lang for source in (*earlier, *now) for lang in source["languages"]}),
        "training": used,
        "versions": versions(),
    }
