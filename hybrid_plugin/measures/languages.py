"""The languages that the ids of this package's collections name."""

from __future__ import annotations

from hybrid_plugin.errors import UserError


def language_of_document(doc_id: str) -> str:
    """The language that a document id names: ``en_12_3`` is English.

    Raises
    ------
    UserError
        It names none.
    """
    lang, _, rest = doc_id.partition("_")
    return _named(lang, rest, f"the document id '{doc_id}' names no language (as en_12_3 does)")


def language_of_query(query_id: str) -> str:
    """The language that a query id names: ``56beb4343aeaaa14008c925b_de`` is German.

    Raises
    ------
    UserError
        It names none.
    """
    rest, _, lang = query_id.rpartition("_")
    return _named(lang, rest, f"the query id '{query_id}' names no language (as q7_en does)")


def question_of_query(query_id: str) -> str:
    """What a query asks, in whatever language: its id without the language at its end."""
    return query_id.rpartition("_")[0]


def _named(lang: str, rest: str, complaint: str) -> str:
    if not lang or not rest:
        raise UserError(f"{complaint}, which a measure of language bias needs")
    return lang
