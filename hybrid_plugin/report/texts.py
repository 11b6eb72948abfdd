"""The few texts of a collection that a report shows, and languages of documents, found without holding the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from hybrid_plugin.tasks.task import Task, View, languages_told, told_languages
from hybrid_plugin.tasks.texts import Text, count_documents, documents

MANY = 1_000_000  # documents that are not read for a report

Wanted = Mapping[str, Collection[str]]  # name of a task -> ids of documents in its pool


def many_documents(tasks: Sequence[Task]) -> int:
    """How many documents some tasks rank, if these are too many to read and their metadata say so; else 0."""
    views = dict.fromkeys(view.plain for task in tasks for view in task.docs)
    count = sum(count_documents(view) or 0 for view in views)
    return count if count > MANY else 0


def find_documents(tasks: Sequence[Task], wanted: Wanted) -> dict[tuple[str, str], Text]:
    """Some documents, by the task and id by which they were wanted, in one pass over the collection.

    A document that the collection lacks is left out.
    """
    by_view: dict[View, list[str]] = {}
    for task in tasks:
        for view in task.docs:
            by_view.setdefault(view, []).append(task.name)
    found: dict[tuple[str, str], Text] = {}
    for view, names in by_view.items():
        ids = set().union(*(wanted.get(name, ()) for name in names))
        for text in documents(view) if ids else ():
            if text.id in ids:
                found |= {(name, text.id): text for name in names if text.id in wanted.get(name, ())}
    return found


def find_languages(tasks: Sequence[Task], wanted: Wanted) -> dict[tuple[str, str], str]:
    """The languages of some documents, by task and id, of those that are known."""
    told = [task for task in tasks if languages_told(task.docs)]
    found = {
        (task.name, doc_id): lang
        for task in told
        for doc_id, lang in told_languages(task.docs, wanted.get(task.name, ())).items()
    }
    others = find_documents([task for task in tasks if task not in told], wanted)
    return found | {key: text.lang for key, text in others.items() if text.lang}
