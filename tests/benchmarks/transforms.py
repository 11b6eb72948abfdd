"""What each vector transform does to an encoder's scores on XQuAD-R, by what it is fitted on.

    hybrid-ir encode xquad-r --encoder M --query-prefix Q --passage-prefix P --output VECTORS
    python tests/benchmarks/transforms.py VECTORS M --query-prefix Q --passage-prefix P

Encodes 500 documents and 500 queries of each language of MLQA-R, as ``hybrid-ir transform fit`` does; everything else
comes from the stored vectors. Prints the tables of docs/transforms.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
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
from hybrid_plugin.retrieval.exact import Part

SIDES = {"docs": "passage", "queries": "query"}
BySide = dict[str, dict[str, np.ndarray]]  # docs and queries to language to vectors


def joined(sample: BySide) -> dict[str, np.ndarray]:
    return {lang: np.concatenate([sample[side][lang] for side in SIDES]) for lang in sample["docs"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("encoder")
    parser.add_argument("--query-prefix")
    parser.add_argument("--passage-prefix")
    arguments = parser.parse_args()
    encoder = Encoder.load(
        arguments.encoder, query_prefix=arguments.query_prefix, passage_prefix=arguments.passage_prefix
    )
    benchmark = load_benchmark("xquad-r")
    measures = measures_of(benchmark, EvaluationSettings(measures=("AP", "RankDistance")))
    stored_docs, stored_queries = stored_vectors(benchmark, arguments.vectors)
    stored = {
        "docs": {view.lang: part.vectors for view, part in stored_docs.items()},
        "queries": {view.lang: vectors for view, vectors in stored_queries.items()},
    }

    def score(label: str, transforms: Mapping[str, Transform], known: bool = True) -> None:
        docs, queries = (
            {
                lang: Vectors(
                    v.ids, transforms[side].apply(v.matrix, lang if known else None) if transforms else v.matrix
                )
                for lang, v in stored[side].items()
            }
            for side in SIDES
        )
        result = evaluate_vectors(
            benchmark,
            {view: Part(docs[view.lang], view.lang) for view in benchmark.doc_views},
            {view: queries[view.lang] for view in benchmark.query_views},
            measures,
        )
        ap = " | ".join(f"{result.settings[setting]['AP']:.4f}" for setting in ("mono", "cross", "multi"))
        print(f"| {label} | {ap} | {result.settings['multi']['RankDistance']:.1f} |", flush=True)

    mlqa: BySide = {side: {} for side in SIDES}
    for (lang, side), texts in sample_texts(["mlqa-r"], DEFAULT_TEXTS, 0)[0].items():
        mlqa[side][lang] = encoder.encode([text.text for text in texts], SIDES[side])  # type: ignore[arg-type]
    xquad: BySide = {side: {} for side in SIDES}
    for (lang, side), texts in sample_texts(["xquad-r"], DEFAULT_TEXTS, 0)[0].items():
        row = {text_id: place for place, text_id in enumerate(stored[side][lang].ids)}
        xquad[side][lang] = stored[side][lang].matrix[[row[text.id] for text in texts]]
    samples = {
        "mlqa-r, xquad-r": {side: xquad[side] | mlqa[side] for side in SIDES},
        "mlqa-r": mlqa,
        "xquad-r": xquad,
    }
    score("none |", {})
    for name, sample in samples.items():
        ranks = (2, 4, 6, None) if name == "mlqa-r, xquad-r" else (None,)
        for kind, rank in [(Centring, None), *((LIR, r) for r in (1, 2, 4)[: len(ranks)]), *((LSAR, r) for r in ranks)]:
            shown = {Centring: "", LIR: f" {rank}", LSAR: f" {rank or len(sample['docs']) - 1}"}[kind]
            score(f"{kind.name}{shown} | {name}", dict.fromkeys(SIDES, kind.fit(joined(sample), rank)))
    both = samples["mlqa-r, xquad-r"]
    print("queries and passages fitted apart:")
    for kind in (Centring, LIR, LSAR):
        score(f"{kind.name} | mlqa-r, xquad-r", {side: kind.fit(both[side]) for side in SIDES})
    centring = Centring.fit(joined(both))
    print("language of no text known:")
    score("centring | mlqa-r, xquad-r", dict.fromkeys(SIDES, centring), known=False)
    for side in SIDES:
        right = [centring.nearest(v.matrix) == centring.languages.index(lang) for lang, v in stored[side].items()]
        print(f"language by the nearest mean, {side}: {np.concatenate(right).mean():.4f} right")
    print("fitted on fewer texts of each language and kind:")
    for number in (20, 50, 100, 200):
        few = {lang: np.concatenate([both[side][lang][:number] for side in SIDES]) for lang in both["docs"]}
        score(f"centring | {number}", dict.fromkeys(SIDES, Centring.fit(few)))


if __name__ == "__main__":
    main()
