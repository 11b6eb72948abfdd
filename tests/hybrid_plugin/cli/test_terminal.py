"""The command line for people at a terminal, for pipes and for programs: tables, JSON, help, completion, Ctrl-C."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from hybrid_plugin.cli import tables
from hybrid_plugin.cli.help import filled
from hybrid_plugin.cli.interrupted import Terminated, stopped
from hybrid_plugin.cli.main import application, main
from hybrid_plugin.inference.present.tables import TextTable
from tests.conftest import ROOT, run_cli

HYBRID_IR = [sys.executable, "-m", "hybrid_plugin.cli"]
LONG = TextTable(
    "bench, with 95% intervals",
    ("system",),
    tuple(f"measure{number} multi" for number in range(6)),
    (
        (("models/multilingual-e5-small-with-a-long-name-1", *["0.1234\n0.1000 to 0.2000"] * 6),),
        (("models/multilingual-e5-small-with-a-long-name-2", *["0.5678"] * 5, ""),),
    ),
    ("published: somewhere",),
)


class Terminal(io.StringIO):
    """What is printed to a terminal."""

    def isatty(self) -> bool:
        return True


def shown(table: TextTable, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of a table in a terminal of this width."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stdout", screen := Terminal())
    tables.print_text_table(table)
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_table_fits_the_terminal_and_nothing_is_lost(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(LONG, width, monkeypatch)
    assert max(map(len, lines)) <= width
    assert lines[0] == LONG.title
    assert lines[-1] == LONG.notes[0]
    text = "\n".join(lines)
    assert "…" not in text
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    figures = [cell for row in cells for cell in row[1:]]
    assert figures.count("0.1234") == 6, "a number is in one piece"
    assert figures.count("0.1000 to 0.2000") == 6
    assert figures.count("0.5678") == 5
    names = "".join(row[0] for row in cells)
    for system in (row[0] for part in LONG.parts for row in part):
        assert names.count(system) == text.count("┡"), "each block of columns repeats the names"


def test_a_wide_terminal_shows_a_table_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\n".join(shown(LONG, 240, monkeypatch)).count("┡") == 1


def test_a_pipe_gets_a_row_a_line_whatever_the_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    tables.print_text_table(LONG)
    title, head, *rows, note = capsys.readouterr().out.splitlines()
    assert (title, note) == (f"# {LONG.title}", f"# {LONG.notes[0]}")
    assert re.split(" {2,}", head) == ["system", *LONG.columns]
    assert [re.split(" {2,}", row) for row in rows] == [
        ["models/multilingual-e5-small-with-a-long-name-1", *["0.1234 0.1000 to 0.2000"] * 6],
        ["models/multilingual-e5-small-with-a-long-name-2", *["0.5678"] * 5, "-"],
    ]


def in_terminal(width: int, *arguments: object, after: bytes = b"", by: int | None = None) -> tuple[str, int]:
    """What a command shows in a terminal of its own, and its status.

    Parameters
    ----------
    by : the signal that it gets when it has shown ``after``.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        [*HYBRID_IR, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "dumb"},
        # a shell that runs the tests in the background makes its children deaf to interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(theirs)
    read = b""
    while part := _part(ours):
        read += part
        if by is not None and after in read:
            process.send_signal(by)
            by = None
    os.close(ours)
    return read.decode().replace("\r\n", "\n"), process.wait()


def _part(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody holds the other end any more
        return b""


def test_commands_know_a_terminal_from_a_pipe() -> None:
    text, _ = in_terminal(60, "datasets", "list")
    lines = text.splitlines()
    assert max(map(len, lines)) == 60
    assert any(line.startswith("│ hybrid-demo-train ") for line in lines)
    head, *rows = run_cli("datasets", "list").stdout.splitlines()
    assert head.split() == ["benchmark", "languages", "settings", "licence", "data", "tasks", "documents"]
    assert re.split(" {2,}", next(row for row in rows if row.startswith("hybrid-demo "))) == [
        *("hybrid-demo", "ar de en es hi ru vi zh", "mono cross multi", "Apache-2.0", "here", "72", "1,288")
    ]


class Json:
    """What commands print with --json, here in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
        self._capfd, self._monkeypatch = capfd, monkeypatch

    def __call__(self, *arguments: object) -> Any:
        self._monkeypatch.setattr(sys, "argv", ["hybrid-ir", *map(str, arguments), "--json"])
        self._capfd.readouterr()
        main()
        return json.loads(self._capfd.readouterr().out)


@pytest.fixture
def read_json(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Json:
    return Json(capfd, monkeypatch)


def test_lists_are_json_where_that_is_asked_for(read_json: Json) -> None:
    demo = next(one for one in read_json("datasets", "list") if one["benchmark"] == "hybrid-demo")
    assert (demo["tasks"], demo["documents"], demo["data"], demo["measures"]) == (72, 1288, "here", [])
    assert demo["settings"] == ["mono", "cross", "multi"]
    info = read_json("datasets", "info", "hybrid-demo/de/en")
    assert (info["docs"]["count"], info["docs"]["language"], info["queries"]["language"]) == (161, "de", "en")
    assert info["qrels"]["fields"] == ["query_id", "doc_id", "relevance"]
    listed = read_json("sources", "list")
    assert "hybrid-demo" in listed["named"]
    [lines] = [one for one in listed["formats"] if one["name"] == "jsonl"]
    assert lines["form"] == "FILE"
    source = read_json("sources", "info", "hybrid-demo")
    assert source["rows"] == sum(pattern["rows"] for pattern in source["patterns"])
    subjects = {finding["subject"]: finding for finding in read_json("doctor")}
    found = {"subject": "hybrid-ir", "good": True, "found": version("hybrid-ir"), "remedy": ""}
    assert subjects["hybrid-ir"] == found


def test_the_transforms_are_listed_with_what_they_do(read_json: Json) -> None:
    head, *rows = run_cli("transform", "list").stdout.splitlines()
    assert head.split() == ["transform", "what", "it", "is"]
    assert [row.split()[0] for row in rows] == ["centring", "lir", "lsar", "shift"]
    assert rows[0].endswith("Subtracts each language's mean vector.")
    assert [one["name"] for one in read_json("transform", "list")] == ["centring", "lir", "lsar", "shift"]


def test_scores_and_comparisons_are_json_as_their_files(tiny: Path, tmp_path: Path, read_json: Json) -> None:
    folders = [tmp_path / pooling for pooling in ("mean", "cls")]
    for folder in folders:
        options = ("--encoder", tiny, "--pooling", folder.name, "--languages", "de", "en", "--output", folder)
        printed = read_json("evaluate", "hybrid-demo", *options)
        assert printed == json.loads((folder / "scores.json").read_text())
    compared = read_json("compare", *folders, "--resamples", 99, "--bootstraps", 9, "--output", tmp_path / "compared")
    assert compared.items() <= json.loads((tmp_path / "compared" / "comparison.json").read_text()).items()
    assert compared == read_json("compare", *folders, "--resamples", 99, "--bootstraps", 9)


def test_json_is_alone_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    with tables.only_json(True):
        print("a notice")
        subprocess.run(["echo", "of another process"], check=True)
    print("{}")
    printed = capfd.readouterr()
    assert printed.out == "{}\n"
    assert "a notice" in printed.err
    assert "of another process" in printed.err
    with tables.only_json(False):
        print("a table")
    assert capfd.readouterr() == ("a table\n", "")


def test_the_version_is_named_at_once() -> None:
    assert run_cli("--version", fresh=True).stdout == f"hybrid-ir {version('hybrid-ir')}\n"


def test_help_is_there_by_the_word_too() -> None:
    assert run_cli("help").stdout == run_cli("--help").stdout
    assert run_cli("help", "card").stdout == run_cli("card", "--help").stdout


def commands(app: Any, *chain: str) -> list[tuple[str, ...]]:
    """Every command, those in groups with the name of their group."""
    found: list[tuple[str, ...]] = []
    for name in app:
        if not name.startswith("-"):
            within = commands(app[name], *chain, name)
            found += within or [(*chain, name)]
    return found


@pytest.mark.parametrize("width", [60, 120])
def test_examples_in_help_stand_on_lines_of_their_own(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    app, shown = application(), 0
    monkeypatch.setenv("COLUMNS", str(width))
    for chain in commands(app):
        monkeypatch.setattr(sys, "stdout", screen := io.StringIO())
        app.help_print(list(chain))
        lines = screen.getvalue().splitlines()
        for line, below in zip(lines, [*lines[1:], ""], strict=True):
            if re.match(r" +(hybrid-ir|torchrun) ", line):
                shown += 1
                assert line.endswith("\\") or not re.match(" *-", below), f"{chain}: {line}"
            else:
                assert not re.search(r"For example:? \S*hybrid-ir", line), f"{chain}: {line}"
    assert shown > 20


def test_paragraphs_are_filled_and_indented_lines_kept() -> None:
    text = "One\nparagraph of words.\n\nFor example:\n\n    hybrid-ir a \\\n        --b\n"
    assert filled(text, 12) == [
        *("One", "paragraph of", "words.", "", "For example:", "", "    hybrid-ir a \\", "        --b", "")
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str) -> None:
    script = run_cli("completion", shell).stdout
    for chain in commands(application()):
        assert chain[-1] in script
    assert "query-prefix" in script
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("hybrid-ir", "ev"), "evaluate"),
        (("hybrid-ir", "datasets", "l"), "list"),
        (("hybrid-ir", "transform", ""), "list fit"),
        (("hybrid-ir", "evaluate", "b", "--encoder", "x", "--query-p"), "--query-prefix"),
        (("hybrid-ir", "train", "--cross-languages", ""), "mixed one"),
        (("hybrid-ir", "--v"), "--version"),
    ],
)
def test_bash_completes(words: tuple[str, ...], expected: str, bash_completion: Path) -> None:
    typed = " ".join(f"'{word}'" for word in words)
    program = f"""
        source {bash_completion}
        COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        _hybrid_ir
        echo "${{COMPREPLY[*]}}"
    """
    result = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == expected


@pytest.fixture(scope="module")
def bash_completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "hybrid-ir"
    path.write_text(application().generate_completion(shell="bash"))
    return path


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("evalute b", 'Did you mean "evaluate"?'),
        ("datasets lst", 'Did you mean "list"?'),
        ("evaluate b --encodr x --output o", "Did you mean --encoder?"),
        ("compare a b --resample 3", "See: hybrid-ir compare --help"),
    ],
)
def test_a_wrong_word_is_told_what_was_meant(typed: str, said: str) -> None:
    errors = run_cli(*typed.split(), check=2).stderr
    assert said in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--runs-from", "runs", "--pooling", "cls"),
            "--pooling says how an encoder encodes, so it goes with --encoder",
        ),
        (("--bm25", "--batch-tokens", "8"), "--batch-tokens says how an encoder encodes, so it goes with --encoder"),
        (("--runs-from", "runs", "--transform", "t"), "--transform says how an encoder encodes"),
        (("--runs-from", "runs", "--runs"), "--runs writes run files, which --runs-from has already; leave it out"),
    ],
)
def test_options_of_evaluate_that_would_do_nothing_are_refused(options: tuple[str, ...], said: str) -> None:
    assert said in run_cli("evaluate", "hybrid-demo", "--output", "out", *options, check=2).stderr


def test_a_training_that_is_stopped_names_its_state(tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options = ("--source", "hybrid-demo", "--model", tiny, "--batch-size", 4, "--steps", 100_000, "--save-every", 2)
    log = ("--trainer", "logging_steps=5", "--output", output)
    text, ended = in_terminal(400, "train", *options, *log, after=b"'loss'", by=signal.SIGTERM)
    assert ended == 143, text
    assert re.search(rf"hybrid-ir: interrupted; the state of step \d+ of 100000 is kept in {output}.training", text)
    assert "goes on from there" in text
    assert not output.exists()


def test_an_evaluation_that_is_interrupted_leaves_what_was_there(tiny: Path, tmp_path: Path, read_json: Json) -> None:
    output = tmp_path / "out"
    read_json("evaluate", "hybrid-demo/de/en", "--encoder", tiny, "--output", output)
    before = {path: path.read_bytes() for path in output.iterdir()}
    slow = ("--encoder", tiny, "--output", output, "--overwrite", "--batch-tokens", 1)
    text, ended = in_terminal(200, "evaluate", "hybrid-demo", *slow, after=b"%|", by=signal.SIGINT)
    assert ended == 130, text
    assert f"hybrid-ir: interrupted; nothing was written to {output}, and what stood there is untouched" in text
    assert {path: path.read_bytes() for path in output.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "no scratch folder stays"


def test_what_a_stopped_command_leaves_is_said() -> None:
    said, status = stopped(KeyboardInterrupt(), "evaluate", {"output": Path("out")})
    assert (said, status) == ("interrupted; nothing was written to out, and what stood there is untouched", 130)
    assert stopped(Terminated(), "sweep", {"output": Path("study")}) == (
        *("interrupted; what is done is kept in study, and the same command goes on from there", 143),
    )
    assert stopped(KeyboardInterrupt(), "compare", {"output": None}) == ("interrupted", 130)
    assert stopped(KeyboardInterrupt("the state is kept"), "train", {})[0] == "interrupted; the state is kept"
