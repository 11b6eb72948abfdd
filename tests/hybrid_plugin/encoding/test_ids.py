"""Ids in a file are those of a list, wherever one looks at them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.encoding import ids as module
from hybrid_plugin.encoding.ids import StoredIds, rows_of, take_ids
from hybrid_plugin.encoding.vectors import Vectors
from hybrid_plugin.errors import UserError

STEP = 1024  # lines from one known offset to the next
SIZES = [0, 1, 2, STEP - 1, STEP, STEP + 1, 2 * STEP - 1, 2 * STEP, 2 * STEP + 1, 3 * STEP + 500]


def names(count: int) -> list[str]:
    """Ids of many lengths and alphabets."""
    return ["é文\U0001f600a"[number % 4] * (number % 3) + f"d{number * number}/_" for number in range(count)]


def stored(path: Path, ids: list[str], end: str = "\n") -> StoredIds:
    path.write_text("\n".join(ids) + (end if ids else ""), encoding="utf-8", newline="\n")
    return StoredIds(path)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("block", [1, 100, 16 * 2**20])
def test_the_ids_of_a_file_are_its_lines(
    count: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    expected = names(count)
    found = stored(tmp_path / "ids.txt", expected)
    assert len(found) == count
    assert list(found) == expected
    assert found[:] == expected
    rows = np.arange(count)
    for order in (rows, rows[::-1], np.random.default_rng(0).permutation(rows), rows.repeat(2), rows[:0]):
        taken = found.take(order)
        assert taken.dtype == object
        assert taken.tolist() == [expected[row] for row in order] == take_ids(expected, order).tolist()
    assert take_ids(found, rows[::-1]).tolist() == expected[::-1]
    for row in (0, count // 2, count - 1, STEP - 1, STEP, STEP + 1, -1, -count):
        if -count <= row < count:
            assert found[row] == expected[row]
    for beyond in (count, -count - 1):
        with pytest.raises(IndexError):
            found[beyond]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_stretch_of_them_is_that_of_a_list(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "stretch.txt"
    expected = names(data.draw(st.sampled_from(SIZES)))
    found: StoredIds = stored(path, expected)
    edge = st.one_of(st.sampled_from([0, STEP - 1, STEP, STEP + 1, 2 * STEP]), st.integers(0, 4 * STEP))
    for _ in range(data.draw(st.integers(1, 3))):  # a stretch of a stretch
        start, stop = sorted(min(data.draw(edge), len(expected)) for _ in range(2))
        found, expected = found.part(range(start, stop)), expected[start:stop]
        assert len(found) == len(expected)
        assert list(found) == expected
        assert found.take(np.arange(len(expected))[::-1]).tolist() == expected[::-1]
        step = data.draw(st.sampled_from([1, 2, -1, 700]))
        assert found[::step] == expected[::step]
        assert found[3:-2] == expected[3:-2]
        assert rows_of(found, {"d4/_", *expected[::3]}) == rows_of(expected, {"d4/_", *expected[::3]})


@pytest.mark.parametrize("count", [1, STEP, STEP + 1, 2 * STEP])
def test_a_last_line_that_was_cut_off_is_no_id(count: int, tmp_path: Path) -> None:
    expected = names(count)
    found = stored(tmp_path / "ids.txt", expected, end="")
    assert len(found) == count - 1
    assert list(found) == found[:] == expected[:-1]
    assert found.take(np.arange(count - 1)).tolist() == expected[:-1]


def test_a_part_of_vectors_has_the_ids_of_its_rows(tmp_path: Path) -> None:
    expected = names(STEP + 50)
    matrix = np.arange(len(expected), dtype=np.float32)[:, None]
    rows = range(STEP - 10, STEP + 20)
    for ids in (expected, stored(tmp_path / "ids.txt", expected)):
        part = Vectors(ids, matrix).part(rows)
        assert list(part.ids) == expected[rows.start : rows.stop]
        assert part.matrix[:, 0].tolist() == list(rows)
        assert take_ids(part.ids, np.array([12, 0])).tolist() == [expected[STEP + 2], expected[STEP - 10]]


def test_which_rows_have_some_ids() -> None:
    assert rows_of(["a", "b", "c"], ["c", "a", "x"]) == {"a": 0, "c": 2}
    assert rows_of([], ["a"]) == {}


@pytest.mark.parametrize("block", [1, 3, 16 * 2**20])
@pytest.mark.parametrize("end", [b"\xff\n", "文".encode()[:2]])
def test_what_is_not_text_is_refused_by_its_file(
    block: int, end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    path = tmp_path / "ids.txt"
    path.write_bytes("é文\n".encode() + end)
    with pytest.raises(UserError, match=r"ids\.txt is damaged: .*utf-8"):
        StoredIds(path)
