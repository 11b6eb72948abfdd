"""The whole road in minutes: a tiny encoder for each strategy, trained, searched with Pyserini and scored."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ir_measures
import torch

from hybrid_plugin.bridges.pyserini import ENCODER_CLASS, run_module
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.tiny import tiny_encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.files import check_output
from hybrid_plugin.retrieval.index import index_dataset
from hybrid_plugin.tasks.export import export_dataset
from hybrid_plugin.tasks.named import load_benchmark, load_dataset
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.train import train

BENCHMARK = "hybrid-demo"
STRATEGIES = ("mono", "cross", "hybrid")
_TASK = "multi/en"  # that Pyserini searches, too


def quickstart(
    output: Path, steps: int, *, progress: bool = False, say: Callable[[str], object] = print
) -> dict[str, Scores]:
    """Train, index, search through Pyserini and score a tiny encoder for each strategy on the demo collection.

    Parameters
    ----------
    output : gets ``{strategy}/scores.json``, ``checkpoints/{strategy}`` and ``pyserini/{strategy}.trec``.
    steps : of each training.
    say : told what is going on, a line at a time.

    Returns
    -------
    The scores by strategy.
    """
    check_output(output, None, (*STRATEGIES, "checkpoints", "pyserini"))
    started = time.monotonic()

    def tell(what: str) -> None:
        say(f"[{time.monotonic() - started:4.0f} s] {what}")

    source = load_source(BENCHMARK)
    tell(f"{BENCHMARK}: {len(source)} parallel questions to train on, in {', '.join(source.languages)}")
    results = {}
    for strategy in STRATEGIES:
        checkpoint = output / "checkpoints" / strategy
        tell(f"{strategy}: training {steps} steps")
        with tempfile.TemporaryDirectory() as scratch:
            encoder = tiny_encoder(training_texts(source), Path(scratch))
            settings = TrainingSettings.of(
                strategy=strategy, steps=steps, batch_size=64, learning_rate=1e-3, temperature=0.05
            )
            train(encoder, [source], checkpoint, settings, progress=progress)
        encoder = Encoder.load(checkpoint)
        results[strategy] = evaluate(load_benchmark(BENCHMARK), encoder, output / strategy, progress=progress)
        tell(f"{strategy}: indexing, and searching with pyserini.search.faiss")
        theirs = _search_with_pyserini(encoder, output / "pyserini", strategy)
        ours = results[strategy].tasks.set_index("task").loc[_TASK, "AP"]
        tell(
            f"{strategy}: AP of English queries on the pool: {theirs:.4f} from Pyserini's run, {ours:.4f} from vectors"
        )
    return results


def training_texts(source: Source) -> list[str]:
    """Every text of a source."""
    return [
        text
        for row in source
        for text in (*row.queries.values(), *(text for texts in row.passages.values() for text in texts))
    ]


def _search_with_pyserini(encoder: Encoder, folder: Path, strategy: str) -> float:
    """Index and search the pool with Pyserini's own command; the run's AP as ir_measures gives it."""
    (judged,) = load_benchmark(BENCHMARK).task(_TASK).qrels
    dataset_id = judged.dataset_id
    index = index_dataset(dataset_id, encoder, folder / f"index-{strategy}")
    export_dataset(dataset_id, "pyserini", folder / "export", overwrite=True)
    run = folder / f"{strategy}.trec"
    run_module(
        "pyserini.search.faiss",
        [
            "--topics",
            str(folder / "export" / "topics.tsv"),
            "--index",
            str(index),
            "--encoder",
            encoder.name,
            "--encoder-class",
            ENCODER_CLASS,
            "--hits",
            "10000",
            "--batch-size",
            "64",
            "--threads",
            str(torch.get_num_threads()),  # FAISS sets the threads of the whole process, torch's too
            "--output",
            str(run),
        ],
    )
    qrels = load_dataset(dataset_id).qrels_iter()
    return float(
        ir_measures.calc_aggregate([ir_measures.AP], qrels, ir_measures.read_trec_run(str(run)))[ir_measures.AP]
    )
