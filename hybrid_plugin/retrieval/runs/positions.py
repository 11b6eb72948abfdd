"""Rankings from a run file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybrid_plugin.retrieval.rankings import Grades, LanguageMap, Rankings, ranks_of_lists
from hybrid_plugin.retrieval.runs.reader import Run


def rankings_of_run(
    run: Run, query_ids: Sequence[str], grades: Grades, depth: int | None = None, languages: LanguageMap | None = None
) -> Rankings:
    """The rankings of some queries in a run; a query that it lacks has retrieved nothing.

    Ties are broken as trec_eval breaks them, on scores as it keeps them, in 32 bits; the scores stay as they are.

    Parameters
    ----------
    grades : of the judged documents.
    depth : documents a query, where the rankings are to be cut.
    languages : also collect the languages of the documents.
    """
    order = np.empty(len(run.doc_ids), np.int64)
    order[np.argsort(run.doc_ids)] = np.arange(len(order))
    lists, scores = [], []
    nothing = (np.empty(0, np.int32), np.empty(0, np.float64))
    for query_id in query_ids:
        docs, found = run.rankings.get(query_id, nothing)
        ranked = np.lexsort((-order[docs], -found.astype(np.float32)))[:depth]
        lists.append(run.doc_ids[docs[ranked]])
        scores.append(found[ranked])
    ranks = ranks_of_lists(query_ids, lists, grades, [len(one) for one in lists], languages)
    return Rankings(tuple(query_ids), lists, scores, ranks)
