"""The grid of a sweep, in one YAML file: which runs there are.

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

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.settings import EncoderOptions, ModelOptions
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.files import StrPath, read_yaml
from hybrid_plugin.settings import build, keys
from hybrid_plugin.training.settings import TrainingSettings

UNTOUCHED = "untouched"
_MODEL_KEYS = keys(ModelOptions).keys() - {"device", "threads"}
_TRAINING_KEYS = keys(TrainingSettings).keys()
_OTHER_KEYS = ("model", "source", "source_share", "evaluate", "evaluation_precision")
_KNOWN = {*_MODEL_KEYS, *_OTHER_KEYS, *_TRAINING_KEYS}
_OLD_KEYS = {"only": "languages"}  # of version 0.1


@dataclass(frozen=True)
class Run:
    """One point of a grid."""

    name: str  # the keys that vary, with their values
    settings: dict[str, Any]

    __repr__ = brief

    @property
    def benchmarks(self) -> list[str]:
        return _listed(self.settings["evaluate"])

    @property
    def sources(self) -> list[str]:
        return _listed(self.settings["source"])

    @property
    def share(self) -> float:
        """Of the sources' rows."""
        share: float = self.settings.get("source_share", 1)
        return share

    @property
    def trained(self) -> bool:
        return self.settings.get("strategy") != UNTOUCHED

    @property
    def training(self) -> TrainingSettings:
        return build(TrainingSettings, self._chosen(_TRAINING_KEYS))

    @property
    def options(self) -> EncoderOptions:
        """How the model is loaded to be trained."""
        return build(EncoderOptions, self._chosen(_MODEL_KEYS))

    @property
    def evaluation_options(self) -> EncoderOptions:
        """How the encoder to be scored is loaded: a checkpoint as its record says, the model as it is asked for."""
        precision = {"precision": self.settings.get("evaluation_precision")}
        return build(EncoderOptions, precision | ({} if self.trained else self._chosen(_MODEL_KEYS)))

    def deciding(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Those settings that decide its figures on a benchmark, of which there may be more later."""
        idle = {"evaluate"} if self.trained else {"evaluate", "source", "source_share", *_TRAINING_KEYS} - {"strategy"}
        return {key: value for key, value in settings.items() if key not in idle}

    def _chosen(self, wanted: Collection[str]) -> dict[str, Any]:
        return {key: value for key, value in self.settings.items() if key in wanted}


def read_sweep(path: StrPath, changes: Mapping[str, Any] | None = None) -> list[Run]:
    """The runs of a sweep's file, in its order.

    Parameters
    ----------
    changes : replace values of ``base``.

    Raises
    ------
    UserError
        Names the file and the key at fault.
    """
    path = Path(path)
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("grids"), list) or set(content) - {"base", "grids"}:
        raise UserError(f"{path} needs the key 'grids' with a list, beside 'base', and no other")
    base = content.get("base") or {}
    if not isinstance(base, dict):
        raise UserError(f"{path}: 'base' is not a mapping of settings")
    base = _known({**base, **(changes or {})}, f"{path}: 'base'")
    runs: dict[str, Run] = {}
    for number, grid in enumerate(content["grids"], start=1):
        where = f"{path}: grid {number}"
        if not isinstance(grid, dict):
            raise UserError(f"{where} is not a mapping of settings")
        for run in _runs_of(base, _known(grid, where), where):
            if runs.get(run.name, run).settings != run.settings:
                raise UserError(f"{path}: two runs are called '{run.name}'")
            runs[run.name] = run
    if not runs:
        raise UserError(f"{path} has no grid, so there is nothing to run; one run of the base is 'grids: [{{}}]'")
    return list(runs.values())


def _known(settings: dict[str, Any], where: str) -> dict[str, Any]:
    """Settings by their present keys, all of which exist."""
    for old in settings.keys() & _OLD_KEYS.keys():
        warnings.warn(f"{where}: the key '{old}' is called '{_OLD_KEYS[old]}' now", stacklevel=2)
    settings = {_OLD_KEYS.get(key, key): value for key, value in settings.items()}
    for key in settings:
        if key not in _KNOWN:
            listed = f"; known: {', '.join(sorted(_KNOWN))}{did_you_mean(str(key), _KNOWN)}"
            raise UserError(f"{where} has the unknown key '{key}'{listed}")
    return settings


def _runs_of(base: dict[str, Any], grid: dict[str, Any], where: str) -> list[Run]:
    options = {key: value if isinstance(value, list) else [value] for key, value in grid.items()}
    empty = next((key for key, values in options.items() if not values), None)
    if empty is not None:
        raise UserError(f"{where} has no value for '{empty}'")
    runs = []
    for values in product(*options.values()):
        chosen = dict(zip(options, values, strict=True))
        name = ",".join(f"{key}={_short(value)}" for key, value in chosen.items()) or "base"
        runs.append(Run(name, {**base, **chosen}))
        _check(runs[-1], where)
    if not runs[0].trained:
        unread = [key for key in options if key in {*_TRAINING_KEYS, "source", "source_share"} - {"strategy"}]
        if unread:
            warnings.warn(f"{where}: '{unread[0]}' does nothing with the strategy '{UNTOUCHED}'", stacklevel=2)
    return runs


def _check(run: Run, where: str) -> None:
    """Refuse settings that are missing or cannot be right; nothing is loaded."""
    missing = [key for key in ("model", "evaluate", *(["source"] if run.trained else [])) if not run.settings.get(key)]
    if missing:
        raise UserError(f"{where} lacks the key '{missing[0]}'")
    texts = [("model", run.settings["model"]), *(("evaluate", one) for one in run.benchmarks)]
    texts += [("source", one) for one in run.sources] if run.trained else []
    for key, value in texts:
        if not isinstance(value, str):
            raise UserError(f"{where}: {key} is {value!r}; it takes a name")
    if not isinstance(run.share, (int, float)) or not 0 < run.share <= 1:
        raise UserError(f"{where}: source share is {run.share!r}; it must be above 0 and at most 1")
    if len({*map(place, run.benchmarks)}) < len(run.benchmarks):
        raise UserError(f"{where}: two benchmarks of the run '{run.name}' have one name")
    try:
        _ = run.options, run.evaluation_options, run.training if run.trained else None
    except UserError as error:
        raise UserError(f"{where}: the run '{run.name}' cannot be done: {error}") from error


def place(benchmark: str) -> str:
    """A benchmark's folder within that of a run: its name, of a file without the folders that lead there."""
    parts = benchmark.split("/")
    return "/".join(parts[next((at for at, part in enumerate(parts) if part.endswith((".yaml", ".yml"))), 0) :])


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _short(value: Any) -> str:
    return "+".join(map(_short, value)) if isinstance(value, list) else Path(str(value)).name
