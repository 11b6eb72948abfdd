"""Vectors to rankings: some queries against the documents of several tasks, block by block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.exact import QUERIES, Block, Part, score_blocks
from hybrid_plugin.retrieval.positions import Place, PositionCounter, find_judged
from hybrid_plugin.retrieval.rankings import Grades, LanguageMap, Rankings, ranks_of_lists
from hybrid_plugin.retrieval.ranks import stack_rows
from hybrid_plugin.retrieval.top import Lists, Top
from hybrid_plugin.tasks.task import View, told_languages

_MANY = 100_000  # documents of which a look at all is worth a bar
_LISTED = 2**23  # documents in the lists of a few hundred queries


@dataclass(frozen=True)
class Wanted:
    """What of a task's rankings is wanted; nothing else is computed.

    Parameters
    ----------
    lists : the first documents of each ranking, so many; None for all, 0 for none.
    positions : where the judged documents stand in the whole ranking, however long; else only those in the lists.
    languages : of how many first documents to know the languages; None for no languages at all.
    """

    lists: int | None = 0
    positions: bool = True
    languages: int | None = None

    __repr__ = brief


@dataclass(frozen=True)
class Pool:
    """The documents that a task ranks, and their judgements.

    Parameters
    ----------
    docs : their views.
    grades : of the queries to rank for; others are passed over.
    dropped : query id -> the documents that its ranking does not have.
    """

    docs: tuple[View, ...]
    grades: Grades
    wanted: Wanted
    dropped: Mapping[str, Collection[str]] = field(default_factory=dict)

    __repr__ = brief


def rank(
    queries: Vectors,
    langs: Sequence[str | None],
    parts: Mapping[View, Part],
    pools: Mapping[str, Pool],
    names: Sequence[str],
    *,
    device: str | None = None,
    progress: bool = False,
) -> Iterator[tuple[str, Rankings]]:
    """Rank the documents of several pools for some queries; one pass over the vectors serves all of them.

    Memory is for one block of scores, and for what is wanted of a few hundred queries.

    Parameters
    ----------
    langs : of each query.
    parts : by view, without prefix.
    pools : by the name of their task.
    names : the languages to number.
    device : to score on, as :func:`~hybrid_plugin.retrieval.exact_scores` takes it; the rankings are the same.

    Yields
    ------
    The name of a task, and the rankings of a few hundred of its queries.

    Raises
    ------
    UserError
        Queries and documents are of different dimensions, or a vector is not finite.
    """
    from tqdm.auto import tqdm

    views = dict.fromkeys(view.plain for pool in pools.values() for view in pool.docs)
    for view in views:
        _check_dimensions(queries, parts[view].vectors)
    asked = [row for row, query_id in enumerate(queries.ids) if any(query_id in pool.grades for pool in pools.values())]
    prefixed = {name: [(parts[view.plain], view.prefix) for view in pool.docs] for name, pool in pools.items()}
    places = {
        name: find_judged(prefixed[name], pool.grades)
        for name, pool in pools.items()
        if pool.wanted.positions or pool.wanted.languages is not None
    }
    absent = {
        name: find_judged(prefixed[name], {one: dict.fromkeys(doc_ids, 1) for one, doc_ids in pool.dropped.items()})
        for name, pool in pools.items()
        if pool.dropped
    }
    sizes = {name: sum(len(part) for part, _ in own) for name, own in prefixed.items()}
    named = [queries.ids[row] for row in asked]
    depths = {name: sizes[name] - _fewest_dropped(named, pool, absent.get(name, {})) for name, pool in pools.items()}
    listed = (sizes[name] if pool.wanted.lists is None else pool.wanted.lists for name, pool in pools.items())
    number = max(1, min(QUERIES, _LISTED // max(1, max(listed, default=1))))
    for start in range(0, len(asked), number):
        rows = np.array(asked[start : start + number])
        ids = [queries.ids[row] for row in rows]
        own = [langs[row] for row in rows]
        chunk = _Chunk(ids, own, queries.take(rows), pools, prefixed, places, absent)
        total = sum(len(parts[view]) for view in views)
        with tqdm(total=total, desc="search", unit="doc", leave=False, disable=not progress or total < _MANY) as bar:
            for view in views:
                chunk.look(view, score_blocks(chunk.vectors, parts[view], device), bar.update)
        for name, rankings in chunk.rankings(names):
            yield name, replace(rankings, ranks=replace(rankings.ranks, depth=depths[name]))


def _fewest_dropped(query_ids: Sequence[str], pool: Pool, places: Mapping[str, Place]) -> int:
    """How many documents of a pool each ranking lacks at least."""
    if not places:
        return 0
    dropped = (pool.dropped.get(query_id, ()) for query_id in query_ids if query_id in pool.grades)
    return min((sum(doc_id in places for doc_id in doc_ids) for doc_ids in dropped), default=0)


def _check_dimensions(queries: Vectors, docs: Vectors) -> None:
    asked, found = queries.matrix.shape[1], docs.matrix.shape[1]
    if asked != found:
        raise UserError(
            f"the queries have {asked} dimensions, the documents {found}; encode both with the same encoder"
        )


class _Chunk:
    """A few hundred queries on their way through the documents."""

    def __init__(
        self,
        ids: Sequence[str],
        langs: Sequence[str | None],
        vectors: np.ndarray,
        pools: Mapping[str, Pool],
        prefixed: Mapping[str, Sequence[tuple[Part, str]]],
        places: Mapping[str, Mapping[str, Place]],
        absent: Mapping[str, Mapping[str, Place]],
    ):
        self._ids, self._langs, self.vectors = ids, langs, vectors
        self._pools, self._prefixed, self._places = pools, prefixed, places
        self._holes = {name: _Holes(ids, pools[name].dropped, found) for name, found in absent.items()}
        self._uses: dict[View, list[tuple[str, int, int]]] = {}  # by view: pools, which of their parts, what is before
        for name, pool in pools.items():
            offset = 0
            for number, (one, (part, _)) in enumerate(zip(pool.docs, prefixed[name], strict=True)):
                self._uses.setdefault(one.plain, []).append((name, number, offset))
                offset += len(part)
        self._tops = {name: Top(len(ids), pool.wanted.lists) for name, pool in pools.items() if pool.wanted.lists != 0}
        self._counters = {
            name: PositionCounter(
                ids,
                vectors,
                prefixed[name],
                pool.grades,
                places[name],
                None if pool.wanted.languages is None else langs,
                None if pool.wanted.languages is None else self._doc_langs(name),
                pool.dropped,
            )
            for name, pool in pools.items()
            if pool.wanted.positions
        }

    def look(self, view: View, blocks: Iterable[Block], seen: Callable[[int], object]) -> None:
        """Take in the scores of the documents of a view, for all pools that have it."""
        for block in blocks:
            for name, number, offset in self._uses[view]:
                own = self._holes[name].cut(number, block) if name in self._holes else block
                if name in self._tops:
                    self._tops[name].add(own, offset)
                if name in self._counters:
                    self._counters[name].add(number, own)
            seen(len(block.rows))

    def _doc_langs(self, name: str) -> dict[str, str]:
        pool = self._pools[name]
        judged = {doc_id for query_id in self._ids for doc_id in pool.grades.get(query_id, ())}
        return judged_languages(pool.docs, self._prefixed[name], self._places[name], judged)

    def rankings(self, names: Sequence[str]) -> Iterator[tuple[str, Rankings]]:
        for name, pool in self._pools.items():
            if any(query_id in pool.grades for query_id in self._ids):
                yield name, self._rankings(name, pool, names)

    def _rankings(self, name: str, pool: Pool, names: Sequence[str]) -> Rankings:
        wanted = pool.wanted
        sizes = np.full(len(self._ids), sum(len(part) for part, _ in self._prefixed[name]))
        if name in self._holes:
            sizes -= self._holes[name].counts
        nothing = Lists([np.empty(0, object)] * len(self._ids), [np.empty(0, np.float32)] * len(self._ids), {})
        lists = self._tops[name].lists(self._prefixed[name]) if name in self._tops else nothing
        if name in self._counters:
            number = {lang: i for i, lang in enumerate(names)}
            top = stack_rows(
                [
                    [number.get(lists.langs[doc_id] or "", -1) for doc_id in one[: wanted.languages or 0]]
                    for one in lists.doc_ids
                ],
                -1,
            )
            ranks = self._counters[name].ranks(names, sizes, top)
        else:
            known = None
            if wanted.languages is not None:
                docs = {doc_id: lang for doc_id, lang in lists.langs.items() if lang} | self._doc_langs(name)
                asking = {one: lang for one, lang in zip(self._ids, self._langs, strict=True) if lang}
                known = LanguageMap(docs, asking, wanted.languages)
            ranks = ranks_of_lists(self._ids, lists.doc_ids, pool.grades, sizes, known)
        rankings = Rankings(tuple(self._ids), lists.doc_ids, lists.scores, ranks)
        return rankings.of([query_id in pool.grades for query_id in self._ids])


class _Holes:
    """What is taken out of the rankings of some queries.

    Parameters
    ----------
    dropped : by query id.
    places : where these documents lie in the parts of a pool.
    """

    def __init__(self, ids: Sequence[str], dropped: Mapping[str, Collection[str]], places: Mapping[str, Place]):
        self.counts = np.zeros(len(ids), np.int64)  # of each query
        found: dict[int, list[tuple[int, int]]] = {}
        for line, query_id in enumerate(ids):
            for doc_id in dropped.get(query_id, ()):
                if doc_id in places:
                    number, row = places[doc_id]
                    found.setdefault(number, []).append((line, row))
                    self.counts[line] += 1
        self._of_part = {number: np.array(pairs, np.int64).T for number, pairs in found.items()}

    def cut(self, number: int, block: Block) -> Block:
        """A block of the part of this number in which nothing is lower than what is taken out."""
        if number not in self._of_part:
            return block
        lines, rows = self._of_part[number]
        columns = np.minimum(np.searchsorted(block.rows, rows), len(block.rows) - 1)
        here = block.rows[columns] == rows
        if not here.any():
            return block
        scores = block.scores.copy()
        scores[lines[here], columns[here]] = -np.inf
        return replace(block, scores=scores)


def judged_languages(
    docs: Sequence[View], parts: Sequence[tuple[Part, str]], places: Mapping[str, Place], doc_ids: Collection[str]
) -> dict[str, str]:
    """The languages of some judged documents of a pool, as far as they are known.

    Parameters
    ----------
    places : where they lie in the parts; one that the collection lacks has the language that its prefix tells.
    """
    langs = dict(told_languages(docs, (doc_id for doc_id in doc_ids if doc_id not in places)))
    for doc_id in doc_ids:
        if doc_id in places:
            number, row = places[doc_id]
            lang = parts[number][0].lang_of(row)
            if lang:
                langs[doc_id] = lang
    return langs


def check_distinct(parts: Sequence[tuple[Part, str]]) -> None:
    """Refuse a pool in which two documents have one id.

    A hash of each id is kept meanwhile, eight bytes a document.

    Raises
    ------
    UserError
        Names an id that occurs twice.
    """
    import pandas as pd

    hashes = [
        pd.util.hash_array(np.array([prefix + text_id for text_id in ids], object), categorize=False)
        for part, prefix in parts
        for ids in _chunks(part.vectors.ids)
    ]
    values, counts = np.unique(np.concatenate(hashes), return_counts=True) if hashes else ([], np.empty(0))
    suspects = set(np.asarray(values)[counts > 1].tolist())
    seen: set[str] = set()
    for part, prefix in parts if suspects else ():
        for ids in _chunks(part.vectors.ids):
            full = np.array([prefix + text_id for text_id in ids], object)
            for text_id, value in zip(full, pd.util.hash_array(full, categorize=False), strict=True):
                if value in suspects:
                    if text_id in seen:
                        raise UserError(
                            f"the document id '{text_id}' occurs more than once in a pool; "
                            "where languages reuse ids, give their views a prefix"
                        )
                    seen.add(text_id)


def _chunks(ids: Sequence[str], size: int = 65536) -> Iterator[list[str]]:
    chunk = []
    for text_id in ids:
        chunk.append(text_id)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
