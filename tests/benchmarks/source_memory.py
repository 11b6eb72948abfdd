"""Time and memory of a large source: python tests/benchmarks/source_memory.py [--rows 40000000] [--folder DIR]

Generates a JSON lines file of so many rows (two to four languages on each side, short texts, some 150 bytes a row),
converts it to a source, draws batches from it and trains a tiny encoder on it, and on 10,000 such rows to compare; each
step runs in a process of its own, whose peak is its own. The folder needs room for some 400 bytes a row; what was
written there is deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

LANGUAGES = ("ar", "de", "en", "zh")
SUBSETS = [some for size in (2, 3, 4) for some in combinations(LANGUAGES, size)]


def generate(path: Path, rows: int) -> None:
    def side(text: str, some: tuple[str, ...]) -> str:
        return json.dumps({lang: text.format(lang=lang) for lang in some})

    shapes = [
        f'"queries": {side("question % in {lang}?", queries)}, "passages": {side("the answer % in {lang}", passages)}'
        for queries in SUBSETS
        for passages in SUBSETS
    ]
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            file.write(f'{{"id": "q{i}", {shapes[i % len(shapes)].replace("%", str(i))}}}\n')


def convert(path: Path, rows: int) -> None:
    from hybrid_plugin.training.sources.jsonl import from_jsonl

    assert len(from_jsonl(path)) == rows


def draw(path: Path, rows: int, *, batches: int) -> None:
    from hybrid_plugin.training.batches.batches import Batches
    from hybrid_plugin.training.batches.settings import BatchSettings
    from hybrid_plugin.training.sources.jsonl import from_jsonl

    drawn = Batches([from_jsonl(path)], "hybrid", BatchSettings(size=100), steps=batches)
    for step in range(batches):
        batch = drawn[step]
        assert len(batch.queries) == len(batch.passages) == len(batch.false_negatives()) == 100


def train(path: Path, rows: int, *, steps: int) -> None:
    from hybrid_plugin.encoding.encoder import Encoder
    from hybrid_plugin.encoding.tiny import tiny_encoder
    from hybrid_plugin.training.settings import TrainingSettings
    from hybrid_plugin.training.sources.jsonl import from_jsonl
    from hybrid_plugin.training.train import train as run

    source = from_jsonl(path)
    assert len(source) == rows
    with tempfile.TemporaryDirectory() as scratch:
        tiny_encoder(["question 0123456789 in ar de en zh?", "the answer"], Path(scratch) / "tiny")
        run(Encoder.load(Path(scratch) / "tiny"), [source], Path(scratch) / "out", TrainingSettings(steps=steps))


def measured(name: str, step: Callable[..., None], *arguments: object, **options: object) -> None:
    """Run a step and print what it took, in its process."""
    started = time.perf_counter()
    step(*arguments, **options)
    wall, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    print(f"{name:18} {wall:7.1f} s ({cpu:.1f} s of CPU), peak {peak:.2f} GiB resident", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000_000)
    parser.add_argument("--batches", type=int, default=1000, help="of 100 pairs each, to draw and to train on")
    parser.add_argument("--folder", type=Path, default=None, help="where to write; by default the system's")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        os.environ["HYBRID_IR_CACHE"] = scratch
        path = Path(scratch) / "rows.jsonl"
        small = Path(scratch) / "small.jsonl"
        steps: list[tuple[str, Callable[..., None], Path, int, dict[str, int]]] = [
            ("generate", generate, path, given.rows, {}),
            ("convert", convert, path, given.rows, {}),
            ("draw", draw, path, given.rows, {"batches": given.batches}),
            ("train", train, path, given.rows, {"steps": given.batches}),
            ("generate 10,000", generate, small, 10_000, {}),
            ("train on 10,000", train, small, 10_000, {"steps": given.batches}),
        ]
        for name, step, source, rows, options in steps:
            process = multiprocessing.get_context("spawn").Process(
                target=measured, args=(name, step, source, rows), kwargs=options
            )
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)
        size = sum(
            file.stat().st_size for file in Path(scratch).rglob("*") if file.is_file() and file not in (path, small)
        )
        lines = path.stat().st_size
        print(f"{given.rows:,} rows: {lines / 2**30:.2f} GiB of JSON lines, {size / 2**30:.2f} GiB as a source")


if __name__ == "__main__":
    main()
