"""What a sweep will do, and whether it can: looked at whole before the first run starts."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd

from datasets_ext.errors import CollectionError
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import SCORES, SWEEP_RUN, StrPath, check_output, read_json
from hybrid_plugin.outputs import OVERWRITE, difference
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.listing import listed
from hybrid_plugin.tasks.named import load_benchmark, load_dataset
from hybrid_plugin.tasks.reading import reading
from hybrid_plugin.tasks.texts import count_texts, documents, query_texts
from hybrid_plugin.training.arguments import check_adapters, trainer_arguments
from hybrid_plugin.training.grid import Run, place
from hybrid_plugin.training.idle import say_idle
from hybrid_plugin.training.sources.named import load_sources
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import part_of
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
    made_from : checksums of the model and the sources.
    train : whether its training is still to do.
    evaluate : the benchmarks on which its evaluation is.
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
        finished = ["trained"] if self.run.trained and not self.train else []
        return ", ".join([*finished, *(one for one in self.run.benchmarks if one not in self.evaluate)])


def plan(
    runs: Sequence[Run], output: StrPath, *, device: str | None = None, overwrite: bool = False, fetch: bool = True
) -> list[Planned]:
    """Look at every run of a sweep: models load, sources fill their batches, benchmarks can be read.

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
    check_output(output, None, ("runs", TABLE))
    materials = _Materials(device, fetch)
    planned = []
    for run in runs:
        with _named(run):
            planned.append(_planned(run, output / "runs" / run.name, materials, overwrite))
    return planned


def _planned(run: Run, folder: Path, materials: _Materials, overwrite: bool) -> Planned:
    made_from: dict[str, Any] = {"model": materials.weights(run)}
    for name in run.benchmarks:
        materials.benchmark(name)
    if run.trained:
        settings = run.training
        on_gpu = materials.on_gpu(run)
        trainer_arguments(settings, on_gpu, folder)
        check_adapters(settings.lora_rank)
        sources = materials.sources(run)
        batches_of(sources, settings)
        say_idle(settings, sources)
        made_from["source"] = [source.known_by for source in sources]
    differs = _difference(run, folder, made_from)
    if differs and not overwrite:
        raise UserError(f"{folder} holds a run of this name with other settings ({differs}); {OVERWRITE}")
    done = [name for name in run.benchmarks if not differs and (folder / place(name) / SCORES).exists()]
    train = run.trained and (bool(differs) or not (folder / CHECKPOINT / RECORD).exists())
    return Planned(run, folder, made_from, train, [one for one in run.benchmarks if one not in done], differs)


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
    _sources: dict[str, list[Source]] = field(default_factory=dict)
    _benchmarks: dict[str, Benchmark] = field(default_factory=dict)

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
    One row a run: ``run``, ``done`` (what of it is, in words), ``seconds`` (what is left; NaN where nobody knows).
    """
    clock = _Times(planned, device)
    rows = [{"run": one.run.name, "done": one.done, "seconds": clock.left(one)} for one in planned]
    return pd.DataFrame(rows).astype({"seconds": float})


@dataclass
class _Times:
    """How long the parts of runs take, in seconds; what no run in the output tells is measured once."""

    planned: Sequence[Planned]
    device: str | None
    _measured: dict[str, float | None] = field(default_factory=dict)

    def left(self, one: Planned) -> float | None:
        """The time that is left of a run; None where nobody knows."""
        parts = [self._evaluation(one.run, name) for name in one.evaluate]
        if one.train:
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
        key = (run.settings["model"], run.settings.get("evaluation_precision"), run.settings.get("max_length"))
        for other in self.planned:
            theirs = tuple(other.run.settings.get(one) for one in ("model", "evaluation_precision", "max_length"))
            if theirs == key and (other.folder / NOTES).exists():
                found = read_json(other.folder / NOTES)["seconds"].get(place(name))
                if found is not None:
                    return float(found)
        return self._once(f"evaluation {key} {name}", lambda: self._look_at_texts(run, name))

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


def _cost(run: Run) -> dict[str, Any]:
    """What decides the time of a step."""
    settings = run.training
    return {
        "model": run.settings["model"],
        "max_length": run.settings.get("max_length"),
        "batch": (settings.batches.size, settings.batches.negatives),
        "compute": (settings.chunk_size, settings.precision, settings.lora_rank, settings.compile),
    }
