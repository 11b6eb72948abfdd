"""The grid of a sweep, in one YAML file: which runs there are.

The file holds ``base``, settings of every run, and ``grids``: in each, every key with a list of values is varied, and
every combination is a run::

    base: {model: intfloat/multilingual-e5-small, query_prefix: "query:", passage_prefix: "passage:",
           source: mlqa-r, evaluate: xquad-r, steps: 120, batch_size: 32}
    grids:
      - {strategy: untouched}
      - {strategy: hybrid, alpha: [0, 0.5, 1], seed: [0, 1, 2]}

A key is one of ``model``, ``source``, ``source_share`` (the share of the source's rows to train on), ``evaluate``,
``validate`` (a benchmark to choose by), ``evaluation_precision``, a field of
:class:`~hybrid_plugin.encoding.ModelOptions` (but not the device), or a flat key of
:class:`~hybrid_plugin.training.TrainingSettings`. Several sources or benchmarks of one run are a list within the list:
``source: [[mlqa-r, xquad-r]]``. A mapping is one value.

The strategy ``untouched`` scores the model as it is. The strategy ``merge`` makes a checkpoint of those of other runs,
which ``merge`` names, with ``weights`` and ``method`` of :func:`~hybrid_plugin.training.merge`; ``{seed}`` in a name is
the run's own seed, and so with every key::

      - {strategy: merge, merge: [["strategy=mono,seed={seed}", "strategy=cross,seed={seed}"]], seed: [0, 1, 2]}

Beside ``base`` and ``grids``, ``final`` says what only the chosen runs are scored on, when all else is done, and among
which keys the best is chosen by the validation, see :class:`Final`::

    final: {evaluate: xquad-r, among: [temperature, steps]}
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Collection, Mapping, Sequence
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
MERGE = "merge"
_MODEL_KEYS = keys(ModelOptions).keys() - {"device", "threads"}
_TRAINING_KEYS = keys(TrainingSettings).keys()
_MERGE_KEYS = ("merge", "weights", "method")
_OTHER_KEYS = ("model", "source", "source_share", "evaluate", "validate", "evaluation_precision", *_MERGE_KEYS)
_KNOWN = {*_MODEL_KEYS, *_OTHER_KEYS, *_TRAINING_KEYS}
_OF_TRAINING = {"source", "source_share", *_TRAINING_KEYS} - {"strategy"}  # does nothing where nothing is trained
_SCORED_ON = ("evaluate", "validate")  # of which there may be more later
_LONGEST = 200  # bytes of a run's name, which is that of a folder
_OLD_KEYS = {"only": "languages"}  # of version 0.1


@dataclass(frozen=True)
class Final:
    """What a sweep comes to in the end: of runs that differ in nothing but some keys, the best is chosen by validation.

    Seeds do not tell runs apart: what is compared is the mean over them, and all seeds of what is chosen are scored.

    Parameters
    ----------
    evaluate : benchmarks that only the chosen runs are scored on, after all choices; nothing reads them before.
    among : the keys that are chosen; by default none, and all runs are scored.
    by : the measure, of which the mean over the validation's settings decides.
    """

    evaluate: tuple[str, ...]
    among: tuple[str, ...] = ()
    by: str = "AP"

    __repr__ = brief

    @classmethod
    def read(cls, content: Any, where: str) -> Final:
        """What a file says of it."""
        if not isinstance(content, dict) or not content.get("evaluate") or set(content) - {"evaluate", "among", "by"}:
            raise UserError(f"{where} takes the key 'evaluate', beside 'among' and 'by', and no other")
        evaluate, among = _listed(content["evaluate"]), _listed(content.get("among", []))
        by = content.get("by", cls.by)
        for value in (*evaluate, by):
            if not isinstance(value, str):
                raise UserError(f"{where} has {value!r}; it takes a name")
        for key in among:
            if key in ("seed", *_SCORED_ON) or key not in _KNOWN:
                near = did_you_mean(str(key), _KNOWN)
                raise UserError(f"{where}: '{key}' in 'among' is no key that can be chosen{near}")
        return cls(tuple(evaluate), tuple(among), by)


@dataclass(frozen=True)
class Run:
    """One point of a grid."""

    name: str  # the keys that vary, with their values
    settings: dict[str, Any]
    final: Final | None = None

    __repr__ = brief

    @property
    def benchmarks(self) -> list[str]:
        return _listed(self.settings.get("evaluate", []))

    @property
    def validation(self) -> str | None:
        """The benchmark to choose by."""
        return self.settings.get("validate")

    @property
    def scored_on(self) -> list[str]:
        """All benchmarks but those of the end."""
        return [*filter(None, [self.validation]), *self.benchmarks]

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
        return self.settings.get("strategy") not in (UNTOUCHED, MERGE)

    @property
    def is_merge(self) -> bool:
        return self.settings.get("strategy") == MERGE

    @property
    def has_checkpoint(self) -> bool:
        """Whether it has one of its own."""
        return self.settings.get("strategy") != UNTOUCHED

    @property
    def merged(self) -> list[str]:
        """The names of the runs that it is made of; none where it is trained."""
        if not self.is_merge:
            return []
        values = {key: _short(value) for key, value in self.settings.items()}
        return [name.format_map(values) for name in self.settings["merge"]]

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
        return build(EncoderOptions, precision | ({} if self.has_checkpoint else self._chosen(_MODEL_KEYS)))

    def deciding(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Those settings that decide its figures on a benchmark, of which there may be more later."""
        idle = {*_SCORED_ON}
        if not self.trained:
            idle |= _OF_TRAINING
        if self.is_merge:  # what it is made of decides all that is not said here
            idle |= {"model", "merge", *_MODEL_KEYS}
        return {key: value for key, value in settings.items() if key not in idle}

    def apart_from(self, among: Collection[str]) -> dict[str, Any]:
        """What tells it from runs that are no choice among the same values; the seed does not."""
        idle = {*_SCORED_ON, "seed", *among}
        if not self.has_checkpoint:
            idle |= _OF_TRAINING
        return {key: value for key, value in self.settings.items() if key not in idle}

    def _chosen(self, wanted: Collection[str]) -> dict[str, Any]:
        return {key: value for key, value in self.settings.items() if key in wanted}


def read_sweep(path: StrPath, changes: Mapping[str, Any] | None = None) -> list[Run]:
    """The runs of a sweep's file, in its order, but each after those that it is made of.

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
    known = {"base", "grids", "final"}
    if not isinstance(content, dict) or not isinstance(content.get("grids"), list) or set(content) - known:
        raise UserError(f"{path} needs the key 'grids' with a list, beside 'base' and 'final', and no other")
    final = Final.read(content["final"], f"{path}: 'final'") if "final" in content else None
    base = content.get("base") or {}
    if not isinstance(base, dict):
        raise UserError(f"{path}: 'base' is not a mapping of settings")
    base = _known({**base, **(changes or {})}, f"{path}: 'base'")
    runs: dict[str, Run] = {}
    for number, grid in enumerate(content["grids"], start=1):
        where = f"{path}: grid {number}"
        if not isinstance(grid, dict):
            raise UserError(f"{where} is not a mapping of settings")
        for run in _runs_of(base, _known(grid, where), where, final):
            if runs.get(run.name, run).settings != run.settings:
                raise UserError(f"{path}: two runs are called '{run.name}'")
            runs[run.name] = run
    if not runs:
        raise UserError(f"{path} has no grid, so there is nothing to run; one run of the base is 'grids: [{{}}]'")
    return _in_order(runs, str(path))


def _in_order(runs: Mapping[str, Run], where: str) -> list[Run]:
    """The runs, each after those that it is made of."""
    ordered: dict[str, Run] = {}

    def add(run: Run, above: Sequence[str]) -> None:
        if run.name in above:
            raise UserError(f"{where}: the run '{run.name}' is made of itself")
        for name in run.merged:
            if name not in runs:
                raise UserError(f"{where}: '{run.name}' merges '{name}', which is no run{did_you_mean(name, runs)}")
            if not runs[name].has_checkpoint:
                raise UserError(f"{where}: '{run.name}' merges '{name}', which has no checkpoint of its own")
            add(runs[name], [*above, run.name])
        ordered.setdefault(run.name, run)

    for run in runs.values():
        add(run, [])
    return list(ordered.values())


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


def _runs_of(base: dict[str, Any], grid: dict[str, Any], where: str, final: Final | None) -> list[Run]:
    options = {key: value if isinstance(value, list) else [value] for key, value in grid.items()}
    empty = next((key for key, values in options.items() if not values), None)
    if empty is not None:
        raise UserError(f"{where} has no value for '{empty}'")
    runs = []
    for values in product(*options.values()):
        chosen = dict(zip(options, values, strict=True))
        runs.append(Run(_name(chosen), {**base, **chosen}, final))
        _check(runs[-1], where)
    if not runs[0].trained:
        unread = [key for key in options if key in _OF_TRAINING and not _in_names(key, runs[0])]
        if unread:
            strategy = runs[0].settings["strategy"]
            warnings.warn(f"{where}: '{unread[0]}' does nothing with the strategy '{strategy}'", stacklevel=2)
    return runs


def _name(chosen: Mapping[str, Any]) -> str:
    """The name of a run, which is that of its folder: the keys of its grid with their values."""
    shown = {key: _names(value) if key == "merge" else _short(value) for key, value in chosen.items()}
    name = ",".join(f"{key}={value}" for key, value in shown.items()) or "base"
    if len(name.encode()) <= _LONGEST:
        return name
    start = name.encode()[: _LONGEST - 13].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _names(merged: Any) -> str:
    """Runs in the name of the run that is made of them: without what their names have from that run, its seed or so."""
    parts = ([part for part in str(name).split(",") if "{" not in part] for name in _listed(merged))
    return "+".join(",".join(parts).replace("strategy=", "").replace("/", " ") for parts in parts)


def _in_names(key: str, run: Run) -> bool:
    """Whether a key is for the names of the runs to merge."""
    return any(f"{{{key}}}" in name for name in run.settings.get("merge", ()))


def _check(run: Run, where: str) -> None:
    """Refuse settings that are missing or cannot be right; nothing is loaded."""
    scored = [] if run.validation or run.final else ["evaluate"]
    needed = ["model", *scored, *(["source"] if run.trained else []), *(["merge"] if run.is_merge else [])]
    missing = [key for key in needed if not run.settings.get(key)]
    if missing:
        raise UserError(f"{where} lacks the key '{missing[0]}'")
    texts = [("model", run.settings["model"]), *(("evaluate", one) for one in run.benchmarks)]
    texts += [("validate", run.validation)] if run.validation is not None else []
    texts += [("source", one) for one in run.sources] if run.trained else []
    if run.is_merge:
        texts += [("merge", one) for one in _listed(run.settings["merge"])]
    for key, value in texts:
        if not isinstance(value, str):
            raise UserError(f"{where}: {key} is {value!r}; it takes a name")
    if not isinstance(run.share, (int, float)) or not 0 < run.share <= 1:
        raise UserError(f"{where}: source share is {run.share!r}; it must be above 0 and at most 1")
    _check_merge(run, where)
    benchmarks = [*run.scored_on, *(run.final.evaluate if run.final else ())]
    if len({*map(place, benchmarks)}) < len(benchmarks):
        raise UserError(f"{where}: two benchmarks of the run '{run.name}' have one name")
    try:
        _ = run.options, run.evaluation_options, run.training if run.trained else None
    except UserError as error:
        raise UserError(f"{where}: the run '{run.name}' cannot be done: {error}") from error


def _check_merge(run: Run, where: str) -> None:
    """Refuse runs to merge that are no list of names, or have placeholders that mean nothing."""
    if not run.is_merge:
        idle = next((key for key in _MERGE_KEYS if key in run.settings), None)
        if idle is not None:
            raise UserError(f"{where}: the key '{idle}' goes with the strategy '{MERGE}' alone")
        return
    if not isinstance(run.settings["merge"], list):
        raise UserError(f"{where}: merge is {run.settings['merge']!r}; it takes a list within the list, [[RUN, RUN]]")
    try:
        _ = run.merged
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise UserError(f"{where}: a placeholder in 'merge' is no key of the run: {error}") from error


def place(benchmark: str) -> str:
    """A benchmark's folder within that of a run: its name, of a file without the folders that lead there."""
    parts = benchmark.split("/")
    return "/".join(parts[next((at for at, part in enumerate(parts) if part.endswith((".yaml", ".yml"))), 0) :])


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _short(value: Any) -> str:
    """A value in the name of a folder."""
    if isinstance(value, Mapping):
        return "+".join(f"{key}:{_short(one)}" for key, one in value.items())
    return "+".join(map(_short, value)) if isinstance(value, list) else Path(str(value)).name
