"""The suite of benchmarks: each beside its peer and its limit, one table, and a line in a history.

    python -m tests.benchmarks [--only NAME ...] [--quick] [--model FOLDER] [--history FILE] [--compare]
    python -m tests.benchmarks --list

Each benchmark is a script of this folder that has a function ``figures``, and runs in a process of its own. Exit status
1: a limit is missed, or a benchmark failed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hybrid_plugin.versions import versions
from tests.benchmarks.measuring import Figure, memory, quantity

FOLDER = Path(__file__).parent


def scripts(folder: Path) -> dict[str, tuple[str, bool]]:
    """The scripts of a folder: name -> what each says it is, and whether it is a member of the suite."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        if path.stem not in ("__main__", "measuring"):
            code = path.read_text(encoding="utf-8")
            about = (ast.get_docstring(ast.parse(code)) or "").partition("\n")[0]
            found[path.stem] = (about, "\n    main(figures" in code)
    return found


def run(path: Path, options: Sequence[str]) -> dict[str, Any]:
    """What a benchmark found: its figures, and why it was skipped or failed, if it was or did."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch, "result.json")
        status = subprocess.run([sys.executable, "-W", "ignore", path, "--json", result, *options]).returncode
        if result.exists():
            return json.loads(result.read_text(encoding="utf-8"))
    return {"figures": [], "failed": f"exit status {status}"}


def machine() -> dict[str, Any]:
    """What figures depend on that is no software."""
    import torch

    models = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return {
        "cpu": models[0].partition(": ")[2] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "gpu": [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())],
        "system": f"{platform.system()} {platform.machine()}",
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _git(*words: str) -> str | None:
    try:
        return subprocess.run(["git", *words], cwd=FOLDER, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def earlier(history: Path, entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each benchmark found when it last ran on the same machine with the same sizes."""
    found: dict[str, dict[str, Any]] = {}
    for one in map(json.loads, _lines(history)):
        if (one["machine"], one["quick"]) == (entry["machine"], entry["quick"]):
            found |= one["benchmarks"]
    return found


def table(benchmarks: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]] | None) -> Iterator[str]:
    """The lines of a Markdown table."""
    heads = ["benchmark", "measured", "hybrid-ir", "peer", "times as good", "limit"]
    yield _row([*heads, *(["change"] if before is not None else [])])
    yield "|" + " --- |" * (len(heads) + (before is not None))
    for name, result in benchmarks.items():
        for found in result["figures"]:
            one = Figure(**found)
            theirs = "" if one.theirs is None else f"{one.peer}: {quantity(one.theirs, one.unit)}"
            cells = [
                name,
                one.name,
                quantity(one.ours, one.unit) + memory(one.gigabytes),
                theirs + memory(one.peer_gigabytes),
                one.ratios,
                one.bound,
            ]
            yield _row(cells if before is None else [*cells, _change(one, before.get(name, {"figures": []}))])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _change(one: Figure, before: dict[str, Any]) -> str:
    """How much better a figure is than it was: its ratio, or without a peer itself."""
    for found in before["figures"]:
        was = Figure(**found)
        if (was.name, was.peer, was.unit) == (one.name, one.peer, one.unit):
            better = one.times_as_good_as(was.ours) if one.ratio is None else one.ratio / was.ratio
            return f"{better - 1:+.0%}"
    return "new"


def main(words: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run the suite; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = scripts(folder)
    members = [name for name, (_, member) in known.items() if member]
    parser.add_argument("--only", nargs="+", choices=members, metavar="NAME", help=", ".join(members))
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes, to see that all works")
    parser.add_argument(
        "--model", help="a real encoder, such as multilingual-e5-small; without, what needs it is skipped"
    )
    parser.add_argument("--history", type=Path, default=Path("benchmarks.jsonl"), help="gets a line (%(default)s)")
    parser.add_argument("--compare", action="store_true", help="how much better than when it last ran here")
    arguments = parser.parse_args(words)
    if arguments.list:
        for title, wanted in (("the suite", True), ("by themselves", False)):
            print(f"{title}:")
            for name, (about, member) in known.items():
                if member == wanted:
                    print(f"  {name:18} {about}")
        return 0
    arguments.history.touch()  # rather a refusal now than after an hour
    load = os.getloadavg()[0]
    options = [*(["--quick"] if arguments.quick else []), *(["--model", arguments.model] if arguments.model else [])]
    benchmarks = {}
    for name in arguments.only or members:
        print(f"--- {name}", flush=True)
        benchmarks[name] = run(folder / f"{name}.py", options)
    entry = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain")),
        "quick": arguments.quick,
        "load": load,
        "environment": {name: value for name, value in os.environ.items() if name.startswith(("OMP_", "GOMP_"))},
        "machine": machine(),
        "versions": versions("sentence-transformers", "pyarrow", "polars", "pandas"),
        "benchmarks": benchmarks,
    }
    before = earlier(arguments.history, entry) if arguments.compare else None
    with arguments.history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, allow_nan=False) + "\n")
    print("\n" + "\n".join(table(benchmarks, before)))
    if load > entry["machine"]["cores"] / 2:
        print(f"the machine was busy (load {load:.1f} at the start): look at ratios, and at those with care")
    for name, result in benchmarks.items():
        for why in ("skipped", "failed"):
            if why in result:
                print(f"{name} {why}: {result[why]}")
    missed = any(Figure(**one).missed for result in benchmarks.values() for one in result["figures"])
    return int(missed or any("failed" in result for result in benchmarks.values()))


if __name__ == "__main__":
    sys.exit(main())
