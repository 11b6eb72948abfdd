"""Whether judgements in a user's own files are about the queries and documents of their task."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from datasets_ext.files import FileDataset
from datasets_ext.lines import read_lines
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.checksum import is_small
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.task import Task
from hybrid_plugin.tasks.texts import document_ids


def check_judgements(task: Task, judgements: Judgements, query_ids: Collection[str]) -> None:
    """Warn of judged documents that a task does not have, where the judgements are files and the documents few.

    Raises
    ------
    UserError
        It has none of the judged queries or documents; names file, line and id.
    """
    if not any(isinstance(load_dataset(one.dataset_id), FileDataset) for one in task.qrels):
        return
    judged = judgements.by_query
    if not any(one in query_ids for one in judged):
        first = next(iter(judged))
        raise UserError(
            f"{_line(task, 0, first)}: '{first}' is not among the queries of the task '{task.name}', nor is any other "
            f"judged one; they are called such as '{next(iter(query_ids), '')}'"
        )
    if not all(is_small(view.dataset_id, "docs") for view in task.docs):
        return
    known = {doc_id for view in task.docs for doc_id in document_ids(view)}
    named = dict.fromkeys(doc_id for grades in judged.values() for doc_id in grades)
    strange = [doc_id for doc_id in named if doc_id not in known]
    if not strange:
        return
    said = f"{_line(task, 2, strange[0])}: '{strange[0]}' is not among the documents of the task '{task.name}'"
    if len(strange) == len(named):
        raise UserError(
            f"{said}, nor is any other judged one; they are called such as '{min(known, default='')}': "
            "do the qrels need a prefix?"
        )
    warnings.warn(f"{said}, like {len(strange)} of {len(named)} judged ones: nothing can find them", stacklevel=4)


def _line(task: Task, column: int, text_id: str) -> str:
    """The file and line of the first judgement with an id in a column."""
    for part in task.qrels:
        dataset = load_dataset(part.dataset_id)
        if isinstance(dataset, FileDataset):
            prefix = part.prefix if column else ""
            for number, line in read_lines(dataset.path):
                if f"{prefix}{line.split()[column]}" == text_id:
                    return f"{dataset.path} line {number}"
    return f"the judgements of '{task.name}'"
