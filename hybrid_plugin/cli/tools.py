"""The installation and its neighbours: quickstart, doctor, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hybrid_plugin import bridges
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import Output, watched
from hybrid_plugin.files import SCORES


def quickstart(*, output: Output = Path("quickstart")) -> None:
    """The whole road on the bundled demo collection: train, index, search with Pyserini, score, compare."""
    from hybrid_plugin.quickstart import quickstart as run

    results = run(output, progress=watched())
    tables.print_strategies(results)
    print(f"scores: {', '.join(str(output / strategy / SCORES) for strategy in results)}")


def doctor() -> None:
    """What is installed, which Java, which device, what is missing and how to get it."""
    from hybrid_plugin.doctor import examine

    for finding in examine():
        print(f"{'ok ' if finding.good else '-- '} {finding.subject:13} {finding.found}")
        if not finding.good and finding.remedy:
            print(f"    {'':13} to get it: {finding.remedy}")


def run(
    module: Annotated[str, Parameter(help="pyserini.*, ir_datasets or ir_measures.")],
    /,
    *arguments: Annotated[str, Parameter(help="Its own, as `python -m MODULE` takes them.")],
) -> None:
    """Run a command of Pyserini, ir_datasets or ir_measures that knows our collections, measures and encoders.

    Example: hybrid-ir run ir_measures xquad-r/multi/en run.trec AP RankDistance
    """
    bridges.run_module(module, arguments)
