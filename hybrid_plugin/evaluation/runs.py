"""Run files that anyone made to scores."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any

from ir_measures import measures as irm

from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.asked import Asked, chosen, named, request_of
from hybrid_plugin.evaluation.original_ids import with_made_ids
from hybrid_plugin.evaluation.scores import PARTS, PER_QUERY, RUNS, Scores
from hybrid_plugin.evaluation.scoring import Scoring, measures_of, wanted
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.evaluation.strangers import place_of_query, strange_document, strange_query
from hybrid_plugin.files import SCORES, StrPath, scratch_folder
from hybrid_plugin.measures.values import has_ranks
from hybrid_plugin.outputs import REQUEST, file_checksum, folder_is_done, replace_parts, say_done
from hybrid_plugin.retrieval.rankings import LanguageMap
from hybrid_plugin.retrieval.runs.positions import rankings_of_run
from hybrid_plugin.retrieval.runs.reader import Run, read_run
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checksum import is_small
from hybrid_plugin.tasks.ids import query_ids
from hybrid_plugin.tasks.task import Task, View, run_name, told_languages
from hybrid_plugin.tasks.texts import count_documents, document_ids, documents, query_texts
from hybrid_plugin.versions import versions

_RUN = re.compile(r"\.(trec|run|res)\b")  # in the names of run files
_ENDING = re.compile(r"(\.(trec|run|res|txt|gz))+$")


def evaluate_runs(
    benchmark: Benchmark,
    source: StrPath,
    output: StrPath | None = None,
    asked: EvaluationSettings | None = None,
    *,
    depth: int | None = None,
    about: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    **changes: Any,
) -> Scores:
    """Score run files that anyone made. No text of a document is held; of published collections none is read.

    Parameters
    ----------
    source : a folder that holds a run file for each task, ``{docs}.{queries}.trec`` (or ``.trec.gz``), itself or in a
        folder ``runs``; or one run file, of the only task that is asked for, or of the queries of all languages on the
        pool.
    asked, changes : what is scored; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by
        name, such as ``measures=["AP", "nDCG@10"]``.
        By default the settings are those of which the folder has any run.
    depth : score rankings of so many documents; None scores them as they are.
    about : further facts for ``scores.json``; a ``request`` among them is what the scores are known by.
    overwrite : replace other scores in the output; the same are done at once.

    Raises
    ------
    UserError
        The folder lacks a task of a setting, or a run does not fit the benchmark; names the file and line or id.
    """
    source = Path(source)
    output = None if output is None else Path(output)
    asked = replace(asked or EvaluationSettings(), **changes)
    part = chosen(benchmark, asked)
    paths = _of_file(part, source, asked) if source.is_file() else _of_folder(part, source, asked)
    _say_other_task(benchmark.whole, source, paths)
    part = replace(part, tasks=tuple(paths))
    measures = measures_of(part, asked)
    request = (about or {}).get(REQUEST)
    if request is None:
        checksums = {path.name: file_checksum(path) for path in dict.fromkeys(paths.values())}
        request = request_of(part, measures, docs=False, depth=depth, runs=checksums)
    if output is not None and folder_is_done(output, SCORES, request, overwrite, PARTS):
        say_done(output)
        return Scores.load(output)
    scoring = Scoring(measures, depth)
    collection = _Collection(benchmark.whole)
    found: Asked | None = None  # the task before
    missing: dict[str, int] = {}
    cut: list[int] = []  # the longest ranking of each task whose rankings do not hold all documents
    renamed: dict[Path, str] = {}  # run files with original ids: an example of what was read as what
    for path, tasks in ((path, [*tasks]) for path, tasks in groupby(paths, key=paths.__getitem__)):
        run, example = with_made_ids(read_run(path), path, tasks, benchmark.whole.query_views, collection.doc_ids)
        if example:
            renamed[path] = example
        for task in tasks:
            found = Asked.load(task, found)
            longest, absent = _score(scoring, measures, found, run, path, collection, depth)
            if absent:
                missing[task.name] = absent
            size = collection.size(task)
            if size is None or longest < size - max(map(len, found.judgements.dropped.values()), default=0):
                cut.append(longest)
    scores = scoring.scores(
        part.tasks,
        {
            **named(part),
            "scope": part.scope,
            "encoder": None,
            "identity": None,
            "runs": str(source),
            "queries_missing": missing,
            "zero_shot": None,  # a run file does not say what its system was trained on
            "seed": None,
            "depth": max(cut, default=None),
            "versions": versions(),
            REQUEST: request,
            **(about or {}),
        },
    )
    if renamed:
        path, example = next(iter(renamed.items()))
        more = f", and {len(renamed) - 1} more run files" if len(renamed) > 1 else ""
        warnings.warn(f"{path.name} has the original ids; read {example}{more}", stacklevel=2)
    if missing:
        first = next(iter(missing))
        warnings.warn(
            f"{sum(missing.values())} of {len(scores.per_query)} rankings are missing in {source} and count as having "
            f"found nothing, {missing[first]} of them in {first}; 'queries_missing' in {SCORES} lists all",
            stacklevel=2,
        )
    if output is not None:
        kept = {output.resolve(), (output / RUNS).resolve()} & {source.resolve(), source.resolve().parent}
        with scratch_folder(output.parent, output.name) as scratch:
            scores.save(scratch)
            replace_parts(scratch, output, SCORES, (PER_QUERY,) if kept else PARTS)
    return scores


def _score(
    scoring: Scoring,
    measures: Sequence[irm.Measure],
    asked: Asked,
    run: Run,
    path: Path,
    collection: _Collection,
    depth: int | None,
) -> tuple[int, int]:
    """Score the rankings of a task in a run: the longest of them, and how many are missing."""
    task, grades = asked.task, asked.judgements.by_query
    collection.check(run, asked, path)
    run = run.without(asked.judgements.dropped)
    query_ids = [one for one in asked.queries if one in grades] + asked.missing
    lengths = [len(run.rankings[one][0]) for one in query_ids if one in run.rankings]
    if not lengths:
        raise collection.no_query(run, asked, path)
    found = wanted(measures, task, depth)
    lists = 0 if all(map(has_ranks, measures)) else found.lists
    known = None
    if found.languages is not None:
        named = {*run.doc_ids, *(doc_id for judged in grades.values() for doc_id, grade in judged.items() if grade)}
        asking = {
            one: shared.lang for one, shared in zip(query_ids, asked.shared(query_ids), strict=True) if shared.lang
        }
        known = LanguageMap(collection.languages(task, named), asking, found.languages)
    scoring.add(asked, rankings_of_run(run, query_ids, grades, lists, known), collection.size(task))
    return min(max(lengths), depth or max(lengths)), len(query_ids) - len(lengths)


class _Collection:
    """What is known of a benchmark's documents and queries without holding a text; read where it is needed."""

    def __init__(self, benchmark: Benchmark):
        self._benchmark = benchmark
        self._ids: dict[View, dict[str, str | None] | None] = {}  # document id -> language

    def size(self, task: Task) -> int | None:
        """How many documents a task ranks; None where nobody knows."""
        counts = [count_documents(view) for view in task.docs]
        return None if None in counts else sum(count for count in counts if count is not None)

    def check(self, run: Run, asked: Asked, path: Path) -> None:
        """Refuse a run that names a query or document which the benchmark does not have.

        Raises
        ------
        UserError
            Names the id.
        """
        strange = next((one for one in run.rankings if one not in asked.queries), None)
        if strange is not None:
            known = {*asked.judgements.by_query}.union(*map(query_ids, self._benchmark.query_views))
            strange = next((one for one in run.rankings if one not in known), None)
        if strange is not None:
            raise strange_query(path, strange, asked.task, self._benchmark)
        ids = [found for view in asked.task.docs if (found := self.doc_ids(view)) is not None]
        if len(ids) == len(asked.task.docs):
            for doc_id in run.doc_ids:
                if not any(doc_id in one for one in ids):
                    raise strange_document(path, doc_id, asked.task, self._benchmark, self.doc_ids)
        else:
            judged = {doc_id for grades in asked.judgements.by_query.values() for doc_id in grades}
            if judged.isdisjoint(run.doc_ids):
                warnings.warn(
                    f"{path} has none of the judged documents of {asked.task.name}: are its document ids those of the "
                    f"task, such as '{next(iter(judged))}'?",
                    stacklevel=4,
                )

    def no_query(self, run: Run, asked: Asked, path: Path) -> UserError:
        """The error that a run has no judged query of a task, only others of the benchmark."""
        whose, first = self._benchmark.address(asked.task), next(iter(run.rankings))
        place = "" if first in asked.queries else place_of_query(first, self._benchmark)
        said = f"'{first}' is a query of {place}" if place else f"'{first}' is not judged there"
        return UserError(
            f"{path} has no query of {whose}, {said}; narrow the evaluation with --tasks or --languages if that is as "
            "it should be"
        )

    def languages(self, task: Task, named: set[str]) -> dict[str, str]:
        """The languages of some documents of a task."""
        found: dict[str, str | None] = {**dict.fromkeys(named), **told_languages(task.docs, named)}
        for view in task.docs:
            ids = self.doc_ids(view)
            if ids is not None:
                found |= {doc_id: ids[doc_id] for doc_id in named & ids.keys()}
            elif any(lang is None for lang in found.values()):
                found |= {doc_id: lang for doc_id, lang in _ids(view) if doc_id in named}
        return {doc_id: lang for doc_id, lang in found.items() if lang}

    def doc_ids(self, view: View) -> dict[str, str | None] | None:
        """The ids of a view's documents and their languages; None of what is large or must be downloaded for that."""
        if view not in self._ids:
            self._ids[view] = dict(_ids(view)) if is_small(view.dataset_id, "docs") else None
        return self._ids[view]


def _ids(view: View) -> Iterator[tuple[str, str | None]]:
    """The ids and languages of a view's documents."""
    if view.lang:
        return ((doc_id, view.lang) for doc_id in document_ids(view))
    return ((text.id, text.lang) for text in documents(view))


def _say_other_task(benchmark: Benchmark, source: Path, scored: Collection[Task]) -> None:
    """Warn of a run file that is called after a task which it is not scored on."""
    other = next((one for one in benchmark.tasks if run_name(one) == source.name.removesuffix(".gz")), None)
    if source.is_file() and other is not None and other not in scored:
        names = ", ".join(task.name for task in scored)
        warnings.warn(f"{source} is called after the task {other.name}, and scored on {names}", stacklevel=3)


def _of_file(benchmark: Benchmark, path: Path, asked: EvaluationSettings) -> dict[Task, Path]:
    """The tasks that one run file is scored on."""
    if len(benchmark.tasks) == 1:
        return {benchmark.tasks[0]: path}
    tasks = [task for task in benchmark.tasks if task.setting == "multi"]
    if not tasks or (asked.settings and len(tasks) < len(benchmark.tasks)):
        raise UserError(
            f"one run file of {benchmark.name} is a run on the pool, so of the setting 'multi'; for another, name the "
            f"task it is a run of, such as {benchmark.address(benchmark.tasks[0])}"
        )
    queries = [text.id for view in dict.fromkeys(task.queries for task in tasks) for text in query_texts(view)]
    if len(set(queries)) < len(queries):
        raise UserError(
            f"several tasks of {benchmark.name} have the same query ids, so one run file cannot be of all; name the "
            f"task it is a run of, such as {benchmark.address(tasks[0])}"
        )
    return dict.fromkeys(tasks, path)


def _of_folder(benchmark: Benchmark, folder: Path, asked: EvaluationSettings) -> dict[Task, Path]:
    """The run file of each task; without a choice of settings or tasks, of the settings that have any."""
    place = folder / RUNS if (folder / RUNS).is_dir() else folder
    if not place.is_dir():
        raise UserError(f"there is no folder or run file '{folder}'")
    paths = {task: run_path(place, task) for task in benchmark.tasks}
    found = {task.setting for task, path in paths.items() if path is not None}
    strays = _strays(place, benchmark.whole)
    if not found:
        meant = next((task for task in benchmark.tasks if task in strays.values()), benchmark.tasks[0])
        held = f"; it holds {', '.join(sorted(strays)[:3])}" if strays else ""
        raise UserError(
            f"{place} has no run file of {benchmark.name}, such as {run_name(meant)}{_misnamed(meant, strays) or held}"
        )
    result = {}
    for task, path in paths.items():
        if path is not None:
            result[task] = path
        elif asked.settings or asked.tasks or task.setting in found:
            raise UserError(
                f"{place} has no {run_name(task)}, which the setting '{task.setting}' needs{_misnamed(task, strays)}; "
                "narrow the evaluation with --settings, --languages or --tasks"
            )
    passed = [name for name, meant in strays.items() if meant is None or meant in benchmark.tasks]
    if passed:
        warnings.warn(
            f"passed over in {place}, since no task of {benchmark.name} has a run file of that name: "
            f"{', '.join(passed)}; they are called DOCUMENTS.QUERIES.trec, such as {run_name(benchmark.tasks[0])}",
            stacklevel=3,
        )
    return result


def _strays(folder: Path, benchmark: Benchmark) -> dict[str, Task | None]:
    """Files that look like runs and are called after no task of a benchmark, each with the task that may be meant."""
    tasks = {_ENDING.sub("", run_name(task)): task for task in benchmark.tasks}
    endings = ("", ".gz", ".json", ".gz.json")  # the latter say what a run is of
    own = {f"{run_name(task)}{ending}" for task in benchmark.tasks for ending in endings}
    found: dict[str, Task | None] = {}
    for name in sorted(path.name for path in folder.iterdir() if path.is_file() and path.name not in own):
        near = get_close_matches(_ENDING.sub("", name), tasks, n=1, cutoff=0.75)
        if near or _RUN.search(name):
            found[name] = tasks[near[0]] if near else None
    return found


def _misnamed(task: Task, strays: Mapping[str, Task | None]) -> str:
    """That one of some files is probably the run file of a task, as the end of a sentence; empty if none is."""
    near = next((name for name, meant in strays.items() if meant == task), None)
    return f"; there is {near}: if it is that run, call it {run_name(task)}" if near else ""


def run_path(folder: Path, task: Task) -> Path | None:
    """The run file of a task in a folder, packed or not; None if there is none."""
    candidates = (folder / run_name(task), folder / f"{run_name(task)}.gz")
    return next((path for path in candidates if path.is_file()), None)
