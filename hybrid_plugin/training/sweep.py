"""A grid of training runs: checked whole, trained, scored, collected in one table, resumable at any point."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from datasets_ext.errors import CollectionError
from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.vectors import RECORD as VECTORS
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, SWEEP_RUN, StrPath, read_json, whole_file, write_json
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.choice import choose
from hybrid_plugin.training.grid import Run, place
from hybrid_plugin.training.log import LOG, Log
from hybrid_plugin.training.merging import merge
from hybrid_plugin.training.plan import CHECKPOINT, NOTES, TABLE, Planned, plan, read_by, sources_of
from hybrid_plugin.training.ranks import ranks
from hybrid_plugin.training.train import train
from hybrid_plugin.training.validation import Evaluate


class SweepFailed(UserError):
    """Some of a sweep did not come off; says what, and why.

    Parameters
    ----------
    table : of all that is done, as :func:`sweep` returns it.
    """

    def __init__(self, failures: Sequence[str], table: pd.DataFrame):
        many = f"{len(failures)} parts of the sweep failed" if len(failures) > 1 else "a part of the sweep failed"
        super().__init__(f"{many}; the same command tries them again, and nothing else: {'; '.join(failures)}")
        self.table = table


def sweep(
    runs: Sequence[Run],
    output: StrPath,
    evaluate: Evaluate,
    *,
    progress: bool = False,
    say: Callable[[str], object] = print,
    device: str | None = None,
    overwrite: bool = False,
) -> pd.DataFrame:
    """Train and score every run that is not yet done, and collect the table.

    All runs are looked at first. What fails later is said at the end: a training that fails costs its run, an
    evaluation that fails itself alone.

    Where the sweep has a final part, the best runs are chosen by their validations, and these alone are scored on its
    benchmarks, when all checkpoints and validations are there; before that nothing of these benchmarks is read.
    ``log.jsonl`` says what was read for what, and what was chosen, a line an event with its time.

    Parameters
    ----------
    output : gets ``{run}/checkpoint``, ``{run}/{benchmark}`` (an evaluation folder, called after the file where the
        benchmark is one), ``{run}/vectors/{benchmark}``, ``sweep.csv`` and ``log.jsonl``.
    evaluate : :func:`hybrid_plugin.evaluate`.
    overwrite : do anew the runs that the output has of the same name with other settings.

    Returns
    -------
    One row a run, benchmark and setting, with the run's settings and the measures. In a sweep with validations or a
    final part, ``use`` says what a benchmark is for, ``validate``, ``evaluate`` or ``final``, and ``chosen`` which runs
    were chosen.

    Raises
    ------
    UserError
        A run cannot be done, there are several processes, or a folder holds a run of the same name with other settings;
        nothing was begun.
    SweepFailed
        A training or an evaluation failed; the others are done.
    """
    if ranks() > 1:
        raise UserError(
            "a sweep is one process; start it without torchrun or accelerate, which 'hybrid-ir train' is for"
        )
    output = Path(output)
    planned = plan(runs, output, device=device, overwrite=overwrite)
    log = Log(output / LOG)
    _warn_of_a_look(planned, log)
    failures: list[str] = []

    def score(one: Planned, uses: Mapping[str, str], encoder: Callable[[], Encoder], making: str) -> None:
        """Score a run on benchmarks, each with what it is for."""
        try:
            loaded = encoder()
        except Exception as error:
            failures.append(_failed(f"the {making} of '{one.run.name}'", error, say))
            return
        for name, use in uses.items():
            try:
                log.add("read", {"use": use, "run": one.run.name, "ids": sorted(read_by(load_benchmark(name)))})
                _score(one, name, loaded, evaluate, progress, say)
            except Exception as error:
                failures.append(_failed(f"the evaluation of '{one.run.name}' on {name}", error, say))

    for number, one in enumerate(planned, start=1):
        _claim(one)
        if not one.train and not one.evaluate:
            continue
        say(f"run {number} of {len(runs)}: {one.run.name}")
        uses = {name: "validate" if name == one.run.validation else "evaluate" for name in one.evaluate}
        making = "merging" if one.run.is_merge else "training"
        score(one, uses, partial(_encoder, one, log, progress, device), making)
        collect(runs, output)
    chosen: set[str] = set()
    try:
        chosen = _chosen(planned, output, log, say)
    except UserError as error:
        failures.append(_failed("the choice", error, say))
    for one in planned:
        final = one.run.final.evaluate if one.run.final and one.run.name in chosen else ()
        left = {name: "final" for name in final if not one.is_scored(name)}
        if left:
            say(f"chosen: {one.run.name}")
            score(one, left, partial(_loaded, one, device), "loading")
            collect(runs, output, chosen)
    table = collect(runs, output, chosen)
    if failures:
        raise SweepFailed(failures, table)
    return table


def collect(runs: Iterable[Run], output: Path, chosen: Collection[str] = ()) -> pd.DataFrame:
    """The table of all runs that are done; writes it as ``sweep.csv``.

    Parameters
    ----------
    chosen : the names of the runs that have been, if any have.
    """
    runs, rows = list(runs), []
    chooses = any(run.final or run.validation for run in runs)
    for run in runs:
        uses = {name: "validate" if name == run.validation else "evaluate" for name in run.scored_on}
        uses |= dict.fromkeys(run.final.evaluate if run.final and run.name in chosen else (), "final")
        plain = {key: value for key, value in run.settings.items() if key not in ("evaluate", "validate", "trainer")}
        for name, use in uses.items():
            path = output / "runs" / run.name / place(name) / SCORES
            known = {"use": use, "chosen": run.name in chosen} if chooses else {}
            if path.exists():
                for setting, figures in read_json(path)["settings"].items():
                    rows.append({"run": run.name, **plain, **known, "benchmark": name, "setting": setting, **figures})
    table = pd.DataFrame(rows)
    with whole_file(output / TABLE) as file:
        table.to_csv(file, index=False)
    return table


def _warn_of_a_look(planned: Sequence[Planned], log: Log) -> None:
    """Say so where what is still to be chosen from comes after a look at the end."""
    if any(one.run.final and (one.train or one.run.validation in one.evaluate) for one in planned):
        looked = next((entry for entry in log.events("read") if entry["use"] == "final"), None)
        if looked:
            ids = ", ".join(looked["ids"][:3])
            warnings.warn(f"{log.path}: {ids} was read before, so what is chosen now comes after a look", stacklevel=3)


def _chosen(planned: Sequence[Planned], output: Path, log: Log, say: Callable[[str], object]) -> set[str]:
    """The names of the runs that are scored in the end; none as long as something to choose from is missing."""
    chosen: set[str] = set()
    for final in dict.fromkeys(one.run.final for one in planned if one.run.final):
        members = [one for one in planned if one.run.final == final]
        missing = [one.run.name for one in members if not _is_ready(one)]
        if missing:
            say(f"nothing is chosen, and {' and '.join(final.evaluate)} not read, before '{missing[0]}' is done")
            continue
        noted = list(log.events("choose"))
        for choice in choose([one.run for one in members], final, output):
            about = choice.as_json()
            if not any(about.items() <= entry.items() for entry in noted):
                log.add("choose", about)
            chosen.update(about["chosen"])
    return chosen


def _is_ready(one: Planned) -> bool:
    """Whether there is a checkpoint and a validation, as far as the run has such."""
    made = not one.run.has_checkpoint or (one.folder / CHECKPOINT / RECORD).exists()
    return made and (one.run.validation is None or one.is_scored(one.run.validation))


def _claim(one: Planned) -> None:
    """Note in a run's folder which run it is of; another's goes."""
    if one.differs:
        shutil.rmtree(one.folder)
    one.folder.mkdir(parents=True, exist_ok=True)
    write_json(one.folder / SWEEP_RUN, one.run.settings)
    notes = one.folder / NOTES
    seconds = read_json(notes)["seconds"] if notes.exists() else {}
    write_json(notes, {"made_from": one.made_from, "seconds": seconds})


def _encoder(one: Planned, log: Log, progress: bool, device: str | None) -> Encoder:
    """The run's encoder, trained or merged unless it is already."""
    run, checkpoint = one.run, one.folder / CHECKPOINT
    if one.train and run.is_merge:
        parts = [one.folder.parent / name / CHECKPOINT for name in run.merged]
        merge(parts, checkpoint, run.settings.get("weights"), run.settings.get("method", "linear"))
    elif one.train:
        sources = sources_of(run)
        ids = sorted({name for source in sources for name in source.origins or (source.name,)})
        log.add("read", {"use": "train", "run": run.name, "ids": ids})
        start = Encoder.load(run.settings["model"], run.options, device=device)
        train(start, sources, checkpoint, run.training, progress=progress)
    return _loaded(one, device)


def _loaded(one: Planned, device: str | None) -> Encoder:
    name = one.folder / CHECKPOINT if one.run.has_checkpoint else one.run.settings["model"]
    return Encoder.load(name, one.run.evaluation_options, device=device)


def _score(
    one: Planned, name: str, encoder: Encoder, evaluate: Evaluate, progress: bool, say: Callable[[str], object]
) -> None:
    """Score a run on a benchmark, and note how long it took."""
    began = time.monotonic()
    vectors = one.folder / "vectors" / place(name)
    if not all((vectors / side / VECTORS).exists() for side in ("docs", "queries")):
        encode_dataset(name, encoder, vectors, progress=progress)
    scores = evaluate(load_benchmark(name), encoder, one.folder / place(name), vectors=vectors)
    first = {setting: next(iter(values.items())) for setting, values in scores.settings.items()}
    say(f"  {name}: " + ", ".join(f"{key} {measure} {value:.4f}" for key, (measure, value) in first.items()))
    notes = read_json(one.folder / NOTES)
    notes["seconds"][place(name)] = round(time.monotonic() - began, 1)
    write_json(one.folder / NOTES, notes)


def _failed(what: str, error: Exception, say: Callable[[str], object]) -> str:
    """Say that something failed, and go on."""
    if os.environ.get("HYBRID_IR_DEBUG"):
        raise error
    reason = str(error) if isinstance(error, (UserError, CollectionError)) else f"{type(error).__name__}: {error}"
    say(f"  {what} failed: {reason}")
    return f"{what}: {reason}"
