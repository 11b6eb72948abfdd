"""Vector transforms on top of a study's runs: the rows of docs/study.md, from the folder of a sweep.

    hybrid-ir sweep docs/study-strategies.yaml --output study/strategies
    python tests/benchmarks/study_transforms.py study/strategies "strategy=untouched" --on mlqa-r:training
    python tests/benchmarks/study_transforms.py study/strategies "strategy=untouched" --on mlqa-r:training \\
        --score mlqa-r:validation

For each run it fits centring, LIR, LSAR and SHIFT on texts of the collections of ``--on`` and scores the stored vectors
of the run. SHIFT's scale is for the validation to choose. ``--on mlqa-r:training xquad-r`` takes the languages that
MLQA-R lacks from the collection that is scored, unlabelled.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hybrid_plugin import Encoder, load_benchmark
from hybrid_plugin.encoding.fitting import fit_transform
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.transforms.fitted import FittedTransform
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.evaluation import EvaluationSettings, evaluate_vectors, measures_of, stored_vectors
from hybrid_plugin.files import read_json
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.tasks import Benchmark
from hybrid_plugin.training.grid import place
from hybrid_plugin.training.plan import CHECKPOINT

Stored = dict[str, Vectors]  # by language


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="the output folder of the sweep")
    parser.add_argument("runs", nargs="+", help="names of its runs")
    parser.add_argument("--on", nargs="+", default=["mlqa-r:training"], help="what transforms are fitted on")
    parser.add_argument("--score", default="xquad-r", help="the benchmark, of which the runs have vectors")
    parser.add_argument("--scales", nargs="+", type=float, default=[0.25, 0.5, 0.75, 1.0], help="of SHIFT")
    arguments = parser.parse_args()
    benchmark = load_benchmark(arguments.score)
    asked: list[tuple[str, dict[str, float]]] = [("centring", {}), ("lir", {}), ("lsar", {})]
    asked += [("shift", {"scale": scale}) for scale in arguments.scales]
    print(f"| run | transform, fitted on {', '.join(arguments.on)} | AP mono | AP cross | AP multi | RankDistance |")
    print("|" + " --- |" * 6)
    for run in arguments.runs:
        folder = arguments.sweep / "runs" / run
        docs, queries = stored_vectors(benchmark, folder / "vectors" / place(arguments.score))
        sides = {view.lang: part.vectors for view, part in docs.items()}, {v.lang: own for v, own in queries.items()}
        encoder = _encoder(folder)
        _score(benchmark, *sides, [run, "none"], None)
        for name, settings in asked:
            fitted = fit_transform(name, encoder, arguments.on, settings=settings)
            _score(benchmark, *sides, [run, " ".join([name, *map(str, settings.values())])], fitted)


def _encoder(folder: Path) -> Encoder:
    settings = read_json(folder / "run.json")
    precision = settings.get("evaluation_precision")
    if settings["strategy"] != "untouched":
        return Encoder.load(folder / CHECKPOINT, precision=precision)
    prefixes = {key: settings.get(key) for key in ("query_prefix", "passage_prefix")}
    return Encoder.load(settings["model"], precision=precision, **prefixes)


def _score(
    benchmark: Benchmark, docs: Stored, queries: Stored, labels: list[str], fitted: FittedTransform | None
) -> None:
    def transformed(stored: Stored, kind: Kind) -> Stored:
        if fitted is None:
            return stored
        return {
            lang: Vectors(own.ids, fitted.apply(np.asarray(own.matrix[:]), lang, kind)) for lang, own in stored.items()
        }

    docs, queries = transformed(docs, "passage"), transformed(queries, "query")
    found = evaluate_vectors(
        benchmark,
        {view: Part(docs[view.lang], view.lang) for view in benchmark.doc_views},
        {view: queries[view.lang] for view in benchmark.query_views},
        measures_of(benchmark, EvaluationSettings(measures=("AP", "RankDistance"))),
    ).settings
    figures = [f"{found[name]['AP']:.4f}" for name in ("mono", "cross", "multi")]
    print("| " + " | ".join([*labels, *figures, f"{found['multi']['RankDistance']:.1f}"]) + " |", flush=True)


if __name__ == "__main__":
    main()
