"""A task: queries, the documents that they rank, and the judgements; of explicit ir_datasets ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from datasets_ext import MULTI
from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown

SETTINGS = ("mono", "cross", "multi")
DROPPED = ("same-id", "negative")


@dataclass(frozen=True)
class View:
    """One ir_datasets id seen as texts of one language, documents or queries."""

    dataset_id: str
    lang: str | None = None
    """None: each record's own ``lang``, else what the dataset says."""
    prefix: str = ""
    """Goes before each id, where the languages of a pool use the same ids."""
    field: str | None = None
    """Which text of a record, such as ``description``, or which ones joined, such as ``title description``; None: its
    ``default_text()``."""

    __repr__ = brief

    @property
    def plain(self) -> View:
        """The same texts without prefix: what goes before ids in a pool makes no other texts."""
        return replace(self, prefix="") if self.prefix else self


@dataclass(frozen=True)
class Qrels:
    """The judgements of one ir_datasets id."""

    dataset_id: str
    prefix: str = ""
    """Goes before each document id: that of the view of documents which are judged."""

    __repr__ = brief


@dataclass(frozen=True)
class Task:
    """One ranking a query: what is asked of which documents, and how the answers are judged.

    Parameters
    ----------
    name : within its benchmark, such as ``de/en`` or ``multi/en`` (documents, then queries); run files are called
        after it.
    docs : several are one pool.
    qrels : ir_datasets ids, or :class:`Qrels` where ids of documents take a prefix. What is judged is scored, by its
        grades, and nothing else.
    question : the field of a query record that is the same for the same question in every language, such as a parallel
        id or a topic id; None where nothing links questions across languages.
    cluster : the field of a query record that is the same for questions with something in common, such as their
        paragraph, so that their values are not independent; None where each question stands alone.
    article : the field of a query record that is the same for several clusters, such as those of one article of
        Wikipedia; None where each cluster stands alone.
    setting : ``mono``, ``cross`` or ``multi``; unless it is said, it follows from the languages of the views, and a
        pool is ``multi``.
    collection : what its questions are called after where nothing links them to others; their language, unless it is
        said. Tasks of one language whose queries have the same ids, and are other questions, say it.
    dropped : documents that are taken out of a query's ranking before it is written or scored: ``same-id``, that with
        the id of the query; ``negative``, those judged below 0. None unless it is said.
    """

    name: str
    docs: tuple[View, ...]
    queries: View
    qrels: tuple[Qrels, ...]
    question: str | None = None
    cluster: str | None = None
    article: str | None = None
    setting: str = ""
    collection: str | None = None
    dropped: str | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        if not self.name or any(not part or part.split() != [part] or part[0] == "." for part in self.name.split("/")):
            raise UserError(
                f"'{self.name}' cannot be a task's name: run files are called after it, as de/en or multi/en"
            )
        if not self.docs or not self.qrels:
            raise UserError(f"the task '{self.name}' has no {'qrels' if self.docs else 'docs'}")
        object.__setattr__(self, "docs", tuple(self.docs))
        object.__setattr__(self, "qrels", tuple(Qrels(one) if isinstance(one, str) else one for one in self.qrels))
        object.__setattr__(self, "setting", self.setting or self._derived())
        if self.setting not in SETTINGS:
            raise UserError(f"the task '{self.name}': {unknown('setting', self.setting, SETTINGS)}")
        if self.dropped not in (None, *DROPPED):
            raise UserError(f"the task '{self.name}': {unknown('kind of dropped documents', self.dropped, DROPPED)}")

    def _derived(self) -> str:
        if self.docs_lang == MULTI:
            return "multi"
        return "mono" if self.docs_lang == self.queries_lang else "cross"

    @property
    def docs_lang(self) -> str:
        """The language of the documents, or ``multi`` where there are several or each record has its own."""
        return _language(self.docs)

    @property
    def queries_lang(self) -> str:
        """The language of the queries, or ``multi`` where each record has its own."""
        return _language([self.queries])

    @property
    def dataset_ids(self) -> set[str]:
        """All ir_datasets ids that it reads."""
        return {view.dataset_id for view in (*self.docs, self.queries)} | {one.dataset_id for one in self.qrels}


def _language(views: Iterable[View]) -> str:
    languages = {view.lang for view in views}
    return next((lang for lang in languages if lang), MULTI) if len(languages) == 1 else MULTI


def run_name(task: Task) -> str:
    """The name of a task's run file in a folder of them: ``de.en.trec`` for ``de/en``."""
    return f"{task.name.replace('/', '.')}.trec"


def languages_told(docs: Sequence[View]) -> bool:
    """Whether ids tell the languages of a pool's documents: each view has a language and a prefix of its own."""
    return all(view.lang for view in docs) and not any(
        one.prefix.startswith(other.prefix) for one, other in permutations(docs, 2)
    )


def told_languages(docs: Sequence[View], doc_ids: Iterable[str]) -> dict[str, str]:
    """The languages of some documents of a pool, where their ids tell them."""
    if not languages_told(docs):
        return {}
    ids = list(doc_ids)
    return {doc_id: str(view.lang) for view in docs for doc_id in ids if doc_id.startswith(view.prefix)}
