"""A benchmark: languages and settings, mapped to ir_datasets ids.

Three settings, in the field's words: ``mono``, query and documents in one language; ``cross``, in two different ones;
``multi``, documents of all languages in one pool.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from datasets_ext import MULTI
from hybrid_plugin.errors import UserError

SETTINGS = ("mono", "cross", "multi")


@dataclass(frozen=True)
class Pair:
    """One ranking task: the queries of one language against the documents of one language, or of the pool."""

    docs: str  # a language, or "multi" for the pool
    queries: str  # a language
    setting: str  # mono, cross or multi


@dataclass(frozen=True)
class Benchmark:
    """A collection to evaluate on.

    The ir_datasets ids are ``{name}/{docs}`` for documents and ``{name}/{docs}/{queries}`` for tasks, and ``name``
    itself holds all queries and all documents. Documents and queries carry ``lang``.
    """

    name: str
    languages: tuple[str, ...]

    def dataset_id(self, pair: Pair) -> str:
        """The ir_datasets id of a pair."""
        return f"{self.name}/{pair.docs}/{pair.queries}"

    def pair(self, docs: str, queries: str) -> Pair:
        """The task of an id ``{name}/{docs}/{queries}``.

        Raises
        ------
        UserError
            A language is unknown.
        """
        setting = "multi" if docs == MULTI else "mono" if docs == queries else "cross"
        self.pairs(languages=[queries if docs == MULTI else docs, queries])
        return Pair(docs, queries, setting)

    def pairs(self, settings: Sequence[str] = SETTINGS, languages: Sequence[str] | None = None) -> list[Pair]:
        """The tasks of some settings and languages, mono first, then cross, then multi.

        ``languages`` narrows queries and documents; the pool of ``multi`` always holds all languages, since a pool
        of fewer is another task.

        Raises
        ------
        UserError
            A setting or language is unknown.
        """
        for setting in settings:
            if setting not in SETTINGS:
                raise UserError(f"unknown setting '{setting}'; known: {', '.join(SETTINGS)}")
        chosen = self.languages if languages is None else tuple(languages)
        for lang in chosen:
            if lang not in self.languages:
                raise UserError(f"{self.name} has no language '{lang}'; it has: {', '.join(self.languages)}")
        found: dict[str, Iterable[Pair]] = {
            "mono": (Pair(lang, lang, "mono") for lang in chosen),
            "cross": (Pair(docs, queries, "cross") for docs in chosen for queries in chosen if docs != queries),
            "multi": (Pair(MULTI, lang, "multi") for lang in chosen),
        }
        return [pair for setting in SETTINGS if setting in settings for pair in found[setting]]
