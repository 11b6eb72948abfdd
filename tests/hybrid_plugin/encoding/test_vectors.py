"""Vectors on disk: what was encoded comes back, or a sentence says which file is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hybrid_plugin.encoding import encode as module
from hybrid_plugin.encoding.encode import encode_texts, encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.checksum import checksum
from hybrid_plugin.tasks.texts import Text

TEXTS = [Text(f"d{number}/é文", f"Text number {number % 17} {'again ' * (number % 5)}") for number in range(50)]


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture
def folder(encoder: Encoder, tmp_path: Path) -> Path:
    encode_to_folder(encoder, TEXTS, "passage", tmp_path / "vectors")
    return tmp_path / "vectors"


def test_vectors_come_back_memory_mapped_with_their_ids(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    written = encode_to_folder(encoder, iter(TEXTS), "passage", folder, about={"dataset": "mine"})
    for found in (written, read_vectors(folder)):
        assert isinstance(found.matrix, np.memmap)
        assert found.matrix.dtype == np.float32
        assert list(found.ids) == [text.id for text in TEXTS]
        assert np.array_equal(found.matrix, encode_texts(encoder, TEXTS, "passage").matrix)
    assert np.array_equal(np.load(folder / "vectors.npy"), written.matrix)
    assert json.loads((folder / "vectors.json").read_text(encoding="utf-8")) == {
        "kind": "passage",
        "count": 50,
        "dimension": encoder.dimension,
        "checksum": checksum(TEXTS),
        "encoder": encoder.name,
        "identity": encoder.identity,
        "transform": None,
        "dataset": "mine",
    }
    assert list(tmp_path.iterdir()) == [folder]


def test_many_chunks_are_one_matrix(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = encode_texts(encoder, TEXTS, "query").matrix
    monkeypatch.setattr(module, "CHUNK", 7)
    found = encode_to_folder(encoder, iter(TEXTS), "query", tmp_path / "vectors")
    assert list(found.ids) == [text.id for text in TEXTS]
    assert np.load(tmp_path / "vectors" / "vectors.npy").shape == expected.shape
    assert np.allclose(found.matrix, expected, atol=1e-6)


def test_a_stream_is_read_one_chunk_at_a_time(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 5)
    taken = []
    ahead = []
    encode_chunks = encoder.encode_chunks

    def texts() -> Iterator[Text]:
        for text in TEXTS:
            taken.append(text)
            yield text

    def watched(*args: object, **kwargs: object) -> Iterator[tuple[int, np.ndarray]]:
        for count, found in encode_chunks(*args, **kwargs):
            ahead.append(len(taken) - count)
            yield count, found

    monkeypatch.setattr(encoder, "encode_chunks", watched)
    encode_to_folder(encoder, texts(), "query", tmp_path / "vectors")
    assert len(ahead) == 10
    assert max(ahead) <= 5


def test_no_texts_are_no_vectors(encoder: Encoder, tmp_path: Path) -> None:
    found = encode_to_folder(encoder, [], "query", tmp_path / "vectors")
    assert list(found.ids) == []
    assert found.matrix.shape == (0, encoder.dimension)


def test_older_vectors_are_replaced(encoder: Encoder, folder: Path) -> None:
    encode_to_folder(encoder, TEXTS[:3], "query", folder)
    assert list(read_vectors(folder).ids) == [text.id for text in TEXTS[:3]]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("bad", ["a b", "a\nb", "\ta", "a\u3000b", "a\x85", ""])
def test_an_id_that_no_run_can_hold_is_refused_and_nothing_is_left(encoder: Encoder, tmp_path: Path, bad: str) -> None:
    with pytest.raises(UserError, match="is empty or has white space"):
        encode_to_folder(encoder, [*TEXTS, Text(bad, "text")], "passage", tmp_path / "vectors")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_replaced(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="not ours to replace"):
        encode_to_folder(encoder, TEXTS, "passage", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def put(name: str, contents: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(contents)


def object_array(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.array([{"a": 1}] * 50, dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (remove("vectors.json"), "holds no vectors"),
        (put("vectors.json", b"{"), "vectors.json is not valid JSON"),
        (put("vectors.json", b"[]"), "vectors.json is damaged"),
        (put("vectors.json", b'{"count": 50}'), "vectors.json is damaged"),
        (put("vectors.json", b'{"count": 49, "dimension": 128}'), "vectors.json says 49 vectors"),
        (remove("vectors.npy"), "vectors.npy is damaged"),
        (cut("vectors.npy", 0), "vectors.npy is damaged"),
        (cut("vectors.npy", 20), "vectors.npy is damaged"),
        (cut("vectors.npy", 128), "vectors.npy is damaged"),
        (cut("vectors.npy", 10_000), "vectors.npy is damaged"),
        (put("vectors.npy", b"junk" * 100), "vectors.npy is damaged"),
        (object_array, "vectors.npy is damaged"),
        (remove("ids.txt"), "ids.txt is damaged"),
        (cut("ids.txt", 100), "ids.txt 1"),
        (cut("ids.txt", 0), "ids.txt 0 ids"),
        (put("ids.txt", b"\xff\n" * 50), "ids.txt is damaged"),
    ],
)
def test_damage_is_named(folder: Path, damage: Callable[[Path], object], named: str) -> None:
    damage(folder)
    with pytest.raises(UserError) as raised:
        read_vectors(folder)
    assert str(folder) in str(raised.value)
    assert named in str(raised.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_stored_vector_that_is_not_finite_is_refused_where_it_is_read(folder: Path, bad: float) -> None:
    matrix = np.load(folder / "vectors.npy")
    matrix[7, -1] = bad
    np.save(folder / "vectors.npy", matrix)
    found = read_vectors(folder)
    complaint = f"the vector of 'd7/é文' in {folder / 'vectors.npy'} is not finite; encode again"
    part = found.part(range(3, 30))
    for read in (
        lambda: found.block(0, 50),
        lambda: found.block(7, 8),
        lambda: found.take(np.array([9, 7, 3])),
        lambda: part.block(2, 20),
        lambda: part.take(np.array([4])),
    ):
        with pytest.raises(UserError) as raised:
            read()
        assert str(raised.value) == complaint
    assert np.array_equal(found.block(8, 99), matrix[8:])
    assert np.array_equal(part.take(np.array([5, 3])), matrix[[8, 6]])


def test_what_was_read_of_a_file_is_a_copy_in_memory(folder: Path) -> None:
    found = read_vectors(folder)
    for block in (found.block(3, 9), found.take(np.arange(3, 9))):
        assert not isinstance(block, np.memmap)
        assert block.dtype == np.float32
        assert np.array_equal(block, found.matrix[3:9])


def test_a_folder_that_does_not_exist_holds_no_vectors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no vectors"):
        read_vectors(tmp_path / "none")


@pytest.mark.parametrize("shape", [(2, 3), (4, 3), (3,)])
def test_ids_that_do_not_fit_the_vectors_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="3 ids do not fit"):
        Vectors(["a", "b", "c"], np.ones(shape, np.float32))
