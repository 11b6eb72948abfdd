"""Where the relevant documents of a system land on the pool, from its run files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.evaluation.scores import RUNS
from hybrid_plugin.report.system import System
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.tasks.task import Task

TOP = 3  # documents a query that a landing keeps to show


@dataclass(frozen=True)
class Landing:
    """What the run files of one system on the pool say.

    Parameters
    ----------
    relevant : a row a query and relevant document: ``query_id``, ``doc_id``, ``queries`` and ``docs`` (languages),
        ``position`` from 1, ``inf`` where the run does not hold the document.
    top : the first documents of each query: ``query_id``, ``doc_id``, ``position``.
    depth : the length of the longest ranking.
    """

    relevant: pd.DataFrame
    top: pd.DataFrame
    depth: int


def run_files(system: System) -> list[Path]:
    """A system's run files on the pool: those of its folder, or those that were scored."""
    scored = Path(system.scores.get("runs") or system.folder / RUNS)
    if scored.is_file():
        return [scored] if len(system.pooled) else []
    found: dict[str, Path] = {}
    for place in (system.folder / RUNS, scored / RUNS, scored):
        for path in sorted([*place.glob(f"{MULTI}.*.trec"), *place.glob(f"{MULTI}.*.trec.gz")]):
            found.setdefault(path.name.removesuffix(".gz"), path)
    return list(found.values())


def read_landing(system: System, files: Sequence[Path], task: Task) -> Landing:
    """Read a system's run files, one at a time, and keep the little that is shown of them.

    Raises
    ------
    UserError
        A run file is malformed; names the file and line.
    """
    asked = dict(zip(system.pooled["query_id"], system.pooled["queries"], strict=True))
    positions: dict[tuple[str, str], int] = {}
    top: list[tuple[str, str, int]] = []
    depth = 0
    for path in files:
        run = read_run(path)
        row_of = {doc_id: row for row, doc_id in enumerate(run.doc_ids)}
        order = np.argsort(np.argsort(run.doc_ids))
        for query_id in run.rankings.keys() & asked.keys():
            docs, scores = run.rankings[query_id]
            ranked = docs[np.lexsort((-order[docs], -scores))]  # as trec_eval ranks
            depth = max(depth, len(ranked))
            top += [(query_id, run.doc_ids[row], place) for place, row in enumerate(ranked[:TOP], start=1)]
            for doc_id in task.relevant[query_id]:
                place = np.flatnonzero(ranked == row_of.get(doc_id, -1))
                if len(place):
                    positions[query_id, doc_id] = int(place[0]) + 1
    language = {doc.id: lang for lang, docs in task.docs.items() for doc in docs}
    covered = {asked[query_id] for query_id, _, _ in top}
    relevant = [
        (query_id, doc_id, lang, language[doc_id], float(positions.get((query_id, doc_id), np.inf)))
        for query_id, lang in asked.items()
        if lang in covered
        for doc_id in task.relevant[query_id]
    ]
    return Landing(
        pd.DataFrame(relevant, columns=["query_id", "doc_id", "queries", "docs", "position"]),
        pd.DataFrame(top, columns=["query_id", "doc_id", "position"]),
        depth,
    )
