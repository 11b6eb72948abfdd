"""Files and folders exist whole or not at all, and nobody else's are replaced."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import (
    check_output,
    read_json,
    remove_folder,
    scratch_folder,
    whole_file,
    whole_folder,
    write_json,
)


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


def test_a_folder_that_another_process_is_about_to_write_in_is_ours(tmp_path: Path) -> None:
    """From the first moment, when it has no lock yet, to the last, when it has none any more."""
    with scratch_folder(tmp_path, "record.json") as scratch:
        for path in scratch.parent.iterdir():
            path.rename(tmp_path.parent / f"{tmp_path.name}-{path.name}")
        assert len(names(tmp_path)) == 1
        check_output(tmp_path, "record.json")


def test_folders_of_processes_that_were_killed_before_or_after_they_wrote_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".out.abc.hybrid-ir").mkdir()
    (tmp_path / ".out.def.hybrid-ir").mkdir()
    (tmp_path / ".out.def.hybrid-ir" / "hybrid-ir.lock").touch()
    write_json(tmp_path / "file", {})
    assert names(tmp_path) == ["file"]


def test_a_folder_is_nobody_elses_to_remove_while_it_is_made(tmp_path: Path) -> None:
    """Every writer sweeps while the others begin."""

    def write(number: int) -> None:
        for _ in range(20):
            write_json(tmp_path / f"{number}", {})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    assert names(tmp_path) == sorted(map(str, range(8)))


def test_a_folder_is_removed_at_once(tmp_path: Path) -> None:
    (tmp_path / "out" / "inside").mkdir(parents=True)
    remove_folder(tmp_path / "out")
    assert names(tmp_path) == []


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


START = """
import itertools, os, signal, sys
from pathlib import Path
from hybrid_plugin.files import scratch_folder, whole_file, whole_folder

folder = Path(sys.argv[1])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def write(target, version):
    with whole_folder(target, "r.json") as staging:
        (staging / "r.json").write_text(version)
        (staging / "part").write_text(version)
"""
USES = {
    "file": "with whole_file(folder / 'out') as file:\n    file.write('half')\n    ",
    "folder": "with whole_folder(folder / 'out', 'r.json') as staging:\n    (staging / 'r.json').touch()\n    ",
    "scratch": "with scratch_folder(folder, 'out') as scratch:\n    (scratch / 'part').touch()\n    ",
}


def killed(folder: Path, program: str) -> None:
    """Run a program that kills itself."""
    ended = subprocess.run([sys.executable, "-c", START + program, str(folder)], check=False)
    assert ended.returncode == -signal.SIGKILL


def write(target: Path, version: str) -> None:
    with whole_folder(target, "r.json") as staging:
        (staging / "r.json").write_text(version)
        (staging / "part").write_text(version)


def versions(target: Path) -> list[str]:
    return [(target / name).read_text() for name in ("r.json", "part")]


@pytest.mark.parametrize(("left", "following"), [("file", "folder"), ("folder", "scratch"), ("scratch", "file")])
def test_what_a_killed_process_left_is_removed_by_the_next_use(tmp_path: Path, left: str, following: str) -> None:
    killed(tmp_path, USES[left] + "die()")
    (leftover,) = tmp_path.iterdir()
    assert leftover.name.startswith(".out.")
    if following == "scratch":
        with scratch_folder(tmp_path, "other"):
            assert not leftover.exists()
        assert names(tmp_path) == []
    elif following == "folder":
        with whole_folder(tmp_path / "other", "r.json"):
            assert not leftover.exists()
    else:
        with whole_file(tmp_path / "other"):
            assert not leftover.exists()


@pytest.mark.parametrize("kind", list(USES))
def test_what_a_live_process_holds_is_left_alone(tmp_path: Path, kind: str) -> None:
    program = START + USES[kind] + "print('ready', flush=True)\n    sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        (held,) = tmp_path.iterdir()
        before = sorted(held.rglob("*"))
        write_json(tmp_path / "other", {})
        assert sorted(held.rglob("*")) == before
        holder.communicate("")
    assert holder.returncode == 0
    assert names(tmp_path) == (["other"] if kind == "scratch" else ["other", "out"])


def test_hidden_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes", "lock"):
        (tmp_path / ".docs.abc").mkdir(exist_ok=True)
        (tmp_path / ".docs.abc" / name).touch()
    (tmp_path / ".docs.empty").mkdir()
    (tmp_path / ".hidden").touch()
    write(tmp_path / "docs", "new")
    write_json(tmp_path / "file", {})
    assert names(tmp_path) == [".docs.abc", ".docs.empty", ".hidden", "docs", "file"]
    assert names(tmp_path / ".docs.abc") == ["lock", "notes"]


def test_several_may_remove_what_was_left_at_once(tmp_path: Path) -> None:
    killed(tmp_path, USES["folder"] + "die()")
    (leftover,) = tmp_path.iterdir()
    for number in range(50):
        shutil.copytree(leftover, tmp_path / f".out{number}.abc")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: write_json(tmp_path / f"{number}", number), range(8)))
    assert names(tmp_path) == [f"{number}" for number in range(8)]


def test_scratch_may_be_renamed_away(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "cache", "source") as scratch:
        (scratch / "rows").touch()
        scratch.rename(tmp_path / "cache" / "key")
    assert names(tmp_path / "cache") == ["key"]
    assert names(tmp_path / "cache" / "key") == ["rows"]


def test_an_output_may_hold_what_was_left_of_its_own_marker(tmp_path: Path) -> None:
    killed(tmp_path, USES["file"] + "die()")
    check_output(tmp_path, "scores.json")
    (tmp_path / ".notes").touch()
    with pytest.raises(UserError, match=r"holds '\.notes', so it is not ours"):
        check_output(tmp_path, "scores.json")


DIE_BETWEEN = """
rename = Path.rename
def rename_and_die(path, target):
    rename(path, target)
    die()
Path.rename = rename_and_die
write(folder / "out", "newer")
"""


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("following", ["file", "folder", "same"])
def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path, following: str, linked: bool) -> None:
    target = tmp_path / "out"
    if linked:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(Path("elsewhere"))
    write(target.resolve(), "older")
    killed(tmp_path, DIE_BETWEEN)
    assert not target.exists()
    if following == "same":
        with pytest.raises(RuntimeError, match="stop"), whole_folder(target, "r.json"):
            raise RuntimeError("stop")
    elif following == "folder":
        write(tmp_path / "other", "another")
    else:
        write_json(tmp_path / "other", {})
    assert versions(target) == ["older", "older"]
    assert target.is_symlink() == linked
    assert not [name for name in names(tmp_path) if name.startswith(".")]
    write(target, "newer")
    assert versions(target) == ["newer", "newer"]


def test_a_name_that_was_given_again_after_a_kill_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "out", "older")
    killed(tmp_path, DIE_BETWEEN)
    (tmp_path / "out").write_text("mine")
    write_json(tmp_path / "other", {})
    assert (tmp_path / "out").read_text() == "mine"
    assert names(tmp_path) == ["other", "out"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_error_between_the_two_renames_gives_the_older_folder_its_name_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    target = tmp_path / "out"
    write(target, "older")
    rename = Path.rename

    def fail_for_the_new(path: Path, to: Path) -> Path:
        if to == target and path.name == "scratch":
            raise error
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises((UserError, KeyboardInterrupt)) as raised:
        write(target, "newer")
    if isinstance(error, OSError):
        assert str(raised.value) == f"cannot write {target}: No space left on device"
    assert versions(target) == ["older", "older"]
    assert names(tmp_path) == ["out"]


KILL_AT_EVERY_CALL = """
for moment in itertools.count():
    target = folder / str(moment) / "out"
    write(target, "older")
    child = os.fork()
    if child == 0:
        calls = itertools.count()

        def hook(event, _):
            if event.startswith(("os.", "open", "fcntl.", "shutil.")) and next(calls) == moment:
                die()

        sys.addaudithook(hook)
        write(target, "newer")
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


def test_a_kill_at_any_call_to_the_system_loses_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", START + KILL_AT_EVERY_CALL, str(tmp_path)], check=True)
    found = []
    for moment in range(len(names(tmp_path))):
        folder = tmp_path / str(moment)
        write_json(folder / "other", {})
        (version,) = set(versions(folder / "out"))
        found.append(version)
        # A process that was killed as it made or removed its hidden folder may leave that, but nothing of weight.
        left = [path for path in folder.iterdir() if path.name.startswith(".")]
        assert all(path.stat().st_size == 0 for hidden in left for path in hidden.iterdir())
    assert found == sorted(found, reverse=True)
    assert found.count("older") > 10
    assert found.count("newer") > 3


def test_what_was_replaced_never_comes_back(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", START + KILL_AT_EVERY_CALL, str(tmp_path)], check=True)
    for folder in tmp_path.iterdir():
        moved_aside = not (folder / "out").exists()
        shutil.rmtree(folder / "out", ignore_errors=True)
        write_json(folder / "other", {})
        assert (folder / "out").exists() == moved_aside


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
