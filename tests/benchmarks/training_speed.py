"""Pairs a second of hybrid-ir's training beside sentence-transformers' own trainer with its in-batch-negatives loss.

The same model, batches, lengths, precision and threads, in one run: each trains on the same pairs in the same batches,
in turns, and the time of its first steps is not counted.

    python tests/benchmarks/training_speed.py --model MODEL [--source mlqa-r] [--steps 12]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from measuring import Figure, apart, in_turns, main, model_of, need_collection
from transformers import TrainerCallback

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.training.arguments import trainer_arguments
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.train import batches_of
from hybrid_plugin.training.trainer import HybridTrainer

_UNCOUNTED = 2  # steps


class _Clock(TrainerCallback):
    def __init__(self) -> None:
        self.times: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())

    def pairs_a_second(self, batch_size: int) -> float:
        counted = self.times[_UNCOUNTED - 1 :]
        return batch_size * (len(counted) - 1) / (counted[-1] - counted[0])


def ours(model: str, source_name: str, asked: dict[str, Any]) -> float:
    """Pairs a second."""
    source, settings = load_source(source_name), TrainingSettings.of(**asked, save_every=0)
    encoder, clock = Encoder.load(model, max_length=256), _Clock()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trainer_arguments(settings, encoder.device.type == "cuda", Path(scratch))
        trainer = HybridTrainer(encoder, batches_of([source], settings), settings, args=arguments)
        trainer.add_callback(clock)
        trainer.train()
    print(f"hybrid-ir: {encoder.counts.padding:.1%} of the tokens computed are padding", file=sys.stderr)
    return clock.pairs_a_second(settings.batches.size)


def theirs(model: str, source_name: str, asked: dict[str, Any]) -> float:
    """Pairs a second."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from torch.utils.data import BatchSampler, SequentialSampler

    source, settings = load_source(source_name), TrainingSettings.of(**asked, save_every=0)
    pairs = [
        (q, p) for batch in batches_of([source], settings) for q, p in zip(batch.queries, batch.passages, strict=True)
    ]
    data = Dataset.from_dict({"anchor": [q for q, _ in pairs], "positive": [p for _, p in pairs]})
    encoder = SentenceTransformer(model)
    encoder.max_seq_length = 256
    clock = _Clock()

    class InOrder(SentenceTransformerTrainer):
        def get_batch_sampler(self, dataset: Any, batch_size: int, drop_last: bool, *_: Any, **__: Any) -> BatchSampler:
            return BatchSampler(SequentialSampler(dataset), batch_size, drop_last)

    with tempfile.TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            max_steps=settings.steps,
            per_device_train_batch_size=settings.batches.size,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            bf16=settings.precision == "bfloat16",
            optim="adamw_torch_fused",
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        loss = MultipleNegativesRankingLoss(encoder, scale=1 / settings.temperature)
        trainer = InOrder(model=encoder, args=arguments, train_dataset=data, loss=loss)
        trainer.add_callback(clock)
        trainer.train()
    return clock.pairs_a_second(settings.batches.size)


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    model = model_of(arguments)
    need_collection(arguments.source)
    settings = {"steps": arguments.steps, "batch_size": arguments.batch_size, "precision": arguments.precision}
    mine, other = in_turns(
        arguments.rounds,
        lambda: apart(ours, model, arguments.source, settings),
        lambda: apart(theirs, model, arguments.source, settings),
        by=lambda one: -one.value,
    )
    name = f"training, batches of {arguments.batch_size}, {arguments.precision}"
    peer = "sentence-transformers"
    yield Figure(name, "pairs/s", mine.value, peer, other.value, 1, mine.gigabytes, other.gigabytes)


if __name__ == "__main__":
    options = {"steps": (12, 4), "batch_size": (32, 8), "rounds": (2, 1), "precision": ("float32", "float32")}
    main(figures, {"source": ("mlqa-r", "hybrid-demo"), **options})
