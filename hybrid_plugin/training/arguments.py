"""What transformers' Trainer is told."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.utils.import_utils import is_in_notebook

from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.validation import Validation

_REFUSED = {  # options of Trainer that would not do here what they say, and why
    "push_to_hub": "the checkpoint is whole only after the training; upload it then: hf upload NAME FOLDER",
    "label_smoothing_factor": "InfoNCE has no labels to smooth",
    "neftune_noise_alpha": "the noise would go into validation and saved states",
    "fsdp": "the weights would be shared out among processes, and checkpoints would hold one part",
    "fsdp_config": "the weights would be shared out among processes, and checkpoints would hold one part",
    "deepspeed": "the weights would be shared out among processes, and checkpoints would hold one part",
    "auto_find_batch_size": "the negatives are those of the whole batch; use chunk_size where memory is short",
    "torch_compile": "its name here is 'compile'",
}


def trainer_arguments(
    settings: TrainingSettings, on_gpu: bool, work: Path, validation: Validation | None = None, progress: bool = False
) -> TrainingArguments:
    """Settings as transformers has them: what is ours to say, the user's further options, and defaults.

    Parameters
    ----------
    on_gpu : whether the model is on one.
    work : the folder of saved states.

    Raises
    ------
    UserError
        An option is unknown, is set by us or would not work here; names it.
    """
    precision = settings.precision_on("cuda" if on_gpu else "cpu")
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
        "disable_tqdm": not progress or not (sys.stderr.isatty() or is_in_notebook()),  # a log file gets lines
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
    for name, value in settings.trainer.items():
        if name in _REFUSED and value:
            raise UserError(f"the Trainer option '{name}' does not work here: {_REFUSED[name]}")
        if name in ours:
            raise UserError(f"the Trainer option '{name}' is set by hybrid-ir itself; see its other options")
        if name not in TrainingArguments.__dataclass_fields__:
            near = did_you_mean(name, TrainingArguments.__dataclass_fields__)
            raise UserError(f"transformers' Trainer has no option '{name}'{near}")
    try:
        arguments = TrainingArguments(**defaults | dict(settings.trainer) | ours)
    except (ValueError, TypeError, ImportError) as error:
        raise UserError(f"transformers' Trainer refuses its options: {error}") from error
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # several GPUs are for torchrun; Trainer would split our batches among them otherwise
    return arguments


def check_adapters(rank: int) -> None:
    """Refuse adapters where the package peft is missing."""
    if rank and find_spec("peft") is None:
        raise UserError("LoRA needs the package peft: pip install peft")


def with_adapters(model: Any, rank: int) -> Any:
    """A model of which low-rank adapters alone are trained."""
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))
