"""Every batch keeps the definitions of its strategy."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store

LANGUAGES = ("ar", "de", "en", "zh")
STEPS = 800


def answers(row: Row) -> set[str]:
    """All texts, in any language, that answer a row's question."""
    return {text for texts in row.passages.values() for text in texts}


@cache
def rows_of(source: Source) -> dict[str, Row]:
    return {row.parallel_id: row for row in source}


def assert_keeps_the_definitions(batch: Batch, source: Source, size: int) -> None:
    examples = batch.examples
    assert batch.sources == (source.name,)
    assert len(examples) == size
    assert len({example.row.parallel_id for example in examples}) == size
    for example in examples:
        assert example.row == rows_of(source)[example.row.parallel_id]
        assert example.query == example.row.queries[example.query_lang]
        assert all(stored in example.row.passages[lang] for lang, stored in example.positives)
    languages = {lang for example in examples for lang in (example.query_lang, example.passage_lang)}
    if batch.kind == "mono":
        assert len(languages) == 1
    elif batch.kind == "cross":
        assert all(example.query_lang != example.passage_lang for example in examples)
    else:
        assert batch.kind in ("mixed", "multi")
    if batch.kind != "multi":
        assert all(len(example.positives) == 1 for example in examples)
    owners = [i for i, _ in batch.candidates()]
    assert owners[:size] == list(range(size))
    positives, marked = batch.positives(), batch.false_negatives()
    assert positives.dtype == marked.dtype == bool
    assert positives.shape == marked.shape == (size, len(owners))
    for i, example in enumerate(examples):
        for column, owner in enumerate(owners):
            kin = not answers(example.row).isdisjoint(answers(examples[owner].row))
            assert positives[i, column] == (i == owner)
            assert marked[i, column] == (i != owner and kin)


def within(count: int, trials: int, probability: float) -> bool:
    """Whether a count is within five standard deviations of its binomial mean."""
    return abs(count - trials * probability) <= 5 * math.sqrt(trials * probability * (1 - probability)) + 1e-9


def batches_of(
    sources: list[Source], strategy: str, size: int, seed: int = 0, steps: int = STEPS, **settings: Any
) -> Batches:
    return Batches(sources, strategy, BatchSettings(size=size, **settings), steps=steps, seed=seed)


def drawn(source: Source, strategy: str, size: int, steps: int, **settings: Any) -> list[Batch]:
    return list(batches_of([source], strategy, size, steps=steps, **settings))


@pytest.fixture(scope="module")
def mlqa(lareqa: object) -> Source:
    return load_source("mlqa-r")


@pytest.mark.parametrize(("strategy", "alpha"), [("mono", 0.5), ("cross", 0.5), ("hybrid", 0.3), ("hybrid", 0.8)])
def test_batches_of_real_questions_keep_the_definitions(mlqa: Source, strategy: str, alpha: float) -> None:
    batches = drawn(mlqa, strategy, 16, STEPS, alpha=alpha)
    for batch in batches:
        assert_keeps_the_definitions(batch, mlqa, 16)
    share = {"mono": 1.0, "cross": 0.0, "hybrid": alpha}[strategy]
    assert within(sum(batch.kind == "mono" for batch in batches), STEPS, share)


def test_large_batches_of_real_questions_have_false_negatives_to_mark(mlqa: Source) -> None:
    batches = drawn(mlqa, "hybrid", 100, 60)
    for batch in batches:
        assert_keeps_the_definitions(batch, mlqa, 100)
    assert any(batch.false_negatives().any() for batch in batches)


def test_monolingual_batches_have_each_language_equally_often(mlqa: Source) -> None:
    batches = drawn(mlqa, "mono", 16, 1400)
    counts = Counter(batch.examples[0].query_lang for batch in batches)
    assert set(counts) == {"ar", "de", "en", "es", "hi", "vi", "zh"}
    assert all(within(count, 1400, 1 / 7) for count in counts.values())


def test_cross_lingual_batches_mix_languages_and_directions(mlqa: Source) -> None:
    pairs = {(e.query_lang, e.passage_lang) for batch in drawn(mlqa, "cross", 32, 100) for e in batch.examples}
    assert {lang for pair in pairs for lang in pair} == set(mlqa.languages)
    assert {(passage, query) for query, passage in pairs} == pairs


def test_a_monolingual_batch_draws_the_rows_of_its_language_equally_often() -> None:
    source = parallel("a", 8, ("en", "de"))
    counts = Counter(e.row.parallel_id for batch in drawn(source, "mono", 2, 2000) for e in batch.examples)
    assert all(within(counts[row.parallel_id], 2000, 1 / 4) for row in source)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Rows of few texts, so that some answer several questions, with holes on both sides."""
    texts = st.sampled_from("abcdefghij")
    count = draw(st.integers(2, 12))
    rows = []
    for number in range(count):
        queries = draw(st.dictionaries(st.sampled_from(LANGUAGES), texts, min_size=1))
        passages = draw(
            st.dictionaries(
                st.sampled_from(LANGUAGES),
                st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple),
                min_size=1,
            )
        )
        rows.append(Row(f"r{number}", queries, passages))
    return store("synthetic", rows)


@given(
    source=sources(),
    strategy=st.sampled_from(["mono", "cross", "hybrid", "mixed", "multi"]),
    size=st.integers(2, 5),
    alpha=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_any_source_gives_right_batches_or_says_what_it_lacks(
    source: Source, strategy: str, size: int, alpha: float, seed: int
) -> None:
    same = [row for row in source if row.queries.keys() & row.passages.keys()]
    mono = max(sum(lang in row.queries and lang in row.passages for row in same) for lang in LANGUAGES) >= size
    other = [row for row in source if any(q != p for q in row.queries for p in row.passages)]
    own = [row for row in same if any(len(row.passages.keys() | {q}) > 1 for q in row.queries if q in row.passages)]
    cross = len(other) >= size
    ends = {0: cross, 1: mono if strategy != "multi" else len(own) >= size}
    wanted = {0.0: [0], 1.0: [1]}.get(alpha, [0, 1])
    possible = {"mono": mono, "cross": cross}.get(strategy, all(ends[end] for end in wanted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not possible:
            with pytest.raises(UserError, match="synthetic"):
                batches_of([source], strategy, size, seed, alpha=alpha)
            return
        batches = batches_of([source], strategy, size, seed, alpha=alpha)
    for step in range(10):
        assert_keeps_the_definitions(batches[step], source, size)
        assert batches[step] == batches[step]


def parallel(name: str, count: int, languages: tuple[str, ...]) -> Source:
    """A source with every question in every language."""
    rows = (
        Row(
            f"{name}-{number}",
            {lang: f"query {number} {lang}" for lang in languages},
            {lang: (f"passage {number} {lang}",) for lang in languages},
        )
        for number in range(count)
    )
    return store(name, rows)


@pytest.mark.parametrize("strategy", ["mono", "cross", "hybrid", "mixed", "multi"])
def test_seed_and_step_alone_make_a_batch(strategy: str) -> None:
    one, other = parallel("a", 60, LANGUAGES), parallel("b", 40, LANGUAGES)
    first = batches_of([one, other], strategy, 8, seed=3)
    again = batches_of([one, other], strategy, 8, seed=3)
    forwards = [first[step] for step in range(50)]
    backwards = [again[step] for step in reversed(range(50))][::-1]
    assert forwards == backwards
    changed = batches_of([one, other], strategy, 8, seed=4)
    assert all(forwards[step] != changed[step] for step in range(50))
    assert len({tuple(e.row.parallel_id for e in batch.examples) for batch in forwards}) == 50


def test_no_step_of_one_seed_repeats_in_another() -> None:
    source = parallel("a", 60, LANGUAGES)
    seen = {
        tuple(e.query for e in batches_of([source], "hybrid", 8, seed)[step].examples)
        for seed in range(20)
        for step in range(20)
    }
    assert len(seen) == 400


@pytest.mark.parametrize(("alpha", "kind"), [(0, "cross"), (1, "mono")])
def test_alpha_at_its_ends_gives_one_kind_alone(alpha: float, kind: str) -> None:
    batches = drawn(parallel("a", 20, LANGUAGES), "hybrid", 4, 300, alpha=alpha)
    assert {batch.kind for batch in batches} == {kind}


def test_sources_are_drawn_in_proportion_to_their_rows() -> None:
    pair = [parallel("small", 10, LANGUAGES), parallel("large", 30, LANGUAGES)]
    batches = batches_of(pair, "hybrid", 4, steps=2000)
    counts = Counter(batches[step].sources[0] for step in range(2000))
    assert within(counts["large"], 2000, 3 / 4)
    assert counts.total() == 2000
    for step in range(200):
        batch = batches[step]
        assert_keeps_the_definitions(batch, pair[batch.sources == ("large",)], 4)


@pytest.mark.filterwarnings("ignore:source 's'. too few pairs")
def test_a_passage_that_answers_another_row_in_another_language_is_no_negative() -> None:
    rows = (
        Row("1", {"en": "q1"}, {"en": ("p1",), "de": ("shared",)}),
        Row("2", {"en": "q2"}, {"en": ("shared",)}),
    )
    batch = batches_of([store("s", rows)], "mono", 2, seed=0)[0]
    # nor is p1 one of the second question: the two have an answer in common
    assert (batch.false_negatives() == ~np.eye(2, dtype=bool)).all()


def test_a_language_too_short_for_a_batch_is_named_and_left_out() -> None:
    short = Row("extra", {"hi": "q"}, {"hi": ("p",)})
    source = store("uneven", [*parallel("a", 10, ("de", "en")), short])
    with pytest.warns(UserWarning, match=r"'uneven': too few pairs .* of 4 in hi: 1; .* left out"):
        batches = batches_of([source], "mono", 4, seed=0)
    assert {batches[step].examples[0].query_lang for step in range(100)} == {"de", "en"}


def test_full_languages_bring_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batches_of([parallel("a", 10, LANGUAGES)], "hybrid", 10, seed=0)


@pytest.mark.parametrize("strategy", ["cross", "hybrid"])
def test_a_source_of_one_language_cannot_make_cross_lingual_batches(strategy: str) -> None:
    with pytest.raises(
        UserError, match=r"source 'a' has no question with a passage in another language \(it has one.*en"
    ):
        batches_of([parallel("a", 10, ("en",))], strategy, 4, seed=0)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("mono", r"source 'a' has no language with 8 pairs .*\(de: 7, en: 7\); use a smaller batch"),
        ("cross", r"source 'a' has 7 questions .* too few for a cross-lingual batch of 8"),
        ("hybrid", r"source 'a' has no language with 8 pairs"),
    ],
)
def test_too_few_rows_are_refused(strategy: str, message: str) -> None:
    source = parallel("a", 7, ("de", "en"))
    batches_of([source], strategy, 7, seed=0)
    with pytest.raises(UserError, match=message):
        batches_of([source], strategy, 8, seed=0)


def test_nothing_is_drawn_from_a_source_that_is_too_small() -> None:
    pair = [parallel("large", 50, LANGUAGES), parallel("small", 3, LANGUAGES)]
    with pytest.warns(UserWarning, match="nothing is drawn from 'small': source 'small' has no language with 8 pairs"):
        batches = batches_of(pair, "mono", 8, steps=50)
    assert {batch.sources for batch in batches} == {("large",)}


@pytest.mark.parametrize(
    ("strategy", "kinds"),
    [
        ("mono", {("mono", ("english",)), ("mono", ("many",))}),
        ("cross", {("cross", ("many",))}),
        ("hybrid", {("mono", ("english",)), ("mono", ("many",)), ("cross", ("many",))}),
        ("mixed", {("mixed", ("many",)), ("mixed", ("english", "many"))}),
        ("multi", {("multi", ("many",))}),
    ],
)
def test_a_monolingual_source_joins_a_parallel_one(strategy: str, kinds: set[tuple[str, tuple[str, ...]]]) -> None:
    pair = [parallel("english", 30, ("en",)), parallel("many", 30, LANGUAGES)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        batches = batches_of(pair, strategy, 8, steps=400)
    assert {(batch.kind, batch.sources) for batch in batches} == kinds
    assert [str(one.message)[:33] for one in said] == ["nothing is drawn from 'english': s"[:33]] * (
        strategy in ("cross", "multi")
    )
    for batch in batches:
        for example in batch.examples:
            assert example.row in pair[example.source == "many"]
            assert example.source == "many" or example.query_lang == "en" == example.passage_lang
    if strategy == "hybrid":  # the kind is drawn before the source, so alpha is alpha
        mono = [batch for batch in batches if batch.kind == "mono"]
        assert within(len(mono), 400, 0.5)
        assert within(sum(batch.sources == ("english",) for batch in mono), len(mono), 0.5)


def test_rows_of_one_id_in_two_sources_are_two_rows() -> None:
    """The same parallel id, and the same id of a document, mean nothing between sources; the same text does."""
    one, other = (
        parallel("a", 12, ("en",)),
        store("b", [Row(row.parallel_id, row.queries, row.passages) for row in parallel("a", 12, LANGUAGES)]),
    )
    batch = batches_of([one, other], "mixed", 8)[0]
    assert batch.sources == ("a", "b")
    marked = batch.false_negatives()
    for i, example in enumerate(batch.examples):
        for j, rival in enumerate(batch.examples):
            same = i != j and example.row.parallel_id == rival.row.parallel_id
            assert marked[i, j] == same  # "passage 3 en" answers both


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan, math.inf])
def test_alpha_outside_0_to_1_is_refused(alpha: float) -> None:
    with pytest.raises(UserError, match="alpha"):
        batches_of([parallel("a", 10, LANGUAGES)], "hybrid", 4, alpha=alpha)


@pytest.mark.parametrize("size", [1, 0, -1])
def test_a_batch_without_negatives_is_refused(size: int) -> None:
    with pytest.raises(UserError, match=f"batch size is {size}"):
        batches_of([parallel("a", 10, LANGUAGES)], "mono", size, seed=0)


def test_an_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="unknown strategy 'mixt'; known: cross, hybrid, mixed, mono, multi"):
        batches_of([parallel("a", 10, LANGUAGES)], "mixt", 4, seed=0)


def test_no_source_at_all_is_refused() -> None:
    with pytest.raises(UserError, match="no source"):
        batches_of([], "mono", 4, seed=0)


def test_the_language_of_a_monolingual_batch_may_go_by_its_rows() -> None:
    source = store("uneven", [*parallel("a", 10, ("de", "en")), *parallel("b", 30, ("en",))])
    batches = drawn(source, "mono", 4, 2000, mono_languages="size")
    assert within(sum(batch.examples[0].query_lang == "en" for batch in batches), 2000, 40 / 50)


def test_a_cross_lingual_batch_may_be_of_one_pair_of_languages() -> None:
    batches = drawn(parallel("a", 20, ("de", "en", "fr")), "cross", 4, 1200, cross_languages="one")
    pairs = [{(e.query_lang, e.passage_lang) for e in batch.examples} for batch in batches]
    assert all(len(pair) == 1 for pair in pairs)
    counts = Counter(pair.pop() for pair in pairs)
    assert len(counts) == 6
    assert all(within(count, 1200, 1 / 6) for count in counts.values())


@pytest.mark.parametrize("strategy", ["mono", "cross", "hybrid"])
def test_languages_may_be_chosen(strategy: str) -> None:
    for batch in drawn(parallel("a", 20, LANGUAGES), strategy, 4, 100, only=("de", "zh")):
        assert {lang for e in batch.examples for lang in (e.query_lang, e.passage_lang)} <= {"de", "zh"}
    with pytest.raises(UserError, match="source 'a' has no 'fi'; it has ar, de, en, zh"):
        drawn(parallel("a", 20, LANGUAGES), strategy, 4, 1, only=("de", "fi"))


def test_a_source_may_lack_a_language_that_another_has() -> None:
    both = [parallel("a", 20, ("de", "en")), parallel("b", 20, ("de", "en", "th"))]
    seen = {
        (*batch.sources, lang)
        for batch in batches_of(both, "hybrid", 4, steps=200, only=("de", "en", "th"))
        for e in batch.examples
        for lang in (e.query_lang, e.passage_lang)
    }
    assert seen == {("a", "de"), ("a", "en"), ("b", "de"), ("b", "en"), ("b", "th")}
    with pytest.raises(UserError, match="none of the 2 sources has 'fi'; they have de, en, th"):
        batches_of(both, "hybrid", 4, steps=1, only=("de", "fi"))
    with pytest.warns(UserWarning, match="from 'a': source 'a' has none of the languages th; it has de, en"):
        batches_of(both, "mono", 4, steps=1, only=("th",))


def test_alpha_may_change_over_the_training() -> None:
    kinds = [batch.kind for batch in drawn(parallel("a", 20, LANGUAGES), "hybrid", 4, 4000, alpha=1, alpha_end=0)]
    assert kinds[0] == "mono"
    assert kinds[-1] == "cross"
    for quarter, share in enumerate((7 / 8, 5 / 8, 3 / 8, 1 / 8)):
        assert within(kinds[quarter * 1000 : (quarter + 1) * 1000].count("mono"), 1000, share)


@pytest.mark.parametrize(
    ("mix", "share"),
    [
        (SourceMix(exponent=0.5), 3**0.5 / (1 + 3**0.5)),
        (SourceMix(exponent=0), 1 / 2),
        (SourceMix(cap=20), 2 / 3),
        (SourceMix(weights={"small": 3}), 1 / 2),
        (SourceMix(weights={"small": 0}), 1.0),
    ],
)
def test_a_mix_tames_a_large_source(mix: SourceMix, share: float) -> None:
    pair = [parallel("small", 10, LANGUAGES), parallel("large", 30, LANGUAGES)]
    batches = Batches(pair, "hybrid", BatchSettings(size=4), steps=2000, mix=mix)
    assert within(Counter(batch.sources for batch in batches)[("large",)], 2000, share)


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        (SourceMix(weights={"c": 1}), "a weight for 'c', which is not among the sources: a"),
        (SourceMix(weights={"a": 0}), "leave no source"),
        (SourceMix(weights={"a": -1}), "must be 0 or above"),
        (SourceMix(cap=0), "cap above 0"),
        (SourceMix(exponent=-1), "must be 0 or above"),
    ],
)
def test_a_mix_that_makes_no_sense_is_refused(mix: SourceMix, message: str) -> None:
    with pytest.raises(UserError, match=message):
        mix.shares([parallel("a", 10, LANGUAGES)])


def with_negatives() -> Source:
    """Questions whose hard negative in German is the answer of the next one, and of their own in English."""
    return store(
        "hard",
        (
            Row(
                f"r{n}",
                {"en": f"question {n}", "de": f"Frage {n}"},
                {"en": (f"answer {n}",), "de": (f"Antwort {n}",)},
                {"en": (f"no answer {n}", f"nor this {n}"), "de": (f"Antwort {(n + 1) % 6}",)},
            )
            for n in range(6)
        ),
    )


def test_hard_negatives_follow_the_answers_and_are_never_answers() -> None:
    for batch in drawn(with_negatives(), "hybrid", 5, 200, negatives=2):
        hard = [(row, tuple(negative)) for row, e in enumerate(batch.examples) for negative in e.negatives]
        assert batch.passages == [e.passage for e in batch.examples] + [text for _, (_, text) in hard]
        marked = batch.false_negatives()
        assert marked.shape == (5, 5 + len(hard))
        for column, (_, (_, text)) in enumerate(hard, start=5):
            assert [text in answers(e.row) for e in batch.examples] == marked[:, column].tolist()
        for example in batch.examples:
            assert len(set(example.negatives)) == len(example.negatives) <= 2
            if batch.kind == "mono":
                assert {lang for lang, _ in example.negatives} <= {example.query_lang}


@pytest.mark.parametrize("wanted", ["query", "others"])
def test_hard_negatives_of_a_cross_lingual_batch_may_be_in_some_languages_alone(wanted: str) -> None:
    for batch in drawn(with_negatives(), "cross", 5, 50, negatives=3, cross_negatives=wanted):
        for example in batch.examples:
            lang = example.query_lang if wanted == "query" else example.passage_lang  # there are two
            assert {lang for lang, _ in example.negatives} == {lang}
            assert len(example.negatives) == len(example.row.negatives[lang])


def test_unknown_languages_of_hard_negatives_are_refused() -> None:
    with pytest.raises(UserError, match="cross-lingual batches' hard negatives 'all'; known: query, others, both"):
        BatchSettings(cross_negatives="all")  # type: ignore[arg-type]


def choices(batch: Batch) -> tuple[object, ...]:
    """All that is chosen for a batch, but its hard negatives."""
    return batch.kind, [(e.source, e.row.parallel_id, e.query_lang, e.positives) for e in batch.examples]


@pytest.mark.parametrize("strategy", ["mono", "cross", "hybrid", "mixed", "multi"])
def test_hard_negatives_change_no_row_and_no_language(strategy: str) -> None:
    sources = [with_negatives(), parallel("plain", 20, ("de", "en"))]
    plain, hard = (batches_of(sources, strategy, 5, steps=100, negatives=count) for count in (0, 2))
    assert list(map(choices, plain)) == list(map(choices, hard))
    assert not any(example.negatives for batch in plain for example in batch.examples)
    assert any(example.negatives for batch in hard for example in batch.examples)


def test_what_a_loss_wants_besides_changes_nothing_else() -> None:
    source = parallel("a", 30, LANGUAGES)
    settings = BatchSettings(size=6)
    plain = Batches([source], "hybrid", settings, steps=50)
    with_questions = Batches([source], "hybrid", settings, steps=50, parallel=["queries"])
    with_both = Batches([source], "hybrid", settings, steps=50, parallel=["queries", "passages"])
    assert list(map(choices, plain)) == list(map(choices, with_questions)) == list(map(choices, with_both))
    for one, other in zip(with_questions, with_both, strict=True):
        assert one.parallel_queries == other.parallel_queries
    for batch in with_both:
        for example, question, passage in zip(
            batch.examples, batch.parallel_queries, batch.parallel_passages, strict=True
        ):
            number = example.row.parallel_id.removeprefix("a-")
            assert question in {f"query {number} {lang}" for lang in LANGUAGES if lang != example.query_lang}
            assert passage in {f"passage {number} {lang}" for lang in LANGUAGES if lang != example.passage_lang}


def test_alpha_changes_kinds_alone() -> None:
    """A batch that has the same kind at two alphas is the same batch, in languages and rows."""
    source = parallel("a", 30, LANGUAGES)
    low, high = (batches_of([source], "hybrid", 6, steps=300, alpha=alpha) for alpha in (0.3, 0.6))
    changed = 0
    for one, other in zip(low, high, strict=True):
        if one.kind == other.kind:
            assert choices(one) == choices(other)
        else:
            assert (one.kind, other.kind) == ("cross", "mono")  # more alpha, more monolingual batches
            assert [e.row for e in one.examples] == [e.row for e in other.examples]
            changed += 1
    assert within(changed, 300, 0.3)


def test_mixed_examples_are_those_of_hybrid_batches(mlqa: Source) -> None:
    """As often monolingual, and in as many languages each, but not a batch at a time."""
    counts = {}
    for strategy in ("hybrid", "mixed"):
        examples = [e for batch in drawn(mlqa, strategy, 16, STEPS, alpha=0.4) for e in batch.examples]
        mono = [e.query_lang for e in examples if e.query_lang == e.passage_lang]
        pairs = Counter((e.query_lang, e.passage_lang) for e in examples if e.query_lang != e.passage_lang)
        counts[strategy] = len(mono) / len(examples), Counter(mono), pairs
    assert counts["mixed"][0] == pytest.approx(0.4, abs=0.03)
    mono, pairs = counts["mixed"][1:]
    assert all(within(number, mono.total(), 1 / 7) for number in mono.values())
    expected = counts["hybrid"][2]
    for pair, number in pairs.items():
        share = expected[pair] / expected.total()
        assert abs(number / pairs.total() - share) < 5 * math.sqrt(2 * share / pairs.total())
    in_batch = [
        {e.query_lang == e.passage_lang for e in batch.examples} for batch in drawn(mlqa, "mixed", 16, 100, alpha=0.4)
    ]
    assert all(kinds == {True, False} for kinds in in_batch)


@pytest.mark.parametrize("passages", [2, 3])
def test_multilingual_questions_have_their_own_language_with_probability_alpha(mlqa: Source, passages: int) -> None:
    examples = [e for batch in drawn(mlqa, "multi", 16, 300, alpha=0.3, passages=passages) for e in batch.examples]
    for example in examples:
        langs = [lang for lang, _ in example.positives]
        assert len(set(langs)) == len(langs)
        here = set(example.row.passages)
        own = example.query_lang in langs
        assert len(langs) == min(passages, len(here) if own else len(here - {example.query_lang}))
    own = sum(example.query_lang in {lang for lang, _ in example.positives} for example in examples)
    assert within(own, len(examples), 0.3)


def test_translations_of_a_passage_are_drawn_together() -> None:
    source = store(
        "several",
        [
            Row(
                f"r{n}",
                {"en": f"q{n}", "de": f"f{n}"},
                {"en": (f"first {n}", f"second {n}"), "de": (f"erstens {n}", f"zweitens {n}"), "fr": (f"seul {n}",)},
            )
            for n in range(8)
        ],
    )
    same = {"first": "erstens", "second": "zweitens"}
    seen = Counter[str]()
    for batch in drawn(source, "multi", 4, 200):
        for example in batch.examples:
            texts = {lang: stored.split()[0] for lang, stored in example.positives}
            if texts.keys() == {"en", "de"}:
                assert same[texts["en"]] == texts["de"]
                seen[texts["en"]] += 1
    assert within(seen["first"], seen.total(), 0.5)


@pytest.mark.parametrize("strategy", ["mixed", "multi"])
def test_thousands_of_examples_of_other_strategies_are_as_defined(mlqa: Source, strategy: str) -> None:
    for batch in drawn(mlqa, strategy, 24, 120, alpha=0.5):
        assert_keeps_the_definitions(batch, mlqa, 24)


def test_few_passages_are_refused() -> None:
    with pytest.raises(UserError, match="passages a question is 1; several languages are at least 2"):
        BatchSettings(passages=1)


def test_ten_thousand_batches_of_two_sources_are_as_defined(mlqa: Source) -> None:
    """Kinds by alpha, languages uniform, sources by size, no repeated parallel id, no false negative unmarked."""
    small = parallel("small", 300, LANGUAGES)
    batches = Batches([mlqa, small], "hybrid", BatchSettings(size=8, alpha=0.4), steps=10_000, seed=5)
    kinds, sources, languages = Counter[str](), Counter[str](), Counter[str]()
    for batch in batches:
        kinds[batch.kind] += 1
        sources[batch.sources[0]] += 1
        assert len({e.row.parallel_id for e in batch.examples}) == 8
        marked = batch.false_negatives()
        for i, example in enumerate(batch.examples):
            answering = answers(example.row)
            assert not any(
                other.passage in answering and not marked[i, j] for j, other in enumerate(batch.examples) if i != j
            )
        if batch.kind == "mono" and batch.sources == ("mlqa-r",):
            languages[batch.examples[0].query_lang] += 1
    assert within(kinds["mono"], 10_000, 0.4)
    assert within(sources["mlqa-r"], 10_000, len(mlqa) / (len(mlqa) + 300))
    assert all(within(count, languages.total(), 1 / 7) for count in languages.values())
    assert len(languages) == 7
