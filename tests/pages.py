"""The pages of the documentation, and what runs their code.

A ``python`` block of a page runs in the namespace of those before it, a ``bash`` block command by command, all in a
folder of the page's own. A block below a line that is a path in backticks, and no more, is the file of that name. Two
comments, which readers do not see, steer this:

``<!-- not run: REASON -->``
    above a block: it needs the hub, minutes or somebody who looks
``<!-- given: NAME ... -->``
    anywhere: what the page takes for granted, made by the commands of ``GIVEN``

``python -m tests.pages FOLDER`` runs them all, each in a fork of one process that has imported what is slow to import;
FOLDER/PAGE.log is what a page printed, FOLDER/failed names those that failed.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODEL = "intfloat/multilingual-e5-small"  # a small untrained one stands under this name

_E5 = f"{MODEL} --query-prefix query: --passage-prefix passage:"
GIVEN = {
    "e5-hybrid": f"hybrid-ir train --source hybrid-demo --model {_E5} --steps 2 --batch-size 8 --output e5-hybrid",
    "scores-untouched": f"hybrid-ir evaluate hybrid-demo --encoder {_E5} --output scores-untouched",
    "scores-hybrid": "hybrid-ir evaluate hybrid-demo --encoder e5-hybrid --output scores-hybrid",
}

_BLOCK = re.compile(
    r"(?:^`(?P<file>\S+)`\n\n)?(?:^<!-- not run: (?P<reason>.+?) -->\n+)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A block of code of a page."""

    page: str
    line: int
    language: str
    code: str
    file: str | None
    reason: str | None  # why it is not run


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        yield Block(page.name, line, found["language"], found["code"], found["file"], found["reason"])


def commands(block: Block) -> list[list[str]]:
    """The commands of a bash block, as words."""
    lines = block.code.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def run_page(page: Path, namespace: dict[str, Any]) -> None:
    """Run what a page shows, in the current folder."""
    for block in blocks(page):
        print(f"--- {block.page} line {block.line}, after {time.process_time():.0f} s", flush=True)
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.code, encoding="utf-8")
        elif block.reason is None and block.language == "python":
            exec(compile(block.code, f"{block.page}:{block.line}", "exec"), namespace)
        elif block.reason is None and block.language == "bash":
            for words in commands(block):
                run_command(words)


def run_command(words: list[str]) -> None:
    """Run one command; those of hybrid-ir in this process, which has imported what they need."""
    print("$", shlex.join(words), flush=True)
    words = [one for word in words for one in (sorted(glob.glob(word)) or [word])]
    if words[0] != "hybrid-ir":
        subprocess.run([sys.executable if words[0] == "python" else words[0], *words[1:]], check=True)
        return
    from hybrid_plugin.cli.main import main

    sys.argv = words
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"exit status {end.code}") from None


def _in_a_fork(folder: Path, name: str, work: Any) -> bool:
    """Whether ``work`` ends without an error in a process and a folder of its own; what it prints is in NAME.log."""
    child = os.fork()
    if child == 0:
        folder.mkdir(exist_ok=True)
        os.chdir(folder)
        with open(folder.parent / f"{name}.log", "w", encoding="utf-8") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def stand_in(hub: Path) -> None:
    """Put a small untrained encoder where the hub's client keeps the model of the documentation."""
    from hybrid_plugin.encoding.tiny import tiny_encoder
    from hybrid_plugin.quickstart import BENCHMARK, training_texts
    from hybrid_plugin.training import load_source

    home = hub / f"models--{MODEL.replace('/', '--')}"
    folder = home / "snapshots" / "0"
    folder.mkdir(parents=True)
    tiny_encoder(training_texts(load_source(BENCHMARK)), folder, layers=1, width=16)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0")


def run_all(folder: Path) -> list[str]:
    """Run all pages; the names of those that failed, and of what was to be given and could not be made."""
    import hybrid_plugin

    for name in hybrid_plugin.__all__:
        getattr(hybrid_plugin, name)  # imports it
    import transformers

    transformers.Trainer, transformers.BertModel  # noqa: B018 - likewise
    desk, failed = folder / "given", []
    if not _in_a_fork(desk, "stand-in", lambda: stand_in(Path(os.environ["HF_HUB_CACHE"]))):
        return ["stand-in"]
    for name, command in GIVEN.items():
        if not _in_a_fork(desk, name, lambda command=command: run_command(shlex.split(command))):
            failed.append(name)
    for page in PAGES:
        own = folder / page.stem
        own.mkdir()
        for names in re.findall(r"<!-- given: (.+?) -->", page.read_text(encoding="utf-8")):
            for name in names.split():
                shutil.copytree(desk / name, own / name)
        if not _in_a_fork(own, page.name, lambda page=page: run_page(page, {"__name__": page.stem})):
            failed.append(page.name)
    return failed


if __name__ == "__main__":
    to = Path(sys.argv[1])
    (to / "failed").write_text("\n".join(run_all(to)))
