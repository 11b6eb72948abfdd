"""Where rows come from: the benchmarks whose questions they hold.

Whoever trains on a benchmark's questions is not zero-shot there, whatever file they came by. Rows made by our own tools
say what they were made from; others are known by their questions: one with the id and the text of a benchmark's
question is that question.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import chain

import datasets_ext
from datasets_ext.errors import CollectionError
from datasets_ext.parallel import ParallelCollection, registered_collections
from hybrid_plugin.training.sources.row import Row


def with_origins(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows; those without origins get the names of the collections at hand that have one of their questions."""
    known: dict[int, set[str]] | None = None  # read for the first row that needs it
    for row in rows:
        if not row.origins:
            if known is None:
                known = _known(_at_hand())
            found = known.keys() & {hash((row.parallel_id, text)) for text in row.queries.values()}
            if found:
                row = replace(row, origins=tuple(sorted(set().union(*(known[one] for one in found)))))
        yield row


def known_origins() -> list[tuple[str, str, tuple[str, ...]]]:
    """What :func:`with_origins` compares with: it finds the same as long as this is the same."""
    return [(one.name, one.fingerprint, langs) for one, langs in _at_hand()]


def _at_hand() -> tuple[tuple[ParallelCollection, tuple[str, ...]], ...]:
    """The registered collections with the languages that can be read without a download; without parts of others."""
    datasets_ext.register()
    wholes = (one for one in registered_collections() if not one.part_of)
    found = ((one, tuple(filter(one.at_hand, one.asked_in))) for one in wholes)
    return tuple((one, langs) for one, langs in found if langs)


@lru_cache(maxsize=1)
def _known(at_hand: tuple[tuple[ParallelCollection, tuple[str, ...]], ...]) -> dict[int, set[str]]:
    """Collections by the hashes of their questions, each of which is there under its parallel id and its query id."""
    known: dict[int, set[str]] = {}
    for collection, langs in at_hand:
        try:
            for query in chain.from_iterable(map(collection.queries, langs)):
                for one in (query.parallel_id, query.query_id):
                    known.setdefault(hash((one, query.text)), set()).add(collection.name)
        except (CollectionError, OSError) as error:
            warnings.warn(f"training pairs are not compared with all of '{collection.name}': {error}", stacklevel=2)
    return known
