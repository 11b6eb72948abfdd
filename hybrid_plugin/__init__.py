"""Train, serve and score dense encoders for monolingual, cross-lingual and multilingual retrieval.

The names below are the public interface; each is imported when it is first used, so that importing this package, and
the command line's help, stay quick.

>>> import hybrid_plugin
>>> hybrid_plugin.load_benchmark("xquad-r").languages[:3]
('ar', 'de', 'el')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybrid_plugin.benchmarks import Benchmark as Benchmark
    from hybrid_plugin.benchmarks import Pair as Pair
    from hybrid_plugin.benchmarks import load_benchmark as load_benchmark
    from hybrid_plugin.bm25 import evaluate_bm25 as evaluate_bm25
    from hybrid_plugin.comparison import Comparison as Comparison
    from hybrid_plugin.comparison import compare as compare
    from hybrid_plugin.comparison import published_figures as published_figures
    from hybrid_plugin.encoder import Encoder as Encoder
    from hybrid_plugin.encoder import EncoderSettings as EncoderSettings
    from hybrid_plugin.errors import UserError as UserError
    from hybrid_plugin.evaluation import Scores as Scores
    from hybrid_plugin.evaluation import evaluate as evaluate
    from hybrid_plugin.evaluation import evaluate_runs as evaluate_runs
    from hybrid_plugin.export import export_dataset as export_dataset
    from hybrid_plugin.measures import RankDistance as RankDistance
    from hybrid_plugin.measures import register_measures as register_measures
    from hybrid_plugin.mining import MiningSettings as MiningSettings
    from hybrid_plugin.mining import mine as mine
    from hybrid_plugin.plugins import hookimpl as hookimpl
    from hybrid_plugin.plugins import register_datasets as register_datasets
    from hybrid_plugin.pyserini import run_module as run_module
    from hybrid_plugin.report import Section as Section
    from hybrid_plugin.report.page import write_report as write_report
    from hybrid_plugin.sampling import Batches as Batches
    from hybrid_plugin.sampling import BatchSettings as BatchSettings
    from hybrid_plugin.sampling import SourceMix as SourceMix
    from hybrid_plugin.search import encode_dataset as encode_dataset
    from hybrid_plugin.search import index_dataset as index_dataset
    from hybrid_plugin.search import search_dataset as search_dataset
    from hybrid_plugin.sources import load_source as load_source
    from hybrid_plugin.sources import store as store
    from hybrid_plugin.training import TrainingSettings as TrainingSettings
    from hybrid_plugin.training import train as train
    from hybrid_plugin.transforms import fit_transform as fit_transform

_HOME = {
    "BatchSettings": "sampling",
    "Batches": "sampling",
    "Benchmark": "benchmarks",
    "Comparison": "comparison",
    "Encoder": "encoder",
    "EncoderSettings": "encoder",
    "MiningSettings": "mining",
    "Pair": "benchmarks",
    "RankDistance": "measures",
    "Scores": "evaluation",
    "Section": "report",
    "SourceMix": "sampling",
    "TrainingSettings": "training",
    "UserError": "errors",
    "compare": "comparison",
    "encode_dataset": "search",
    "evaluate": "evaluation",
    "evaluate_bm25": "bm25",
    "evaluate_runs": "evaluation",
    "export_dataset": "export",
    "fit_transform": "transforms",
    "hookimpl": "plugins",
    "index_dataset": "search",
    "load_benchmark": "benchmarks",
    "load_source": "sources",
    "published_figures": "comparison",
    "mine": "mining",
    "register_datasets": "plugins",
    "register_measures": "measures",
    "run_module": "pyserini",
    "search_dataset": "search",
    "store": "sources",
    "train": "training",
    "write_report": "report.page",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hybrid_plugin' has no attribute '{name}'")
    return getattr(import_module(f"hybrid_plugin.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
