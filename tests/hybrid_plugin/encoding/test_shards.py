"""Shards on disk: one matrix to whoever reads it, the same bytes whoever wrote it, and nothing whole is made twice."""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_plugin.encoding.encode import encode_dataset, encode_texts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.matrix import StoredMatrix
from hybrid_plugin.encoding.settings import Sharding
from hybrid_plugin.encoding.shards import BEGUN, Shards, encode_shards
from hybrid_plugin.encoding.vectors import RECORD, Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.texts import Text

TEXTS = [Text(f"d{number}", f"Text number {number} {'again ' * (number % 5)}") for number in range(20)]
COUNT = 3  # shards of them
REQUEST = {"of": "these texts"}


@pytest.fixture(scope="module")
def encoder(tiny: Path) -> Encoder:
    return Encoder.load(tiny, threads=1)


@pytest.fixture(scope="module")
def whole(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole") / "vectors"
    assert encode(encoder, folder) == []
    return files(folder)


def sharding(**others: Any) -> Sharding:
    return Sharding(**{"shard_size": 7} | others)


def encode(encoder: Encoder, folder: Path, texts: list[Text] = TEXTS, **others: Any) -> list[int]:
    known = {name: others.pop(name) for name in ("request", "overwrite") if name in others}
    return encode_shards(
        encoder, texts, "passage", folder, sharding(**others), **{"request": REQUEST, "about": {"by": "me"}} | known
    )


def computed(encoder: Encoder, work: Callable[[], object]) -> int:
    """How many texts are computed."""
    before = encoder.counts.texts
    work()
    return encoder.counts.texts - before


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def flip(path: Path, place: int = -1) -> None:
    contents = bytearray(path.read_bytes())
    contents[place] ^= 1
    path.write_bytes(contents)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def test_a_folder_holds_shards_and_a_record_and_nothing_else(whole: dict[str, bytes], encoder: Encoder) -> None:
    numbers = [f"{number:05}" for number in range(COUNT)]
    assert sorted(whole) == sorted([RECORD, *(f"{number}{end}" for number in numbers for end in (".npy", ".ids.txt"))])
    record = json.loads(whole[RECORD])
    assert [shard["count"] for shard in record["shards"]] == [7, 7, 6]
    assert (record["count"], record["dimension"], record["by"]) == (20, encoder.dimension, "me")
    assert record["request"] == {**REQUEST, "dtype": "float32", "shard_size": 7}


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_several_files_are_one_matrix(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 4), max_size=5))
    dtype = data.draw(st.sampled_from([np.float32, np.float16]))
    expected: Any = np.random.default_rng(0).standard_normal((sum(sizes), 3)).astype(dtype)
    ends = np.cumsum([0, *sizes])
    paths = []
    for number, (start, stop) in enumerate(itertools.pairwise(ends)):
        paths.append(tmp_path_factory.getbasetemp() / f"matrix{number}.npy")
        np.save(paths[-1], expected[start:stop])
    matrix = StoredMatrix.open(paths, 3)
    names: list[str] = [f"d{row}" for row in range(len(expected))]
    found = Vectors(names, matrix)
    assert found.matrix.counts == sizes  # type: ignore[union-attr]
    first = 0
    for _ in range(data.draw(st.integers(0, 2))):  # a stretch of a stretch
        start, stop = sorted(data.draw(st.integers(0, len(expected))) for _ in range(2))
        found, expected, names = found.part(range(start, stop)), expected[start:stop], names[start:stop]
        first += start
    assert found.matrix.shape == expected.shape
    assert len(found.matrix) == len(expected)
    assert list(found.ids) == names
    edge = st.one_of(st.none(), st.integers(-25, 25))
    step = data.draw(st.sampled_from([None, 1, 2, -1, -3]))
    rows = slice(data.draw(edge), data.draw(edge), step)
    assert np.array_equal(found.matrix[rows], expected[rows])
    assert np.array_equal(np.asarray(found.matrix), expected)
    start, stop = data.draw(st.integers(0, 25)), data.draw(st.integers(0, 25))
    assert np.array_equal(found.block(start, stop), expected[start:stop].astype(np.float32))
    if len(expected):
        some = np.array(data.draw(st.lists(st.integers(0, len(expected) - 1), max_size=200)), np.int64)
        assert np.array_equal(found.take(some), expected[some].astype(np.float32))
        assert found.take(some).dtype == np.float32
        assert np.array_equal(found.matrix[some - len(expected)], expected[some])
        row = data.draw(st.integers(0, len(expected) - 1))
        assert isinstance(found.matrix, StoredMatrix)
        file = found.matrix.path_of(row)
        start = ends[paths.index(file)]
        assert np.array_equal(np.load(file)[first + row - start], expected[row])


def test_vectors_in_shards_are_those_in_memory(encoder: Encoder, tmp_path: Path) -> None:
    encode(encoder, tmp_path / "vectors")
    found, expected = read_vectors(tmp_path / "vectors"), encode_texts(encoder, TEXTS, "passage")
    assert list(found.ids) == expected.ids
    assert np.allclose(found.matrix, expected.matrix, atol=1e-6)  # other neighbours in a batch: other last digits


def test_float16_takes_half_the_room(encoder: Encoder, whole: dict[str, bytes], tmp_path: Path) -> None:
    encode(encoder, tmp_path / "vectors", dtype="float16")
    found = read_vectors(tmp_path / "vectors")
    assert found.matrix.dtype == np.float16
    assert found.block(0, 20).dtype == found.take(np.arange(3)).dtype == np.float32
    assert np.allclose(found.matrix, encode_texts(encoder, TEXTS, "passage").matrix, atol=1e-3)
    size = len((tmp_path / "vectors" / "00000.npy").read_bytes())
    assert size - 128 == (len(whole["00000.npy"]) - 128) / 2


@pytest.mark.parametrize("order", itertools.permutations((1, 2, 3)))
def test_jobs_share_the_work_in_any_order(
    order: tuple[int, ...], encoder: Encoder, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder, missing = tmp_path / "vectors", {0, 1, 2}
    for part in order:
        before = encoder.counts.texts
        missing.remove(part - 1)
        assert encode(encoder, folder, shard=f"{part}/3") == sorted(missing)
        assert encoder.counts.texts - before == (6 if part == 3 else 7)
        if missing:
            with pytest.raises(UserError, match=rf"is not finished: {3 - len(missing)} shards are there"):
                read_vectors(folder)
    assert files(folder) == whole


def test_more_jobs_than_shards_have_nothing_to_do(encoder: Encoder, tmp_path: Path, whole: dict[str, bytes]) -> None:
    assert computed(encoder, lambda: encode(encoder, tmp_path / "vectors", shard="4/4")) == 0
    assert not list(tmp_path.iterdir())
    encode(encoder, tmp_path / "vectors")
    assert encode(encoder, tmp_path / "vectors", shard="4/4") == []
    assert files(tmp_path / "vectors") == whole


def test_jobs_at_one_time_do_not_disturb_each_other(encoder: Encoder, whole: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    jobs = [forked(lambda part=part: encode(encoder, folder, shard=f"{part}/3")) for part in (1, 2, 3)]  # type: ignore[misc]
    assert [os.waitpid(job, 0)[1] for job in jobs] == [0, 0, 0]
    assert files(folder) == whole


def forked(work: Callable[[], object]) -> int:
    """A process that does some work; its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def test_work_that_was_killed_at_any_moment_goes_on(encoder: Encoder, whole: dict[str, bytes], tmp_path: Path) -> None:
    states = set()
    for moment in itertools.count(step=17):  # of the calls to the system
        folder = tmp_path / str(moment) / "vectors"
        calls = itertools.count()

        def hook(event: str, _: object, calls: Iterator[int] = calls, moment: int = moment) -> None:
            if event.startswith(("os.", "open", "fcntl.", "shutil.")) and next(calls) == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        def work(folder: Path = folder, hook: Callable[[str, object], None] = hook) -> None:
            sys.addaudithook(hook)
            encode(encoder, folder)

        if os.waitpid(forked(work), 0)[1] == 0:
            break
        there = sum(path.suffix == ".json" and path.name[0].isdigit() for path in folder.glob("*"))
        finished = (folder / RECORD).exists()
        states.add((there, finished))
        left = computed(encoder, lambda folder=folder: encode(encoder, folder))  # type: ignore[misc]
        assert left == (0 if finished else 20 - min(20, 7 * there)), moment
        assert files(folder) == whole, moment
    assert {(0, False), (1, False), (2, False), (3, False), (0, True)} <= states


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"request": {"of": "other texts"}}, "of was these texts, is other texts"),
        ({"dtype": "float16"}, "dtype was float32, is float16"),
        ({"shard_size": 5}, "shard size was 7, is 5"),
    ],
)
def test_vectors_of_something_else_are_not_replaced_unasked(
    finished: bool, others: dict[str, Any], said: str, encoder: Encoder, tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    encode(encoder, folder, shard=None if finished else "2/2")
    before = files(folder)
    with pytest.raises(UserError) as raised:
        encode(encoder, folder, **others)
    what = "a finished result" if finished else "the beginning of a result"
    assert str(raised.value) == (
        f"{folder} holds {what} of other settings ({said}); choose another output, or replace it with --overwrite "
        "(overwrite=True)"
    )
    assert files(folder) == before
    encode(encoder, tmp_path / "new", **others)
    encode(encoder, folder, overwrite=True, **others)
    assert files(folder) == files(tmp_path / "new")


def test_what_is_whole_is_not_computed_again_unless_it_is_to_be(
    encoder: Encoder, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    encode(encoder, folder)
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert computed(encoder, lambda: encode(encoder, folder)) == 0
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert computed(encoder, lambda: encode(encoder, folder, overwrite=True)) == 20
    assert files(folder) == whole


@pytest.mark.parametrize("record", [b"{", b"[]", b"{}"])
@pytest.mark.parametrize("name", [RECORD, BEGUN])
def test_a_folder_that_does_not_say_how_it_was_made_is_replaced_only_if_asked(
    name: str, record: bytes, encoder: Encoder, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    encode(encoder, folder, shard="1/2" if name == BEGUN else None)
    (folder / name).write_bytes(record)
    with pytest.raises(UserError, match="does not say how it was made; choose another output, or replace it"):
        encode(encoder, folder)
    encode(encoder, folder, overwrite=True)
    assert files(folder) == whole


def test_only_shards_of_texts_that_changed_are_made_anew(
    encoder: Encoder, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """Of a collection too large to be compared by its texts before."""
    folder = tmp_path / "vectors"
    encode(encoder, folder, shard="1/2")  # the first and the last
    changed = [*TEXTS[:-1], TEXTS[-1]._replace(text="something else")]
    assert computed(encoder, lambda: encode(encoder, folder, changed)) == 7 + 6
    assert files(folder)["00000.npy"] == whole["00000.npy"]
    assert files(folder)["00002.npy"] != whole["00002.npy"]


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", ["00001.npy", "00001.ids.txt"])
@pytest.mark.parametrize("finished", [True, False])
def test_a_damaged_shard_is_made_anew_alone(
    finished: bool,
    name: str,
    damage: Callable[[Path], object],
    encoder: Encoder,
    whole: dict[str, bytes],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "vectors"
    encode(encoder, folder, shard=None if finished else "2/2")
    damage(folder / name)
    left = computed(encoder, lambda: encode(encoder, folder, shard=None if finished else "2/2"))
    assert left == 7
    encode(encoder, folder)
    assert files(folder) == whole


def test_a_shard_whose_own_record_is_damaged_is_made_anew(
    encoder: Encoder, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    encode(encoder, folder, shard="2/2")
    path = folder / "00001.json"
    sound = path.read_bytes()
    for place in range(0, len(sound), 29):
        flip(path, place)
        assert computed(encoder, lambda: encode(encoder, folder, shard="2/2")) in (0, 7)
        assert path.read_bytes() == sound or json.loads(path.read_bytes()) == json.loads(sound)
    encode(encoder, folder)
    assert files(folder) == whole


def test_what_killed_processes_left_is_removed(encoder: Encoder, whole: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    for shard in ("1/2", None, None):  # begun, made whole, whole before
        encode(encoder, folder, shard=shard)
        for name in (".begin.hybrid-ir", ".1-of-1.hybrid-ir", ".3-of-4.hybrid-ir", "00007.npy"):
            (folder / name).touch()
        scratch = folder / ".00000.npy.abc.hybrid-ir"
        scratch.mkdir()
        (scratch / "hybrid-ir.lock").touch()
        (scratch / "scratch").mkdir()
    for name in (BEGUN, "00002.json"):
        (folder / name).write_bytes(
            b"{}" if name != BEGUN else json.dumps(read_json(folder / RECORD)["request"]).encode()
        )
    encode(encoder, folder)
    assert files(folder) == whole


def test_no_texts_are_a_whole_folder(encoder: Encoder, tmp_path: Path) -> None:
    assert encode(encoder, tmp_path / "vectors", []) == []
    assert list(files(tmp_path / "vectors")) == [RECORD]
    found = read_vectors(tmp_path / "vectors")
    assert found.matrix.shape == (0, encoder.dimension)
    assert list(found.ids) == []
    assert encode(encoder, tmp_path / "vectors", []) == []


def test_a_bad_id_is_refused_and_the_shards_before_it_are_kept(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    bad = [*TEXTS[:16], Text("a b", "text"), *TEXTS[16:]]
    for _ in range(2):
        with pytest.raises(UserError, match="the id 'a b' is empty or has white space"):
            encode(encoder, folder, bad)
    assert {name[:5] for name in files(folder)} - {BEGUN[:5]} <= {"00000", "00001"}
    assert computed(encoder, lambda: encode(encoder, folder)) == 6 if "00001.npy" in files(folder) else 13


def test_two_processes_do_not_make_the_same_shards(encoder: Encoder, whole: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    shards = Shards(folder, REQUEST, sharding(shard="1/4"))
    with shards.locked():
        for part in (None, "1/4", "1/2", "3/6"):
            with pytest.raises(UserError) as raised:
                encode(encoder, folder, shard=part)
            assert str(raised.value) == (f"another process is encoding into {folder}; wait for it, or take --shard i/n")
        assert encode(encoder, folder, shard="2/2") == [0, 2]
        with pytest.raises(UserError, match="another process is encoding into"):
            encode(encoder, folder, shard="2/4", dtype="float16", overwrite=True)
    assert encode(encoder, folder) == []
    assert files(folder) == whole


def test_one_that_fails_at_once_leaves_what_another_has_begun(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    with Shards(folder, REQUEST, sharding(shard="1/2")).locked():
        with pytest.raises(UserError, match="white space"):
            encode(encoder, folder, [Text("a b", "text")], shard="2/2")
        assert (folder / BEGUN).exists()
    assert list(tmp_path.iterdir()) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be longer than a shard's ids."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_in_a_sentence_and_nothing_is_lost(
    encoder: Encoder, whole: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    shards = Shards(folder, REQUEST, sharding())
    with shards.locked():
        work = shards.fill(encoder, "passage", shards.blocks(TEXTS))
        next(work)
        with full_disk(), pytest.raises(UserError) as raised:
            next(work)
    assert str(raised.value) == (
        f"cannot write shard 1 of {folder}: File too large; the same command goes on after those before it"
    )
    assert sorted(files(folder)) == ["00000.ids.txt", "00000.json", "00000.npy", BEGUN]
    assert computed(encoder, lambda: encode(encoder, folder)) == 13
    assert files(folder) == whole


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that this process cannot write to; root ignores modes, so it is nobody meanwhile."""
    folder.chmod(0o555)
    with ExitStack() as stack:
        stack.callback(folder.chmod, 0o755)
        if os.geteuid() == 0:
            stack.callback(os.seteuid, 0)
            os.seteuid(65534)
        yield


def test_a_folder_that_cannot_be_written_to_is_named_and_one_that_is_whole_is_done(
    encoder: Encoder, whole: dict[str, bytes]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place, "vectors")
        encode(encoder, folder, shard="1/2")
        with read_only(folder), pytest.raises(UserError, match=f"^cannot write {folder}: Permission denied$"):
            encode(encoder, folder)
        encode(encoder, folder)
        with read_only(folder):
            assert encode(encoder, folder) == []
            assert len(read_vectors(folder).ids) == 20
        assert files(folder) == whole


def test_both_sides_of_a_data_set_go_on(encoder: Encoder, tmp_path: Path) -> None:
    def run(name: str, part: str | None) -> dict[Path, list[int]]:
        return encode_dataset(
            "hybrid-demo/de/en", encoder, tmp_path / name, sharding=Sharding(shard_size=40, shard=part)
        )

    first, second = run("shared", "1/2"), run("shared", "2/2")
    assert all(first.values())
    assert not any(second.values())
    run("alone", None)
    for side in ("docs", "queries"):
        assert files(tmp_path / "shared" / side) == files(tmp_path / "alone" / side)
    with pytest.warns(AlreadyDone):
        assert computed(encoder, lambda: run("shared", None)) == 0
    flip(tmp_path / "shared" / "queries" / "00000.npy")
    with pytest.warns(AlreadyDone, match="docs is done already"):
        assert 0 < computed(encoder, lambda: run("shared", None)) <= 40
    assert files(tmp_path / "shared" / "queries") == files(tmp_path / "alone" / "queries")
