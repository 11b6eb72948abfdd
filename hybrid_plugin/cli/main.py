"""Which command is where, and what becomes of errors.

Nothing heavy is imported before a command runs, and nothing at all for the overview: ``--help`` answers at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

from hybrid_plugin.cli.interrupted import ended_as_interrupted, stopped

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable

    from cyclopts import App

_ABOUT = "Monolingual, cross-lingual and multilingual retrieval with ir_datasets, Pyserini and ir_measures."
_BELOW = "Each takes --help. hybrid-ir --version names the version."
_COMMANDS = {  # name: (file and function, or group of commands; its line in the overview)
    "quickstart": ("tools:quickstart", "The whole road on the bundled demo collection, in minutes."),
    "doctor": ("tools:doctor", "What is installed, which Java, which device, what is missing and how to get it."),
    "datasets": ("data:datasets", "Collections: list them, look at one, add or remove local files, export."),
    "sources": ("data:sources", "Sources of training pairs: list what --source takes, look at one."),
    "mine": ("train:mine", "Mine hard negatives."),
    "score": ("score:score", "Write a teacher's scores into a source, to distil from."),
    "translate": ("translate:translate", "Make a parallel source from one in a single language, by translation."),
    "recipes": ("train:recipes", "Recipes: list what train --recipe knows, print one to copy."),
    "train": ("train:train", "Train an encoder with monolingual, cross-lingual or hybrid batches."),
    "merge": ("merge:merge", "Merge checkpoints into one, without training."),
    "sweep": ("train:sweep", "Train and score a grid of settings and collect one table."),
    "card": ("train:card", "Write a checkpoint's model card, with its scores."),
    "transform": ("encode:transform", "Take language information out of vectors, without training."),
    "encode": ("encode:encode", "Encode an id's documents and queries into folders of vectors."),
    "index": ("search:index", "Index an id's documents: FAISS as Pyserini reads it, Milvus, or vectors as they are."),
    "search": ("search:search", "Search an index with the queries of a task or a benchmark and write run files."),
    "suites": ("evaluate:suites", "Suites, benchmarks that are scored together: list them, look at one."),
    "evaluate": ("evaluate:evaluate", "Score an encoder, run files or BM25 in the three settings."),
    "answers": ("answers:answers", "Score a run of passages by the answers that they hold."),
    "compare": ("evaluate:compare", "Which of several systems is better, by how much, and whether chance explains it."),
    "report": ("evaluate:report", "One HTML page that compares evaluations."),
    "explore": ("explore:explore", "Look around in a benchmark: a local page with the ranking of any question."),
    "run": ("tools:run", "Run a command of Pyserini, ir_datasets or ir_measures with this package active."),
    "completion": ("tools:completion", "What makes bash, zsh or fish complete commands and options."),
}


def overview() -> str:
    """What ``hybrid-ir --help`` prints."""
    lines = [f"  {name:10}  {line}" for name, (_, line) in _COMMANDS.items()]
    return "\n".join(["Usage: hybrid-ir COMMAND [OPTIONS]", "", _ABOUT, "", "Commands:", *lines, "", _BELOW])


def application() -> App:
    """All commands; the file of one is imported when it is called."""
    from cyclopts import App, Parameter

    from hybrid_plugin.cli.help import HelpFormatter
    from hybrid_plugin.cli.options import as_people_write, show_default

    app = App(
        name="hybrid-ir",
        help=_ABOUT,
        help_format="plaintext",
        help_formatter=HelpFormatter(),
        version=_version,
        config=[as_people_write],
        default_parameter=Parameter(
            consume_multiple=1, negative_bool=(), negative_iterable=(), show_default=show_default
        ),
        exit_on_error=False,
        print_error=False,
    )
    for name, (place, _) in _COMMANDS.items():
        app.command(f"hybrid_plugin.cli.{place}", name=name)
    return app


def _version() -> str:
    from importlib.metadata import version  # takes as long as all the rest of the overview

    return f"hybrid-ir {version('hybrid-ir')}"


def parse(words: list[str]) -> tuple[Callable[..., Any], inspect.BoundArguments]:
    """The function behind a command, and what it is to be called with."""
    from cyclopts import CycloptsError, MissingArgumentError, ValidationError

    app, words = application(), _without_batch_size(words)
    try:
        command, bound, _ = app.parse_args(words)
    except (MissingArgumentError, ValidationError) as missing:
        # Until 0.1 `--languages de en BENCHMARK` was taken; now an option with several values takes all that follows.
        if len(words) < 4 or words[-1].startswith("-"):
            raise
        try:
            command, bound, _ = app.parse_args([words[0], words[-1], *words[1:-1]])
        except CycloptsError:
            raise missing from missing.__cause__
        warnings.warn(f"write '{words[-1]}' right after '{words[0]}': this order goes with 0.3", stacklevel=2)
    return command, bound


_ENCODING = ("encode", "evaluate", "explore", "index", "mine", "search", "transform")


def _without_batch_size(words: list[str]) -> list[str]:
    """The words without ``--batch-size`` of encoding, which does nothing since batches are cut by tokens."""
    place = next((place for place, word in enumerate(words) if word.partition("=")[0] == "--batch-size"), None)
    if words[0] in _ENCODING and place is not None:
        warnings.warn(
            "--batch-size does nothing here: batches are cut by --batch-tokens; it goes with 0.3", stacklevel=3
        )
        return words[:place] + words[place + (1 if "=" in words[place] else 2) :]
    return words


def _sentence(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit status."""
    from cyclopts import CycloptsError

    from datasets_ext.errors import CollectionError
    from hybrid_plugin.bridges.failures import ModuleError
    from hybrid_plugin.errors import UserError

    users: Any = (UserError, CollectionError)
    if isinstance(error, CycloptsError):
        cause = error.__cause__ or error.__context__
        if isinstance(cause, users):
            return str(cause), 2
        command = " ".join(["hybrid-ir", *(error.command_chain or ())])
        return f"{str(error).strip()} See: {command} --help", 2
    if isinstance(error, users):
        return str(error), 2
    if isinstance(error, ModuleError):
        return str(error), 1
    return f"{type(error).__name__}: {error} (HYBRID_IR_DEBUG=1 shows where)", 1


def _line(message: Warning | str, kind: type[Warning]) -> str:
    """A warning as a line; that something was done before is no warning."""
    from hybrid_plugin.outputs import AlreadyDone

    return f"{message}\n" if issubclass(kind, AlreadyDone) else f"warning: {message}\n"


def main() -> None:
    """The entry point: user errors end with status 2 and one sentence, our own with status 1."""
    warnings.formatwarning = lambda message, kind, *_, **__: _line(message, kind)
    words = sys.argv[1:]
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if not words or words[0] in ("--help", "-h"):
        print(overview())
        return
    given: dict[str, Any] = {}
    try:
        with ended_as_interrupted():
            if words[0] == "run" and words[1:] and words[1] not in ("--help", "-h"):
                from hybrid_plugin.bridges.pyserini import run_module

                run_module(words[1], words[2:])  # whose options are not ours to read
            else:
                command, bound = parse(words)
                given = bound.arguments
                _call(command, bound)
    except KeyboardInterrupt as stop:
        _end(*stopped(stop, words[0], given))
    except BrokenPipeError:  # who reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("HYBRID_IR_DEBUG"):
            raise
        _end(*_sentence(error))


def _end(sentence: str, status: int) -> NoReturn:
    """End, and say why; of several processes that train together the first to end says it for all."""
    says = True
    if os.environ.get("WORLD_SIZE", "1") != "1":
        from hybrid_plugin.training import ends_first  # with torch

        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # by which the launcher ends all where one has ended
        says = ends_first()
    if says:
        print(f"hybrid-ir: {sentence}", file=sys.stderr)
    sys.exit(status)


def _call(command: Callable[..., Any], bound: inspect.BoundArguments) -> None:
    """Run a command, and print as JSON what it returns, as those with ``--json`` do."""
    from hybrid_plugin.cli.tables import only_json
    from hybrid_plugin.errors import PartlyDone

    as_json, failure = bound.arguments.get("json", False), None
    with only_json(as_json):
        try:
            found = command(*bound.args, **bound.kwargs)
        except PartlyDone as error:
            found, failure = error.found if as_json else None, error
    if found is not None:
        print(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))
    if failure is not None:
        raise failure
