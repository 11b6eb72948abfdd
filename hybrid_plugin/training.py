"""Training: transformers' Trainer with our batches and our loss, on one process or several, safe to interrupt."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import torch
import torch.distributed as dist
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainingArguments, set_seed

from hybrid_plugin.card import CARD, model_card
from hybrid_plugin.encoder import RECORD, Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, whole_folder, write_json
from hybrid_plugin.loss import info_nce
from hybrid_plugin.sampling import Batches, BatchSettings, CrossLanguages, MonoLanguages, SourceMix
from hybrid_plugin.sources import NegativeLanguages, Source
from hybrid_plugin.versions import versions

Precision = Literal["float32", "bfloat16", "float16"]

_RUN = "run.json"  # what the progress in a folder belongs to
_WHOLE = "whole"  # marks a saved state as complete


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; by default as the paper did (arXiv 2408.10536): AdamW, batch 100, rate 3e-5, weight decay 0.01.

    Parameters
    ----------
    strategy : how a batch is drawn: mono, cross, hybrid, or a plugin's.
    alpha, alpha_end, mono_languages, cross_languages, only, negatives, cross_negatives : see
        :class:`~hybrid_plugin.sampling.BatchSettings`.
    source_exponent, source_cap, source_weights : see :class:`~hybrid_plugin.sampling.SourceMix`.
    batch_size : pairs a batch, of all processes together.
    chunk_size : texts encoded at a time, for batches that do not fit the memory: activations are kept for one chunk
        only and computed again for the gradients (Gao et al. 2021, arXiv 2101.06983), which gives the gradients of
        the whole batch, in-batch negatives included, for about a third more time.
    temperature : of the loss, in the scale of cosines.
    warmup : share of the steps over which the learning rate rises, before it falls linearly to 0.
    precision : of the computation; the weights stay float32. By default bfloat16 on a GPU and float32 on a CPU.
    lora_rank : train adapters of this rank (Hu et al. 2022) instead of all weights; they are merged at the end.
    compile : compile the model by ``torch.compile``.
    save_every : steps from one saved state to the next, from which an interrupted run goes on; by default a tenth of
        the steps; 0 saves none.
    trainer : any other field of transformers' ``TrainingArguments``, such as ``lr_scheduler_type``,
        ``gradient_checkpointing``, ``report_to``, ``logging_dir``, ``max_grad_norm``.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    strategy: str = "hybrid"
    alpha: float = 0.5
    alpha_end: float | None = None
    mono_languages: MonoLanguages = "uniform"
    cross_languages: CrossLanguages = "mixed"
    only: tuple[str, ...] = ()
    negatives: int = 0
    cross_negatives: NegativeLanguages = "both"
    source_exponent: float = 1.0
    source_cap: int | None = None
    source_weights: Mapping[str, float] = field(default_factory=dict)
    steps: int = 1000
    batch_size: int = 100
    chunk_size: int | None = None
    learning_rate: float = 3e-5
    weight_decay: float = 0.01
    temperature: float = 0.02
    warmup: float = 0.1
    seed: int = 0
    precision: Precision | None = None
    lora_rank: int = 0
    compile: bool = False
    save_every: int | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("steps", "learning_rate", "temperature", "chunk_size"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UserError(f"{name.replace('_', ' ')} is {value}; it must be above 0")
        for name in ("weight_decay", "seed", "lora_rank", "save_every"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise UserError(f"{name.replace('_', ' ')} is {value}; it must be 0 or above")
        if not 0 <= self.warmup <= 1:
            raise UserError(f"warmup is {self.warmup}; it is a share of the steps, from 0 to 1")
        if self.precision is not None and self.precision not in get_args(Precision):
            raise UserError(f"unknown precision '{self.precision}'; known: {', '.join(get_args(Precision))}")

    def batches(self, sources: Sequence[Source]) -> Batches:
        """The batches of the run."""
        settings = BatchSettings(
            size=self.batch_size,
            alpha=self.alpha,
            alpha_end=self.alpha_end,
            mono_languages=self.mono_languages,
            cross_languages=self.cross_languages,
            only=tuple(self.only),
            negatives=self.negatives,
            cross_negatives=self.cross_negatives,
        )
        mix = SourceMix(self.source_exponent, self.source_cap, self.source_weights)
        return Batches(sources, self.strategy, settings, steps=self.steps, seed=self.seed, mix=mix)


@dataclass(frozen=True)
class Validation:
    """What to measure during the training, and when to stop; the best state is the one that is kept.

    Parameters
    ----------
    measure : encoder -> figures by name.
    best_by : the figure to go by.
    higher_is_better : its direction.
    every : steps from one measurement to the next.
    patience : stop after so many measurements without a better one; by default never.
    """

    measure: Callable[[Encoder], Mapping[str, float]]
    best_by: str
    higher_is_better: bool
    every: int
    patience: int | None = None


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
        return len(self._batches)  # Trainer, which stops by itself, counts epochs by it

    def __getitem__(self, index: int) -> dict[str, Any]:
        batch = self._batches[self._first + index]
        return {
            "kind": batch.kind,
            "ids": [example.row.parallel_id for example in batch.examples],
            "queries": self._encoder.tokenize(batch.queries, "query"),
            "passages": self._encoder.tokenize(batch.passages, "passage"),
            "false_negatives": torch.from_numpy(batch.false_negatives()),
        }


class _HybridTrainer(Trainer):
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
        self._losses: dict[str, list[float]] = {}

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
        self._encoder.model.eval()
        metrics = {f"eval_{name}": float(value) for name, value in self._validation.measure(self._encoder).items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        if "loss" in logs:
            for kind, values in self._losses.items():
                logs[f"loss_{kind}"] = round(sum(values) / len(values), 4)
            self._losses.clear()
        super().log(logs, *args, **kwargs)

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
                (folder / _WHOLE).touch()
        except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors have their own of a full disk
            shutil.rmtree(folder, ignore_errors=True)
            reason = str(error).strip().split("\n")[0]
            raise UserError(
                f"cannot save step {self.state.global_step} in {folder.parent}: {reason}; "
                "the state saved before it is kept, and the same command goes on from there"
            ) from error
        if self.args.should_save:
            best = self.state.best_model_checkpoint
            for older in _saved_states(folder.parent):
                if older != folder and (best is None or older != Path(best)):
                    shutil.rmtree(older)


def train(
    encoder: Encoder,
    sources: Sequence[Source],
    output: Path,
    settings: TrainingSettings,
    *,
    validation: Validation | None = None,
    progress: bool = False,
) -> Encoder:
    """Train an encoder and write it as a checkpoint.

    A run that was interrupted goes on from its last saved state, in ``{output}.training``, and ends with the weights
    of one that was not. Under ``torchrun`` or ``accelerate launch`` the processes share each batch.

    Parameters
    ----------
    encoder : where to start from; its weights change.
    output : the checkpoint's folder, written whole at the end; an older checkpoint there is replaced.
    validation : what to measure during the training, if anything.

    Returns
    -------
    The trained encoder.

    Raises
    ------
    UserError
        The output folder is not ours, ``{output}.training`` belongs to another run, a source cannot fill a batch, the
        loss is not finite, or a state cannot be saved. The state saved before stays.

    Examples
    --------
    >>> trained = train(Encoder.load("xlm-roberta-base"), [load_source("mlqa-r")], Path("out"),
    ...                 TrainingSettings(strategy="hybrid", steps=1000))             # doctest: +SKIP
    """
    check_output(output, RECORD)
    batches = settings.batches(sources)
    record = provenance(encoder, sources, settings)
    work = output.with_name(f"{output.name}.training")
    arguments = _arguments(settings, encoder, work, validation, progress)
    state = _last_state(work, record)
    first = 0 if state is None else int(read_json(state / "trainer_state.json")["global_step"])
    if first and arguments.should_log:
        warnings.warn(f"the run in {work} was interrupted; it goes on from step {first}", stacklevel=2)
    set_seed(settings.seed)
    if settings.lora_rank:
        encoder.model = _with_adapters(encoder.model, settings.lora_rank)
    if settings.compile:
        encoder.model.compile(dynamic=True)
    trainer = _HybridTrainer(encoder, batches, settings, validation, first, args=arguments)
    if not progress or not arguments.should_log:
        trainer.remove_callback(PrinterCallback)
    if validation is not None and validation.patience:
        trainer.add_callback(EarlyStoppingCallback(validation.patience))
    trainer.train(resume_from_checkpoint=None if state is None else str(state))
    if settings.lora_rank:
        encoder.model = cast(Any, encoder.model).merge_and_unload()
    encoder.model.eval()
    encoder.record = record | {"steps_done": trainer.state.global_step}
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


def _arguments(
    settings: TrainingSettings, encoder: Encoder, work: Path, validation: Validation | None, progress: bool
) -> TrainingArguments:
    on_gpu = encoder.device.type == "cuda"
    precision = settings.precision or ("bfloat16" if on_gpu else "float32")
    every = max(1, settings.steps // 10) if settings.save_every is None else settings.save_every
    ours: dict[str, Any] = {
        "output_dir": str(work),
        "max_steps": settings.steps,
        "per_device_train_batch_size": 1,  # the data loader yields whole batches
        "gradient_accumulation_steps": 1,  # chunks do what it is for, and keep the negatives of the whole batch
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "warmup_steps": round(settings.warmup * settings.steps),
        "bf16": precision == "bfloat16",
        "fp16": precision == "float16",
        "use_cpu": not on_gpu,
        "seed": settings.seed,
        "save_strategy": "steps" if every or validation else "no",
        "save_steps": validation.every if validation else every or settings.steps,
        "disable_tqdm": not progress,
        "remove_unused_columns": False,
        "ignore_data_skip": True,  # the data set itself starts where the run goes on
        "restore_callback_states_from_checkpoint": True,
        "ddp_find_unused_parameters": False,
    }
    if validation is not None:
        ours |= {
            "eval_strategy": "steps",
            "eval_steps": validation.every,
            "load_best_model_at_end": True,
            "metric_for_best_model": validation.best_by,
            "greater_is_better": validation.higher_is_better,
        }
    defaults: dict[str, Any] = {
        "lr_scheduler_type": "linear",
        "optim": "adamw_torch_fused",
        "logging_steps": max(1, settings.steps // 20),
        "report_to": "none",
    }
    for name in settings.trainer:
        if name in ours:
            raise UserError(f"the Trainer option '{name}' is set by hybrid-ir itself; see its other options")
        if name not in TrainingArguments.__dataclass_fields__:
            raise UserError(f"transformers' Trainer has no option '{name}'")
    try:
        arguments = TrainingArguments(**defaults | dict(settings.trainer) | ours)
    except (ValueError, TypeError, ImportError) as error:
        raise UserError(f"transformers' Trainer refuses its options: {error}") from error
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # several GPUs are for torchrun; Trainer would split our batches among them otherwise
    return arguments


def _with_adapters(model: Any, rank: int) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise UserError("LoRA needs the package peft: pip install peft") from error
    return get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))


def _saved_states(work: Path) -> list[Path]:
    """The complete states in a folder, the latest last."""
    states = [path.parent for path in work.glob(f"checkpoint-*/{_WHOLE}")]
    return sorted(states, key=lambda path: int(path.name.rsplit("-", 1)[1]))


def _last_state(work: Path, record: dict[str, Any]) -> Path | None:
    """Where an interrupted run goes on, if it was; makes the folder for a new run.

    Raises
    ------
    UserError
        The folder holds the progress of another run.
    """
    run = json.loads(json.dumps(record))  # as it comes back from a file
    del run["versions"]
    check_output(work, _RUN)
    if (work / _RUN).exists():
        before = read_json(work / _RUN)
        different = next((key for key in run | before if run.get(key) != before.get(key)), None)
        if different is not None:
            raise UserError(
                f"{work} holds the progress of another run (its {different.replace('_', ' ')} differs); "
                "delete it, or choose another output"
            )
    elif int(os.environ.get("RANK", "0")) == 0:
        write_json(work / _RUN, run)
    return next(reversed(_saved_states(work)), None)


def provenance(encoder: Encoder, sources: Sequence[Source], settings: TrainingSettings) -> dict[str, Any]:
    """What a checkpoint records of its making, with what its base model recorded of its own."""
    earlier = encoder.record.get("sources", [])
    now = [
        {
            "name": source.name,
            "rows": len(source),
            "languages": list(settings.only or source.languages),
            "checksum": source.checksum,
        }
        for source in sources
    ]
    used = asdict(settings)
    weights = hashlib.sha256()
    for name, tensor in sorted(encoder.model.state_dict().items()):
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
    return {
        "base_model": encoder.record.get("base_model", encoder.name),
        "started_from": {"name": encoder.name, "checksum": f"sha256:{weights.hexdigest()}"},
        "strategy": used.pop("strategy"),
        "alpha": used.pop("alpha"),
        "seed": used.pop("seed"),
        "sources": [*earlier, *now],
        "languages": sorted({lang for source in (*earlier, *now) for lang in source["languages"]}),
        "training": used,
        "versions": versions(),
    }
