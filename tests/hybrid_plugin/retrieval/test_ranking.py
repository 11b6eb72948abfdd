"""Positions are exact: those of trec_eval's order, score descending and then document id descending."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.encoding.ids import StoredIds
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval import exact
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.retrieval.rank import Pool, Wanted, check_distinct, rank
from hybrid_plugin.retrieval.rankings import Rankings
from hybrid_plugin.retrieval.ranks import Ranks, stack_ranks
from hybrid_plugin.tasks.task import View

module = importlib.import_module("hybrid_plugin.retrieval.rank")  # the wing has the function under this name
LANGUAGES = ("de", "en", "zh")
ids = st.text(st.sampled_from("ab1é文\U0001f600_"), min_size=1, max_size=4)


def matrix(draw: st.DrawFn, count: int, dimension: int) -> np.ndarray:
    """Vectors on a coarse grid, on which float32 products are exact and ties abound."""
    values = st.lists(st.integers(-2, 2), min_size=count * dimension, max_size=count * dimension)
    return np.array(draw(values), np.float32).reshape(count, dimension) / 2


@st.composite
def some_part(draw: st.DrawFn, dimension: int) -> Part:
    """Documents of one language, of nobody knows which, or of several."""
    doc_ids = draw(st.lists(ids, max_size=15, unique=True))
    mixed = [draw(st.sampled_from([*LANGUAGES, None])) for _ in doc_ids]
    lang = draw(st.sampled_from([*LANGUAGES, None, np.array(mixed, object)]))
    return Part(Vectors(doc_ids, matrix(draw, len(doc_ids), dimension)), lang)


@st.composite
def problems(draw: st.DrawFn) -> tuple[dict[View, Part], Vectors, list[str | None], dict[str, Pool]]:
    """Parts, queries with languages, and pools of some of the parts, with grades of documents that are there or not."""
    dimension = draw(st.integers(1, 3))
    parts = {View(f"part{number}"): draw(some_part(dimension)) for number in range(draw(st.integers(1, 3)))}
    query_ids = [f"q{number}" for number in range(draw(st.integers(1, 5)))]
    queries = Vectors(query_ids, matrix(draw, len(query_ids), dimension))
    langs = [draw(st.sampled_from([*LANGUAGES, None])) for _ in query_ids]
    pools = {}
    for number in range(draw(st.integers(1, 3))):
        chosen = draw(st.lists(st.sampled_from(range(len(parts))), min_size=1, unique=True))
        views = tuple(View(f"part{one}", prefix=f"{one}/") for one in chosen)
        if len(views) == 1 and draw(st.booleans()):
            views = (views[0].plain,)
        names = [name for name, *_ in documents(views, parts)] + ["elsewhere", "0/nowhere"]
        judged = st.dictionaries(st.sampled_from(names), st.integers(-1, 3), max_size=6)
        grades = {query_id: draw(judged) for query_id in query_ids if draw(st.integers(0, 4))}
        languages = draw(st.sampled_from([None, 0, 1, 3, 100]))
        depth = draw(st.sampled_from([None, 0, 1, 2, 5, 50]))
        if languages is not None and depth is not None:
            depth = max(depth, languages)
        pools[f"task{number}"] = Pool(views, grades, Wanted(depth, draw(st.booleans()), languages))
    return parts, queries, langs, pools


def documents(views: Sequence[View], parts: Mapping[View, Part]) -> list[tuple[str, np.ndarray, str | None]]:
    """Id, vector and language of each document of a pool."""
    found = []
    for view in views:
        part = parts[view.plain]
        langs = part.lang if isinstance(part.lang, np.ndarray) else [part.lang] * len(part)
        found += [
            (view.prefix + doc_id, vector, lang)
            for doc_id, vector, lang in zip(part.vectors.ids, part.vectors.matrix, langs, strict=True)
        ]
    return found


def ranking(docs: Sequence[tuple[str, np.ndarray, str | None]], query: np.ndarray) -> list[tuple[str, float]]:
    """The slow way: sort by score and id."""
    scored = [
        (math.fsum(a * b for a, b in zip(vector.tolist(), query.tolist(), strict=True)), doc_id)
        for doc_id, vector, _ in docs
    ]
    return [(doc_id, score) for score, doc_id in sorted(scored, reverse=True)]


def by_query(found: Sequence[tuple[str, Rankings]]) -> dict[tuple[str, str], Rankings]:
    """The rankings of each query by themselves, by task and query."""
    return {
        (name, query_id): rankings.of([one == query_id for one in rankings.query_ids])
        for name, rankings in found
        for query_id in rankings.query_ids
    }


def as_dict(ranks: Ranks) -> dict[str, list[float]]:
    return {
        query_id: [position for position in row.tolist() if not math.isnan(position)]
        for query_id, row in zip(ranks.query_ids, ranks.positions, strict=True)
    }


def assert_ranked(
    found: Rankings, docs: Sequence[tuple[str, np.ndarray, str | None]], query: np.ndarray, lang: str | None, pool: Pool
) -> None:
    """Compare the ranking of a query with the slow way."""
    wanted, (query_id,) = pool.wanted, found.query_ids
    expected = ranking(docs, query)
    lang_of = {doc_id: own for doc_id, _, own in docs}
    listed = list(zip(found.doc_ids[0].tolist(), found.scores[0].tolist(), strict=True))
    depth = len(docs) if wanted.lists is None else wanted.lists
    assert listed == expected[: len(listed)]
    # The last one's equals may follow it, and nothing else.
    tied = [score for _, score in expected[depth - 1 :]] if depth else []
    assert min(depth, len(docs)) <= len(listed) <= depth + max(0, tied.count(tied[0]) - 1 if tied else 0)

    judged = {doc_id: grade for doc_id, grade in pool.grades[query_id].items() if grade}
    order = [doc_id for doc_id, _ in (expected if wanted.positions else listed)]
    place = {doc_id: order.index(doc_id) + 1 if doc_id in order else math.inf for doc_id in judged}
    assert found.ranks.retrieved.tolist() == [len(docs)]
    assert found.ranks.relevant.tolist() == [len(judged)]
    (positions,) = as_dict(found.ranks).values()
    assert positions == sorted(place.values())
    assert found.ranks.grades is not None
    number = len(positions)
    grades = found.ranks.grades[0].tolist()
    assert sorted(zip(positions, grades[:number], strict=True)) == sorted((place[one], judged[one]) for one in judged)
    assert not any(grades[number:])

    known = found.ranks.languages
    assert (known is None) is (wanted.languages is None)
    if known is not None and wanted.languages is not None:
        names = dict(enumerate(known.names))
        assert names.get(int(known.queries[0])) == (lang if lang in known.names else None)
        first = [lang_of[doc_id] for doc_id, _ in expected[: wanted.languages]]
        assert [names.get(one) for one in known.top[0].tolist()][: len(first)] == first
        assert {*known.top[0].tolist()[len(first) :]} <= {-1}
        own = [doc_id for doc_id in order if lang is not None and lang_of[doc_id] == lang]
        assert known.own.tolist() == [len(own)]
        relevant = [names.get(one) or "" for one in known.relevant[0].tolist()[:number]]
        assert {*known.relevant[0].tolist()[number:]} <= {-1}
        triples = zip(positions, relevant, known.own_above[0].tolist()[:number], strict=True)
        assert sorted((at, one, above) for at, one, above in triples if at < math.inf) == sorted(
            (place[one], lang_of[one] or "", sum(order.index(other) + 1 < place[one] for other in own))
            for one in judged
            if place[one] < math.inf
        )
        lacking = [one for at, one in zip(positions, relevant, strict=True) if at == math.inf]
        assert sorted(lacking) == sorted(lang_of.get(one) or "" for one in judged if place[one] == math.inf)


@given(problems(), st.integers(1, 60), st.integers(1, 5))
@settings(max_examples=400, deadline=None)
def test_positions_and_tops_are_those_of_a_full_sort(
    problem: tuple[dict[View, Part], Vectors, list[str | None], dict[str, Pool]], cells: int, at_once: int
) -> None:
    parts, queries, langs, pools = problem
    with pytest.MonkeyPatch.context() as patch:  # many blocks of a few documents, a few queries at a time
        patch.setattr(exact, "_CELLS", cells)
        patch.setattr(module, "QUERIES", at_once)
        found = list(rank(queries, langs, parts, pools, LANGUAGES))
    of_query = by_query(found)
    assert set(of_query) == {(name, query_id) for name, pool in pools.items() for query_id in pool.grades}
    assert sum(len(rankings.query_ids) for _, rankings in found) == len(of_query), "each query is ranked once"
    for (name, query_id), rankings in of_query.items():
        row = queries.ids.index(query_id)
        docs = documents(pools[name].docs, parts)
        assert_ranked(rankings, docs, queries.matrix[row], langs[row], pools[name])


@pytest.mark.parametrize("lists", [3, 40, None])
def test_ids_in_files_are_ranked_as_ids_in_memory(
    lists: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    parts, stored = {}, {}
    for number, count in enumerate((1500, 1024, 30)):
        names = [f"{'é文a'[i % 3]}{rng.integers(10)}_{i}" for i in range(count)]
        path = tmp_path / f"ids{number}.txt"
        path.write_text("".join(f"{name}\n" for name in ["before", *names, "after"]), encoding="utf-8")
        matrix = rng.integers(-2, 3, size=(count, 3)).astype(np.float32)  # ties abound
        lang = rng.choice(np.array(["de", "en"], object), count) if number == 1 else "zh"
        parts[View(f"part{number}")] = Part(Vectors(names, matrix), lang)
        own = StoredIds(path).part(range(1, count + 1))
        stored[View(f"part{number}")] = Part(Vectors(own, matrix), lang)
    views = tuple(View(f"part{number}", prefix=f"{number}/") for number in range(3))
    names = [name for name, *_ in documents(views, parts)]
    queries = Vectors([f"q{i}" for i in range(7)], rng.integers(-2, 3, size=(7, 3)).astype(np.float32))
    grades = {one: dict.fromkeys(rng.choice(names, 20).tolist(), 1) for one in queries.ids}
    langs = ["de", "en", "zh", None, "de", "xx", "en"]
    pools = {
        "exact": Pool(views, grades, Wanted(lists, True, 3)),
        "listed": Pool(views, grades, Wanted(lists, False, 3)),
    }
    monkeypatch.setattr(exact, "_CELLS", 7 * 400)
    expected = by_query(list(rank(queries, langs, parts, pools, LANGUAGES)))
    found = by_query(list(rank(queries, langs, stored, pools, LANGUAGES)))
    docs = documents(views, parts)
    assert set(found) == {(name, query_id) for name in pools for query_id in queries.ids}
    for (name, query_id), rankings in found.items():
        row = queries.ids.index(query_id)
        assert_ranked(rankings, docs, queries.matrix[row], langs[row], pools[name])
        assert rankings.doc_ids[0].tolist() == expected[name, query_id].doc_ids[0].tolist()
        assert as_dict(rankings.ranks) == as_dict(expected[name, query_id].ranks)
    check_distinct([(stored[view.plain], view.prefix) for view in views])


def ranked(docs: Part, queries: Vectors, grades: dict[str, dict[str, int]], wanted: Wanted | None = None) -> Rankings:
    """The rankings of one part."""
    pools = {"task": Pool((View("docs"),), grades, wanted or Wanted(None))}
    ((_, rankings),) = rank(queries, [None] * len(queries.ids), {View("docs"): docs}, pools, [])
    return rankings


def test_parts_that_a_pool_lacks_are_not_counted() -> None:
    parts = {View(lang): Part(Vectors(names, np.eye(3, dtype=np.float32)[rows]), lang) for lang, names, rows in (
        ("en", ["a", "c"], [0, 2]), ("de", ["b"], [1]),
    )}  # fmt: skip
    grades = {"q": {"a": 1, "b": 1, "elsewhere": 1}}
    pools = {"de/en": Pool((View("de"),), grades, Wanted(None)), "en/en": Pool((View("en"),), grades, Wanted(None))}
    found = dict(rank(Vectors(["q"], np.array([[1, 2, 3]], np.float32)), ["en"], parts, pools, []))
    assert as_dict(found["de/en"].ranks) == {"q": [1, math.inf, math.inf]}
    assert as_dict(found["en/en"].ranks) == {"q": [2, math.inf, math.inf]}
    assert [found[name].doc_ids[0].tolist() for name in pools] == [["b"], ["c", "a"]]


def test_a_pool_without_languages_ranks_as_one() -> None:
    docs = Part(Vectors(["a", "b", "c"], np.array([[1], [1], [2]], np.float32)))
    found = ranked(docs, Vectors(["q"], np.array([[1]], np.float32)), {"q": {"a": 1, "b": 1}})
    assert as_dict(found.ranks) == {"q": [2, 3]}
    assert found.doc_ids[0].tolist() == ["c", "b", "a"]


def test_a_query_of_which_nothing_is_wanted_is_passed_over() -> None:
    docs = Part(Vectors(["a", "b"], np.array([[1], [2]], np.float32)))
    queries = Vectors(["q1", "q2", "q3"], np.array([[1], [np.nan], [-1]], np.float32))
    found = ranked(docs, queries, {"q3": {"a": 1}, "q1": {}, "not asked": {"a": 1}})
    assert as_dict(found.ranks) == {"q1": [], "q3": [1]}
    assert [one.tolist() for one in found.doc_ids] == [["b", "a"], ["a", "b"]]
    with pytest.raises(UserError, match="the vector of 'q2' is not finite"):
        ranked(docs, queries, {"q2": {}})


def test_many_queries_are_ranked_block_by_block_in_order() -> None:
    rng = np.random.default_rng(0)
    docs, queries = (rng.normal(size=(count, 8)).astype(np.float32) for count in (30, 1200))
    asked = Vectors([f"q{i}" for i in range(1200)], queries)
    part = Part(Vectors([f"d{i:02}" for i in range(30)], docs))
    pools = {"task": Pool((View("docs"),), {query_id: {} for query_id in asked.ids}, Wanted(None))}
    blocks = [rankings for _, rankings in rank(asked, ["en"] * 1200, {View("docs"): part}, pools, [])]
    assert len(blocks) > 1
    assert [query_id for rankings in blocks for query_id in rankings.query_ids] == asked.ids
    scores = np.array([one for rankings in blocks for one in rankings.scores])
    assert np.allclose(scores, -np.sort(-(queries @ docs.T), axis=1), atol=1e-5)


def test_a_list_holds_all_that_tie_with_its_last_document() -> None:
    docs = Part(Vectors([*"edcba"], np.array([[2], [1], [1], [1], [0]], np.float32)))
    found = ranked(docs, Vectors(["q"], np.array([[1]], np.float32)), {"q": {}}, Wanted(2))
    assert found.doc_ids[0].tolist() == ["e", "d", "c", "b"]
    assert found.at_depth(2).doc_ids[0].tolist() == ["e", "d"]
    assert found.at_depth(2).scores[0].tolist() == [2, 1]


def test_a_cut_at_a_depth_is_the_ranking_so_far() -> None:
    ranks = stack_ranks(["a", "b"], [[7, 1, 3], [math.inf]], [9, 2])
    assert as_dict(ranks) == {"a": [1, 3, 7], "b": [math.inf]}
    cut = ranks.at_depth(3)
    assert as_dict(cut) == {"a": [1, 3, math.inf], "b": [math.inf]}
    assert cut.retrieved.tolist() == [3, 2]
    assert cut.relevant.tolist() == ranks.relevant.tolist() == [3, 1]
    assert ranks.at_depth(None) is ranks


@given(st.lists(st.lists(st.integers(1, 50), unique=True, max_size=6), max_size=5), st.integers(1, 60))
def test_a_deeper_cut_after_a_cut_changes_nothing(positions: list[list[int]], depth: int) -> None:
    ranks = stack_ranks([f"q{i}" for i in range(len(positions))], positions, [50] * len(positions))
    cut = ranks.at_depth(depth)
    assert as_dict(cut.at_depth(depth + 1)) == as_dict(cut)
    assert as_dict(ranks.at_depth(50)) == as_dict(ranks)


@given(st.lists(st.dictionaries(st.integers(1, 50), st.integers(-2, 4), max_size=6), max_size=5), st.integers(-1, 5))
def test_what_is_relevant_enough_keeps_its_place_and_grade(rows: list[dict[int, int]], least: int) -> None:
    names = [f"q{i}" for i in range(len(rows))]
    ranks = stack_ranks(names, [[*row] for row in rows], [50] * len(rows), None, [[*row.values()] for row in rows])
    kept = ranks.at_least(least)
    assert as_dict(kept) == {
        name: sorted(at for at, grade in row.items() if grade >= least) for name, row in zip(names, rows, strict=True)
    }
    assert kept.grades is not None
    for line, places, row in zip(kept.grades, as_dict(kept).values(), rows, strict=True):
        assert line.tolist()[: len(places)] == [row[int(place)] for place in places]
    assert as_dict(ranks.of(np.arange(len(rows))[::-1])) == dict(reversed(as_dict(ranks).items()))


def test_queries_and_documents_of_different_encoders_are_refused() -> None:
    docs = Part(Vectors(["a"], np.ones((1, 4), np.float32)))
    for wanted in (Wanted(None, False), Wanted(0, True), Wanted(None, True)):
        with pytest.raises(UserError, match="the queries have 3 dimensions, the documents 4"):
            ranked(docs, Vectors(["q"], np.ones((1, 3), np.float32)), {"q": {"a": 1}}, wanted)


def test_a_document_id_that_occurs_twice_in_a_pool_is_refused_by_name(tmp_path: Path) -> None:
    def part(*names: str) -> Part:
        return Part(Vectors(names, np.ones((len(names), 2), np.float32)))

    twice = "^the document id '{}' occurs more than once in a pool; where languages reuse ids, give .* a prefix$"
    with pytest.raises(UserError, match=twice.format("a")):
        check_distinct([(part("a", "b", "a"), "")])
    with pytest.raises(UserError, match=twice.format("文")):
        check_distinct([(part("a", "文"), ""), (part("b"), ""), (part("c", "文"), "")])
    with pytest.raises(UserError, match=twice.format("de/1/2")):
        check_distinct([(part("1/2", "2"), "de/"), (part("2"), "de/1/")])
    check_distinct([(part("a", "b"), "de/"), (part("a", "b"), "en/"), (part("a", "b"), "")])
    check_distinct([])
    path = tmp_path / "ids.txt"
    path.write_text("".join(f"d{i % 3000}\n" for i in range(3001)))
    stored = Part(Vectors(StoredIds(path), np.ones((3001, 1), np.float32)))
    with pytest.raises(UserError, match=twice.format("d0")):
        check_distinct([(stored, "")])


def test_ids_are_told_apart_where_their_hashes_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    monkeypatch.setattr(pd.util, "hash_array", lambda names, **_: np.array([len(name) for name in names], np.uint64))
    names = [f"d{i}" for i in range(30)]
    check_distinct([(Part(Vectors(names, np.ones((30, 1), np.float32))), "")])
    with pytest.raises(UserError, match="the document id 'd7' occurs more than once"):
        check_distinct([(Part(Vectors([*names, "d7"], np.ones((31, 1), np.float32))), "")])
