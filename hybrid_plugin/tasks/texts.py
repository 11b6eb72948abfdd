"""The texts of views, with their ids and languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.reading import read_records
from hybrid_plugin.tasks.task import Task, View

_uncounted: set[str] = set()  # what could not be counted, for want of a network; trying takes time


class Text(NamedTuple):
    """A text to encode and the id that its vector keeps."""

    id: str
    text: str
    lang: str | None = None

    def __repr__(self) -> str:
        return brief(self)


class Query(NamedTuple):
    """A query of a task, and what it shares with others."""

    id: str
    text: str
    lang: str | None
    question: str
    """The same for the same question in every language."""
    cluster: str
    """The same for questions that are not independent."""
    article: str
    """The same for several clusters."""

    def __repr__(self) -> str:
        return brief(self)


def check_id(text_id: str) -> None:
    """Refuse an id that no run file can hold.

    Raises
    ------
    UserError
        It is empty or has white space.
    """
    if not text_id or any(character.isspace() for character in text_id):
        raise UserError(f"the id '{text_id}' is empty or has white space, which no run file can hold")


def trimmed(text: str) -> str:
    """A text of a collection as it is encoded: without outer blanks.

    An encoder takes a text as it is. Collections have stray blanks around some (3% of XQuAD-R's questions), which
    Pyserini's readers of corpora and topics drop as well.
    """
    return text.strip()


def texts_of(dataset: Any, side: str) -> Iterator[Text]:
    """The ids, default texts and languages (where known) of an ir_datasets entry's ``docs`` or ``queries``."""
    lang = getattr(dataset, f"{side}_lang", lambda: None)()
    records = _records(dataset, side)
    return (Text(record[0], _text(record, None), getattr(record, "lang", None) or lang) for record in records)


def documents(view: View) -> Iterator[Text]:
    """The documents of a view, with their ids in a pool.

    Raises
    ------
    UserError
        The view's dataset is unknown or has no documents, or no such field.
    """
    for record, text, lang in _of_view(view, "docs"):
        yield Text(view.prefix + record[0], text, lang)


def document_ids(view: View) -> Iterator[str]:
    """The ids of a view's documents in a pool."""
    return (view.prefix + record[0] for record in _records(_dataset(view, "docs"), "docs"))


def count_documents(view: View) -> int | None:
    """How many documents a view has: as its metadata say, or counted once in a user's own files; None: unknown."""
    return count_texts(load_dataset(view.dataset_id), "docs")


def count_texts(dataset: Any, side: str) -> int | None:
    """How many ``docs`` or ``queries`` an ir_datasets entry has, if anybody knows."""
    asked = f"{dataset.dataset_id()} {side}"
    if asked in _uncounted:
        return None
    try:
        count: int | None = getattr(dataset, f"{side}_count", lambda: None)()
    except OSError:  # some collections keep their counts on the network, and are as good without them
        _uncounted.add(asked)
        return None
    return count


def queries(task: Task) -> Iterator[Query]:
    """The queries of a task's view; those that are not judged in the task, too.

    Raises
    ------
    UserError
        The view's dataset is unknown or has no queries, or no such field.
    """
    view = task.queries
    for record, text, lang in _of_view(view, "queries"):
        question = _shared(record, task.question) or alone(task.collection or lang, record[0])
        cluster = _shared(record, task.cluster) or question
        yield Query(view.prefix + record[0], text, lang, question, cluster, _shared(record, task.article) or cluster)


def alone(place: str | None, query_id: str) -> str:
    """The name of a question that nothing links to others: a query of a language, or of a collection."""
    return f"{place}/{query_id}" if place else query_id


def query_texts(view: View) -> Iterator[Text]:
    """The queries of a view as texts to encode."""
    return (Text(view.prefix + record[0], text, lang) for record, text, lang in _of_view(view, "queries"))


def _of_view(view: View, side: str) -> Iterator[tuple[Any, str, str]]:
    dataset = _dataset(view, side)
    known = getattr(dataset, f"{side}_cls")()._fields
    missing = [name for name in (view.field or "").split() if name not in known]
    if missing:
        raise UserError(
            f"the {side} of '{view.dataset_id}' have no field '{missing[0]}'; they have: {', '.join(known)}"
        )
    lang = getattr(dataset, f"{side}_lang", lambda: None)()
    return ((record, _text(record, view.field), _lang(view, record, lang)) for record in _records(dataset, side))


def _dataset(view: View, side: str) -> Any:
    dataset = load_dataset(view.dataset_id)
    if not dataset.has(side):
        raise UserError(f"'{view.dataset_id}' has no {side}")
    if view.lang is None and not hasattr(getattr(dataset, f"{side}_cls")(), "lang"):
        lang = getattr(dataset, f"{side}_lang", lambda: None)()
        if lang is None:
            raise UserError(f"'{view.dataset_id}' does not say the language of its {side}; name it in the view")
    return dataset


def _records(dataset: Any, side: str) -> Iterator[Any]:
    return read_records(dataset.dataset_id(), getattr(dataset, f"{side}_iter"))


def _text(record: Any, field: str | None) -> str:
    if field is None:
        return trimmed(record.default_text())
    return " ".join(filter(None, (trimmed(getattr(record, name) or "") for name in field.split())))


def _lang(view: View, record: Any, of_dataset: str | None) -> str:
    lang = view.lang or getattr(record, "lang", None) or of_dataset
    if not lang:
        raise UserError(f"'{record[0]}' of '{view.dataset_id}' does not say its language; name it in the view")
    return lang


def _shared(record: Any, field: str | None) -> str | None:
    """What a field of a query says that it shares with others."""
    return None if field is None else str(getattr(record, field, None) or "") or None
