"""Hard negatives of one source, mined by hybrid-ir and by sentence-transformers with FAISS, with the same tiny encoder.

    python tests/benchmarks/mining.py [--rows 20000]

The questions and passages are generated, in one language; for each question 4 negatives among the first 100 passages.
Encoding is part of both, with one thread of torch: hybrid-ir takes one for texts so short, and two that wait for each
other on a busy machine made sentence-transformers 25 times slower.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import Figure, Measured, apart, in_turns, main, start

NEGATIVES, DEPTH = 4, 100


def pairs(rows: int) -> list[tuple[str, str]]:
    """Questions and the passages that answer them."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(2000)]
    texts = [" ".join(rng.choices(words, k=rng.randint(5, 20))) for _ in range(rows)]
    return [(" ".join(rng.sample(text.split(), 4)) + f" {row}?", f"{text} {row}") for row, text in enumerate(texts)]


def make_encoder(folder: Path) -> None:
    from hybrid_plugin.encoding.tiny import tiny_encoder

    tiny_encoder([text for pair in pairs(2000) for text in pair], folder)


def ours(model: Path, rows: int, folder: Path) -> None:
    os.environ["HYBRID_IR_CACHE"] = str(folder)
    from hybrid_plugin.encoding.encoder import Encoder
    from hybrid_plugin.training.mining import MiningSettings, mine
    from hybrid_plugin.training.sources import Row
    from hybrid_plugin.training.sources.store import store

    source = store("mined", (Row(f"q{i}", {"en": q}, {"en": (p,)}) for i, (q, p) in enumerate(pairs(rows))))
    encoder = Encoder.load(model)
    start()
    found = mine(source, encoder, folder / "mined.jsonl", MiningSettings(negatives=NEGATIVES, depth=DEPTH))
    assert found.negatives == rows * NEGATIVES


def theirs(model: Path, rows: int) -> None:
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    torch.set_num_threads(1)
    anchors, positives = zip(*pairs(rows), strict=True)
    data = Dataset.from_dict({"anchor": anchors, "positive": positives})
    encoder = SentenceTransformer(str(model))
    start()
    mine_hard_negatives(
        data,
        encoder,
        range_max=DEPTH,
        num_negatives=NEGATIVES,
        output_format="n-tuple",
        use_faiss=True,
        verbose=False,
    )


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch, "model")
        apart(make_encoder, model)

        def run_ours() -> Measured:
            with tempfile.TemporaryDirectory() as folder:
                return apart(ours, model, arguments.rows, Path(folder))

        def run_theirs() -> Measured:
            return apart(theirs, model, arguments.rows)

        mine, other = in_turns(arguments.rounds, run_ours, run_theirs)
    name = f"mining for {arguments.rows:,} questions"
    yield Figure.of_times(name, mine, "sentence-transformers", other, 1)


if __name__ == "__main__":
    main(figures, {"rows": (20_000, 1000), "rounds": (2, 1)})
