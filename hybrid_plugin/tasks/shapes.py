"""Tasks of the common shapes of collections, a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from datasets_ext import MULTI
from hybrid_plugin.tasks.task import Qrels, Task, View


def parallel(name: str, languages: Iterable[str]) -> tuple[Task, ...]:
    """The tasks of a parallel collection with the ids of ``datasets_ext``: mono, cross and multi.

    ``{name}/{docs}/{queries}`` has the judgements of a task, ``{name}/{lang}`` the documents of a language and
    ``{name}/multi/{lang}`` all its queries, which have a ``parallel_id`` and a ``cluster``.
    """
    known = tuple(languages)
    return grid(
        docs={lang: View(f"{name}/{lang}", lang) for lang in known},
        queries={lang: View(f"{name}/{MULTI}/{lang}", lang) for lang in known},
        qrels=lambda docs, queries: (Qrels(f"{name}/{docs}/{queries}"),),
        question="parallel_id",
        cluster="cluster",
    )


def grid(
    docs: Mapping[str, View],
    queries: Mapping[str, View],
    qrels: Callable[[str, str], tuple[Qrels, ...]],
    *,
    question: str | None = None,
    cluster: str | None = None,
    prefix: str = "",
) -> tuple[Task, ...]:
    """Every language of queries against every language of documents, and against the pool of them all.

    Parameters
    ----------
    docs, queries : by language.
    qrels : of the documents of a language, or of ``multi``, and the queries of another.
    prefix : goes before the tasks' names, which are ``{docs}/{queries}``.

    Returns
    -------
    The tasks of mono, then of cross, then of multi.
    """

    def task(name: str, views: tuple[View, ...], lang: str, setting: str = "") -> Task:
        full = f"{prefix}{name}/{lang}"
        return Task(full, views, queries[lang], qrels(name, lang), question, cluster, setting)

    mono = (task(lang, (docs[lang],), lang) for lang in docs if lang in queries)
    cross = (task(one, (docs[one],), other) for one in docs for other in queries if one != other)
    # A pool of one language is a pool of what is there.
    multi = (task(MULTI, tuple(docs.values()), lang, "multi") for lang in queries)
    return (*mono, *cross, *multi)


def monolingual(
    views: Mapping[str, str], *, question: str | None = None, cluster: str | None = None, field: str | None = None
) -> tuple[Task, ...]:
    """One language a task: each has an ir_datasets id with documents, queries and judgements of its own.

    Parameters
    ----------
    views : language -> ir_datasets id.
    field : which text of the queries.
    """
    return tuple(
        Task(f"{lang}/{lang}", (View(one, lang),), View(one, lang, field=field), (Qrels(one),), question, cluster)
        for lang, one in views.items()
    )
