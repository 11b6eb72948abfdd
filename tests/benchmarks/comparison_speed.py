"""Comparing four systems with three seeds each on XQuAD-R: time and memory.

    python tests/benchmarks/comparison_speed.py

Writes twelve evaluation folders with all queries of XQuAD-R (1,190 questions in 132 tasks: 157,080 rows) and generated
values, then runs ``hybrid-ir compare`` in a process of its own; its time includes its start.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Figure, apart, command, main, need_collection

if TYPE_CHECKING:
    import pandas as pd

    from hybrid_plugin.evaluation.scores import Scores

SECONDS, GB = 20, 2  # limits
MEASURES = ("AP", "RankDistance")


def asked() -> pd.DataFrame:
    """A row a query and task."""
    import pandas as pd

    from hybrid_plugin.tasks import load_benchmark, queries

    labels = ["task", "docs", "queries", "setting", "query_id", "question", "cluster", "article"]
    rows = [
        (task.name, task.docs_lang, task.queries_lang, task.setting, one.id, one.question, one.cluster, one.article)
        for task in load_benchmark("xquad-r").tasks
        for one in queries(task)
    ]
    return pd.DataFrame(rows, columns=labels).assign(retrieved=13014, found=1, missed=0)


def evaluation(rows: pd.DataFrame, system: int, seed: int) -> Scores:
    """Values of a run: what is hard about a question is common to all, the rest a system's and a run's own."""
    import numpy as np
    import pandas as pd
    from scipy.special import ndtr

    from hybrid_plugin.evaluation.scores import Scores

    numbers = pd.factorize(rows["question"])[0]
    latent = np.zeros(len(rows))
    for share, source in ((1.0, [0]), (0.3, [1, system]), (0.2, [2, system, seed])):
        generator = np.random.default_rng(source)
        latent += share * (generator.standard_normal(numbers.max() + 1)[numbers] + generator.standard_normal(len(rows)))
    ap = ndtr(latent + 0.02 * system)
    distance = np.where(rows["setting"] == "multi", np.round(10 + 1000 * (1 - ap) ** 2), 0.0)
    about = {"benchmark": "xquad-r", "encoder": f"generated {system}", "zero_shot": True, "depth": None}
    return Scores(rows.assign(AP=ap, RankDistance=distance), MEASURES, about)


def write(folder: Path, systems: int, seeds: int) -> list[str]:
    """Write the folders; returns them as ``compare`` takes them."""
    rows, named = asked(), []
    for system in range(systems):
        for seed in range(seeds):
            evaluation(rows, system, seed).save(folder / f"{system}-{seed}")
            named.append(f"system{system}={folder / f'{system}-{seed}'}")
    return named


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    need_collection("xquad-r")
    with tempfile.TemporaryDirectory() as scratch:
        named = apart(write, Path(scratch), arguments.systems, arguments.seeds).value
        ours = command(
            sys.executable, "-m", "hybrid_plugin.cli", "compare", *named, "--output", f"{scratch}/comparison"
        )
    name = f"hybrid-ir compare, {arguments.systems} systems of {arguments.seeds} runs"
    yield Figure.of_times(f"{name}: time", ours, limit=SECONDS)
    yield Figure(f"{name}: memory", "GB", ours.gigabytes, limit=GB)


if __name__ == "__main__":
    main(figures, {"systems": (4, 2), "seeds": (3, 1)})
