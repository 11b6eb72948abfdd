"""Short texts encoded by one thread and by more: CPU seconds and wall seconds, and what the default takes.

    python tests/benchmarks/threads.py [MODEL] [--texts 3000]

Without a model, that of the quickstart. The texts are the questions of the demo collection, each with a number.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.quickstart import BENCHMARK, training_texts
from hybrid_plugin.training.sources.named import load_source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    source = load_source(BENCHMARK)
    questions = [text for row in source for text in row.queries.values()]
    texts = [f"{questions[number % len(questions)]} {number}" for number in range(arguments.texts)]
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or tiny_encoder(training_texts(source), Path(folder)).name
        for threads in (*range(1, torch.get_num_threads() + 1), None):
            encoder = Encoder.load(model, threads=threads, device="cpu")
            encoder.encode(texts[:50], "query")
            best = (float("inf"), float("inf"))
            for _ in range(arguments.rounds):
                cpu, wall = time.process_time(), time.monotonic()
                encoder.encode(texts, "query")
                best = min(best, (time.monotonic() - wall, time.process_time() - cpu))
            print(f"{threads or 'default':>8} threads: {best[1]:6.2f} s of CPU, {best[0]:6.2f} s of wall time")


if __name__ == "__main__":
    main()
