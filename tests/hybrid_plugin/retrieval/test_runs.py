"""Run files: written whole and without loss, read strictly, and understood by the tools of the field."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path

import ir_measures
import numpy as np
import pytest
import pytrec_eval
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hybrid_plugin.errors import UserError
from hybrid_plugin.retrieval.runs import reader
from hybrid_plugin.retrieval.runs.positions import rankings_of_run
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.retrieval.runs.writer import run_writer

LINES = b"q1 Q0 d1 1 0.5 t\nq1 Q0 d2 2 0.25 t\nq2 Q0 d1 1 -3e-5 t\n"
PACKED = gzip.compress(LINES, mtime=0)  # or names of tests would tell the time
UNSORTED = pytest.mark.filterwarnings("ignore:.*the rank .* contradicts the score")
ROWS = [("q1", "d1", 0.5), ("q1", "d2", 0.25), ("q2", "d1", -3e-5)]

names = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=8)
scores = st.floats(width=32, allow_nan=False, allow_infinity=False)
rankings = st.dictionaries(names, st.dictionaries(names, scores, max_size=8), min_size=1, max_size=5)


def write(path: Path, rankings: dict[str, dict[str, float]]) -> None:
    """Write rankings, two queries at a time."""
    queries = list(rankings)
    with run_writer(path) as writer:
        for start in range(0, len(queries), 2):
            chosen = queries[start : start + 2]
            writer.add(
                chosen,
                [np.array(list(rankings[query]), dtype=object) for query in chosen],
                [np.array(list(rankings[query].values()), np.float32) for query in chosen],
            )


def rows(path: Path) -> list[tuple[str, str, float]]:
    run = read_run(path)
    return [
        (query_id, run.doc_ids[doc], float(score))
        for query_id, (docs, scores) in run.rankings.items()
        for doc, score in zip(docs, scores, strict=True)
    ]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    def make(contents: bytes, name: str = "de.en.trec") -> Path:
        path = tmp_path / name
        path.write_bytes(contents)
        return path

    return make


@UNSORTED
@given(rankings)
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, dict[str, float]]
) -> None:
    path = tmp_path_factory.mktemp("runs") / "run.trec"
    write(path, written)
    expected = [(query, doc, score) for query, docs in written.items() for doc, score in docs.items()]
    assume(expected)
    found = rows(path)
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    bits = [np.array([row[2] for row in table], np.float32).view(np.uint32).tolist() for table in (found, expected)]
    assert bits[0] == bits[1]


@UNSORTED
def test_every_kind_of_float32_survives(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2**32, 100_000, dtype=np.uint32).view(np.float32)
    cosines = rng.uniform(-1, 1, 100_000).astype(np.float32)
    small = np.arange(1000, dtype=np.uint32).view(np.float32)
    values = np.concatenate([values[np.isfinite(values)], cosines, small, np.float32([0, -0.0, 1, 16777216])])
    with run_writer(tmp_path / "run") as writer:
        writer.add(["q"], [np.array([f"d{i}" for i in range(len(values))], dtype=object)], [values])
    _, found = read_run(tmp_path / "run").rankings["q"]
    assert found.dtype == np.float64, "scores stay as they are written"
    assert (found.astype(np.float32).view(np.uint32) == values.view(np.uint32)).all()


def test_a_line_has_the_six_columns_of_trec_with_ranks_from_1(tmp_path: Path) -> None:
    write(tmp_path / "run", {"q1": {"b": 0.75, 'a"': 0.1}, "q2": {}, "q3": {"c,d": -1}})
    lines = (tmp_path / "run").read_text().splitlines()
    assert [line.split(" ") for line in lines] == [
        ["q1", "Q0", "b", "1", "0.75", "hybrid-ir"],
        ["q1", "Q0", 'a"', "2", "0.1", "hybrid-ir"],
        ["q3", "Q0", "c,d", "1", "-1", "hybrid-ir"],
    ]


@given(rankings)
@settings(max_examples=50, deadline=None)
def test_ir_measures_and_trec_eval_read_the_file(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, dict[str, float]]
) -> None:
    path = tmp_path_factory.mktemp("runs") / "run.trec"
    write(path, written)
    found: dict[str, dict[str, float]] = {}
    for doc in ir_measures.read_trec_run(str(path)):
        found.setdefault(doc.query_id, {})[doc.doc_id] = np.float32(doc.score)
    assert found == {query: docs for query, docs in written.items() if docs}
    with path.open(encoding="utf-8") as file:
        theirs = pytrec_eval.parse_run(file)
    assert {q: {d: np.float32(s) for d, s in docs.items()} for q, docs in theirs.items()} == found


@pytest.mark.parametrize(
    "contents",
    [
        LINES,
        LINES.replace(b" ", b"\t"),
        LINES.replace(b" ", b" \t  "),
        LINES.replace(b"\n", b"\r\n"),
        LINES.removesuffix(b"\n"),
        b"\xef\xbb\xbf" + LINES,
        b"\n" + LINES.replace(b"\n", b"\n\n  \n"),
        LINES.replace(b"q", b"  q"),
        LINES.replace(b" t\n", b" t \n"),
        LINES.replace(b" Q0", b"\tQ0").replace(b" t\n", b"\v\ft\t\n"),
        b"\xef\xbb\xbf" + LINES.replace(b" ", b"\t").replace(b"\n", b"\r\n"),
        LINES.replace(b" 1 ", b" 1.0 ").replace(b" 2 ", b" - "),
        LINES.replace(b" 0.5 ", b" +.5 ").replace(b"0.25", b"25.e-2"),
        b"".join(line + b"\n" for line in LINES.split(b"\n")[1::-1]) + LINES.split(b"\n")[2],
    ],
    ids=[
        "plain",
        "tabs",
        "mixed",
        "crlf",
        "no-end",
        "bom",
        "blank-lines",
        "indented",
        "trailing",
        "all-blanks",
        "windows",
        "odd-ranks",
        "odd-numbers",
        "unsorted",
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
@UNSORTED
def test_every_usual_form_of_a_run_is_the_same_run(run: Callable[..., Path], contents: bytes, zipped: bool) -> None:
    path = run(gzip.compress(contents, mtime=0), "run.trec.gz") if zipped else run(contents)
    assert sorted(rows(path)) == sorted(ROWS)


def test_ids_are_texts_whatever_they_look_like(run: Callable[..., Path]) -> None:
    path = run('NA Q0 null 1 0.5 t\n001 Q0 1e5 1 0.5 NaN\n#q Q0 "d 1 .5 #\nفي Q0 文 1 1e0 t\n'.encode())
    assert rows(path) == [("NA", "null", 0.5), ("001", "1e5", 0.5), ("#q", '"d', 0.5), ("في", "文", 1)]


@pytest.mark.parametrize("contents", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(run: Callable[..., Path], contents: bytes) -> None:
    path = run(contents)
    with pytest.raises(UserError) as raised:
        read_run(path)
    assert str(raised.value) == f"{path} is empty; a run has lines of 6 columns: query Q0 document rank score tag"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"q3 Q0 d1 1 0.5", "has 5 columns"),
        (b"q3 d1 1 0.5 t", "has 5 columns"),
        (b"q3 Q0 d1", "has 3 columns"),
        (b"q3 Q0 d1 1 0.5 t x", "has 7 columns"),
        (b"q3 Q0 d 1 1 0.5 my tag", "has 8 columns"),
        (b"q3 Q0 d1 1 high t", "'high' is not a number"),
        (b"q3 Q0 d1 1 0,5 t", "'0,5' is not a number"),
        (b"q3 Q0 d1 1 1_0 t", "'1_0' is not a number"),
        (b"q3 Q0 d1 1 NaN t", "'NaN' is not a number"),
        (b"q3 Q0 d1 1 nan t", "'nan' is not a number"),
        (b"q3 Q0 d1 1 inf t", "'inf' is not a number"),
        (b"q3 Q0 d1 1 -Infinity t", "'-Infinity' is not a number"),
        (b"q3 Q0 d1 1 1e39 t", "'1e39' is not a number that is finite in 32 bits"),
        (b"q3 Q0 d1 1 1e999 t", "'1e999' is not a number"),
    ],
)
@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.filterwarnings("error")
def test_a_malformed_line_is_refused_by_file_and_number(
    run: Callable[..., Path], line: bytes, message: str, place: str
) -> None:
    path = run(line + b"\n" + LINES if place == "first" else LINES + b"\n" + line)
    with pytest.raises(UserError) as raised:
        read_run(path)
    assert str(raised.value).startswith(f"{path} line {1 if place == 'first' else 5}")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_line_that_is_malformed_deep_in_a_large_run_is_found(run: Callable[..., Path]) -> None:
    good = b"".join(b"q%d Q0 d 1 0.5 t\n" % number for number in range(300_000))
    with pytest.raises(UserError, match="line 300001 has 7 columns"):
        read_run(run(good + b"q Q0 d 1 0.5 t x\n"))


def test_every_line_too_long_is_as_malformed_as_one(run: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="line 1 has 7 columns"):
        read_run(run(LINES.replace(b"\n", b" x\n")))


@pytest.mark.parametrize("contents", [PACKED[:-9], PACKED[:15], PACKED[:2]])
def test_a_damaged_gzip_file_is_refused_by_name(run: Callable[..., Path], contents: bytes) -> None:
    with pytest.raises(UserError, match=r"run\.gz cannot be read"):
        read_run(run(contents, "run.gz"))


def test_a_gzip_file_with_any_byte_wrong_is_refused_or_read_in_full(run: Callable[..., Path]) -> None:
    whole = gzip.compress(LINES, mtime=0)
    refused = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            found = rows(run(bytes(damaged), "run.gz"))
        except UserError:
            refused += 1
        else:
            assert found == ROWS
    assert refused > len(whole) / 2


@pytest.mark.parametrize("contents", [LINES.decode().encode("utf-16"), "q Q0 dé 1 0.5 t\n".encode("latin-1")])
def test_a_file_that_is_not_text_is_refused_by_name(run: Callable[..., Path], contents: bytes) -> None:
    with pytest.raises(UserError, match=r"de\.en\.trec cannot be read"):
        read_run(run(contents))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.trec cannot be read"):
        read_run(tmp_path / "none.trec")


def test_a_document_that_a_query_has_twice_is_refused(run: Callable[..., Path]) -> None:
    path = run(LINES + b"q1 Q0 d2 3 0.1 t\n")
    with pytest.raises(UserError) as raised:
        read_run(path)
    assert str(raised.value) == f"{path} line 4: query 'q1' has the document 'd2' already, in line 2"


def test_a_last_line_that_was_cut_off_is_refused_as_such(run: Callable[..., Path]) -> None:
    path = run(LINES + b"q2 Q0 d2 2 -1.5")
    with pytest.raises(UserError, match=r"line 4 has 5 columns.*the file ends there: it may have been cut off$"):
        read_run(path)


def test_the_queries_of_a_run_may_come_in_any_order(run: Callable[..., Path]) -> None:
    lines = LINES.splitlines(keepends=True)
    assert rows(run(lines[0] + lines[2] + lines[1])) == ROWS


def test_blocks_are_joined_and_lines_counted_across_them(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BLOCK", 7)
    assert rows(run(b"\n" + LINES.replace(b"\n", b"\r\n\r\n"))) == ROWS
    for name in ("run.gz", "run.GZ", "run.trec"):
        assert rows(run(gzip.compress(LINES, mtime=0), name)) == ROWS, "the file says what it is, not its name"
        assert rows(run(LINES, name)) == ROWS
    with pytest.raises(UserError, match="line 4: query 'q1' has the document 'd2' already, in line 2"):
        read_run(run(LINES + b"q1 Q0 d2 3 0.1 t\n"))


def test_a_rank_that_contradicts_the_scores_is_named_and_the_scores_decide(run: Callable[..., Path]) -> None:
    path = run(b"\n" + LINES + b"q2 Q0 d2 2 1 t\nq2 Q0 d3 3 2 t\n")
    with pytest.warns(UserWarning, match="contradicts") as warned:
        found = read_run(path)
    assert [str(warning.message) for warning in warned] == [
        f"{path} line 5: the rank 2 contradicts the score of the line before; "
        "ranks are ignored and scores decide, as in trec_eval"
    ]
    rankings = rankings_of_run(found, ["q1", "q2"], {"q1": {"d1": 1}, "q2": {"d1": 1, "d3": 1}})
    assert rankings.ranks.positions[1].tolist() == [1, 3]
    assert rankings.doc_ids[1].tolist() == ["d3", "d2", "d1"]


@pytest.mark.parametrize(
    "contents",
    [
        LINES.replace(b" 2 ", b" 1 "),  # all ranks the same
        LINES.replace(b"0.25", b"0.5"),  # a tie
        b"q1 Q0 d2 2 0.25 t\nq1 Q0 d1 1 0.5 t\n",  # worst first
        LINES + b"q3 Q0 d1 2 9 t\n",  # another query
    ],
)
@pytest.mark.filterwarnings("error")
def test_ranks_that_go_with_the_scores_are_no_cause_for_a_warning(run: Callable[..., Path], contents: bytes) -> None:
    read_run(run(contents))


@UNSORTED
@given(
    st.dictionaries(
        st.sampled_from(["q1", "q2", "q3"]),
        st.dictionaries(st.text("abé文", min_size=1, max_size=3), st.sampled_from([0.0, 0.5, 1.0, -1.0]), max_size=12),
    ),
    st.dictionaries(
        st.sampled_from(["q1", "q2", "q3"]),
        st.lists(st.text("abé文", min_size=1, max_size=3), min_size=1, max_size=4, unique=True),
    ),
    st.one_of(st.none(), st.integers(0, 14)),
)
@settings(max_examples=100, deadline=None)
def test_positions_in_a_run_are_those_of_a_full_sort(
    tmp_path_factory: pytest.TempPathFactory,
    written: dict[str, dict[str, float]],
    relevant: dict[str, list[str]],
    lists: int | None,
) -> None:
    path = tmp_path_factory.mktemp("runs") / "run.trec"
    write(path, written)
    assume(any(written.values()))
    grades = {query: dict.fromkeys(docs, 1) for query, docs in relevant.items()}
    found = rankings_of_run(read_run(path), list(relevant), grades, lists)
    ranks = found.ranks
    assert ranks.query_ids == found.query_ids == tuple(relevant)
    for row, query in enumerate(ranks.query_ids):
        docs = written.get(query, {})
        order = sorted(docs, key=lambda doc: (docs[doc], doc), reverse=True)
        places = sorted(order.index(doc) + 1 if doc in order else math.inf for doc in relevant[query])
        assert [place for place in ranks.positions[row].tolist() if not math.isnan(place)] == places
        assert ranks.retrieved[row] == len(docs)
        # The list is as long as is asked for, and goes on as long as scores are those of its last document.
        last = [docs[doc] for doc in order[:lists]][-1:]
        listed = [place for place, doc in enumerate(order) if lists is None or place < lists or [docs[doc]] == last]
        assert found.doc_ids[row].tolist() == order[: len(listed)]
        assert found.scores[row].tolist() == [docs[doc] for doc in order[: len(listed)]]


@pytest.mark.parametrize("bad", ["a b", "a\tb", "a\n"])
def test_an_id_that_a_run_cannot_hold_is_refused_and_nothing_is_written(tmp_path: Path, bad: str) -> None:
    for written in ({bad: {"d": 1.0}}, {"q": {"d": 1.0, bad: 0.5}}):
        with pytest.raises(UserError, match="white space"):
            write(tmp_path / "run.trec", written)
        assert list(tmp_path.iterdir()) == []


def write_half(path: Path, error: BaseException) -> None:
    with run_writer(path) as writer:
        writer.add(["q"], [np.array(["d"], dtype=object)], [np.float32([1])])
        raise error


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.trec"
    with pytest.raises(KeyboardInterrupt):
        write_half(path, KeyboardInterrupt())
    assert list(path.parent.iterdir()) == []


def test_an_interrupted_run_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "run.trec"
    write(path, {"q": {"d": 1.0}})
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="interrupted"):
        write_half(path, RuntimeError("interrupted"))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_named_gz_is_gzipped_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "run.trec.gz"
    with run_writer(path) as writer:
        writer.add(["q"], [np.array(["b", "a"], dtype=object)], [np.array([0.5, 0.25], np.float32)])
    assert gzip.decompress(path.read_bytes()).startswith(b"q Q0 b 1 0.5 ")
    assert rows(path) == [("q", "b", 0.5), ("q", "a", 0.25)]
