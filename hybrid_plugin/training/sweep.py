"""A grid of training runs: checked whole, trained, scored, collected in one table, resumable at any point."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from datasets_ext.errors import CollectionError
from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import RECORD as VECTORS
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, SWEEP_RUN, StrPath, read_json, whole_file, write_json
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.grid import Run, place
from hybrid_plugin.training.plan import CHECKPOINT, NOTES, TABLE, Planned, plan, sources_of
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

    Parameters
    ----------
    output : gets ``{run}/checkpoint``, ``{run}/{benchmark}`` (an evaluation folder, called after the file where the
        benchmark is one), ``{run}/vectors/{benchmark}``, and ``sweep.csv``.
    evaluate : :func:`hybrid_plugin.evaluate`.
    overwrite : do anew the runs that the output has of the same name with other settings.

    Returns
    -------
    One row a run, benchmark and setting, with the run's settings and the measures.

    Raises
    ------
    UserError
        A run cannot be done, or a folder holds a run of the same name with other settings; nothing was begun.
    SweepFailed
        A training or an evaluation failed; the others are done.
    """
    output = Path(output)
    failures: list[str] = []
    for number, one in enumerate(plan(runs, output, device=device, overwrite=overwrite), start=1):
        _claim(one)
        if not one.train and not one.evaluate:
            continue
        say(f"run {number} of {len(runs)}: {one.run.name}")
        try:
            encoder = _encoder(one, progress, device)
        except Exception as error:
            failures.append(_failed(f"the training of '{one.run.name}'", error, say))
            continue
        for name in one.evaluate:
            try:
                _score(one, name, encoder, evaluate, progress, say)
            except Exception as error:
                failures.append(_failed(f"the evaluation of '{one.run.name}' on {name}", error, say))
        collect(runs, output)
    table = collect(runs, output)
    if failures:
        raise SweepFailed(failures, table)
    return table


def collect(runs: Iterable[Run], output: Path) -> pd.DataFrame:
    """The table of all runs that are done; writes it as ``sweep.csv``."""
    rows = []
    for run in runs:
        for name in run.benchmarks:
            path = output / "runs" / run.name / place(name) / SCORES
            if path.exists():
                for setting, figures in read_json(path)["settings"].items():
                    plain = {key: value for key, value in run.settings.items() if key not in ("evaluate", "trainer")}
                    rows.append({"run": run.name, **plain, "benchmark": name, "setting": setting, **figures})
    table = pd.DataFrame(rows)
    with whole_file(output / TABLE) as file:
        table.to_csv(file, index=False)
    return table


def _claim(one: Planned) -> None:
    """Note in a run's folder which run it is of; another's goes."""
    if one.differs:
        shutil.rmtree(one.folder)
    one.folder.mkdir(parents=True, exist_ok=True)
    write_json(one.folder / SWEEP_RUN, one.run.settings)
    notes = one.folder / NOTES
    seconds = read_json(notes)["seconds"] if notes.exists() else {}
    write_json(notes, {"made_from": one.made_from, "seconds": seconds})


def _encoder(one: Planned, progress: bool, device: str | None) -> Encoder:
    """The run's encoder, trained unless it is already."""
    run, checkpoint = one.run, one.folder / CHECKPOINT
    if one.train:
        start = Encoder.load(run.settings["model"], run.options, device=device)
        train(start, sources_of(run), checkpoint, run.training, progress=progress)
    name = checkpoint if run.trained else run.settings["model"]
    return Encoder.load(name, run.evaluation_options, device=device)


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
