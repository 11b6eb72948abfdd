"""How long ``hybrid-ir --help`` takes, against Python itself: python tests/benchmarks/startup.py"""

from __future__ import annotations

import subprocess
import sys
import time


def best(command: list[str], rounds: int = 5) -> float:
    """The shortest of some runs, in seconds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    bare = best([sys.executable, "-c", "pass"])
    help_page = best([sys.executable, "-m", "hybrid_plugin.cli", "--help"])
    print(f"python -c pass: {bare:.3f} s\nhybrid-ir --help: {help_page:.3f} s\nratio: {help_page / bare:.1f}")
