"""What a study's runs do to languages: consistency between query languages, wanted and unwanted language.

    hybrid-ir sweep docs/study-strategies.yaml --output study/strategies
    python tests/benchmarks/study_bias.py study/strategies --score xquad-r

Scores the stored vectors of all runs that were evaluated on the benchmark, on its pool, and prints the table of
docs/study.md: runs that differ in nothing but the seed are one row.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from study_tables import spread, table, without_seed

from hybrid_plugin import load_benchmark
from hybrid_plugin.evaluation import EvaluationSettings, evaluate_vectors, measures_of, stored_vectors
from hybrid_plugin.files import SCORES
from hybrid_plugin.training.grid import place

# Of the first ten documents, besides the two measures of consistency and how often the query's language comes first
MEASURES = {
    "RBO@10": "RBO@10",
    "MRC@10": "MRC@10",
    "LPR": "LPR",
    "relevant, own": "LanguagePart@10",
    "relevant, other": "LanguagePart(lang='other')@10",
    "not relevant, own": "LanguagePart(relevant=False)@10",
    "not relevant, other": "LanguagePart(relevant=False,lang='other')@10",
    "PEER@10": "PEER@10",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweeps", nargs="+", type=Path, help="the output folders of sweeps")
    parser.add_argument("--score", default="xquad-r", help="the benchmark, of which the runs have vectors")
    arguments = parser.parse_args()
    benchmark = load_benchmark(arguments.score).only(settings=("multi",))
    asked = measures_of(benchmark, EvaluationSettings(measures=tuple(MEASURES.values())))
    found = []
    for folder in sorted(run for sweep in arguments.sweeps for run in (sweep / "runs").iterdir()):
        vectors = folder / "vectors" / place(arguments.score)
        if (folder / place(arguments.score) / SCORES).exists():
            scores = evaluate_vectors(benchmark, *stored_vectors(benchmark, vectors), asked, progress=True)
            figures = scores.settings["multi"]
            found.append([without_seed(folder.name), *(figures[one] for one in MEASURES.values())])
    rows = pd.DataFrame(found, columns=["name", *MEASURES]).groupby("name", sort=False)
    table(
        ["", "seeds", *MEASURES],
        ([str(name), len(several), *(spread(several[one], 3) for one in MEASURES)] for name, several in rows),
    )


if __name__ == "__main__":
    main()
