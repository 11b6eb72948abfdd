"""Runs with the ids of a user's own files, read with those that the collection made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.runs.reader import Run
from hybrid_plugin.tasks.checksum import is_small
from hybrid_plugin.tasks.ids import id_form, query_ids
from hybrid_plugin.tasks.task import Task, View
from hybrid_plugin.tasks.texts import document_ids

IdsOf = Callable[[View], Collection[str] | None]  # all ids of a view; None where they are too many to compare


def with_made_ids(
    run: Run,
    path: Path,
    tasks: Sequence[Task],
    every: Iterable[View],
    doc_ids: IdsOf,
) -> tuple[Run, str]:
    """A run with the ids of its tasks, where it has the original ones and each of them can mean only one.

    Queries and documents are looked at apart, and left as they are where any is called as in the tasks and none is not.
    What is neither is left to be refused.

    Parameters
    ----------
    path : of the run file, for messages.
    tasks : that it is a run of.
    every : the queries of the whole benchmark.
    doc_ids : of the documents of a view, such as :func:`small_doc_ids`.

    Returns
    -------
    The run, and an example of what was read as what; empty if nothing was.

    Raises
    ------
    UserError
        Original and made ids are mixed, or an original one may mean several; names them.
    """
    asked, ranked = ([*dict.fromkeys(views)] for views in ([task.queries for task in tasks], _docs(tasks)))
    otherwise = f", or name the task that it is a run of, such as {tasks[0].name}" if len(asked) > 1 else ""
    queries = _made_of(run.rankings, "queries", asked, query_ids, every, f"{path}: the query", otherwise)
    docs = _made_of(run.doc_ids, "docs", ranked, doc_ids, ranked, f"{path}: the document")
    if not queries and not docs:
        return run, ""
    renamed = Run(
        np.array([docs.get(one, one) for one in run.doc_ids], dtype=object),
        {queries.get(one, one): ranking for one, ranking in run.rankings.items()},
    )
    examples = [next(iter(made.items())) for made in (queries, docs) if made]
    return renamed, ", ".join(f"'{original}' as '{made}'" for original, made in examples)


def small_doc_ids(view: View) -> set[str] | None:
    """The ids of a view's documents; None of what is large or must be downloaded for that."""
    return {*document_ids(view)} if is_small(view.dataset_id, "docs") else None


def _docs(tasks: Sequence[Task]) -> list[View]:
    return [view for task in tasks for view in task.docs]


def _made_of(
    named: Iterable[str],
    side: str,
    views: Sequence[View],
    ids_of: IdsOf,
    every: Iterable[View],
    what: str,
    otherwise: str = "",
) -> dict[str, str]:
    """Original id -> the one that was made of it; empty if a run has no original ids, or nobody can know."""
    forms = [id_form(view, side) for view in views]
    if not any(map(any, forms)):
        return {}
    ids = [found for view in views if (found := ids_of(view)) is not None]
    if len(ids) < len(views) or all(any(one in known for known in ids) for one in named):
        return {}
    found = {
        one: [made for form, known in zip(forms, ids, strict=True) if (made := form.made_of(one)) in known]
        for one in named
    }
    original = {one: made for one, made in found.items() if made and made != [one]}
    if not original:
        return {}
    as_made = set[str]().union(*(ids_of(view) or () for view in every))
    mixed = next((one for one in found if one in as_made and one not in original), None)
    if mixed is not None:
        raise UserError(
            f"{what} '{next(iter(original))}' has its original id and '{mixed}' the one that the collection made; "
            "write all in one form"
        )
    unclear = next((one for one, made in original.items() if len(made) > 1), None)
    if unclear is not None:
        raise UserError(
            f"{what} '{unclear}' may be {' or '.join(map(repr, original[unclear]))}; write the ids as the collection "
            f"has them, with their language{otherwise}"
        )
    return {one: made for one, (made,) in original.items()}
