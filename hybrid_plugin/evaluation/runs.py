"""Run files that anyone made to scores."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from datasets_ext import MULTI
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.scores import PER_QUERY, RUNS, Scores
from hybrid_plugin.evaluation.scoring import parsed_measures, scores_of
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import SCORES, check_output
from hybrid_plugin.measures.named import DEFAULT_MEASURES
from hybrid_plugin.measures.values import languages_needed
from hybrid_plugin.retrieval.ranks import Ranks
from hybrid_plugin.retrieval.runs.positions import LanguageMap, ranks_of_run
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.tasks.benchmark import SETTINGS, Benchmark, Pair
from hybrid_plugin.tasks.task import Task, run_name
from hybrid_plugin.versions import versions


def evaluate_runs(
    benchmark: Benchmark,
    source: Path,
    output: Path | None = None,
    asked: EvaluationSettings | None = None,
    *,
    pair: Pair | None = None,
    depth: int | None = None,
    about: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Scores:
    """Score run files that anyone made.

    Parameters
    ----------
    source : a folder that holds ``{docs}.{queries}.trec`` (or ``.trec.gz``) for each pair, itself or in a folder
        ``runs``; or one run file, of the queries of all languages on the pool or of ``pair``.
    asked, changes : what is scored; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by
        name, such as ``measures=["AP", "nDCG@10"]``.
        By default the settings are those of which the folder has any run.
    pair : what a single run file is a run of, if not of the pool.
    depth : score rankings of so many documents; None scores them as they are.
    about : further facts for ``scores.json``.

    Raises
    ------
    UserError
        The folder lacks a pair of a setting, or a run does not fit the benchmark; names the file and line or id.
    """
    asked = replace(asked or EvaluationSettings(), **changes)
    settings, languages = asked.settings or None, asked.languages or None
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    if source.is_file():
        paths = _pairs_of_file(benchmark, source, pair, settings, languages)
    elif pair is not None:
        raise UserError(f"{source} is not a file; {benchmark.dataset_id(pair)} is scored on one run file")
    else:
        paths = _pairs_of_folder(benchmark, source, settings, languages)
    parsed = parsed_measures(asked.measures or DEFAULT_MEASURES, benchmark, list(paths))
    task = Task.load(benchmark)
    ranks = dict(_ranked(task, paths, languages_needed(parsed, depth)))
    absent = {pair: int((found.retrieved == 0).sum()) for pair, found in ranks.items()}
    missing = {f"{pair.docs}/{pair.queries}": number for pair, number in absent.items() if number}
    cut = {pair: found.at_depth(depth) for pair, found in ranks.items()}
    longest = {pair: int(found.retrieved.max()) for pair, found in cut.items()}
    scores = scores_of(
        cut,
        parsed,
        {
            "benchmark": benchmark.name,
            "encoder": None,
            "runs": str(source),
            "queries_missing": missing,
            "zero_shot": None,  # a run file does not say what its system was trained on
            "seed": None,
            # the longest of those rankings that do not hold all documents
            "depth": max((n for pair, n in longest.items() if n < len(task.docs_of(pair))), default=None),
            "versions": versions(),
            **(about or {}),
        },
    )
    if missing:
        first = next(iter(missing))
        warnings.warn(
            f"{sum(missing.values())} of {len(scores.per_query)} rankings are missing in {source} and count as having "
            f"found nothing, {missing[first]} of them in {first}; 'queries_missing' in {SCORES} lists all",
            stacklevel=2,
        )
    if output is not None:
        scores.save(output)
    return scores


def _ranked(task: Task, paths: Mapping[Pair, Path], languages: int | None) -> Iterator[tuple[Pair, Ranks]]:
    """The ranks of each pair in its run file, of which one is in memory at a time.

    Parameters
    ----------
    languages : of how many first documents of the pool to know the languages, if of any.
    """
    language_of = {doc.id: lang for lang, docs in task.docs.items() for doc in docs}
    asked = {query.id: lang for lang, queries in task.queries.items() for query in queries}
    for path, pairs in groupby(paths, key=paths.__getitem__):
        run = read_run(path)
        for pair in pairs:
            documents = {doc.id for doc in task.docs_of(pair)}
            known = LanguageMap(language_of, asked, languages) if languages is not None and pair.docs == MULTI else None
            ranks = ranks_of_run(run, task.relevant_of(pair), documents, path, asked, known)
            if not ranks.retrieved.any():
                raise UserError(
                    f"{path} has no query of {task.benchmark.dataset_id(pair)}; "
                    "narrow the evaluation with --languages if that is as it should be"
                )
            yield pair, ranks


def _pairs_of_file(
    benchmark: Benchmark,
    path: Path,
    pair: Pair | None,
    settings: Sequence[str] | None,
    languages: Sequence[str] | None,
) -> dict[Pair, Path]:
    if pair is None:
        pairs = benchmark.pairs(settings or ("multi",), languages)
    elif settings or languages:
        raise UserError(f"{benchmark.dataset_id(pair)} is one pair; it takes neither settings nor languages")
    else:
        pairs = [pair]
    if pair is None and any(pair.docs != MULTI for pair in pairs):
        raise UserError(
            f"one run file of {benchmark.name} is a run on the pool, so of the setting 'multi'; for another, name the "
            f"pair it is a run of, such as {benchmark.dataset_id(pairs[0])}"
        )
    return dict.fromkeys(pairs, path)


def _pairs_of_folder(
    benchmark: Benchmark, folder: Path, settings: Sequence[str] | None, languages: Sequence[str] | None
) -> dict[Pair, Path]:
    place = folder / RUNS if (folder / RUNS).is_dir() else folder
    if not place.is_dir():
        raise UserError(f"there is no folder or run file '{folder}'")
    pairs = benchmark.pairs(settings or SETTINGS, languages)
    paths = {pair: _run_path(place, pair) for pair in pairs}
    if settings is None:
        found = {pair.setting for pair, path in paths.items() if path is not None}
        pairs = [pair for pair in pairs if pair.setting in found]
    if not pairs:
        raise UserError(f"{place} has no run file of {benchmark.name}, such as {run_name(benchmark.pairs()[0])}")
    result = {}
    for pair in pairs:
        path = paths[pair]
        if path is None:
            raise UserError(
                f"{place} has no {run_name(pair)}, which the setting '{pair.setting}' needs; "
                "narrow the evaluation with --settings or --languages"
            )
        result[pair] = path
    return result


def _run_path(folder: Path, pair: Pair) -> Path | None:
    candidates = (folder / run_name(pair), folder / f"{run_name(pair)}.gz")
    return next((path for path in candidates if path.is_file()), None)
