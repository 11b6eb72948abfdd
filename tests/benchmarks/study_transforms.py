"""Vector transforms on top of a study's runs: the rows of docs/study.md, from the folder of a sweep.

    hybrid-ir sweep docs/study-strategies.yaml --output study/strategies
    python tests/benchmarks/study_transforms.py study/strategies "strategy=untouched" --score mlqa-r:validation
    python tests/benchmarks/study_transforms.py study/strategies "strategy=untouched" --score xquad-r \\
        --transforms centring shift:0.5

For each run it encodes what the transforms draw from the collections of ``--on``, once for all of them and beside the
run's own vectors, fits them and scores the stored vectors of the run. Which transform, and SHIFT's scale, are for the
validation to choose.
``--on mlqa-r:training xquad-r`` takes the languages that MLQA-R lacks from the collection that is scored, unlabelled.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from study_tables import SETTINGS, table

from hybrid_plugin import Encoder, load_benchmark
from hybrid_plugin.encoding.encode import encode_to_folder, kind_of
from hybrid_plugin.encoding.fitting import DEFAULT_TEXTS, fit_transform
from hybrid_plugin.encoding.sampling import Sample, sample_parallel, sample_texts
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.transforms.fitted import FittedTransform
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.evaluation import EvaluationSettings, evaluate_vectors, measures_of, stored_vectors
from hybrid_plugin.files import read_json
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.tasks import Benchmark
from hybrid_plugin.tasks.texts import Text
from hybrid_plugin.training.grid import place
from hybrid_plugin.training.plan import CHECKPOINT

Stored = dict[str, Vectors]  # by language
ALL = ("centring", "lir", "lsar", "shift:0.25", "shift:0.5", "shift:0.75", "shift:1.0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="the output folder of the sweep")
    parser.add_argument("runs", nargs="+", help="names of its runs")
    parser.add_argument("--on", nargs="+", default=["mlqa-r:training"], help="what transforms are fitted on")
    parser.add_argument("--score", default="xquad-r", help="the benchmark, of which the runs have vectors")
    parser.add_argument("--transforms", nargs="+", default=ALL, help="names; of SHIFT with its scale (default: all)")
    arguments = parser.parse_args()
    head = ["run", f"transform, fitted on {', '.join(arguments.on)}", "AP mono", "AP cross", "AP multi", "RankDistance"]
    table(head, (row for run in arguments.runs for row in _rows(arguments.sweep / "runs" / run, arguments)))


def _rows(folder: Path, arguments: argparse.Namespace) -> Iterator[list[str]]:
    """A row without a transform, and one with each."""
    benchmark = load_benchmark(arguments.score)
    vectors = folder / "vectors"
    docs, queries = stored_vectors(benchmark, vectors / place(arguments.score))
    sides = {view.lang: part.vectors for view, part in docs.items()}, {v.lang: own for v, own in queries.items()}
    encoder = _encoder(folder)
    yield [folder.name, "none", *_score(benchmark, *sides, None)]
    drawn = _encode_drawn(encoder, arguments.on, vectors / "+".join(["drawn", *map(place, arguments.on)]))
    for asked in arguments.transforms:
        name, _, scale = asked.partition(":")
        settings = {"scale": float(scale)} if scale else {}
        fitted = fit_transform(name, encoder, arguments.on, vectors=[drawn] * len(arguments.on), settings=settings)
        yield [folder.name, asked, *_score(benchmark, *sides, fitted)]


def _encoder(folder: Path) -> Encoder:
    settings = read_json(folder / "run.json")
    precision = settings.get("evaluation_precision")
    if settings["strategy"] != "untouched":
        return Encoder.load(folder / CHECKPOINT, precision=precision)
    prefixes = {key: settings.get(key) for key in ("query_prefix", "passage_prefix")}
    return Encoder.load(settings["model"], precision=precision, **prefixes)


def _encode_drawn(encoder: Encoder, on: list[str], folder: Path) -> Path:
    """The vectors of all texts that some transform is fitted on; those that are there are kept."""
    samples = [Sample(*sample_texts(on, DEFAULT_TEXTS, seed=0)), *sample_parallel(on, DEFAULT_TEXTS, 0, "en")]
    sides: dict[str, dict[str, Text]] = {"docs": {}, "queries": {}}
    for sample in samples:
        for (_, side), texts in sample.texts.items():
            sides[side].update((text.id, text) for text in texts)
    for side, texts in sides.items():
        request = {"encoder": encoder.identity, "on": on, "side": side, "texts": DEFAULT_TEXTS}
        encode_to_folder(
            encoder, texts.values(), kind_of(side), folder / side, total=len(texts), request=request, progress=True
        )
    return folder


def _score(benchmark: Benchmark, docs: Stored, queries: Stored, fitted: FittedTransform | None) -> list[str]:
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
    return [*(f"{found[name]['AP']:.4f}" for name in SETTINGS), f"{found['multi']['RankDistance']:.1f}"]


if __name__ == "__main__":
    main()
