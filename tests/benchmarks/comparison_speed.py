"""Time and peak memory of comparing four systems with three seeds each on XQuAD-R.

    python tests/benchmarks/comparison_speed.py

Writes twelve evaluation folders with all queries of XQuAD-R (1,190 questions in 132 tasks: 157,080 rows) and generated
values, then runs ``hybrid-ir compare`` in a process of its own; its time includes its start.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.tasks import load_benchmark, queries, register_datasets

SYSTEMS, SEEDS = 4, 3
SECONDS, GB = 20, 2  # limits
MEASURES = ("AP", "RankDistance")


def asked() -> pd.DataFrame:
    """A row a query and task."""
    labels = ["task", "docs", "queries", "setting", "query_id", "question", "cluster", "article"]
    rows = [
        (task.name, task.docs_lang, task.queries_lang, task.setting, one.id, one.question, one.cluster, one.article)
        for task in load_benchmark("xquad-r").tasks
        for one in queries(task)
    ]
    return pd.DataFrame(rows, columns=labels).assign(retrieved=13014, found=1, missed=0)


def evaluation(rows: pd.DataFrame, system: int, seed: int) -> Scores:
    """Values of a run: what is hard about a question is common to all, the rest a system's and a run's own."""
    numbers = pd.factorize(rows["question"])[0]
    latent = np.zeros(len(rows))
    for share, source in ((1.0, [0]), (0.3, [1, system]), (0.2, [2, system, seed])):
        generator = np.random.default_rng(source)
        latent += share * (generator.standard_normal(numbers.max() + 1)[numbers] + generator.standard_normal(len(rows)))
    ap = ndtr(latent + 0.02 * system)
    distance = np.where(rows["setting"] == "multi", np.round(10 + 1000 * (1 - ap) ** 2), 0.0)
    about = {"benchmark": "xquad-r", "encoder": f"generated {system}", "zero_shot": True, "depth": None}
    return Scores(rows.assign(AP=ap, RankDistance=distance), MEASURES, about)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    register_datasets()
    rows = asked()
    with tempfile.TemporaryDirectory() as scratch:
        named = []
        for system in range(SYSTEMS):
            for seed in range(SEEDS):
                folder = Path(scratch, f"{system}-{seed}")
                evaluation(rows, system, seed).save(folder)
                named.append(f"system{system}={folder}")
        print(f"{SYSTEMS} systems of {SEEDS} runs with {len(rows):,} rows each")
        started = time.perf_counter()
        command = [sys.executable, "-m", "hybrid_plugin.cli", "compare", *named]
        subprocess.run([*command, "--output", Path(scratch, "comparison")], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"compared in {seconds:.1f} s (limit {SECONDS} s; processor {used.ru_utime + used.ru_stime:.1f} s), "
        f"{used.ru_maxrss / 2**20:.2f} GB at most (limit {GB} GB)"
    )


if __name__ == "__main__":
    main()
