"""BM25 as a baseline."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets_ext import MULTI
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import PER_QUERY, RUNS, Scores
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import SCORES, check_output, whole_file
from hybrid_plugin.java import import_pyserini
from hybrid_plugin.retrieval.bm25 import K1, B, analysed, analyzer_of, index_texts, search_texts, silence_java
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import Task, document_languages, run_name

SETTINGS = ("mono", "multi")


def evaluate_bm25(
    benchmark: Benchmark,
    output: Path | None = None,
    asked: EvaluationSettings | None = None,
    *,
    depth: int | None = DEFAULT_DEPTH,
    runs: bool = False,
    **changes: Any,
) -> Scores:
    """Score BM25 (k1 0.9, b 0.4: Pyserini's defaults), indexed and searched by Pyserini's own Lucene.

    Documents and queries are analysed in their own languages before they are indexed and searched, so that the pool of
    ``multi`` is one index with one set of statistics. Within one language this gives the very run of Pyserini's
    ``--language``. A language's analyzer is Anserini's, or else Lucene's, or else Anserini's default, the English one;
    ``scores.json`` names it.

    Parameters
    ----------
    output : gets ``scores.json`` and ``per_query.parquet``, and with ``runs`` a folder ``runs``.
    asked, changes : what is scored; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by
        name, such as ``measures=["AP", "nDCG@10"]``.
        By default the settings are mono and multi: words seldom match across languages.
    depth : documents a query that are searched and scored; None for all that share a word with it.

    Raises
    ------
    UserError
        A setting or language is unknown, Pyserini or Java is missing, or the output folder is not ours.
    """
    asked = replace(asked or EvaluationSettings(), **changes)
    asked = replace(asked, settings=asked.settings or SETTINGS)
    pairs = benchmark.pairs(asked.settings, asked.languages or None)
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    task = Task.load(benchmark)
    import_pyserini()
    silence_java()
    named = {lang: analyzer_of(lang, task.docs[lang][0].text) for lang in document_languages(benchmark, pairs)}
    for lang in {pair.queries for pair in pairs} - named.keys():
        named[lang] = analyzer_of(lang, task.queries[lang][0].text)
    texts = {lang: analysed(task.docs[lang], analyzer) for lang, (_, analyzer) in named.items()}
    with tempfile.TemporaryDirectory(prefix="bm25-") as scratch:
        folder = Path(scratch, RUNS)
        folder.mkdir()
        for docs in dict.fromkeys(pair.docs for pair in pairs):
            index = Path(scratch, docs)
            members = [text for lang in texts if docs in (lang, MULTI) for text in texts[lang]]
            index_texts(index, members)
            for pair in pairs:
                if pair.docs == docs:
                    queries = analysed(task.queries[pair.queries], named[pair.queries][1])
                    search_texts(index, queries, folder / run_name(pair), min(depth or len(members), len(members)))
        if output is not None and runs:
            for path in folder.iterdir():
                with path.open("rb") as found, whole_file(output / RUNS / path.name, "wb") as kept:
                    shutil.copyfileobj(found, kept)
        with warnings.catch_warnings():
            # A query of which no word occurs is missing in the run; that is no fault of the run.
            warnings.filterwarnings("ignore", ".* rankings are missing")
            return evaluate_runs(
                benchmark,
                folder,
                output,
                asked,
                depth=depth,
                about={
                    "bm25": {"k1": K1, "b": B, "analyzers": {lang: name for lang, (name, _) in named.items()}},
                    "runs": None,
                    "depth": depth,
                    "zero_shot": True,
                    "trained_on": [],
                },
            )
