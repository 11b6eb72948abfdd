"""A benchmark: languages and settings, mapped to ir_datasets ids.

Three settings, in the field's words: ``mono``, query and documents in one language; ``cross``, in two different ones;
``multi``, documents of all languages in one pool.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ir_datasets

import datasets_ext
from datasets_ext import MULTI
from hybrid_plugin.errors import UserError
from hybrid_plugin.plugins import hookimpl, named, pick, register_datasets

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


@hookimpl
def hybrid_ir_register_datasets() -> None:
    datasets_ext.register()


@hookimpl
def hybrid_ir_benchmarks() -> list[Benchmark]:
    """Every registered collection with the ids ``NAME``, ``NAME/multi`` and ``NAME/LANG/LANG``."""
    ids = [dataset_id.split("/") for dataset_id in ir_datasets.registry]
    languages: dict[str, list[str]] = {}
    for name, *rest in ids:
        if len(rest) == 2 and rest[0] == rest[1]:
            languages.setdefault(name, []).append(rest[0])
    pooled = {name for name, *rest in ids if rest == [MULTI]}
    return [Benchmark(name, tuple(sorted(languages[name]))) for name in sorted(pooled & languages.keys())]


def load_benchmark(name: str) -> Benchmark:
    """The benchmark of this name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    register_datasets()
    benchmark: Benchmark = pick("hybrid_ir_benchmarks", name, "benchmark")
    return benchmark


def load_pair(dataset_id: str) -> tuple[Benchmark, Pair | None]:
    """A benchmark by its name, or a benchmark and one of its pairs by an id such as ``xquad-r/de/en``.

    Raises
    ------
    UserError
        No plugin offers the benchmark, or it has no such pair.
    """
    register_datasets()
    name, *pair = dataset_id.rsplit("/", 2)
    if len(pair) < 2 or dataset_id in named("hybrid_ir_benchmarks"):
        return load_benchmark(dataset_id), None
    benchmark = load_benchmark(name)
    return benchmark, benchmark.pair(*pair)


def load_dataset(dataset_id: str) -> Any:
    """An ir_datasets entry, ours or anyone's.

    Raises
    ------
    UserError
        No such id; names the nearest ones.
    """
    register_datasets()
    try:
        return ir_datasets.load(dataset_id)
    except KeyError:
        near = difflib.get_close_matches(dataset_id, list(ir_datasets.registry), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; see: hybrid-ir datasets list"
        raise UserError(f"unknown ir_datasets id '{dataset_id}'{hint}") from None
