"""A benchmark and an encoder (or run files) to scores: per query, per pair of languages, per setting."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets_ext import MULTI
from hybrid_plugin.benchmarks import SETTINGS, Benchmark, Pair, load_dataset
from hybrid_plugin.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, whole_file, write_json
from hybrid_plugin.measures import DEFAULT_MEASURES, from_ranks, languages_needed, parse_measures, pool_only
from hybrid_plugin.ranking import Pool, PositionCounter, Ranks, top
from hybrid_plugin.runs import DEFAULT_DEPTH, LanguageMap, RunWriter, ranks_of_run, read_run, run_writer
from hybrid_plugin.vectors import Text, Vectors, encode_texts, read_vectors
from hybrid_plugin.versions import versions

SCORES = "scores.json"
PER_QUERY = "per_query.parquet"
RUNS = "runs"


@dataclass(frozen=True)
class Task:
    """What a benchmark asks: its queries, its documents, and which answer which."""

    benchmark: Benchmark
    docs: dict[str, list[Text]]  # by language
    queries: dict[str, list[Text]]  # by language
    relevant: dict[str, list[str]]  # query id -> ids of its relevant documents, of all languages

    @classmethod
    def load(cls, benchmark: Benchmark) -> Task:
        """Read a benchmark through ir_datasets."""
        dataset = load_dataset(benchmark.name)
        docs: dict[str, list[Text]] = {lang: [] for lang in benchmark.languages}
        for doc in dataset.docs_iter():
            docs[doc.lang].append(Text(doc.doc_id, doc.default_text(), doc.lang))
        queries: dict[str, list[Text]] = {lang: [] for lang in benchmark.languages}
        for query in dataset.queries_iter():
            queries[query.lang].append(Text(query.query_id, query.default_text(), query.lang))
        relevant: dict[str, list[str]] = {}
        for qrel in dataset.qrels_iter():
            if qrel.relevance > 0:
                relevant.setdefault(qrel.query_id, []).append(qrel.doc_id)
        return cls(benchmark, docs, queries, relevant)

    def relevant_of(self, pair: Pair) -> dict[str, list[str]]:
        """Relevance of one pair: the queries with a relevant document among its documents."""
        result = {}
        members = None if pair.docs == MULTI else {doc.id for doc in self.docs[pair.docs]}
        for query in self.queries[pair.queries]:
            found = self.relevant.get(query.id, [])
            if members is not None:
                found = [doc_id for doc_id in found if doc_id in members]
            if found:
                result[query.id] = found
        return result


@dataclass(frozen=True)
class Scores:
    """The result of an evaluation.

    Parameters
    ----------
    per_query : one row a query and pair: ``docs``, ``queries``, ``setting``, ``query_id`` and a column a measure, with
        NaN where the measure is not defined (those of language bias in the settings mono and cross, RankDistance where
        nothing relevant is found).
    about : what was evaluated and how: the head of ``scores.json``.
    """

    per_query: pd.DataFrame
    measures: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def pairs(self) -> pd.DataFrame:
        """Means over the queries of each pair of languages, with ``queries_scored``."""
        groups = self.per_query.groupby(["docs", "queries", "setting"], sort=False)
        means = groups[list(self.measures)].mean()
        means.insert(0, "queries_scored", groups.size())
        return means.reset_index()

    @property
    def settings(self) -> dict[str, dict[str, float]]:
        """Macro averages: over languages in mono and multi, over ordered pairs of languages in cross."""
        means = self.pairs.groupby("setting", sort=False)[list(self.measures)].mean()
        return {str(setting): _defined(row.to_dict()) for setting, row in means.iterrows()}

    @property
    def undefined(self) -> dict[str, dict[str, int]]:
        """By setting, of the measures that have a figure there: over how many queries it is not, having no value."""
        counts = self.per_query[list(self.measures)].isna().groupby(self.per_query["setting"], sort=False).sum()
        found = {
            setting: {name: int(counts.loc[setting, name]) for name in figures if counts.loc[setting, name]}
            for setting, figures in self.settings.items()
        }
        return {setting: numbers for setting, numbers in found.items() if numbers}

    def as_json(self) -> dict[str, Any]:
        """The contents of ``scores.json``."""
        pairs = [_defined(pair) for pair in self.pairs.to_dict(orient="records")]
        return {**self.about, "settings": self.settings, "queries_undefined": self.undefined, "pairs": pairs}

    def save(self, folder: Path) -> None:
        """Write ``scores.json`` and ``per_query.parquet``."""
        with whole_file(folder / PER_QUERY, "wb") as file:
            self.per_query.to_parquet(file, index=False)
        write_json(folder / SCORES, self.as_json())


def _defined(values: dict[Any, Any]) -> dict[str, Any]:
    """Those that are not NaN."""
    return {str(name): value for name, value in values.items() if not pd.isna(value)}


def evaluate(
    benchmark: Benchmark,
    encoder: Encoder,
    output: Path | None = None,
    *,
    settings: Sequence[str] = SETTINGS,
    languages: Sequence[str] | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int | None = None,
    runs: bool = False,
    runs_depth: int | None = DEFAULT_DEPTH,
    vectors: Path | None = None,
    batch_size: int | None = None,
    progress: bool = False,
) -> Scores:
    """Score an encoder in the three settings; each language's texts are encoded once.

    Parameters
    ----------
    output : gets ``scores.json`` and ``per_query.parquet``, and with ``runs`` a folder ``runs``.
    settings, languages : narrow the pairs, see :meth:`Benchmark.pairs`.
    measures : names as ir_measures has them; ``all`` stands for every measure there is.
    depth : score rankings of so many documents; None scores the full ranking.
    runs : also write a run file a pair, ``runs/{docs}.{queries}.trec``.
    runs_depth : documents a query in the run files; None writes all.
    vectors : take the encoder's vectors of the benchmark from this folder, see :func:`stored_vectors`.

    Raises
    ------
    UserError
        A setting, language or measure is unknown, or the output folder is not ours.

    Examples
    --------
    >>> scores = evaluate(load_benchmark("xquad-r"), Encoder.load("out"), Path("scores"))   # doctest: +SKIP
    >>> scores.settings["multi"]["AP"]                                                      # doctest: +SKIP
    """
    pairs = benchmark.pairs(settings, languages)
    _parsed(measures, benchmark, pairs)  # complain before the minutes that encoding may take
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    task = Task.load(benchmark)
    transform = None
    if encoder.transform is not None:
        scored = {*document_languages(benchmark, pairs), *(pair.queries for pair in pairs)}
        transform = encoder.transform.against(benchmark.name, scored)
    if vectors is None:
        docs = {
            lang: encode_texts(encoder, task.docs[lang], "passage", batch_size=batch_size, progress=progress)
            for lang in document_languages(benchmark, pairs)
        }
        queries = {
            lang: encode_texts(encoder, task.queries[lang], "query", batch_size=batch_size, progress=progress)
            for lang in dict.fromkeys(pair.queries for pair in pairs)
        }
    else:
        docs, queries = stored_vectors(task, vectors)
    trained_on = sorted({source["name"] for source in encoder.record.get("sources", [])})
    about = {
        "benchmark": benchmark.name,
        "encoder": encoder.name,
        "encoder_settings": {key: encoder.record.get(key) for key in ("base_model", "strategy", "alpha")}
        | vars(encoder.settings)
        | {"precision": encoder.precision, "transform": transform},
        "zero_shot": benchmark.name not in trained_on,
        "trained_on": trained_on,
        "languages_trained_on": encoder.record.get("languages", []),
        "seed": encoder.record.get("seed"),
        "depth": depth,
        "runs_depth": (runs_depth if runs else None),
        "versions": versions(),
    }
    run_folder = output / RUNS if output is not None and runs else None
    result = evaluate_vectors(
        task,
        docs,
        queries,
        pairs,
        measures=measures,
        depth=depth,
        run_folder=run_folder,
        runs_depth=runs_depth,
        about=about,
    )
    if output is not None:
        result.save(output)
    return result


def document_languages(benchmark: Benchmark, pairs: Sequence[Pair]) -> list[str]:
    """The languages of the documents that some pairs rank."""
    wanted = {pair.docs for pair in pairs}
    return [lang for lang in benchmark.languages if MULTI in wanted or lang in wanted]


def stored_vectors(task: Task, folder: Path) -> tuple[dict[str, Vectors], dict[str, Vectors]]:
    """Documents and queries by language, from the folder that ``hybrid-ir encode BENCHMARK`` wrote.

    Raises
    ------
    UserError
        The folder holds no vectors, or lacks one of the benchmark's documents or queries; names it.
    """
    sides = []
    for name, texts in (("docs", task.docs), ("queries", task.queries)):
        vectors = read_vectors(folder / name)
        row = {text_id: i for i, text_id in enumerate(vectors.ids)}
        missing = next((text.id for found in texts.values() for text in found if text.id not in row), None)
        if missing is not None:
            raise UserError(f"{folder / name} has no vector of '{missing}'")
        sides.append(
            {
                lang: Vectors([text.id for text in found], vectors.matrix[[row[text.id] for text in found]])
                for lang, found in texts.items()
            }
        )
    return sides[0], sides[1]


def evaluate_vectors(
    task: Task,
    docs: Mapping[str, Vectors],
    queries: Mapping[str, Vectors],
    pairs: Sequence[Pair],
    *,
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int | None = None,
    run_folder: Path | None = None,
    runs_depth: int | None = DEFAULT_DEPTH,
    about: dict[str, Any] | None = None,
) -> Scores:
    """Score vectors in memory: one matrix product a query language serves all of its pairs.

    Parameters
    ----------
    docs, queries : unit vectors by language.
    run_folder : where to write run files, if anywhere.
    """
    parsed = _parsed(measures, task.benchmark, pairs)
    known = languages_needed(parsed, depth)
    pool = Pool(
        Vectors(
            [i for vectors in docs.values() for i in vectors.ids], np.concatenate([v.matrix for v in docs.values()])
        ),
        [lang for lang, vectors in docs.items() for _ in vectors.ids],
    )
    ranks: dict[Pair, Ranks] = {}
    for lang in dict.fromkeys(pair.queries for pair in pairs):
        own = {pair.docs: pair for pair in pairs if pair.queries == lang}
        relevant = task.relevant_of(Pair(MULTI, lang, "multi"))
        groups = [name for name in own if name != MULTI]
        counter = PositionCounter(pool, relevant, groups, MULTI in own, "" if known is None else lang, known or 0)
        with ExitStack() as stack:
            writers = _open_runs(stack, task, own.values(), run_folder)
            for rows, scores in pool.scores(queries[lang]):
                ids = [queries[lang].ids[row] for row in rows]
                counter.add(ids, scores)
                for pair, (writer, asked) in writers.items():
                    columns = pool.whole if pair.docs == MULTI else pool.members[pair.docs]
                    _write_runs(writer, pool, ids, scores, columns, asked, runs_depth)
        for name, pair in own.items():
            ranks[pair] = counter.ranks(None if name == MULTI else name)
    return _scores(((pair, ranks[pair].at_depth(depth)) for pair in pairs), parsed, about or {})


def _open_runs(
    stack: ExitStack, task: Task, pairs: Iterable[Pair], folder: Path | None
) -> dict[Pair, tuple[RunWriter, set[str]]]:
    if folder is None:
        return {}
    return {
        pair: (
            stack.enter_context(run_writer(folder / run_name(pair))),
            set(task.relevant_of(pair)),
        )
        for pair in pairs
    }


def _write_runs(
    writer: RunWriter,
    pool: Pool,
    ids: Sequence[str],
    scores: np.ndarray,
    columns: slice | np.ndarray,
    asked: set[str],
    depth: int | None,
) -> None:
    chosen = [
        (query_id, row, top(row, columns, depth))
        for query_id, row in zip(ids, scores, strict=True)
        if query_id in asked
    ]
    if chosen:
        writer.add(
            [i for i, _, _ in chosen], [pool.ids[best] for _, _, best in chosen], [row[best] for _, row, best in chosen]
        )


def _parsed(names: Sequence[str], benchmark: Benchmark, pairs: Sequence[Pair]) -> list[Any]:
    """The measures that some of the pairs have a value for."""
    measures = parse_measures(names, benchmark.languages)
    if any(pair.docs == MULTI for pair in pairs):
        return measures
    found = [measure for measure in measures if not pool_only(measure)]
    if not found:
        raise UserError(f"{', '.join(map(str, measures))} compare languages on the pool: score the setting 'multi'")
    return found


def _scores(ranked: Iterable[tuple[Pair, Ranks]], measures: Sequence[Any], about: dict[str, Any]) -> Scores:
    frames = []
    for pair, ranks in ranked:
        columns: dict[str, Any] = {
            "docs": pair.docs,
            "queries": pair.queries,
            "setting": pair.setting,
            "query_id": ranks.query_ids,
        }
        for measure in measures:
            columns[str(measure)] = from_ranks(measure, ranks) if _says(measure, pair) else np.nan
        frames.append(pd.DataFrame(columns))
    return Scores(pd.concat(frames, ignore_index=True), tuple(map(str, measures)), about)


def _says(measure: Any, pair: Pair) -> bool:
    return pair.docs == MULTI or not pool_only(measure)


def evaluate_runs(
    benchmark: Benchmark,
    source: Path,
    output: Path | None = None,
    *,
    pair: Pair | None = None,
    settings: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int | None = None,
    about: Mapping[str, Any] | None = None,
) -> Scores:
    """Score run files that anyone made.

    Parameters
    ----------
    source : a folder that holds ``{docs}.{queries}.trec`` (or ``.trec.gz``) for each pair, itself or in a folder
        ``runs``; or one run file, of the queries of all languages on the pool or of ``pair``.
    pair : what a single run file is a run of, if not of the pool.
    settings : by default those of which the folder has any run.
    about : further facts for ``scores.json``.

    Raises
    ------
    UserError
        The folder lacks a pair of a setting, or a run does not fit the benchmark; names the file and line or id.
    """
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    if source.is_file():
        paths = _pairs_of_file(benchmark, source, pair, settings, languages)
    elif pair is not None:
        raise UserError(f"{source} is not a file; {benchmark.dataset_id(pair)} is scored on one run file")
    else:
        paths = _pairs_of_folder(benchmark, source, settings, languages)
    parsed = _parsed(measures, benchmark, list(paths))
    known = languages_needed(parsed, depth)
    task = Task.load(benchmark)
    by_lang = {lang: {doc.id for doc in docs} for lang, docs in task.docs.items()}
    everything = set().union(*by_lang.values())
    asked = {query.id: lang for lang, queries in task.queries.items() for query in queries}
    languages_of = {doc.id: lang for lang, docs in task.docs.items() for doc in docs}
    missing: dict[str, int] = {}
    truncated: list[int] = []  # the longest ranking of each pair of which none holds all documents

    def ranked() -> Iterator[tuple[Pair, Ranks]]:
        for path, pairs in groupby(paths, key=paths.__getitem__):
            run = read_run(path)
            for pair in pairs:
                documents = everything if pair.docs == MULTI else by_lang[pair.docs]
                languages = (
                    LanguageMap(languages_of, asked, known) if known is not None and pair.docs == MULTI else None
                )
                ranks = ranks_of_run(run, task.relevant_of(pair), documents, path, asked, languages)
                absent = int((ranks.retrieved == 0).sum())
                if absent == len(ranks.query_ids):
                    raise UserError(
                        f"{path} has no query of {benchmark.dataset_id(pair)}; "
                        "narrow the evaluation with --languages if that is as it should be"
                    )
                if absent:
                    missing[f"{pair.docs}/{pair.queries}"] = absent
                cut = ranks.at_depth(depth)
                longest = int(cut.retrieved.max())
                if longest < len(documents):
                    truncated.append(longest)
                yield pair, cut

    result = replace(
        _scores(ranked(), parsed, {}),
        about={
            "benchmark": benchmark.name,
            "encoder": None,
            "runs": str(source),
            "queries_missing": missing,
            "zero_shot": None,  # a run file does not say what its system was trained on
            "seed": None,
            "depth": max(truncated, default=None),
            "versions": versions(),
            **(about or {}),
        },
    )
    if missing:
        first = next(iter(missing))
        warnings.warn(
            f"{sum(missing.values())} of {len(result.per_query)} rankings are missing in {source} and count as having "
            f"found nothing, {missing[first]} of them in {first}; 'queries_missing' in {SCORES} lists all",
            stacklevel=2,
        )
    if output is not None:
        result.save(output)
    return result


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


def run_name(pair: Pair) -> str:
    """The name of a pair's run file in a folder of them."""
    return f"{pair.docs}.{pair.queries}.trec"


def _run_path(folder: Path, pair: Pair) -> Path | None:
    candidates = (folder / run_name(pair), folder / f"{run_name(pair)}.gz")
    return next((path for path in candidates if path.is_file()), None)
