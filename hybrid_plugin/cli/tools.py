"""The installation and its neighbours: quickstart, doctor, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from hybrid_plugin import bridges
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import Json, Output, watched
from hybrid_plugin.files import SCORES


def quickstart(
    *,
    output: Output = Path("quickstart"),
    steps: Annotated[int, Parameter(help="Of each training; with fewer, figures are lower.")] = 500,
    json: Json = False,
) -> Any:
    """The whole road on the bundled demo collection: train, index, search with Pyserini, score, compare.

    Takes minutes on two cores and downloads nothing. For example:

        hybrid-ir quickstart --output quickstart
    """
    from hybrid_plugin.quickstart import quickstart as run

    results = run(output, steps, progress=watched())
    if json:
        return {strategy: scores.as_json() for strategy, scores in results.items()}
    tables.print_strategies(results)
    print(f"scores: {', '.join(str(output / strategy / SCORES) for strategy in results)}")
    return None


def doctor(*, json: Json = False) -> Any:
    """What is installed, which Java, which device, what is missing and how to get it."""
    from hybrid_plugin.doctor import examine

    findings = examine()
    if json:
        return [vars(finding) for finding in findings]
    for finding in findings:
        print(f"{'ok ' if finding.good else '-- '} {finding.subject:13} {finding.found}")
        if not finding.good and finding.remedy:
            print(f"    {'':13} to get it: {finding.remedy}")
    return None


def run(
    module: Annotated[str, Parameter(help="pyserini.*, ir_datasets or ir_measures.")],
    /,
    *arguments: Annotated[str, Parameter(help="Its own, as `python -m MODULE` takes them.")],
) -> None:
    """Run a command of Pyserini, ir_datasets or ir_measures that knows our collections, measures and encoders.

    Ends with the exit status of the command. For example:

        hybrid-ir run ir_datasets list
        hybrid-ir run ir_measures xquad-r/multi/en run.trec AP RankDistance
        hybrid-ir run pyserini.search.faiss --index index --topics topics.tsv --output run.trec \\
            --encoder e5-hybrid --encoder-class hybrid-ir
    """
    bridges.run_module(module, arguments)


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """What makes a shell complete the names of commands and options: print it, to be put where the shell looks.

    Once for each shell that you use, and again after an update:

        hybrid-ir completion bash > ~/.local/share/bash-completion/completions/hybrid-ir
        hybrid-ir completion zsh > "${fpath[1]}/_hybrid-ir"
        hybrid-ir completion fish > ~/.config/fish/completions/hybrid-ir.fish

    Without the package bash-completion, for this session: eval "$(hybrid-ir completion bash)"
    """
    from hybrid_plugin.cli.main import application

    print(application().generate_completion(shell=shell))
