"""What a sweep will do, and whether it can: looked at whole before the first run starts."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import pandas as pd

from datasets_ext.errors import CollectionError
from datasets_ext.parallel import whole_of
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, SWEEP_RUN, StrPath, check_output, read_json
from hybrid_plugin.measures import parse_measures
from hybrid_plugin.outputs import OVERWRITE, difference
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.listing import listed
from hybrid_plugin.tasks.named import load_benchmark, load_dataset
from hybrid_plugin.tasks.reading import reading
from hybrid_plugin.tasks.texts import count_texts, documents, query_texts
from hybrid_plugin.training.arguments import check_adapters, trainer_arguments
from hybrid_plugin.training.batches.named import strategy_kind
from hybrid_plugin.training.choice import contests
from hybrid_plugin.training.grid import Run, place
from hybrid_plugin.training.idle import say_idle
from hybrid_plugin.training.log import LOG
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.losses.settings import LossSettings
from hybrid_plugin.training.merging import shares_of
from hybrid_plugin.training.sources.named import load_sources
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import part_of
from hybrid_plugin.training.teacher import check_teacher, load_teacher
from hybrid_plugin.training.train import batches_of
from hybrid_plugin.training.trainer import seconds_of_step

TABLE = "sweep.csv"
CHECKPOINT = "checkpoint"  # in a run's folder
NOTES = "sweep.json"  # beside it: what the run was made from, and how long its evaluations took
_SAMPLE = 128  # texts that are encoded to see how long all take


@dataclass(frozen=True)
class Planned:
    """A run, and what is left of it.

    Parameters
    ----------
    made_from : checksums of the model and the sources, or of what is merged.
    train : whether its checkpoint is still to be made.
    evaluate : the benchmarks on which it is still to be scored, without those of the end.
    differs : in what the run of this name in the output is another one, if it is.
    """

    run: Run
    folder: Path
    made_from: dict[str, Any]
    train: bool
    evaluate: list[str]
    differs: str = ""

    __repr__ = brief

    @property
    def done(self) -> str:
        """In words."""
        if not self.train and not self.evaluate:
            return "all"
        finished = [] if self.train or not self.run.has_checkpoint else ["merged" if self.run.is_merge else "trained"]
        return ", ".join([*finished, *(one for one in self.run.scored_on if one not in self.evaluate)])

    def is_scored(self, benchmark: str) -> bool:
        """Whether its folder has the scores of a benchmark, be it of a run that is to be done anew."""
        return (self.folder / place(benchmark) / SCORES).exists()


def plan(
    runs: Sequence[Run], output: StrPath, *, device: str | None = None, overwrite: bool = False, fetch: bool = True
) -> list[Planned]:
    """Look at every run of a sweep: models load, sources fill their batches, benchmarks can be read.

    Of the final benchmarks only the names are looked at, and whether their data is here.

    Parameters
    ----------
    overwrite : runs in the output that have other settings are to be done anew.
    fetch : download what benchmarks need and is not here.

    Raises
    ------
    UserError
        A run cannot be done, or the output holds one of its name with other settings; names the run.
    """
    output = Path(output)
    check_output(output, None, ("runs", TABLE, LOG))
    materials = _Materials(device, fetch)
    for final in {run.final for run in runs if run.final}:
        contests(runs, final)
        parse_measures([final.by])
        for name in final.evaluate:
            materials.final(name)
    planned: dict[str, Planned] = {}
    for run in runs:
        with _named(run):
            planned[run.name] = _planned(run, output / "runs" / run.name, materials, overwrite, planned)
    return list(planned.values())


def _planned(run: Run, folder: Path, materials: _Materials, overwrite: bool, before: Mapping[str, Planned]) -> Planned:
    for name in run.scored_on:
        materials.check_unseen(read_by(load_benchmark(name)))
        materials.benchmark(name)
    made_from: dict[str, Any] = {}
    if run.is_merge:
        shares_of(run.merged, run.settings.get("weights"), run.settings.get("method", "linear"))
        made_from["merge"] = [_known_by(name, before) for name in run.merged]
    else:
        made_from["model"] = materials.weights(run)
    if run.trained:
        settings = run.training
        on_gpu = materials.on_gpu(run)
        trainer_arguments(settings, on_gpu, folder)
        check_adapters(settings.lora_rank)
        sources = materials.sources(run)
        batches_of(sources, settings)
        say_idle(settings, sources)
        made_from["source"] = [source.known_by for source in sources]
        materials.check_unseen({name for source in sources for name in source.origins or (source.name,)})
        taught = materials.teacher(run)
        if taught:
            made_from["teacher"] = taught
    differs = _difference(run, folder, made_from)
    if differs and not overwrite:
        raise UserError(f"{folder} holds a run of this name with other settings ({differs}); {OVERWRITE}")
    done = [name for name in run.scored_on if not differs and (folder / place(name) / SCORES).exists()]
    train = run.has_checkpoint and (bool(differs) or not (folder / CHECKPOINT / RECORD).exists())
    return Planned(run, folder, made_from, train, [one for one in run.scored_on if one not in done], differs)


def _known_by(name: str, before: Mapping[str, Planned]) -> str:
    """What tells the checkpoint of a run to merge from another one of its name."""
    if name not in before:
        raise UserError(f"it merges '{name}', which is not among the runs before it")
    one = before[name]
    known = json.dumps([one.run.deciding(one.run.settings), one.made_from], sort_keys=True, default=str)
    return f"{name} (sha256:{hashlib.sha256(known.encode()).hexdigest()[:12]})"


def _difference(run: Run, folder: Path, made_from: dict[str, Any]) -> str:
    """In what the run of a folder is another one; its benchmarks may change."""
    if not (folder / SWEEP_RUN).exists():
        return ""
    before, now = (run.deciding(settings) for settings in (read_json(folder / SWEEP_RUN), run.settings))
    notes = read_json(folder / NOTES) if (folder / NOTES).exists() else {}
    return difference(before, now) or difference(notes.get("made_from", made_from), made_from)


@contextmanager
def _named(run: Run) -> Iterator[None]:
    """Around whatever a run may be refused for."""
    try:
        yield
    except (UserError, CollectionError) as error:
        raise UserError(f"the run '{run.name}' cannot be done: {error}") from error


@dataclass
class _Materials:
    """What runs are made of, each loaded once."""

    device: str | None
    fetch: bool
    _models: dict[str, tuple[str, bool]] = field(default_factory=dict)
    _teachers: dict[str, str] = field(default_factory=dict)
    _sources: dict[str, list[Source]] = field(default_factory=dict)
    _benchmarks: dict[str, Benchmark] = field(default_factory=dict)
    _final: dict[str, Benchmark] = field(default_factory=dict)

    def weights(self, run: Run) -> str:
        """The checksum of the run's model."""
        return self._model(run)[0]

    def on_gpu(self, run: Run) -> bool:
        return self._model(run)[1]

    def _model(self, run: Run) -> tuple[str, bool]:
        key = f"{run.settings['model']} {run.options}"
        if key not in self._models:
            encoder = Encoder.load(run.settings["model"], run.options, device=self.device)
            self._models[key] = (encoder.identity["weights"], encoder.device.type == "cuda")
        return self._models[key]

    def teacher(self, run: Run) -> str:
        """The checksum of the run's teacher, empty where it has none; refuses losses that cannot be computed."""
        settings, sources = run.training, self.sources(run)
        if settings.loss == LossSettings():
            return ""
        asked = (vars(settings.loss), settings.precision, run.sources, run.share)
        key = f"{run.settings['model']} {run.options} {asked}"
        if key not in self._teachers:
            encoder = Encoder.load(run.settings["model"], run.options, device=self.device)
            objective, teacher = Objective(settings.loss, settings.temperature), load_teacher(encoder, settings)
            objective.check(encoder.dimension)
            check_teacher(objective.needs, encoder, teacher, sources)
            self._teachers[key] = teacher.identity["weights"] if teacher else ""
        return self._teachers[key]

    def sources(self, run: Run) -> list[Source]:
        key = f"{run.sources} {run.share}"
        if key not in self._sources:
            self._sources[key] = sources_of(run)
        return self._sources[key]

    def benchmark(self, name: str) -> None:
        """Refuse a benchmark that is unknown or cannot be read."""
        if name not in self._benchmarks:
            self._benchmarks[name] = load_benchmark(name)
            here = listed(self._benchmarks[name]).here
            if self.fetch or here == "here":
                _read_a_little(self._benchmarks[name])
            else:
                what = "the data is not all here" if here else "nobody knows whether the data is here"
                warnings.warn(f"{name}: {what}; the sweep downloads what is missing first", stacklevel=2)

    def final(self, name: str) -> None:
        """Refuse a benchmark of the end that is unknown; nothing of it is read."""
        self._final[name] = load_benchmark(name)
        if listed(self._final[name]).here == "no":
            warnings.warn(f"{name}: the data is not here; the sweep downloads it in the end", stacklevel=2)

    def check_unseen(self, ids: Iterable[str]) -> None:
        """Refuse to read questions of a benchmark of the end before it."""
        for name, benchmark in self._final.items():
            for one, other in product(sorted(ids), sorted(read_by(benchmark))):
                if _is_under(one, other) or _is_under(other, one):
                    raise UserError(
                        f"it reads {one}, and {name} is for the end alone, when all is chosen; take it out of 'final', "
                        "or put the run into a sweep of its own"
                    )


def _is_under(dataset_id: str, other: str) -> bool:
    """Whether all questions of an id are those of another one, by their names."""
    return any(f"{one}/".startswith(f"{other}/") for one in (dataset_id, whole_of(dataset_id.split("/")[0])))


def read_by(benchmark: Benchmark) -> set[str]:
    """The ir_datasets ids whose queries and judgements an evaluation reads; for all of a collection its name."""
    ids = {task.queries.dataset_id for task in benchmark.tasks}
    ids |= {one.dataset_id for task in benchmark.tasks for one in task.qrels}
    is_whole = not benchmark.scope and all(one.startswith(f"{benchmark.name}/") for one in ids)
    return {benchmark.name} if is_whole else ids


def sources_of(run: Run) -> list[Source]:
    """What a run is trained on."""
    return [part_of(source, run.share) for source in load_sources(run.sources)]


def _read_a_little(benchmark: Benchmark) -> None:
    """The first document, query and judgement of each view, so that what is missing is missed now."""
    for texts in (*map(documents, benchmark.doc_views), *map(query_texts, benchmark.query_views)):
        next(iter(texts), None)
    for dataset_id in sorted({qrels.dataset_id for task in benchmark.tasks for qrels in task.qrels}):
        with reading(dataset_id):
            next(iter(load_dataset(dataset_id).qrels_iter()), None)


def times(planned: Sequence[Planned], *, device: str | None = None) -> pd.DataFrame:
    """How long the runs of a sweep will take, by those that are done, or else by a look at a few batches and texts.

    Returns
    -------
    One row a run: ``run``, ``done`` (what of it is, in words), ``seconds`` (what is left; NaN where nobody knows). And
    one for each benchmark of the end: ``end``, ``chosen`` (how many runs will be scored on it) and ``seconds``, which
    are known once a run was, for it is not read for this.
    """
    clock = _Times(planned, device)
    rows: list[dict[str, Any]] = [
        {"run": one.run.name, "done": one.done, "seconds": clock.left(one)} for one in planned
    ]
    for name, runs in _of_the_end(planned).items():
        each = [clock.seen(run, name) for run in runs]
        seconds = None if None in each else sum(filter(None, each))
        rows.append({"end": name, "chosen": len(runs), "seconds": seconds})
    return pd.DataFrame(rows, columns=["run", "done", "end", "chosen", "seconds"]).astype({"seconds": float})


def _of_the_end(planned: Sequence[Planned]) -> dict[str, list[Run]]:
    """The runs that are left for each benchmark of the end; a candidate stands for what is not chosen yet."""
    by_name = {one.run.name: one for one in planned}

    def is_left(run: Run, benchmark: str) -> bool:
        return by_name[run.name].train or not by_name[run.name].is_scored(benchmark)

    found: defaultdict[str, list[Run]] = defaultdict(list)
    for final in dict.fromkeys(one.run.final for one in planned if one.run.final):
        choices = contests([one.run for one in planned if one.run.final == final], final)
        for name, candidates in product(final.evaluate, choices):
            left = [[run for run in one.runs if is_left(run, name)] for one in candidates]
            most = max(left, key=len)
            found[name] += most if all(left) else []  # one that has all of them was chosen before
    return {name: runs for name, runs in found.items() if runs}


@dataclass
class _Times:
    """How long the parts of runs take, in seconds; what no run in the output tells is measured once."""

    planned: Sequence[Planned]
    device: str | None
    _measured: dict[str, float | None] = field(default_factory=dict)

    def left(self, one: Planned) -> float | None:
        """The time that is left of a run; None where nobody knows."""
        parts = [self._evaluation(one.run, name) for name in one.evaluate]
        if one.train and one.run.trained:
            each = self._step(one.run)
            parts.append(None if each is None else one.run.training.steps * each)
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def _step(self, run: Run) -> float | None:
        for other in self.planned:
            record = other.folder / CHECKPOINT / RECORD
            if other.run.trained and not other.train and _cost(other.run) == _cost(run):
                seconds = read_json(record).get("seconds_per_step")
                if seconds is not None:
                    return float(seconds)
        return self._once(f"step {_cost(run)}", lambda: self._look_at_steps(run))

    def _evaluation(self, run: Run, name: str) -> float | None:
        found = self.seen(run, name)
        if found is not None:
            return found
        return self._once(f"evaluation {_reading(run)} {name}", lambda: self._look_at_texts(run, name))

    def seen(self, run: Run, name: str) -> float | None:
        """The time that a run with the same model took for a benchmark, if one did."""
        for other in self.planned:
            if _reading(other.run) == _reading(run) and (other.folder / NOTES).exists():
                found = read_json(other.folder / NOTES)["seconds"].get(place(name))
                if found is not None:
                    return float(found)
        return None

    def _once(self, key: str, measure: Callable[[], float | None]) -> float | None:
        if key not in self._measured:
            self._measured[key] = measure()
        return self._measured[key]

    def _look_at_steps(self, run: Run) -> float:
        encoder = Encoder.load(run.settings["model"], run.options, device=self.device)
        return seconds_of_step(encoder, batches_of(sources_of(run), run.training), run.training)

    def _look_at_texts(self, run: Run, name: str) -> float | None:
        benchmark = load_benchmark(name)
        views = [(view.dataset_id, "docs") for view in benchmark.doc_views]
        views += [(view.dataset_id, "queries") for view in benchmark.query_views]
        counts = [count_texts(load_dataset(dataset_id), side) for dataset_id, side in sorted(set(views))]
        if listed(benchmark).here != "here" or None in counts:
            return None
        encoder = Encoder.load(run.settings["model"], run.options, device=self.device)
        some = chain.from_iterable(islice(documents(view), _SAMPLE) for view in benchmark.doc_views[:1])
        texts = [text.text for text in some]
        began = time.monotonic()
        encoder.encode(texts, "passage")
        return (time.monotonic() - began) / len(texts) * sum(filter(None, counts))


def _reading(run: Run) -> tuple[Any, ...]:
    """What decides the time of an evaluation."""
    return tuple(run.settings.get(key) for key in ("model", "evaluation_precision", "max_length"))


def _cost(run: Run) -> dict[str, Any]:
    """What decides the time of a step."""
    settings = run.training
    batches = settings.batches
    several = "passages" not in strategy_kind(settings.strategy).ignored(batches)
    return {
        "model": run.settings["model"],
        "max_length": run.settings.get("max_length"),
        "batch": (batches.size, batches.passages if several else 1, batches.negatives),
        "losses": (sorted(settings.loss.weights), settings.loss.teacher),
        "compute": (settings.chunk_size, settings.precision, settings.lora_rank, settings.compile),
    }
