"""Pairs a second of hybrid-ir's training beside sentence-transformers' own trainer with its in-batch-negatives loss.

The same model, batches, lengths, precision and threads, in one run: each trains on the same pairs in the same batches,
in turns, and the time of its first steps is not counted.

    python tests/benchmarks/training_speed.py MODEL --source mlqa-r --steps 12
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.training.arguments import trainer_arguments
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.source import Source
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


def ours(model: str, source: Source, settings: TrainingSettings) -> float:
    encoder, clock = Encoder.load(model, max_length=256), _Clock()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trainer_arguments(settings, encoder.device.type == "cuda", Path(scratch))
        trainer = HybridTrainer(encoder, batches_of([source], settings), settings, None, 0, args=arguments)
        trainer.add_callback(clock)
        trainer.train()
    return clock.pairs_a_second(settings.batches.size)


def theirs(model: str, source: Source, settings: TrainingSettings) -> float:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from torch.utils.data import BatchSampler, SequentialSampler

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a Hugging Face folder or hub name")
    parser.add_argument("--source", default="hybrid-demo")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    options = parser.parse_args()
    source = load_source(options.source)
    settings = TrainingSettings.of(
        steps=options.steps, batch_size=options.batch_size, precision=options.precision, save_every=0
    )
    for number in range(1, options.rounds + 1):
        mine, other = ours(options.model, source, settings), theirs(options.model, source, settings)
        print(f"round {number}: hybrid-ir {mine:.1f} pairs/s, sentence-transformers {other:.1f} pairs/s, ", end="")
        print(f"ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
