"""The texts of an ir_datasets entry, with their ids and languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hybrid_plugin.errors import UserError


class Text(NamedTuple):
    """A text to encode and the id that its vector keeps."""

    id: str
    text: str
    lang: str | None = None


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
    records = dataset.docs_iter() if side == "docs" else dataset.queries_iter()
    return (Text(record[0], trimmed(record.default_text()), getattr(record, "lang", lang)) for record in records)
