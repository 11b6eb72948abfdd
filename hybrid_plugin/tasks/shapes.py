"""Tasks of the common shapes of collections, a line each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import product

from datasets_ext import MULTI
from hybrid_plugin.tasks.task import Qrels, Task, View


def parallel(
    name: str,
    languages: Iterable[str],
    asked_in: Iterable[str] = (),
    *,
    through: Collection[str] = (),
    answers_itself: bool = False,
) -> tuple[Task, ...]:
    """The tasks of a parallel collection with the ids of ``datasets_ext``: mono, cross and multi.

    ``{name}/{docs}/{queries}`` has the judgements of a task, ``{name}/{lang}`` the documents of a language and
    ``{name}/multi/{lang}`` all its queries, which have a ``parallel_id``, a ``cluster`` and an ``article``.

    Parameters
    ----------
    languages : of the documents.
    asked_in : of the queries; those of the documents unless they are given.
    through : languages of which a task of cross has one on either side; empty: all pairs.
    answers_itself : whether a query is a document of its own language, word for word: then there is no mono, and the
        pool for a query has the other languages.
    """
    known = tuple(languages)
    asked = tuple(asked_in) or known
    views = tuple(View(f"{name}/{lang}", lang) for lang in known)

    def qrels(one: str, lang: str) -> tuple[Qrels, ...]:
        return () if one == lang and answers_itself else (Qrels(f"{name}/{one}/{lang}"),)

    def others(lang: str) -> tuple[View, ...]:
        at = known.index(lang) if lang in known else len(known)
        return views[:at] + views[at + 1 :]

    return grid(
        docs=dict(zip(known, views, strict=True)),
        queries={lang: View(f"{name}/{MULTI}/{lang}", lang) for lang in asked},
        qrels=qrels,
        pool=others if answers_itself else None,
        cross=[pair for pair in product(known, asked) if not through or pair[0] in through or pair[1] in through],
        question="parallel_id",
        cluster="cluster",
        article="article",
    )


def apart(name: str, asked_of: Mapping[str, Iterable[str]]) -> tuple[Task, ...]:
    """The tasks of a parallel collection whose languages of documents have questions of their own: mono, then cross.

    Parameters
    ----------
    asked_of : language of documents -> those of its queries, which ``{name}/{docs}/{queries}`` has.
    """
    pairs = [(one, lang) for one, asked in asked_of.items() for lang in asked]
    return tuple(
        Task(
            f"{one}/{lang}",
            (View(f"{name}/{one}", one),),
            View(f"{name}/{one}/{lang}", lang),
            (Qrels(f"{name}/{one}/{lang}"),),
            "parallel_id",
            "cluster",
            "article",
        )
        for one, lang in sorted(pairs, key=lambda pair: pair[0] != pair[1])
    )


def grid(
    docs: Mapping[str, View],
    queries: Mapping[str, View],
    qrels: Callable[[str, str], tuple[Qrels, ...]],
    *,
    pool: Callable[[str], tuple[View, ...]] | None = None,
    cross: Iterable[tuple[str, str]] | None = None,
    question: str | None = None,
    cluster: str | None = None,
    article: str | None = None,
    prefix: str = "",
) -> tuple[Task, ...]:
    """Every language of queries against every language of documents, and against the pool of them all.

    Parameters
    ----------
    docs, queries : by language.
    qrels : of the documents of a language, or of ``multi``, and the queries of another; none where these are no task.
    pool : the documents of ``multi`` for the queries of a language; those of all languages unless it is given, as where
        ids need a prefix.
    cross : the languages of documents and queries that are a pair; every two unless they are given.
    prefix : goes before the tasks' names, which are ``{docs}/{queries}``.

    Returns
    -------
    The tasks of mono, then of cross, then of multi.
    """

    def tasks(pairs: Iterable[tuple[str, str]]) -> Iterator[Task]:
        for one, lang in pairs:
            judged = qrels(one, lang)
            if judged:
                views = (docs[one],) if one != MULTI else pool(lang) if pool else tuple(docs.values())
                # A pool of one language is a pool of what is there.
                setting = MULTI if one == MULTI else ""
                yield Task(f"{prefix}{one}/{lang}", views, queries[lang], judged, question, cluster, article, setting)

    mono = tasks((lang, lang) for lang in docs if lang in queries)
    others = tasks((one, other) for one, other in (product(docs, queries) if cross is None else cross) if one != other)
    multi = tasks((MULTI, lang) for lang in queries)
    return (*mono, *others, *multi)


def monolingual(
    views: Mapping[str, str],
    *,
    docs: Mapping[str, str] | None = None,
    question: str | None = None,
    cluster: str | None = None,
    article: str | None = None,
    field: str | None = None,
) -> tuple[Task, ...]:
    """One language a task: each has an ir_datasets id with documents, queries and judgements of its own.

    Parameters
    ----------
    views : language -> ir_datasets id.
    docs : language -> the id that has the documents alone, which other parts of the collection share.
    field : which text of the queries.
    """
    return tuple(
        Task(
            f"{lang}/{lang}",
            (View((docs or views)[lang], lang),),
            View(one, lang, field=field),
            (Qrels(one),),
            question,
            cluster,
            article,
        )
        for lang, one in views.items()
    )
