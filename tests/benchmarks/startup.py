"""How long commands take that should be there at once, against Python itself and the libraries that they need.

python tests/benchmarks/startup.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from measuring import Figure, command, in_turns, main

# command -> what the peer runs, and the least ratio
COMMANDS = {
    "--help": ("pass", 0.4),
    "evaluate --help": ("import cyclopts", 0.2),
    "datasets list": ("import ir_datasets", 0.15),
}


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    for words, (program, limit) in COMMANDS.items():
        ours, theirs = in_turns(
            arguments.rounds,
            lambda words=words: command(sys.executable, "-m", "hybrid_plugin.cli", *words.split()),
            lambda program=program: command(sys.executable, "-c", program),
        )
        peer = f"python -c '{program}'"
        yield Figure.of_times(f"hybrid-ir {words}", ours, peer, theirs, limit)


if __name__ == "__main__":
    main(figures, {"rounds": (5, 1)})
