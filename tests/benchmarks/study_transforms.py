"""Vector transforms on top of each strategy: the rows of docs/study.md, from the folder of its sweep.

    hybrid-ir sweep docs/study.yaml --output study
    python tests/benchmarks/study_transforms.py study "strategy=untouched" "strategy=hybrid,alpha=0.5,seed=0"

For each run it encodes 500 documents and 500 queries of each language of MLQA-R, fits centring, LIR and LSAR on them,
with and without as many texts of XQuAD-R in the languages that MLQA-R lacks, and scores the run's stored vectors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hybrid_plugin import Encoder, load_benchmark
from hybrid_plugin.encoding.fitting import DEFAULT_TEXTS, sample_texts
from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.encoding.transforms.centring import Centring
from hybrid_plugin.encoding.transforms.lir import LIR
from hybrid_plugin.encoding.transforms.lsar import LSAR
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.evaluation import EvaluationSettings, evaluate_vectors, measures_of, stored_vectors
from hybrid_plugin.files import read_json
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.tasks import Benchmark

KINDS = {"docs": "passage", "queries": "query"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="the output folder of the sweep")
    parser.add_argument("runs", nargs="+", help="names of its runs")
    arguments = parser.parse_args()
    benchmark = load_benchmark("xquad-r")
    texts = {name: sample_texts([name], DEFAULT_TEXTS, 0)[0] for name in ("mlqa-r", "xquad-r")}
    print("| run | transform | fitted on | AP mono | AP cross | AP multi | RankDistance |")
    print("|" + " --- |" * 7)
    for run in arguments.runs:
        folder = arguments.sweep / "runs" / run
        docs, queries = stored_vectors(benchmark, folder / "vectors" / "xquad-r")
        stored = {
            "docs": {view.lang: part.vectors for view, part in docs.items()},
            "queries": {view.lang: vectors for view, vectors in queries.items()},
        }
        encoder = _encoder(folder)
        sample: dict[str, dict[str, list[np.ndarray]]] = {"mlqa-r": {}, "xquad-r": {}}
        for (lang, side), found in texts["mlqa-r"].items():
            vectors = encoder.encode([text.text for text in found], KINDS[side])  # type: ignore[arg-type]
            sample["mlqa-r"].setdefault(lang, []).append(vectors)
        for (lang, side), found in texts["xquad-r"].items():
            row = {text_id: place for place, text_id in enumerate(stored[side][lang].ids)}
            sample["xquad-r"].setdefault(lang, []).append(stored[side][lang].matrix[[row[text.id] for text in found]])
        alone = {lang: np.concatenate(parts) for lang, parts in sample["mlqa-r"].items()}
        both = {lang: np.concatenate(parts) for lang, parts in sample["xquad-r"].items()} | alone
        _score(benchmark, stored, (run, "none", ""), None)
        _score(benchmark, stored, (run, "centring", "mlqa-r"), Centring.fit(alone))
        for kind in (Centring, LIR, LSAR):
            _score(benchmark, stored, (run, kind.name, "mlqa-r, xquad-r"), kind.fit(both))


def _encoder(folder: Path) -> Encoder:
    settings = read_json(folder / "run.json")
    precision = settings.get("evaluation_precision")
    if settings["strategy"] != "untouched":
        return Encoder.load(folder / "checkpoint", precision=precision)
    prefixes = {key: settings.get(key) for key in ("query_prefix", "passage_prefix")}
    return Encoder.load(settings["model"], precision=precision, **prefixes)


def _score(
    benchmark: Benchmark, stored: dict[str, dict[str, Vectors]], labels: tuple[str, ...], transform: Transform | None
) -> None:
    docs, queries = (
        {
            lang: Vectors(v.ids, v.matrix if transform is None else transform.apply(v.matrix, lang))
            for lang, v in stored[side].items()
        }
        for side in KINDS
    )
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
