"""A grid of training runs from one YAML file: trained, scored, collected in one table, resumable at any point.

The file holds ``base``, settings of every run, and ``grids``: in each, every key with a list of values is varied, and
every combination is a run::

    base: {model: intfloat/multilingual-e5-small, query_prefix: "query:", passage_prefix: "passage:",
           source: mlqa-r, evaluate: xquad-r, steps: 120, batch_size: 32}
    grids:
      - {strategy: untouched}
      - {strategy: hybrid, alpha: [0, 0.5, 1], seed: [0, 1, 2]}

A key is one of ``model``, ``source``, ``source_share`` (the share of the source's rows to train on), ``evaluate``,
``evaluation_precision``, a field of :class:`~hybrid_plugin.encoding.ModelOptions` (but not the device), or a flat key
of :class:`~hybrid_plugin.training.TrainingSettings`. The strategy ``untouched`` scores the model as it is. Several
sources or benchmarks of one run are a list within the list: ``source: [[mlqa-r, xquad-r]]``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin.encoding.encode import encode_dataset
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.settings import ModelOptions
from hybrid_plugin.encoding.vectors import RECORD as VECTORS
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, SWEEP_RUN, check_output, read_json, read_yaml, whole_file, write_json
from hybrid_plugin.settings import build, keys
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_sources
from hybrid_plugin.training.sources.store import part_of
from hybrid_plugin.training.train import train
from hybrid_plugin.training.validation import Evaluate

UNTOUCHED = "untouched"
TABLE = "sweep.csv"
_MODEL_KEYS = keys(ModelOptions).keys() - {"device"}
_OTHER_KEYS = ("model", "source", "source_share", "evaluate", "evaluation_precision")
_TRAINING_KEYS = keys(TrainingSettings).keys()
_OLD_KEYS = {"only": "languages"}  # of version 0.1


@dataclass(frozen=True)
class Run:
    """One point of a grid."""

    name: str  # the keys that vary, with their values
    settings: dict[str, Any]

    @property
    def benchmarks(self) -> list[str]:
        return _listed(self.settings["evaluate"])

    @property
    def trained(self) -> bool:
        return self.settings.get("strategy") != UNTOUCHED


def read_sweep(path: Path, changes: Mapping[str, Any] | None = None) -> list[Run]:
    """The runs of a sweep's file, in its order.

    Parameters
    ----------
    changes : replace values of ``base``.

    Raises
    ------
    UserError
        Names the file and the key at fault.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("grids"), list) or set(content) - {"base", "grids"}:
        raise UserError(f"{path} needs the key 'grids' with a list, beside 'base', and no other")
    base = _with_new_keys({**(content.get("base") or {}), **(changes or {})}, path)
    runs: dict[str, Run] = {}
    for number, grid in enumerate(content["grids"], start=1):
        if not isinstance(grid, dict):
            raise UserError(f"{path}: grid {number} is not a mapping of settings")
        grid = _with_new_keys(grid, path)
        known = {*_MODEL_KEYS, *_OTHER_KEYS, *_TRAINING_KEYS}
        strange = sorted(str(key) for key in {*base, *grid} - known)
        if strange:
            listed = ", ".join(sorted(known))
            raise UserError(f"{path}: grid {number} has the unknown key '{strange[0]}'; known: {listed}")
        options = {key: value if isinstance(value, list) else [value] for key, value in grid.items()}
        for values in product(*options.values()):
            chosen = dict(zip(options, values, strict=True))
            settings = {**base, **chosen}
            missing = [key for key in ("model", "evaluate") if key not in settings]
            if settings.get("strategy") != UNTOUCHED and "source" not in settings:
                missing.append("source")
            if missing:
                raise UserError(f"{path}: grid {number} lacks the key '{missing[0]}'")
            name = ",".join(f"{key}={_short(value)}" for key, value in chosen.items()) or "base"
            if runs.get(name, Run(name, settings)).settings != settings:
                raise UserError(f"{path}: two runs are called '{name}'")
            runs[name] = Run(name, settings)
            if len({*map(_place, runs[name].benchmarks)}) < len(runs[name].benchmarks):
                raise UserError(f"{path}: two benchmarks of the run '{name}' have one name")
            _training_settings(runs[name])  # complain before the first run, not hours later
    return list(runs.values())


def sweep(
    runs: list[Run],
    output: Path,
    evaluate: Evaluate,
    *,
    progress: bool = False,
    say: Callable[[str], object] = print,
    device: str | None = None,
) -> pd.DataFrame:
    """Train and score every run that is not yet done, and collect the table.

    Parameters
    ----------
    output : gets ``{run}/checkpoint``, ``{run}/{benchmark}`` (an evaluation folder, called after the file where the
        benchmark is one), ``{run}/vectors/{benchmark}``, and ``sweep.csv``.
    evaluate : :func:`hybrid_plugin.evaluate`.

    Returns
    -------
    One row a run, benchmark and setting, with the run's settings and the measures.

    Raises
    ------
    UserError
        A run cannot be done, or a folder holds a run of the same name with other settings.
    """
    check_output(output, None, ("runs", TABLE))
    for number, run in enumerate(runs, start=1):
        folder = output / "runs" / run.name
        _claim(run, folder)
        todo = [name for name in run.benchmarks if not (folder / _place(name) / SCORES).exists()]
        if not todo:
            continue
        say(f"run {number} of {len(runs)}: {run.name}")
        encoder = _encoder(run, folder, progress, device)
        for name in todo:
            vectors = folder / "vectors" / _place(name)
            if not all((vectors / side / VECTORS).exists() for side in ("docs", "queries")):
                encode_dataset(name, encoder, vectors, progress=progress)
            scores = evaluate(load_benchmark(name), encoder, folder / _place(name), vectors=vectors)
            first = {setting: next(iter(values.items())) for setting, values in scores.settings.items()}
            say(f"  {name}: " + ", ".join(f"{key} {measure} {value:.4f}" for key, (measure, value) in first.items()))
        collect(runs, output)
    return collect(runs, output)


def collect(runs: list[Run], output: Path) -> pd.DataFrame:
    """The table of all runs that are done; writes it as ``sweep.csv``."""
    rows = []
    for run in runs:
        for name in run.benchmarks:
            path = output / "runs" / run.name / _place(name) / SCORES
            if path.exists():
                for setting, figures in read_json(path)["settings"].items():
                    plain = {key: value for key, value in run.settings.items() if key not in ("evaluate", "trainer")}
                    rows.append({"run": run.name, **plain, "benchmark": name, "setting": setting, **figures})
    table = pd.DataFrame(rows)
    with whole_file(output / TABLE) as file:
        table.to_csv(file, index=False)
    return table


def _claim(run: Run, folder: Path) -> None:
    asked = json.loads(json.dumps(run.settings, default=str))
    if (folder / SWEEP_RUN).exists():
        if read_json(folder / SWEEP_RUN) != asked:
            raise UserError(
                f"{folder} holds a run of this name with other settings; delete it or choose another output"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SWEEP_RUN, asked)


def _encoder(run: Run, folder: Path, progress: bool, device: str | None) -> Encoder:
    """The run's encoder, trained unless it is already."""
    checkpoint = folder / "checkpoint"
    if run.trained and not (checkpoint / RECORD).exists():
        start = Encoder.load(run.settings["model"], device=device, **_chosen(run, _MODEL_KEYS))
        share = run.settings.get("source_share", 1)
        sources = [part_of(source, share) for source in load_sources(_listed(run.settings["source"]))]
        train(start, sources, checkpoint, _training_settings(run), progress=progress)
    options = {} if run.trained else _chosen(run, _MODEL_KEYS)
    name = checkpoint if run.trained else run.settings["model"]
    return Encoder.load(name, device=device, precision=run.settings.get("evaluation_precision"), **options)


def _training_settings(run: Run) -> TrainingSettings:
    try:
        return build(TrainingSettings, _chosen(run, _TRAINING_KEYS))
    except UserError as error:
        raise UserError(f"the run '{run.name}' cannot be trained: {error}") from error


def _chosen(run: Run, wanted: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in run.settings.items() if key in wanted}


def _with_new_keys(settings: dict[str, Any], path: Path) -> dict[str, Any]:
    for old in settings.keys() & _OLD_KEYS.keys():
        warnings.warn(f"{path}: the key '{old}' is called '{_OLD_KEYS[old]}' now", stacklevel=2)
    return {_OLD_KEYS.get(key, key): value for key, value in settings.items()}


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _place(benchmark: str) -> str:
    """A benchmark's folder within that of a run: its name, of a file without the folders that lead there."""
    parts = str(benchmark).split("/")
    return "/".join(parts[next((at for at, part in enumerate(parts) if part.endswith((".yaml", ".yml"))), 0) :])


def _short(value: Any) -> str:
    return "+".join(map(_short, value)) if isinstance(value, list) else Path(str(value)).name
