"""How to train, and what to judge a training run by."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown
from hybrid_plugin.settings import build, keyed
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.losses.settings import LossSettings

Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; by default as the paper did (arXiv 2408.10536): AdamW, batch 100, rate 3e-5, weight decay 0.01.

    Raises
    ------
    UserError
        A value is out of its range.

    Examples
    --------
    >>> TrainingSettings(steps=200, batches=BatchSettings(size=32, alpha=0.3)) == TrainingSettings.of(
    ...     steps=200, batch_size=32, alpha=0.3)
    True
    """

    strategy: str = "hybrid"
    """How a batch is drawn: mono, cross, hybrid, mixed, multi, or a plugin's strategy."""
    batches: BatchSettings = field(default_factory=BatchSettings)
    mix: SourceMix = field(default_factory=SourceMix)
    steps: int = 1000
    """Batches to train on."""
    chunk_size: int | None = None
    """Texts encoded at a time, for batches that do not fit the memory: activations are kept for one chunk only and
    computed again for the gradients (Gao et al. 2021, arXiv 2101.06983), which gives the gradients of the whole batch,
    in-batch negatives included, for about a third more time."""
    learning_rate: float = 3e-5
    """Its highest value."""
    weight_decay: float = 0.01
    """Of AdamW."""
    temperature: float = 0.02
    """Of the losses, in the scale of cosines."""
    loss: LossSettings = field(default_factory=LossSettings)
    warmup: float = 0.1
    """Share of the steps over which the learning rate rises, before it falls linearly to 0."""
    seed: int = 0
    """Of batches and dropout."""
    precision: Precision | None = None
    """Of the computation; the weights stay float32. By default bfloat16 on a GPU and float32 on a CPU."""
    lora_rank: int = 0
    """Train adapters of this rank (Hu et al. 2022, package peft) instead of all weights; they are merged at the end."""
    compile: bool = False
    """Compile the model by torch.compile."""
    save_every: int | None = None
    """Steps from one saved state to the next, from which an interrupted run goes on; by default a tenth of the steps;
    0 saves none."""
    trainer: dict[str, Any] = field(default_factory=dict)
    """Any other option of transformers' TrainingArguments, KEY=VALUE: report_to=tensorboard, lr_scheduler_type=cosine,
    gradient_checkpointing=true, max_grad_norm=0.5."""

    __repr__ = brief

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
            raise unknown("precision", self.precision, get_args(Precision))

    def precision_on(self, device: str) -> Precision:
        """What is computed in on a kind of device, such as cuda."""
        return self.precision or ("bfloat16" if device == "cuda" else "float32")

    @classmethod
    def of(cls, **values: Any) -> TrainingSettings:
        """Settings by flat key, as options, sweeps and recipes name them, whatever part a setting is in.

        Raises
        ------
        UserError
            A key is unknown, or a value out of its range or of a wrong kind.
        """
        return build(cls, values)


@dataclass(frozen=True)
class ValidationSettings:
    """What to judge a training run by while it runs.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    name: str | None = keyed("validate", default=None)
    """A source (for the loss) or a benchmark (for AP) to choose the state to keep by."""
    by: Literal["loss", "ap"] = keyed("validate_by", default="loss")
    """The loss on 20 fixed monolingual batches of a source, or the mean AP of a benchmark's settings."""
    languages: tuple[str, ...] = keyed("validate_languages", default=())
    """Only these; the paper: en."""
    every: int | None = keyed("validate_every", default=None)
    """Steps from one validation to the next; by default a tenth of all."""
    patience: int | None = None
    """Stop after so many validations without a better one; by default never."""

    __repr__ = brief

    def __post_init__(self) -> None:
        if self.by not in ("loss", "ap"):
            raise unknown("way to validate", self.by, ("loss", "ap"))
        for name in ("every", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"validation's {name} is {value}; it must be 1 or above")
