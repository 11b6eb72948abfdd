"""What there is to look at in a benchmark: its documents and questions, in memory, each by an id of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from datasets_ext import MULTI
from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.task import Task, View
from hybrid_plugin.tasks.texts import Query, Text, count_documents, documents, queries

MOST_DOCUMENTS = 1_000_000


@dataclass(frozen=True)
class Document:
    """A document as the page shows it.

    Parameters
    ----------
    id : its own among all that are shown.
    pool_id : its id in its pool, by which ties are broken.
    """

    id: str
    lang: str
    text: str
    context: str = ""
    title: str = ""
    pool_id: str = ""

    __repr__ = brief


@dataclass(frozen=True)
class Question:
    """A question of the benchmark in one language; ``question`` is the same in every language."""

    id: str
    lang: str
    text: str
    question: str

    __repr__ = brief


@dataclass(frozen=True)
class Collection:
    """What there is to look at.

    Parameters
    ----------
    docs, queries : by id: that of the collection, or where several views use one, after the language.
    relevant : id of a query -> ids of its relevant documents.
    texts : the documents of each view, by the ids that it gives them; all together in the order of ``docs``.
    origins : id of a query -> its view and the id that this gives it.
    """

    docs: dict[str, Document]
    queries: dict[str, Question]
    relevant: dict[str, list[str]]
    texts: dict[View, list[Text]]
    origins: dict[str, tuple[View, str]]

    __repr__ = brief

    @classmethod
    def load(cls, benchmark: Benchmark) -> Collection:
        """The documents that a benchmark pools, or all where it has no pool; and its queries.

        Raises
        ------
        UserError
            There are more documents than can be held, or an id occurs twice in a view.
        """
        texts, docs, doc_ids = _read_documents(benchmark)
        tasks = _judging(benchmark)
        asked, query_ids = _read_queries(tasks)
        relevant = _relevant(tasks, doc_ids, query_ids)
        return cls(docs, asked, relevant, texts, {query_id: key for key, query_id in query_ids.items()})


_Key = tuple[View, str]  # a view without prefix, and the id that it gives


def _read_documents(
    benchmark: Benchmark,
) -> tuple[dict[View, list[Text]], dict[str, Document], dict[_Key, str]]:
    """Texts by view, documents by the id that they are shown by, and this id by the one in the view."""
    prefixes: dict[View, str] = {}
    for view in _pooling(benchmark).doc_views:
        prefixes.setdefault(view.plain, view.prefix)
    _check_size(benchmark, sum(count_documents(view) or 0 for view in prefixes))
    texts: dict[View, list[Text]] = {view: [] for view in prefixes}
    read: dict[_Key, Document] = {}
    for view, prefix in prefixes.items():
        for text, record in zip(documents(view), load_dataset(view.dataset_id).docs_iter(), strict=True):
            texts[view].append(text)
            context, title = (getattr(record, name, None) or "" for name in ("context", "title"))
            pool_id = prefix + text.id
            read[view, text.id] = Document(pool_id, text.lang or "", text.text, context, title, pool_id)
            _check_size(benchmark, len(read))
        if len({text.id for text in texts[view]}) < len(texts[view]):
            raise UserError(f"an id occurs twice among the documents of '{view.dataset_id}'")
    ids = _distinct({key: (doc.pool_id, doc.lang) for key, doc in read.items()})
    return texts, {ids[key]: replace(doc, id=ids[key]) for key, doc in read.items()}, ids


def _read_queries(tasks: Sequence[Task]) -> tuple[dict[str, Question], dict[_Key, str]]:
    """Queries by the id that they are shown by, and this id by the one in the view."""
    read: dict[_Key, Query] = {}
    for task in tasks:
        view = task.queries
        read |= {(view.plain, query.id.removeprefix(view.prefix)): query for query in queries(task)}
    ids = _distinct({key: (query.id, query.lang or "") for key, query in read.items()})
    found = [Question(ids[key], query.lang or "", query.text, query.question) for key, query in read.items()]
    return {one.id: one for one in found}, ids


def _pooling(benchmark: Benchmark) -> Benchmark:
    """The tasks of a benchmark on a pool, or all where there is none."""
    return benchmark.only(settings=[MULTI]) if MULTI in benchmark.settings else benchmark


def _judging(benchmark: Benchmark) -> list[Task]:
    """The tasks that say which documents answer a query: those on a pool, and for a query of none, all its others."""
    pooled = {task.queries for task in benchmark.tasks if task.setting == MULTI}
    return [task for task in benchmark.tasks if task.setting == MULTI or task.queries not in pooled]


def _relevant(
    tasks: Sequence[Task], doc_ids: Mapping[_Key, str], query_ids: Mapping[_Key, str]
) -> dict[str, list[str]]:
    """The relevant documents of each query, both by the ids that they are shown by."""
    found: dict[str, dict[str, None]] = {}
    for task in tasks:
        judged = Judgements.load(task)
        for query_id in judged.by_query:
            asked = query_ids.get((task.queries.plain, query_id.removeprefix(task.queries.prefix)))
            if asked is not None:
                keys = [
                    (view.plain, doc_id.removeprefix(view.prefix))
                    for doc_id in judged.relevant(query_id)
                    for view in task.docs
                    if doc_id.startswith(view.prefix)
                ]
                found.setdefault(asked, {}).update((doc_ids[key], None) for key in keys if key in doc_ids)
    return {query_id: list(some) for query_id, some in found.items()}


def _distinct(told: Mapping[_Key, tuple[str, str]]) -> dict[_Key, str]:
    """An id of its own for each text, of its id in the pool and its language.

    What several views use gets the language before it, and where that is not enough, the dataset and its field.
    """
    ids = {key: pool_id for key, (pool_id, _) in told.items()}
    for head in (
        lambda view, lang: lang,
        lambda view, lang: view.dataset_id,
        lambda view, lang: f"{view.dataset_id}/{view.field}",
    ):
        count = Counter(ids.values())
        for key, (pool_id, lang) in told.items():
            if count[ids[key]] > 1:
                ids[key] = f"{head(key[0], lang)}/{pool_id}"
    return ids


def _check_size(benchmark: Benchmark, count: int) -> None:
    if count > MOST_DOCUMENTS:
        raise UserError(
            f"{benchmark.name} has more than {MOST_DOCUMENTS:,} documents, which explore would have to hold; it is for "
            "smaller collections"
        )
