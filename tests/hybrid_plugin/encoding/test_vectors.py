"""Vectors on disk: what was encoded comes back, or a sentence says which file is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hybrid_plugin.encoding.encode import encode_texts, encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.matrix import StoredMatrix
from hybrid_plugin.encoding.settings import Sharding
from hybrid_plugin.encoding.shards import Shards
from hybrid_plugin.encoding.vectors import Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import write_json
from hybrid_plugin.outputs import file_checksum
from hybrid_plugin.tasks.checksum import checksum
from hybrid_plugin.tasks.texts import Text

TEXTS = [Text(f"d{number}/é文", f"Text number {number % 17} {'again ' * (number % 5)}") for number in range(50)]


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny)


@pytest.fixture
def folder(encoder: Encoder, tmp_path: Path) -> Path:
    """Vectors in three shards."""
    encode_to_folder(encoder, TEXTS, "passage", tmp_path / "vectors", sharding=Sharding(shard_size=20))
    return tmp_path / "vectors"


@pytest.fixture
def old_folder(encoder: Encoder, tmp_path: Path) -> Path:
    """Vectors as version 0.1 wrote them."""
    folder = tmp_path / "old"
    folder.mkdir()
    vectors = encode_texts(encoder, TEXTS, "passage")
    np.save(folder / "vectors.npy", vectors.matrix)
    (folder / "ids.txt").write_text("".join(f"{text_id}\n" for text_id in vectors.ids), encoding="utf-8")
    write_json(folder / "vectors.json", {"kind": "passage", "count": 50, "dimension": encoder.dimension})
    return folder


def test_vectors_come_back_with_their_ids_and_stay_in_their_files(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    written = encode_to_folder(encoder, iter(TEXTS), "passage", folder, about={"dataset": "mine"})
    for found in (written, read_vectors(folder)):
        assert isinstance(found.matrix, StoredMatrix)
        assert found.matrix.dtype == np.float32
        assert list(found.ids) == [text.id for text in TEXTS]
        assert np.array_equal(found.matrix, encode_texts(encoder, TEXTS, "passage").matrix)
    assert np.array_equal(np.load(folder / "00000.npy"), written.matrix)
    record = json.loads((folder / "vectors.json").read_text(encoding="utf-8"))
    [shard], request = record.pop("shards"), record.pop("request")
    assert record == {
        "kind": "passage",
        "count": 50,
        "dimension": encoder.dimension,
        "checksum": checksum(TEXTS),
        "encoder": encoder.name,
        "identity": encoder.identity,
        "transform": None,
        "dataset": "mine",
        "dtype": "float32",
    }
    assert shard == {
        "vectors": "00000.npy",
        "ids": "00000.ids.txt",
        "vectors_checksum": file_checksum(folder / "00000.npy"),
        "ids_checksum": file_checksum(folder / "00000.ids.txt"),
        "texts_checksum": checksum(TEXTS),
        "count": 50,
        "tokens": shard["tokens"],
        "padded_tokens": shard["padded_tokens"],
    }
    assert 0 < shard["tokens"] <= shard["padded_tokens"]
    assert request == {"encoder": encoder.identity, "kind": "passage", "dtype": "float32", "shard_size": 16384}
    assert list(tmp_path.iterdir()) == [folder]


def test_vectors_of_version_0_1_are_read(old_folder: Path, encoder: Encoder) -> None:
    found = read_vectors(old_folder)
    assert list(found.ids) == [text.id for text in TEXTS]
    assert np.array_equal(found.block(7, 30), encode_texts(encoder, TEXTS, "passage").matrix[7:30])


def test_vectors_of_version_0_1_are_replaced_whole(old_folder: Path, encoder: Encoder) -> None:
    encode_to_folder(encoder, TEXTS[:3], "passage", old_folder)
    assert sorted(path.name for path in old_folder.iterdir()) == ["00000.ids.txt", "00000.npy", "vectors.json"]


def test_a_stream_is_read_no_more_than_a_shard_ahead(encoder: Encoder, tmp_path: Path) -> None:
    taken: list[Text] = []
    ahead = []

    def texts() -> Iterator[Text]:
        for text in TEXTS:
            taken.append(text)
            yield text

    shards = Shards(tmp_path / "vectors", {}, Sharding(shard_size=5))
    with shards.locked():
        for block in shards.fill(encoder, "query", shards.blocks(texts())):
            ahead.append(len(taken) - 5 * (block.number + 1))
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


Damage = Callable[[Path], object]


def cut(name: str, size: int) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def remove(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def put(name: str, contents: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(contents)


def object_array(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.array([{"a": 1}] * 50, dtype=object), allow_pickle=True)


def complaint_of(folder: Path) -> str:
    with pytest.raises(UserError) as raised:
        read_vectors(folder)
    assert str(folder) in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (remove("vectors.json"), "is not finished: 3 shards are there; the command that began it goes on"),
        (put("vectors.json", b"{"), "vectors.json is not valid JSON"),
        (put("vectors.json", b"[]"), "vectors.json is damaged"),
        (put("vectors.json", b'{"count": 50, "dimension": 128, "shards": [{}]}'), "vectors.json is damaged"),
        *(
            (damage(name), f"{name} is damaged: it is not as it was written; the command that made")
            for name in ("00001.npy", "00001.ids.txt")
            for damage in (remove, lambda name: cut(name, 0), lambda name: cut(name, 130), lambda name: put(name, b"?"))
        ),
    ],
)
def test_damage_is_named(folder: Path, damage: Damage, named: str) -> None:
    damage(folder)
    assert named in complaint_of(folder)


@pytest.mark.parametrize("name", ["00000.npy", "00002.npy", "00001.ids.txt"])
@pytest.mark.parametrize("place", [0, 8, -1])
def test_a_bit_that_flipped_is_found(folder: Path, name: str, place: int) -> None:
    contents = bytearray((folder / name).read_bytes())
    contents[place] ^= 1
    (folder / name).write_bytes(contents)
    assert complaint_of(folder) == (
        f"{folder / name} is damaged: it is not as it was written; the command that made {folder} makes shard "
        f"{int(name[:5])} anew"
    )


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (remove("vectors.json"), "is not finished"),
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
        (cut("ids.txt", 100), "its files have 50 and 11 ids"),
        (cut("ids.txt", 0), "its files have 50 and 0 ids"),
        (put("ids.txt", b"\xff\n" * 50), "ids.txt is damaged"),
    ],
)
def test_damage_to_files_without_checksums_is_named(old_folder: Path, damage: Damage, named: str) -> None:
    damage(old_folder)
    assert named in complaint_of(old_folder)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_stored_vector_that_is_not_finite_is_refused_where_it_is_read(old_folder: Path, bad: float) -> None:
    matrix = np.load(old_folder / "vectors.npy")
    matrix[7, -1] = bad
    np.save(old_folder / "vectors.npy", matrix)
    found = read_vectors(old_folder)
    complaint = f"the vector of 'd7/é文' in {old_folder / 'vectors.npy'} is not finite; encode again"
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


def test_what_was_read_of_files_is_a_copy_in_memory(folder: Path) -> None:
    found = read_vectors(folder)
    for block in (found.block(13, 29), found.take(np.arange(13, 29))):
        assert type(block) is np.ndarray
        assert block.base is None
        assert block.dtype == np.float32
        assert np.array_equal(block, np.asarray(found.matrix)[13:29])


def test_a_folder_that_does_not_exist_holds_no_vectors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no vectors"):
        read_vectors(tmp_path / "none")


@pytest.mark.parametrize("shape", [(2, 3), (4, 3), (3,)])
def test_ids_that_do_not_fit_the_vectors_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="3 ids do not fit"):
        Vectors(["a", "b", "c"], np.ones(shape, np.float32))
