"""Files and folders exist whole or not at all, and nobody else's are replaced."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, whole_file, whole_folder, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["out.txt", "out.txt.gz"])
def test_a_file_gets_its_name_at_the_end(tmp_path: Path, name: str) -> None:
    target = tmp_path / "new" / "folder" / name
    with whole_file(target) as file:
        file.write("größer\r\n文\n")
        assert not target.exists()
    raw = target.read_bytes()
    assert (gzip.decompress(raw) if name.endswith("gz") else raw).decode() == "größer\r\n文\n"
    assert names(target.parent) == [name]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out.gz", "wb") as file:
        file.write(b"\x00\r\n")
    assert (tmp_path / "out.gz").read_bytes() == b"\x00\r\n"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_no_file_and_nothing_beside_it(tmp_path: Path, error: type[BaseException]) -> None:
    def write() -> None:
        with whole_file(tmp_path / "out.txt") as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        write()
    assert names(tmp_path) == []


@pytest.mark.parametrize("mode", ["w", "wb"])
def test_an_error_leaves_the_older_file(tmp_path: Path, mode: str) -> None:
    target = tmp_path / "out.txt"
    target.write_text("older")
    with pytest.raises(RuntimeError, match="stop"), whole_file(target, mode):
        raise RuntimeError("stop")
    assert target.read_text() == "older"
    with whole_file(target) as file:
        file.write("newer")
    assert target.read_text() == "newer"
    assert names(tmp_path) == ["out.txt"]


def test_a_folder_in_a_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder, not a file"), whole_file(tmp_path):
        pass


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_no_folder_and_nothing_beside_it(tmp_path: Path, error: type[BaseException]) -> None:
    def write() -> None:
        with whole_folder(tmp_path / "out", "record.json") as staging:
            (staging / "record.json").touch()
            raise error

    with pytest.raises(error):
        write()
    assert names(tmp_path) == []


def test_a_folder_replaces_an_older_one_of_its_kind(tmp_path: Path) -> None:
    target = tmp_path / "out"
    for version in ("older", "newer"):
        with whole_folder(target, "record.json") as staging:
            (staging / "record.json").touch()
            (staging / version).touch()
            assert version not in (names(target) if target.exists() else [])
        assert names(target) == sorted(["record.json", version])
    with pytest.raises(RuntimeError, match="stop"), whole_folder(target, "record.json"):
        raise RuntimeError("stop")
    assert names(target) == ["newer", "record.json"]
    assert names(tmp_path) == ["out"]


def test_an_empty_folder_is_anyones_to_fill(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with whole_folder(tmp_path / "out", "record.json") as staging:
        (staging / "record.json").touch()
    assert names(tmp_path / "out") == ["record.json"]


def test_others_can_read_what_was_written(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with whole_folder(tmp_path / "out", "record.json") as staging:
            (staging / "record.json").touch()
        with whole_file(tmp_path / "file") as file:
            file.write("x")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_foreign_folder_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    entered = False
    with pytest.raises(UserError, match="so it is not ours to replace"):  # noqa: SIM117
        with whole_folder(tmp_path, "record.json"):
            entered = True
    assert not entered
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert names(tmp_path) == ["thesis.tex"]


def test_a_file_in_a_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="is a file, not a folder"):
        check_output(tmp_path / "out", "record.json")


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file/inside/out: Not a directory"):
        write_json(tmp_path / "file" / "inside" / "out", {})


def test_a_folder_that_is_written_in_parts_is_known_by_them(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    check_output(tmp_path, "scores.json", ("runs",))
    with pytest.raises(UserError, match="not ours"):
        check_output(tmp_path, "scores.json")
    (tmp_path / "scores.json").touch()
    (tmp_path / "notes.txt").touch()
    check_output(tmp_path, "scores.json")


WRITERS = {
    "file": "from hybrid_plugin.files import whole_file as whole\nwith whole(target) as f: f.write('half' * 9999);",
    "folder": "from hybrid_plugin.files import whole_folder as whole\n"
    "with whole(target, 'r.json') as f: (f / 'r.json').write_text('half');",
}


@pytest.mark.parametrize("kind", list(WRITERS))
@pytest.mark.parametrize("older", [False, True])
def test_a_killed_writer_leaves_nothing_under_the_name(tmp_path: Path, kind: str, older: bool) -> None:
    target = tmp_path / "out"
    if older and kind == "file":
        target.write_text("older")
    elif older:
        target.mkdir()
        (target / "r.json").write_text("older")
    program = (
        f"import pathlib, sys, time\ntarget = pathlib.Path({str(target)!r})\n"
        f"{WRITERS[kind]} print('written', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    if not older:
        assert not target.exists()
    else:
        assert (target if kind == "file" else target / "r.json").read_text() == "older"
    assert all(name == "out" or name.startswith(".out.") for name in names(tmp_path))


def test_json_is_written_for_people_and_read_back(tmp_path: Path) -> None:
    value = {"language": "中文", "figures": [0.1, 1]}
    write_json(tmp_path / "a.json", value)
    assert "中文" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "a.json") == json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == value


def test_a_figure_that_json_cannot_hold_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"AP": float("nan")})
    assert names(tmp_path) == []


@pytest.mark.parametrize("contents", [b"{", b"", b"\xff\xfe"])
def test_a_file_that_is_not_json_is_named(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "a.json").write_bytes(contents)
    with pytest.raises(UserError, match=r"a\.json is not valid JSON"):
        read_json(tmp_path / "a.json")
